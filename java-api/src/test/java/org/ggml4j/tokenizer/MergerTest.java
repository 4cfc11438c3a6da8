package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link Merger} against the definition: join the best pair, the leftmost of equals, again. */
class MergerTest {
  private static final int SYMBOLS = 60;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 64, 1 << 22})
  void joinsAsTheDefinitionDoesWithAQueueOfAnySize(int maxQueue) {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      // Few orders make many pairs of one order, as SentencePiece's scores may.
      int orders = 1 + random.nextInt(400);
      long[] pairs = new long[SYMBOLS * SYMBOLS];
      for (int i = 0; i < pairs.length; i++) {
        pairs[i] =
            random.nextInt(5) == 0
                ? Merger.pair(random.nextInt(orders), random.nextInt(SYMBOLS))
                : Merger.NONE;
      }
      Merger merger = new Merger((l, r, s, from, to) -> pairs[l * SYMBOLS + r], maxQueue);
      for (int n : new int[] {1, 2, 39, 41, 300, 2_000}) {
        int kinds = 1 + random.nextInt(SYMBOLS);
        List<Integer> symbols = new ArrayList<>();
        merger.begin(new byte[n], 0, n);
        for (int i = 0; i < n; i++) {
          symbols.add(random.nextInt(kinds));
          merger.symbol(i, symbols.get(i));
        }
        merger.merge();
        List<Integer> merged = new ArrayList<>();
        for (int node = 0; node < n; node = merger.next(node)) {
          merged.add(merger.id(node));
        }
        assertThat(merged)
            .as("seed %s, %s symbols", seed, n)
            .isEqualTo(byDefinition(symbols, pairs));
      }
    }
  }

  private static List<Integer> byDefinition(List<Integer> word, long[] pairs) {
    List<Integer> symbols = new ArrayList<>(word);
    while (true) {
      int best = -1;
      long least = Long.MAX_VALUE;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        long pair = pairs[symbols.get(i) * SYMBOLS + symbols.get(i + 1)];
        if (pair != Merger.NONE && pair >> 32 < least) {
          least = pair >> 32;
          best = i;
        }
      }
      if (best < 0) {
        return symbols;
      }
      symbols.set(best, (int) pairs[symbols.get(best) * SYMBOLS + symbols.get(best + 1)]);
      symbols.remove(best + 1);
    }
  }
}
