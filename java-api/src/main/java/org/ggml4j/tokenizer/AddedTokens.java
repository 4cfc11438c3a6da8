package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Finds the tokens that are matched as whole texts before anything is pre-tokenized.
 *
 * <p>llama.cpp ({@code src/llama-vocab.cpp}, tokenizer_st_partition) looks for one token after
 * another, the longest first, in all text that is still unclaimed. The same result is had here in
 * one pass: a trie finds all matches, and only where several overlap is that order played through,
 * within the stretch that they cover.
 */
final class AddedTokens {
  /** Receives the parts of a text in order. */
  interface Parts {
    void text(int from, int to);

    void token(int id, int from, int to);
  }

  private record Match(int start, int id) {}

  private final int[] ids;
  private final byte[][] texts;
  private final boolean[] stripAfter;
  private final boolean[] stripBefore;
  private final boolean anyStrip;
  private final ByteTrie ranks = new ByteTrie();

  /**
   * A matcher for some tokens of a vocabulary. Those whose text is no UTF-8 are left out: they
   * could only match parts of characters.
   *
   * @param strips per id, whether white space after ([0]) and before ([1]) is dropped
   */
  AddedTokens(TextTable table, List<Integer> tokens, boolean[][] strips) {
    List<Integer> order = new ArrayList<>();
    for (int id : tokens) {
      if (Utf8.isWellFormed(table.bytes(), table.start(id), table.end(id))) {
        order.add(id);
      }
    }
    Comparator<Integer> byLength = Comparator.comparingInt(id -> table.start(id) - table.end(id));
    order.sort(byLength.thenComparing(Comparator.naturalOrder()));
    int n = order.size();
    ids = new int[n];
    texts = new byte[n][];
    stripAfter = new boolean[n];
    stripBefore = new boolean[n];
    boolean any = false;
    for (int i = 0; i < n; i++) {
      int id = order.get(i);
      ids[i] = id;
      texts[i] = Arrays.copyOfRange(table.bytes(), table.start(id), table.end(id));
      stripAfter[i] = strips[0][id];
      stripBefore[i] = strips[1][id];
      any |= stripAfter[i] || stripBefore[i];
      ranks.put(texts[i], 0, texts[i].length, i);
    }
    anyStrip = any;
  }

  /** A matcher for no tokens. */
  static AddedTokens none() {
    return new AddedTokens(new TextTable(TextBlock.of(List.of())), List.of(), new boolean[2][0]);
  }

  private boolean begins(byte b) {
    return ranks.child(0, b) != ByteTrie.NONE;
  }

  /** Cuts a text into tokens of this set and the text between. */
  void split(byte[] s, int length, Parts out) {
    int done = 0;
    int p = 0;
    while (p < length) {
      int rank = begins(s[p]) ? longest(s, p, length) : -1;
      if (rank < 0) {
        p++;
        continue;
      }
      int end = p + texts[rank].length;
      int reach = reach(s, end, length);
      SortedSet<Integer> found = null;
      for (int q = p + 1; q < end || (q <= reach && anyStrip && q < length); q++) {
        int other = begins(s[q]) ? longest(s, q, length) : -1;
        if (other >= 0) {
          if (found == null) {
            found = new TreeSet<>();
          }
          collect(s, q, length, found);
          end = Math.max(end, q + texts[other].length);
          reach = reach(s, end, length);
        }
      }
      if (found == null) {
        int before = end(s, done, p, rank);
        if (before > done) {
          out.text(done, before);
        }
        out.token(ids[rank], p, end);
        done = start(s, end, length, rank);
      } else {
        collect(s, p, length, found);
        done = resolve(s, done, p, end, length, found, out);
      }
      p = Math.max(end, done);
    }
    if (done < length) {
      out.text(done, length);
    }
  }

  /** Rank of the longest token at a position, or -1. */
  private int longest(byte[] s, int at, int length) {
    int best = -1;
    int node = 0;
    for (int q = at; q < length; q++) {
      node = ranks.child(node, s[q]);
      if (node == ByteTrie.NONE) {
        break;
      }
      if (ranks.value(node) >= 0) {
        best = ranks.value(node);
      }
    }
    return best;
  }

  private void collect(byte[] s, int at, int length, SortedSet<Integer> found) {
    int node = 0;
    for (int q = at; q < length; q++) {
      node = ranks.child(node, s[q]);
      if (node == ByteTrie.NONE) {
        break;
      }
      if (ranks.value(node) >= 0) {
        found.add(ranks.value(node));
      }
    }
  }

  /** The shorter tokens that begin where a match does matter too once it overlaps others. */
  private int resolve(
      byte[] s, int done, int from, int to, int length, SortedSet<Integer> found, Parts out) {
    BitSet taken = new BitSet();
    List<Match> matches = new ArrayList<>();
    for (int rank : found) {
      byte[] text = texts[rank];
      for (int p = from; p + text.length <= to; p++) {
        if (s[p] != text[0]
            || taken.get(p - from)
            || taken.get(p + text.length - 1 - from)
            || !Arrays.equals(s, p, p + text.length, text, 0, text.length)) {
          continue;
        }
        int end = p + text.length;
        int left = p;
        while (stripBefore[rank]
            && left > done
            && isSpace(s[left - 1])
            && free(taken, left - 1, from)) {
          left--;
        }
        int right = end;
        while (stripAfter[rank]
            && right < length
            && isSpace(s[right])
            && free(taken, right, from)) {
          right++;
        }
        taken.set(Math.max(left, from) - from, right - from);
        matches.add(new Match(p, rank));
        p = end - 1;
      }
    }
    matches.sort(Comparator.comparingInt(Match::start));
    int at = done;
    for (int i = 0; i < matches.size(); i++) {
      int rank = matches.get(i).id();
      int start = matches.get(i).start();
      int end = start + texts[rank].length;
      int before = end(s, at, start, rank);
      if (before > at) {
        out.text(at, before);
      }
      out.token(ids[rank], start, end);
      int limit = i + 1 < matches.size() ? matches.get(i + 1).start() : length;
      at = start(s, end, limit, rank);
    }
    return at;
  }

  private static boolean free(BitSet taken, int p, int from) {
    return p < from || !taken.get(p - from);
  }

  /** Where the text before a token of an id ends, which begins at {@code to}. */
  int textEnd(byte[] s, int from, int to, int id) {
    return anyStrip ? end(s, from, to, rank(id)) : to;
  }

  /** Where the text after a token of an id begins, which ends at {@code from}. */
  int textStart(byte[] s, int from, int to, int id) {
    return anyStrip ? start(s, from, to, rank(id)) : from;
  }

  private int rank(int id) {
    int rank = 0;
    while (ids[rank] != id) {
      rank++;
    }
    return rank;
  }

  private int end(byte[] s, int from, int to, int rank) {
    int end = to;
    while (stripBefore[rank] && end > from && isSpace(s[end - 1])) {
      end--;
    }
    return end;
  }

  private int start(byte[] s, int from, int to, int rank) {
    int start = from;
    while (stripAfter[rank] && start < to && isSpace(s[start])) {
      start++;
    }
    return start;
  }

  /** How far a match may have a say: over the white space after it, if any token strips. */
  private int reach(byte[] s, int end, int length) {
    int p = end;
    while (anyStrip && p < length && isSpace(s[p])) {
      p++;
    }
    return p;
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || (b >= 9 && b <= 13);
  }
}
