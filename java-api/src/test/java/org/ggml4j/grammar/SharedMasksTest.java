package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Threads that use one grammar at once find the same masks as one alone. */
class SharedMasksTest {
  private static final String GRAMMAR =
      "root ::= value\nvalue ::= \"[\" (value (\",\" value)*)? \"]\" | [a-z]{0,30} | \"é\" value";
  private static final int THREADS = 4;
  private static final int STEPS = 300;

  private static List<BitSet> walk(GrammarMasks masks, long seed) {
    RandomGrammars random = new RandomGrammars(seed, false);
    List<BitSet> found = new ArrayList<>();
    GrammarState state = masks.start();
    for (int i = 0; i < STEPS; i++) {
      BitSet allowed = masks.allowed(state);
      found.add(allowed);
      int[] tokens = allowed.stream().filter(token -> !masks.trie().isEnd(token)).toArray();
      if (tokens.length == 0) {
        state = masks.start();
      } else {
        state = masks.accept(state, tokens[random.nextInt(tokens.length)]);
      }
    }
    return found;
  }

  @Test
  void threadsFindWhatOneAloneFinds() throws Exception {
    TestVocabulary vocabulary = new TestVocabulary().withBytes();
    for (String text : new RandomGrammars(1, false).texts(10)) {
      vocabulary.add("z" + text + "q");
    }
    vocabulary.add("[[");
    vocabulary.add("],");
    vocabulary.addEnd("<end>");
    VocabTrie trie = vocabulary.trie();
    GrammarMasks shared = GrammarMasks.of(Grammar.parse(GRAMMAR), trie);
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Future<List<BitSet>>> futures = new ArrayList<>();
      for (int seed = 0; seed < THREADS; seed++) {
        long own = seed;
        futures.add(threads.submit(() -> walk(shared, own)));
      }
      for (int seed = 0; seed < THREADS; seed++) {
        GrammarMasks alone = GrammarMasks.of(Grammar.parse(GRAMMAR), trie);
        assertThat(futures.get(seed).get()).isEqualTo(walk(alone, seed));
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
