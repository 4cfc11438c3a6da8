package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** A text that is generated step by step, with the logits of every step, to be compared exactly. */
final class Recorded {
  static final int[] NO_TOKENS = {};

  private final List<float[]> rows = new ArrayList<>();
  private final List<Integer> tokens = new ArrayList<>();
  private final Generation generation;
  private final Iterator<Piece> pieces;

  /**
   * Generates {@code n} tokens behind a prompt, none of them an end of the text.
   *
   * @param seed of the draws among the likely tokens
   */
  Recorded(Session session, int[] prompt, long seed, int n) {
    GenerationConfig config =
        GenerationConfig.defaults()
            .withTemperature(1.3f)
            .withSeed(seed)
            .withMaxTokens(n)
            .withProcessor(
                logits -> {
                  logits.ban(WordModel.EOS);
                  float[] row = new float[logits.nVocab()];
                  for (int t = 0; t < row.length; t++) {
                    row[t] = logits.logit(t);
                  }
                  rows.add(row);
                });
    generation = session.generate(prompt, config);
    pieces = generation.iterator();
  }

  /** Generates a token; false if all have been. */
  boolean step() {
    if (!pieces.hasNext()) {
      return false;
    }
    tokens.add(pieces.next().token());
    return true;
  }

  /** Generates all that are left. */
  Recorded all() {
    while (step()) {
      // on
    }
    return this;
  }

  Generation generation() {
    return generation;
  }

  int[] tokens() {
    return tokens.stream().mapToInt(t -> t).toArray();
  }

  /** The same tokens and the same logits, to the last bit. */
  void assertEquals(Recorded expected) {
    assertThat(tokens).isEqualTo(expected.tokens);
    assertThat(rows.toArray(float[][]::new)).isDeepEqualTo(expected.rows.toArray(float[][]::new));
  }
}
