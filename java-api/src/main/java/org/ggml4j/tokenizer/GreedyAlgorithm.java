package org.ggml4j.tokenizer;

/**
 * RWKV's tokenizer: the longest token that fits, again and again. Tokens are bytes, which the
 * vocabulary writes with escapes ({@code \n}, {@code \xff}).
 *
 * <p>Source: RWKV World; llama.cpp {@code src/llama-vocab.cpp} (llm_tokenizer_rwkv).
 */
final class GreedyAlgorithm implements Algorithm {
  private final int unknown;
  private final ByteTrie tokens = new ByteTrie();

  /**
   * @param unknown the token for bytes that the vocabulary lacks, or -1 to leave them out
   */
  GreedyAlgorithm(Vocab vocab, int unknown) {
    this.unknown = unknown;
    TextTable texts = vocab.texts();
    for (int id = 0; id < texts.size(); id++) {
      ByteSink text = new ByteSink();
      unescape(texts.bytes(), texts.start(id), texts.end(id), text);
      tokens.put(text.array(), 0, text.size(), id);
    }
  }

  private static void unescape(byte[] s, int from, int to, ByteSink out) {
    int p = from;
    while (p < to) {
      byte b = s[p++];
      if (b != '\\') {
        out.add(b);
        continue;
      }
      if (p == to) {
        return;
      }
      byte escaped = s[p++];
      switch (escaped) {
        case 't' -> out.add((byte) '\t');
        case 'n' -> out.add((byte) '\n');
        case 'r' -> out.add((byte) '\r');
        case 'x' -> {
          if (p + 2 <= to) {
            out.add((byte) (hex(s[p]) << 4 | hex(s[p + 1])));
          }
          p += 2;
        }
        default -> out.add(escaped);
      }
    }
  }

  private static int hex(byte b) {
    return Math.max(0, Character.digit(b, 16));
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    return (s, from, to, first) -> {
      for (int p = from; p < to; ) {
        p = longest(s, p, to, out);
      }
    };
  }

  /** Appends the longest token at a place and returns where it ends. */
  private int longest(byte[] s, int from, int to, TokenBuffer out) {
    int id = unknown;
    int end = from + 1;
    int node = 0;
    for (int p = from; p < to; p++) {
      node = tokens.child(node, s[p]);
      if (node == ByteTrie.NONE) {
        break;
      }
      if (tokens.value(node) >= 0) {
        id = tokens.value(node);
        end = p + 1;
      }
    }
    if (id >= 0) {
      out.add(id, from, end);
    }
    return end;
  }

  @Override
  public void print(int id, TokenType type, byte[] text, int from, int to, ByteSink out) {
    printText(text, from, to, out);
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    unescape(text, from, to, out);
  }
}
