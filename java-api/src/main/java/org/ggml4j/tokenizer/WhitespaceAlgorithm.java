package org.ggml4j.tokenizer;

/**
 * BPE on text without its white space, which only separates words; optionally lower-cased. Jina's
 * Chinese embedding models use it.
 *
 * <p>Source: llama.cpp {@code src/llama-vocab.cpp} (llm_tokenizer_whitespace_session).
 */
final class WhitespaceAlgorithm implements Algorithm {
  private final Algorithm words;
  private final boolean lowerCase;

  /**
   * @param words what tokenizes the text between white space
   */
  WhitespaceAlgorithm(Algorithm words, boolean lowerCase) {
    this.words = words;
    this.lowerCase = lowerCase;
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    return new Work(out);
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    words.printText(text, from, to, out);
  }

  private final class Work implements Encoder {
    private final TokenBuffer out;
    private final TokenBuffer tokens;
    private final Encoder encoder;
    private final MappedText text;

    Work(TokenBuffer out) {
      this.out = out;
      this.tokens = out.another();
      this.encoder = words.encoder(tokens);
      this.text = new MappedText(out.keepsRanges());
    }

    @Override
    public void encode(byte[] s, int from, int to, boolean first) {
      for (int p = from; p < to; ) {
        int after = p + Utf8.length(s[p]);
        int cp = Utf8.codePoint(s, p);
        if (CharClass.of(cp) == CharClass.SPACE) {
          finish(p);
        } else if (lowerCase) {
          text.addCodePoint(CharFolding.lower(cp), p);
        } else {
          text.copy(s, p, after);
        }
        p = after;
      }
      finish(to);
    }

    private void finish(int sourceEnd) {
      if (text.size() == 0) {
        return;
      }
      text.end(sourceEnd);
      encoder.encode(text.bytes(), 0, text.size(), true);
      out.addAll(tokens, text);
      tokens.clear();
      text.clear();
    }
  }
}
