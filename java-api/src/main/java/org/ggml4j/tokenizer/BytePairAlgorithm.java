package org.ggml4j.tokenizer;

/**
 * Byte-level BPE: the bytes of a word are joined in the order in which the merges were learnt.
 *
 * <p>Source: Sennrich et al. 2016; GPT-2; llama.cpp {@code src/llama-vocab.cpp}
 * (llm_tokenizer_bpe).
 */
final class BytePairAlgorithm implements Algorithm {
  private final Vocab vocab;
  private final PreTokenizer words;
  private final boolean ignoreMerges;
  private final Merges merges;
  private final int[] tokenOfByte = new int[256];
  private final WordCache cache = new WordCache();

  /**
   * @param ignoreMerges whether a word that is a token is that token, whatever the merges say
   */
  BytePairAlgorithm(Vocab vocab, PreTokenizer words, boolean ignoreMerges, Merges merges) {
    this.vocab = vocab;
    this.words = words;
    this.ignoreMerges = ignoreMerges;
    this.merges = merges;
    byte[] text = new byte[2];
    for (int b = 0; b < 256; b++) {
      tokenOfByte[b] = vocab.find(text, 0, Utf8.put(ByteLevel.charOf(b), text, 0));
    }
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    return Algorithm.ofWords(words, new Work(out));
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    for (int p = from; p < to; ) {
      int length = Math.min(Utf8.length(text[p]), to - p);
      int b = length <= 2 ? ByteLevel.byteOf(Utf8.codePoint(text, p)) : -1;
      if (b >= 0) {
        out.add((byte) b);
      } else {
        out.add(text, p, p + length);
      }
      p += length;
    }
  }

  /** Tokenizes word after word. */
  private final class Work implements PreTokenizer.Words, CachedWords.Splitter {
    private final TokenBuffer out;
    private final CachedWords cached;
    private final Merger merger =
        new Merger((left, right, s, from, to) -> merges.index().pair(left, right));
    private byte[] encoded = new byte[128];

    Work(TokenBuffer out) {
      this.out = out;
      this.cached = new CachedWords(out, cache, this, position -> position);
    }

    @Override
    public void word(byte[] s, int from, int to) {
      if (to - from == 1 && tokenOfByte[s[from] & 0xFF] >= 0) {
        out.add(tokenOfByte[s[from] & 0xFF], from, to);
      } else {
        cached.word(s, from, to);
      }
    }

    @Override
    public void split(byte[] s, int from, int to, CachedWords.Tokens tokens) {
      int whole = ignoreMerges ? findWhole(s, from, to) : -1;
      if (whole >= 0) {
        tokens.add(whole, to);
        return;
      }
      merger.begin(s, from, to);
      for (int p = from; p < to; p++) {
        merger.symbol(p - from, symbol(s[p] & 0xFF));
      }
      merger.merge();
      for (int node = 0; node < to - from; node = merger.next(node)) {
        int end = from + merger.next(node);
        if (vocab.isToken(merger.id(node))) {
          tokens.add(merger.id(node), end);
        } else {
          spell(s, from + node, end, tokens);
        }
      }
    }

    private int symbol(int unsignedByte) {
      int id = tokenOfByte[unsignedByte];
      if (id >= 0) {
        return id;
      }
      int length = encode(new byte[] {(byte) unsignedByte}, 0, 1);
      return merges.index().symbol(encoded, 0, length);
    }

    /**
     * A symbol that is no token: llama.cpp looks for tokens of one byte of its text as the
     * vocabulary writes it, and leaves out the rest.
     */
    private void spell(byte[] s, int from, int to, CachedWords.Tokens tokens) {
      int length = encode(s, from, to);
      for (int i = 0; i < length; i++) {
        int id = vocab.find(encoded, i, i + 1);
        if (id >= 0) {
          tokens.add(id, to);
        }
      }
    }

    private int findWhole(byte[] s, int from, int to) {
      // Every byte takes at least one in the vocabulary's writing.
      if (to - from > vocab.maxTextBytes()) {
        return -1;
      }
      int length = encode(s, from, to);
      return vocab.find(encoded, 0, length);
    }

    private int encode(byte[] s, int from, int to) {
      if (encoded.length < 2 * (to - from)) {
        encoded = new byte[2 * (to - from)];
      }
      return ByteLevel.encode(s, from, to, encoded, 0);
    }
  }
}
