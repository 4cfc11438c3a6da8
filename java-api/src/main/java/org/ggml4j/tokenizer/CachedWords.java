package org.ggml4j.tokenizer;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Appends the tokens of word after word: from the cache, or by computing them. Not thread-safe; one
 * per call.
 */
final class CachedWords {
  /** How a word becomes tokens. */
  @FunctionalInterface
  interface Splitter {
    void split(byte[] s, int from, int to, Tokens out);
  }

  /** Where the tokens of a word go. */
  @FunctionalInterface
  interface Tokens {
    /** A token that begins where the one before ended; {@code end} is a byte of the text. */
    void add(int id, int end);
  }

  private final TokenBuffer out;
  private final WordCache cache;
  private final Splitter splitter;
  private final IntUnaryOperator origin;
  private int[] ids = new int[WordCache.MAX_WORD];
  private byte[] ends = new byte[WordCache.MAX_WORD];
  private int size;

  /**
   * @param origin byte of the source at a byte of the text that words are given in
   */
  CachedWords(TokenBuffer out, WordCache cache, Splitter splitter, IntUnaryOperator origin) {
    this.out = out;
    this.cache = cache;
    this.splitter = splitter;
    this.origin = origin;
  }

  void word(byte[] s, int from, int to) {
    if (to - from > WordCache.MAX_WORD) {
      splitter.split(s, from, to, direct(from));
      return;
    }
    int hash = TextTable.hash(s, from, to);
    WordCache.@Nullable Entry entry = cache.find(s, from, to, hash);
    if (entry == null) {
      entry = compute(s, from, to);
      cache.put(hash, entry);
    }
    int[] tokens = entry.ids();
    if (!out.keepsRanges()) {
      out.addAll(tokens);
      return;
    }
    int start = from;
    for (int i = 0; i < tokens.length; i++) {
      int end = from + entry.ends()[i];
      out.add(tokens[i], origin.applyAsInt(start), origin.applyAsInt(end));
      start = end;
    }
  }

  private Tokens direct(int from) {
    if (!out.keepsRanges()) {
      return (id, end) -> out.add(id, 0, 0);
    }
    return new Tokens() {
      private int start = from;

      @Override
      public void add(int id, int end) {
        out.add(id, origin.applyAsInt(start), origin.applyAsInt(end));
        start = end;
      }
    };
  }

  private WordCache.Entry compute(byte[] s, int from, int to) {
    size = 0;
    splitter.split(
        s,
        from,
        to,
        (id, end) -> {
          if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
            ends = Arrays.copyOf(ends, 2 * size);
          }
          ids[size] = id;
          ends[size++] = (byte) (end - from);
        });
    return new WordCache.Entry(
        Arrays.copyOfRange(s, from, to), Arrays.copyOf(ids, size), Arrays.copyOf(ends, size));
  }
}
