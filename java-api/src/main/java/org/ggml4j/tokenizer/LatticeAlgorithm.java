package org.ggml4j.tokenizer;

import java.util.Arrays;
import org.ggml4j.gguf.GgufFormatException;

/**
 * PLaMo 2's tokenizer: of all ways to cover the text by tokens, the one with the highest sum of
 * scores, rounded to 1/10000 each; where none fits, the bytes of a character.
 *
 * <p>Source: PLaMo 2's {@code tokenization_plamo.py}; llama.cpp {@code src/llama-vocab.cpp}
 * (llm_tokenizer_plamo2), which walks an automaton of suffixes; a trie of tokens gives the same.
 */
final class LatticeAlgorithm implements Algorithm {
  private static final int INVALID_SCORE = -20_000_000;
  private static final int UNKNOWN_SCORE = -10_000_000;
  private static final int BYTES = -1;

  private final ByteTrie tokens = new ByteTrie();
  private final int[] scores;
  private final int[] tokenOfByte = new int[256];

  /**
   * @param fileTypes types as the file has them, before any correction
   */
  LatticeAlgorithm(Vocab vocab, byte[] fileTypes) throws GgufFormatException {
    scores = new int[vocab.size()];
    Arrays.fill(tokenOfByte, -1);
    TextTable texts = vocab.texts();
    for (int id = 0; id < scores.length; id++) {
      int from = texts.start(id);
      int to = texts.end(id);
      if (TokenType.of(fileTypes[id]) == TokenType.BYTE) {
        if (isHex(texts.bytes(), from, to)) {
          tokenOfByte[Algorithm.byteValue(texts.bytes(), from, to)] = id;
        }
        continue;
      }
      scores[id] = Float.isFinite(vocab.score(id)) ? rounded(vocab.score(id)) : INVALID_SCORE;
      tokens.put(texts.bytes(), from, to, id);
    }
    for (int b = 0; b < 256; b++) {
      if (tokenOfByte[b] < 0) {
        throw VocabLoader.problem(
            VocabLoader.TOKENS, "has no byte token <0x%02X>; plamo2 needs all 256".formatted(b));
      }
    }
  }

  /** In units of 1/10000, halves away from zero as C rounds. */
  private static int rounded(float score) {
    double scaled = score * 1e4;
    return (int) (scaled < 0 ? -Math.floor(0.5 - scaled) : Math.floor(scaled + 0.5));
  }

  private static boolean isHex(byte[] s, int from, int to) {
    return to - from == 6
        && s[from] == '<'
        && s[from + 1] == '0'
        && s[from + 2] == 'x'
        && Character.digit(s[from + 3], 16) >= 0
        && Character.digit(s[from + 4], 16) >= 0
        && s[from + 5] == '>';
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    Work work = new Work(out);
    return (s, from, to, first) -> work.encode(s, from, to);
  }

  @Override
  public void print(int id, TokenType type, byte[] text, int from, int to, ByteSink out) {
    if (type == TokenType.BYTE && isHex(text, from, to)) {
      out.add((byte) Algorithm.byteValue(text, from, to));
    } else {
      printText(text, from, to, out);
    }
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    out.add(text, from, to);
  }

  private final class Work {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final TokenBuffer out;

    // Per byte of the stretch that begins a character: cost of the best cover from there to the
    // end, its first token, and where that ends.
    private long[] costs = new long[0];
    private int[] ids = new int[0];
    private int[] ends = new int[0];

    // The tokens that begin at one place.
    private int[] found = new int[16];
    private int[] foundEnds = new int[16];

    Work(TokenBuffer out) {
      this.out = out;
    }

    void encode(byte[] s, int from, int to) {
      int begin =
          to - from >= 3 && Arrays.equals(s, from, from + 3, BYTE_ORDER_MARK, 0, 3)
              ? from + 3
              : from;
      int length = to - begin;
      if (costs.length <= length) {
        costs = new long[length + 1];
        ids = new int[length + 1];
        ends = new int[length + 1];
      }
      costs[length] = 0;
      for (int p = to - 1; p >= begin; p--) {
        if ((s[p] & 0xC0) != 0x80) {
          choose(s, p, to, begin);
        }
      }
      for (int p = begin; p < to; p = ends[p - begin]) {
        int id = ids[p - begin];
        int end = ends[p - begin];
        if (id != BYTES) {
          out.add(id, p, end);
          continue;
        }
        for (int q = p; q < end; q++) {
          out.add(tokenOfByte[s[q] & 0xFF], q, q + 1);
        }
      }
    }

    /** Finds the best cover of what begins at a place, all later places being known. */
    private void choose(byte[] s, int at, int to, int begin) {
      int n = find(s, at, to);
      int character = at + Utf8.length(s[at]);
      costs[at - begin] = Long.MAX_VALUE;
      for (int i = n - 1; i >= 0; i--) {
        int score = scores[found[i]];
        if (score > INVALID_SCORE) {
          offer(at - begin, costs[foundEnds[i] - begin] - score, found[i], foundEnds[i]);
        }
        if (score == UNKNOWN_SCORE) {
          return; // llama.cpp takes it for the end of its list
        }
      }
      offer(at - begin, costs[character - begin] - UNKNOWN_SCORE, BYTES, character);
    }

    private void offer(int place, long cost, int id, int end) {
      if (cost < costs[place]) {
        costs[place] = cost;
        ids[place] = id;
        ends[place] = end;
      }
    }

    private int find(byte[] s, int at, int to) {
      int n = 0;
      int node = 0;
      for (int p = at; p < to; p++) {
        node = tokens.child(node, s[p]);
        if (node == ByteTrie.NONE) {
          break;
        }
        if (tokens.value(node) >= 0) {
          if (n == found.length) {
            found = Arrays.copyOf(found, 2 * n);
            foundEnds = Arrays.copyOf(foundEnds, 2 * n);
          }
          found[n] = tokens.value(node);
          foundEnds[n++] = p + 1;
        }
      }
      return n;
    }
  }
}
