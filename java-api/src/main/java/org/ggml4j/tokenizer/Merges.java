package org.ggml4j.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The merges of a BPE vocabulary: which pairs of neighbours join, in which order, to what.
 *
 * <p>Hundreds of thousands of merges take longer to index than many a prompt takes to tokenize, so
 * the index is built when a word first needs it, and then by hashes of texts alone: which tokens a
 * merge names is found out when it is first applied.
 */
final class Merges {
  private final TextTable tokens;
  private final int count;
  private byte[] block;
  private volatile @Nullable Index index;

  /**
   * @param block the texts as {@code GgufMetadata.getStringBlock} gives them
   */
  Merges(TextTable tokens, byte[] block, int count) {
    this.tokens = tokens;
    this.block = block;
    this.count = count;
  }

  static Merges none(TextTable tokens) {
    return new Merges(tokens, new byte[0], 0);
  }

  Index index() {
    Index found = index;
    if (found == null) {
      synchronized (this) {
        found = index;
        if (found == null) {
          found = new Index(tokens, new TextBlock(block, count));
          block = new byte[0];
          index = found;
        }
      }
    }
    return found;
  }

  /**
   * Pairs by symbols: a symbol is a token, or, numbered after them, the joined text of a merge that
   * is no token, or, after those, a character that is none. llama.cpp merges by text and so knows
   * no difference. A merge that is no two parts with a space between never applies there, nor here.
   *
   * <p>Safe for use by several threads: what is found out late is written without a lock, but
   * whatever is read was right for the merge that it was written for.
   */
  static final class Index {
    private final TextTable tokens;
    private final TextBlock merges;
    private final int firstCharacter;
    // A hash table of ranks by the hashes of both parts; ranks are one more, 0 is a free place.
    private final long[] keys;
    private final int[] ranks;
    private final int mask;
    // By rank, one more than the symbols that were found to be its parts and what they make; 0 is
    // not known yet.
    private final int[] lefts;
    private final int[] rights;
    private final int[] joined;

    private Index(TextTable tokens, TextBlock merges) {
      this.tokens = tokens;
      this.merges = merges;
      int n = merges.size();
      firstCharacter = tokens.size() + n;
      int capacity = Integer.highestOneBit(Math.max(8, n)) << 1;
      capacity = capacity < n + (n >> 1) ? capacity << 1 : capacity;
      keys = new long[capacity];
      ranks = new int[capacity];
      mask = capacity - 1;
      lefts = new int[n];
      rights = new int[n];
      joined = new int[n];
      byte[] s = merges.bytes();
      for (int rank = 0; rank < n; rank++) {
        int from = merges.start(rank);
        int to = merges.end(rank);
        int space = space(s, from, to);
        if (space < to - 1) {
          int left = TextTable.hash(s, from, space);
          enter(key(left, TextTable.hash(s, space + 1, to)), rank);
        }
      }
    }

    /** Where the space of a merge stands, or its end. */
    private static int space(byte[] s, int from, int to) {
      // A first part that is itself a space cannot be, so the search begins after one byte.
      int space = from + 1;
      while (space < to && s[space] != ' ') {
        space++;
      }
      return space;
    }

    private static long key(int leftHash, int rightHash) {
      return (long) leftHash << 32 | (rightHash & 0xFFFF_FFFFL);
    }

    private int slot(long key) {
      return (int) (key * 0x9E37_79B9_7F4A_7C15L >>> 32) & mask;
    }

    private void enter(long key, int rank) {
      int slot = slot(key);
      while (ranks[slot] != 0) {
        if (keys[slot] == key && equal(ranks[slot] - 1, rank)) {
          return; // of two equal merges the first counts
        }
        slot = slot + 1 & mask;
      }
      keys[slot] = key;
      ranks[slot] = rank + 1;
    }

    private boolean equal(int rank, int other) {
      byte[] s = merges.bytes();
      return Arrays.equals(
          s, merges.start(rank), merges.end(rank), s, merges.start(other), merges.end(other));
    }

    /** The symbol of one character. */
    int symbol(byte[] s, int from, int to) {
      int id = tokens.find(s, from, to);
      return id >= 0 ? id : firstCharacter + Utf8.codePoint(s, from);
    }

    /** The pair of two symbols, as {@link Merger} wants it. */
    long pair(int left, int right) {
      long key = key(hash(left), hash(right));
      int slot = slot(key);
      while (ranks[slot] != 0) {
        int rank = ranks[slot] - 1;
        if (keys[slot] == key && isPair(rank, left, right)) {
          return Merger.pair(rank, joined(rank));
        }
        slot = slot + 1 & mask;
      }
      return Merger.NONE;
    }

    private int hash(int symbol) {
      if (symbol < tokens.size()) {
        return tokens.hash(symbol);
      }
      byte[] text = text(symbol);
      return TextTable.hash(text, 0, text.length);
    }

    private boolean isPair(int rank, int left, int right) {
      if (lefts[rank] == left + 1 && rights[rank] == right + 1) {
        return true;
      }
      byte[] s = merges.bytes();
      int from = merges.start(rank);
      int to = merges.end(rank);
      int space = space(s, from, to);
      if (!isText(left, s, from, space) || !isText(right, s, space + 1, to)) {
        return false;
      }
      lefts[rank] = left + 1;
      rights[rank] = right + 1;
      return true;
    }

    private boolean isText(int symbol, byte[] s, int from, int to) {
      byte[] text = text(symbol);
      return Arrays.equals(text, 0, text.length, s, from, to);
    }

    private byte[] text(int symbol) {
      if (symbol < tokens.size()) {
        return Arrays.copyOfRange(tokens.bytes(), tokens.start(symbol), tokens.end(symbol));
      }
      if (symbol < firstCharacter) {
        return joinedText(symbol - tokens.size());
      }
      byte[] text = new byte[4];
      return Arrays.copyOf(text, Utf8.put(symbol - firstCharacter, text, 0));
    }

    private byte[] joinedText(int rank) {
      byte[] s = merges.bytes();
      int from = merges.start(rank);
      int to = merges.end(rank);
      int space = space(s, from, to);
      byte[] text = new byte[to - from - 1];
      System.arraycopy(s, from, text, 0, space - from);
      System.arraycopy(s, space + 1, text, space - from, to - space - 1);
      return text;
    }

    private int joined(int rank) {
      if (joined[rank] == 0) {
        byte[] text = joinedText(rank);
        int id = tokens.find(text, 0, text.length);
        joined[rank] = 1 + (id >= 0 ? id : tokens.size() + rank);
      }
      return joined[rank] - 1;
    }

    /** Shows where each merge begins, its space stands, and it ends. */
    void forEach(Visitor visitor) {
      byte[] s = merges.bytes();
      for (int rank = 0; rank < merges.size(); rank++) {
        int from = merges.start(rank);
        int to = merges.end(rank);
        visitor.visit(s, from, space(s, from, to), to);
      }
    }
  }

  /** Is shown the two parts of a merge. */
  @FunctionalInterface
  interface Visitor {
    void visit(byte[] s, int from, int space, int to);
  }
}
