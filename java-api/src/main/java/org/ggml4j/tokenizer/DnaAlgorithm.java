package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * BPE in which DNA between {@code <dna>} and {@code </dna>} is cut into sixes of letters instead.
 *
 * <p>In the vocabulary, the token of six letters ends in U+E000, which sets it apart from ordinary
 * text and is not printed. Source: llama.cpp {@code src/llama-vocab.cpp}
 * (llm_tokenizer_hybriddna_session).
 */
final class DnaAlgorithm implements Algorithm {
  private static final int LETTERS = 6;
  private static final byte[] OPEN = Utf8.encode("<dna>");
  private static final byte[] CLOSE = Utf8.encode("</dna>");
  private static final byte[] MARK = {(byte) 0xEE, (byte) 0x80, (byte) 0x80};

  private final Algorithm words;
  private final Vocab vocab;
  private final int open;
  private final int close;
  private final int unknown;

  /**
   * @param words what tokenizes all other text
   */
  DnaAlgorithm(Algorithm words, Vocab vocab) {
    this.words = words;
    this.vocab = vocab;
    open = vocab.find(OPEN, 0, OPEN.length);
    close = vocab.find(CLOSE, 0, CLOSE.length);
    byte[] text = Utf8.encode("<oov>");
    unknown = vocab.find(text, 0, text.length);
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    Encoder plain = words.encoder(out);
    if (open < 0 || close < 0 || unknown < 0) {
      return plain;
    }
    return (s, from, to, first) -> encode(s, from, to, plain, out);
  }

  private void encode(byte[] s, int from, int to, Encoder plain, TokenBuffer out) {
    int p = from;
    while (p < to) {
      int begin = indexOf(OPEN, s, p, to);
      if (begin > p) {
        plain.encode(s, p, begin, true);
      }
      if (begin == to) {
        return;
      }
      int dna = begin + OPEN.length;
      out.add(open, begin, dna);
      int end = indexOf(CLOSE, s, dna, to);
      for (int q = dna; q < end; q += LETTERS) {
        out.add(letters(s, q, Math.min(end, q + LETTERS)), q, Math.min(end, q + LETTERS));
      }
      if (end == to) {
        return;
      }
      p = end + CLOSE.length;
      out.add(close, end, p);
    }
  }

  /** Where a text is found, or {@code to}. */
  private static int indexOf(byte[] text, byte[] s, int from, int to) {
    for (int p = from; p + text.length <= to; p++) {
      if (s[p] == text[0] && Arrays.equals(s, p, p + text.length, text, 0, text.length)) {
        return p;
      }
    }
    return to;
  }

  /** The token of up to six letters; the last ones are filled up with A. */
  private int letters(byte[] s, int from, int to) {
    byte[] text = new byte[LETTERS + MARK.length];
    Arrays.fill(text, 0, LETTERS, (byte) 'A');
    for (int p = from; p < to; p++) {
      text[p - from] = (byte) (s[p] >= 'a' && s[p] <= 'z' ? s[p] - ('a' - 'A') : s[p]);
    }
    System.arraycopy(MARK, 0, text, LETTERS, MARK.length);
    int id = vocab.find(text, 0, text.length);
    return id >= 0 ? id : unknown;
  }

  @Override
  public void print(int id, TokenType type, byte[] text, int from, int to, ByteSink out) {
    boolean marked =
        unknown >= 0
            && id > unknown
            && to - from > MARK.length
            && Arrays.equals(text, to - MARK.length, to, MARK, 0, MARK.length);
    words.print(id, type, text, from, marked ? to - MARK.length : to, out);
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    words.printText(text, from, to, out);
  }
}
