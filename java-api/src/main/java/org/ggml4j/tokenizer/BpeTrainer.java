package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Learns a byte-level BPE vocabulary from text: beginning with single bytes, the pair of
 * neighbouring tokens that occurs most often within words becomes a token, again and again.
 *
 * <p>Deterministic: of pairs that occur equally often, the one with the smaller left id is taken,
 * then that with the smaller right id. Ids are: special tokens, bytes 0 to 255, learnt tokens in
 * the order in which they were learnt. Counts are kept up to date per pair, so that a step costs as
 * much as the words it changes.
 *
 * <p>Source: Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units".
 * Not thread-safe.
 */
public final class BpeTrainer {
  /** Is told how far the training has come. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Another token was learnt.
     *
     * @param tokens tokens in the vocabulary so far
     * @param vocabSize tokens wanted
     */
    void learnt(int tokens, int vocabSize);
  }

  private record Candidate(long count, int left, int right, int pair) {}

  private static final Comparator<Candidate> BEST_FIRST =
      Comparator.comparingLong(Candidate::count)
          .reversed()
          .thenComparingInt(Candidate::left)
          .thenComparingInt(Candidate::right);

  private final BpeTrainerOptions options;
  private final PreTokenizer pattern;
  private final AddedTokens special;
  private final WordCounts words = new WordCounts();

  private BpeTrainer(BpeTrainerOptions options) {
    this.options = options;
    this.pattern = PreTokenizers.of(options.preTokenizer()).words();
    int n = options.specialTokens().size();
    List<byte[]> texts = new ArrayList<>();
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      texts.add(Utf8.encode(options.specialTokens().get(i)));
      ids.add(i);
    }
    TextTable table = new TextTable(TextBlock.of(texts));
    this.special = new AddedTokens(table, ids, new boolean[2][n]);
  }

  /** A trainer that has seen no text yet. */
  public static BpeTrainer of(BpeTrainerOptions options) {
    return new BpeTrainer(options);
  }

  /** Takes in some text; texts are apart, so no token spans two. */
  public BpeTrainer add(CharSequence text) {
    byte[] s = Utf8.encode(text);
    special.split(
        s,
        s.length,
        new AddedTokens.Parts() {
          @Override
          public void text(int from, int to) {
            pattern.split(s, from, to, words::add);
          }

          @Override
          public void token(int id, int from, int to) {
            // Special tokens are in the vocabulary already.
          }
        });
    return this;
  }

  /** Learns from all text added so far. */
  public TrainedVocabulary train() {
    return train((tokens, vocabSize) -> {});
  }

  /**
   * Learns from all text added so far.
   *
   * @return the vocabulary; smaller than wanted if the text has too few frequent pairs
   */
  public TrainedVocabulary train(Progress progress) {
    return new Run().learn(progress);
  }

  /** The state of one training. */
  private final class Run {
    private final List<String> tokens = new ArrayList<>(options.specialTokens());
    private final List<String> merges = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final int firstByte = tokens.size();
    private final int[][] symbols = new int[words.size()][];
    private final PairCounts pairs = new PairCounts();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(BEST_FIRST);
    private final List<Integer> risen = new ArrayList<>();

    TrainedVocabulary learn(Progress progress) {
      for (int b = 0; b < 256; b++) {
        tokens.add(String.valueOf(ByteLevel.charOf(b)));
      }
      for (int id = 0; id < tokens.size(); id++) {
        ids.put(tokens.get(id), id);
      }
      for (int word = 0; word < symbols.length; word++) {
        symbols[word] = new int[words.length(word)];
        for (int i = 0; i < symbols[word].length; i++) {
          symbols[word][i] = firstByte + words.unsignedByte(word, i);
        }
        count(word, words.count(word));
      }
      for (int pair = 0; pair < pairs.size(); pair++) {
        offer(pair);
      }
      risen.clear();
      while (tokens.size() < options.vocabSize()) {
        Candidate best = queue.poll();
        if (best == null) {
          break;
        }
        if (best.count() != pairs.count(best.pair())) {
          // Its count has fallen since it was offered.
          offer(best.pair());
          continue;
        }
        String text = tokens.get(best.left()) + tokens.get(best.right());
        Integer known = ids.get(text);
        if (known != null && known < firstByte) {
          continue; // would be a special token's text
        }
        merges.add(tokens.get(best.left()) + ' ' + tokens.get(best.right()));
        int joined = known != null ? known : tokens.size();
        if (known == null) {
          ids.put(text, joined);
          tokens.add(text);
        }
        join(best, joined);
        if (known == null) {
          progress.learnt(tokens.size(), options.vocabSize());
        }
      }
      return new TrainedVocabulary(options, tokens, merges);
    }

    private void offer(int pair) {
      long count = pairs.count(pair);
      if (count >= options.minFrequency()) {
        long key = pairs.pair(pair);
        queue.add(new Candidate(count, (int) (key >> 32), (int) key, pair));
      }
    }

    /** Adds a word's pairs to the counts, or takes them away. */
    private void count(int word, long by) {
      int[] s = symbols[word];
      for (int i = 0; i + 1 < s.length; i++) {
        int pair = pairs.of(s[i], s[i + 1]);
        pairs.change(pair, by);
        if (by > 0) {
          pairs.foundIn(pair, word);
          risen.add(pair);
        }
      }
    }

    private void join(Candidate best, int joined) {
      risen.clear();
      for (int word : pairs.takeWords(best.pair())) {
        int[] s = symbols[word];
        int n = 0;
        int[] shorter = new int[s.length];
        for (int i = 0; i < s.length; i++) {
          boolean here = i + 1 < s.length && s[i] == best.left() && s[i + 1] == best.right();
          shorter[n++] = here ? joined : s[i];
          if (here) {
            i++;
          }
        }
        if (n < s.length) {
          count(word, -words.count(word));
          symbols[word] = Arrays.copyOf(shorter, n);
          count(word, words.count(word));
        }
      }
      Collections.sort(risen);
      int previous = -1;
      for (int pair : risen) {
        if (pair != previous) {
          offer(pair);
          previous = pair;
        }
      }
    }
  }
}
