package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.ggml4j.grammar.GrammarConstraint;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.grammar.GrammarState;
import org.ggml4j.grammar.VocabTrie;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.TokenHistory;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * A model that knows nothing, at a high temperature: it picks any of the tokens that a grammar lets
 * through. So that its texts end, it begins to close what is open after a while.
 */
final class RandomWriter {
  private static final int PATIENCE = 30;
  private static final int MAX_TOKENS = 400;
  private static final int MAX_ABANDONED = 400;
  private static final String PRINTABLE =
      IntStream.range('!', 0x7F).mapToObj(Character::toString).collect(Collectors.joining());
  private static final double END = 0.3;

  private final VocabTrie trie;
  private final Tokenizer tokenizer;
  private final int nVocab;
  private final BitSet ends = new BitSet();
  private final int[] single;
  private final int quote;
  private final float[] noise;
  private final float[] closingNoise;
  private final Logits logits;
  private int abandoned;

  RandomWriter(VocabTrie trie) {
    this.trie = trie;
    tokenizer = trie.tokenizer();
    nVocab = tokenizer.vocab().size();
    Arrays.stream(tokenizer.special().endOfGeneration()).forEach(ends::set);
    single = IntStream.range(0, nVocab).filter(t -> isOneOf(t, PRINTABLE)).toArray();
    quote = IntStream.of(single).filter(t -> isOneOf(t, "\"")).findFirst().orElseThrow();
    Random random = new Random(1);
    noise = new float[2 * nVocab];
    closingNoise = new float[nVocab];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = random.nextFloat();
    }
    for (int token : single) {
      closingNoise[token] = 2;
    }
    closingNoise[quote] = 2.6f;
    logits = new Logits(nVocab);
  }

  private boolean isOneOf(int token, String characters) {
    byte[] text = tokenizer.tokenBytes(token, false);
    return text.length == 1 && characters.indexOf(text[0]) >= 0;
  }

  VocabTrie trie() {
    return trie;
  }

  /** A text, by the allowed tokens of each state. */
  String write(GrammarMasks masks, Random random) {
    while (true) {
      GrammarState state = masks.start();
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      for (int n = 0; n < MAX_TOKENS; n++) {
        if (state.isAccepting() && (n > PATIENCE || random.nextDouble() < END)) {
          return text.toString(StandardCharsets.UTF_8);
        }
        BitSet allowed = masks.allowed(state);
        int token = pick(allowed, n > PATIENCE, random);
        if (ends.get(token)) {
          return text.toString(StandardCharsets.UTF_8);
        }
        text.writeBytes(tokenizer.tokenBytes(token, false));
        state = masks.accept(state, token);
      }
      giveUp(masks);
    }
  }

  private int pick(BitSet allowed, boolean close, Random random) {
    if (close && allowed.get(quote) && random.nextInt(4) > 0) {
      return quote;
    }
    int from = random.nextInt(single.length);
    for (int i = 0; close && i < single.length; i++) {
      int token = single[(from + i) % single.length];
      if (allowed.get(token)) {
        return token;
      }
    }
    int token = allowed.nextSetBit(random.nextInt(nVocab));
    return token >= 0 ? token : allowed.nextSetBit(0);
  }

  /** A text, by a constraint on random logits. */
  String writeConstrained(GrammarMasks masks, Random random) {
    while (true) {
      GrammarConstraint constraint = masks.newConstraint();
      int[] tokens = new int[MAX_TOKENS];
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      float[] biased = new float[nVocab];
      for (int n = 0; n < MAX_TOKENS; n++) {
        int offset = random.nextInt(nVocab);
        for (int i = 0; i < nVocab; i++) {
          biased[i] = noise[offset + i] + (n > PATIENCE ? closingNoise[i] : 0);
        }
        ends.stream().forEach(end -> biased[end] += 1);
        logits.load(biased, 0);
        logits.setHistory(TokenHistory.of(0, Arrays.copyOf(tokens, n)));
        constraint.process(logits);
        int token = logits.best();
        if (ends.get(token)) {
          return text.toString(StandardCharsets.UTF_8);
        }
        text.writeBytes(tokenizer.tokenBytes(token, false));
        tokens[n] = token;
      }
      giveUp(masks);
    }
  }

  private void giveUp(GrammarMasks masks) {
    abandoned++;
    assertThat(abandoned)
        .as("texts that do not end, the last of " + masks.grammar().text())
        .isLessThan(MAX_ABANDONED);
  }
}
