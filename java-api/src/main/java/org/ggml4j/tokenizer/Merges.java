package org.ggml4j.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The merges of a BPE vocabulary: which pairs of neighbours join, in which order, to what.
 *
 * <p>Symbols are tokens, or, numbered after them, texts that merges name but the vocabulary lacks;
 * llama.cpp merges by text and does not mind. A merge that is no two parts with a space between
 * never applies there, nor here.
 *
 * <p>Hundreds of thousands of merges take longer to index than many a prompt takes to tokenize, so
 * the index is built when a word first needs it.
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

  /** Pairs by symbols. Immutable. */
  static final class Index {
    private final TextTable tokens;
    private final PairMap ranks;
    private final int[] joined;
    private final List<byte[]> more = new ArrayList<>();
    private final Map<String, Integer> moreIds = new HashMap<>();

    private Index(TextTable tokens, TextBlock merges) {
      this.tokens = tokens;
      this.ranks = new PairMap(merges.size());
      this.joined = new int[merges.size()];
      byte[] block = merges.bytes();
      byte[] both = new byte[256];
      for (int rank = 0; rank < joined.length; rank++) {
        int from = merges.start(rank);
        int to = merges.end(rank);
        // A first part that is itself a space cannot be, so the search begins after one byte.
        int space = from + 1;
        while (space < to && block[space] != ' ') {
          space++;
        }
        if (space >= to - 1) {
          continue;
        }
        if (to - from > both.length) {
          both = new byte[2 * (to - from)];
        }
        System.arraycopy(block, from, both, 0, space - from);
        System.arraycopy(block, space + 1, both, space - from, to - space - 1);
        int left = enter(block, from, space);
        int right = enter(block, space + 1, to);
        joined[rank] = enter(both, 0, to - from - 1);
        ranks.putIfAbsent(PairMap.key(left, right), rank);
      }
    }

    private int enter(byte[] s, int from, int to) {
      int id = find(s, from, to);
      if (id < 0) {
        id = tokens.size() + more.size();
        more.add(Arrays.copyOfRange(s, from, to));
        moreIds.put(key(s, from, to), id);
      }
      return id;
    }

    private static String key(byte[] s, int from, int to) {
      return new String(s, from, to - from, StandardCharsets.ISO_8859_1);
    }

    /** The symbol of a text, or -1. */
    int find(byte[] s, int from, int to) {
      int id = tokens.find(s, from, to);
      return id >= 0 || moreIds.isEmpty() ? id : moreIds.getOrDefault(key(s, from, to), -1);
    }

    /** The pair of two symbols, as {@link Merger} wants it. */
    long pair(int left, int right) {
      if ((left | right) < 0) {
        return Merger.NONE;
      }
      int rank = ranks.get(PairMap.key(left, right), -1);
      return rank < 0 ? Merger.NONE : Merger.pair(rank, joined[rank]);
    }

    /** Whether a symbol is a token. */
    boolean isToken(int symbol) {
      return symbol < tokens.size();
    }

    /** Calls for the text of every symbol that joining makes. */
    void forEachJoined(TextVisitor visitor) {
      for (int symbol : joined) {
        if (isToken(symbol)) {
          visitor.visit(tokens.bytes(), tokens.start(symbol), tokens.end(symbol));
        } else {
          byte[] text = more.get(symbol - tokens.size());
          visitor.visit(text, 0, text.length);
        }
      }
    }
  }

  /** Is shown a text. */
  @FunctionalInterface
  interface TextVisitor {
    void visit(byte[] s, int from, int to);
  }
}
