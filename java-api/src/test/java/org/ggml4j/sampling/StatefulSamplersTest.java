package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.ggml4j.sampling.RecordedCases.History;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Samplers whose picks depend on the text or on earlier picks: forks, and texts that are cut. */
class StatefulSamplersTest {
  private static final int N = 400;

  /** A name and what makes the sampler. */
  record Maker(String name, Supplier<Sampler> maker, boolean drawsOnlyToPick) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Maker maker(String name, LogitsProcessor processor) {
    return new Maker(name, () -> Samplers.chain(List.of(processor.fork()), new Scripted()), true);
  }

  static Stream<Maker> makers() {
    SequenceBreakers breakers = SequenceBreakers.ofTokens(List.of(new int[] {5}, new int[] {6, 7}));
    return Stream.of(
        maker("penalties", Samplers.penalties(12, 1.4f, 0.3f, 0.2f)),
        maker("dry", Samplers.dry(2, 1.5f, 1, 40, breakers)),
        new Maker("mirostat", () -> Samplers.mirostat(3, 0.4f, 5), false),
        new Maker("mirostat 2", () -> Samplers.mirostatV2(3, 0.4f, 5), false),
        new Maker("adaptive-p", () -> Samplers.adaptiveP(0.3f, 0.8f, 5), false),
        new Maker(
            "xtc",
            () ->
                Samplers.chain(List.of(Samplers.xtc(0.5f, 0.05f, 1, 5)), Samplers.distribution(5)),
            false),
        new Maker("distribution", () -> Samplers.distribution(5), false));
  }

  /** Picks by a fixed number, so that nothing but the processors has a state. */
  record Scripted() implements Sampler {
    @Override
    public int sample(Logits logits) {
      return logits.tokenAt((0.37 + 0.61 * logits.history().size()) % 1);
    }
  }

  /** Few tokens, so that they repeat. */
  private static void load(Logits logits, int position) {
    Random random = new Random(31L * position);
    float[] values = new float[N];
    for (int i = 0; i < N; i++) {
      values[i] = (float) (random.nextGaussian() + (i < 25 ? 4 : 0));
    }
    logits.load(values, 0);
  }

  private static int[] generate(Sampler sampler, History history, int count) {
    Logits logits = new Logits(N);
    logits.setHistory(history);
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      load(logits, history.size());
      tokens[i] = sampler.sample(logits);
      history.add(tokens[i]);
    }
    return tokens;
  }

  @ParameterizedTest
  @MethodSource("makers")
  void theSameSeedMeansTheSameTokens(Maker maker) {
    Sampler sampler = maker.maker.get();
    int[] first = generate(sampler, new History(1, 2, 3), 60);
    assertThat(generate(maker.maker.get(), new History(1, 2, 3), 60)).isEqualTo(first);
    sampler.reset();
    assertThat(generate(sampler, new History(1, 2, 3), 60)).isEqualTo(first);
  }

  @ParameterizedTest
  @MethodSource("makers")
  void forksGoOnAsTheOneTheyCameFromAndThenApart(Maker maker) {
    Sampler sampler = maker.maker.get();
    History history = new History(1, 2, 3);
    int[] begin = generate(sampler, history, 20);
    int[] all = generate(maker.maker.get(), new History(1, 2, 3), 50);
    Sampler fork = sampler.fork();
    History other = new History(1, 2, 3);
    for (int token : begin) {
      other.add(token);
    }
    History third = new History(9, 9, 9, 9, 9, 9);
    generate(sampler.fork(), third, 40); // does not disturb the others
    int[] rest = generate(sampler, history, 30);
    assertThat(rest).isEqualTo(Arrays.copyOfRange(all, 20, 50));
    assertThat(generate(fork, other, 30)).isEqualTo(rest);
  }

  /** Guesses that are rejected leave no trace in what depends on the text. */
  @ParameterizedTest
  @MethodSource("makers")
  void aTextThatIsCutGoesOnAsIfTheCutPartHadNeverBeen(Maker maker) {
    Sampler sampler = maker.maker.get();
    Sampler straight = maker.maker.get();
    History history = new History(1, 2, 3);
    History other = new History(1, 2, 3);
    Logits logits = new Logits(N);
    for (int round = 0; round < 12; round++) {
      int size = history.size();
      if (maker.drawsOnlyToPick) {
        logits.setHistory(history);
        for (int guess = 0; guess < 4; guess++) {
          load(logits, 1000 + guess);
          history.add(sampler.sample(logits));
        }
        history.cut(size);
      } else {
        // Random numbers are drawn anew for each guess; the running numbers are the text's alone.
        int[] guesses = generate(sampler, history, 4);
        assertThat(guesses).hasSize(4);
        history.cut(size);
        generate(straight, other, 4);
        other.cut(size);
      }
      assertThat(generate(sampler, history, 5)).isEqualTo(generate(straight, other, 5));
    }
  }
}
