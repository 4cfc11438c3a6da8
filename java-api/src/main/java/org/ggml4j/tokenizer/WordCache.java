package org.ggml4j.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Tokens of words seen lately. Each word has one place, which the next word with that place takes
 * over, so that the cache stays small whatever the text.
 *
 * <p>Threads share it without locks: entries are immutable with final fields, so a racing reader
 * sees a whole entry or none.
 */
final class WordCache {
  /** Longer words are rare and not worth the room. */
  static final int MAX_WORD = 48;

  private static final int SLOTS = 1 << 14;

  /**
   * A word and its tokens.
   *
   * @param word its bytes
   * @param ids its tokens
   * @param ends per token, the byte of the word after its last
   */
  @SuppressWarnings("ArrayRecordComponent") // internal, never compared
  record Entry(byte[] word, int[] ids, byte[] ends) {}

  private final Entry[] entries = new Entry[SLOTS];

  /** The entry of a word, or null. */
  @Nullable Entry find(byte[] s, int from, int to, int hash) {
    Entry e = entries[hash & SLOTS - 1];
    return e != null && Arrays.equals(e.word, 0, e.word.length, s, from, to) ? e : null;
  }

  void put(int hash, Entry entry) {
    entries[hash & SLOTS - 1] = entry;
  }
}
