package org.ggml4j.tokenizer;

import java.util.BitSet;

/**
 * SentencePiece's BPE as Llama 1 and 2 use it: spaces are written {@code ▁}, neighbours are joined
 * whose text is a token, the highest score first, and characters outside the vocabulary become byte
 * tokens.
 *
 * <p>Source: Kudo and Richardson 2018; llama.cpp {@code src/llama-vocab.cpp} (llm_tokenizer_spm).
 */
final class SentencePieceAlgorithm implements Algorithm {
  private final Vocab vocab;
  private final boolean addSpacePrefix;
  private final int unknown;
  private final int[] order;
  private final int[] tokenOfByte = new int[256];
  private final BitSet joinedToSpace = new BitSet();
  private final WordCache cache = new WordCache();

  /**
   * @param unknown the token for bytes that the vocabulary lacks, or -1 to leave them out
   */
  SentencePieceAlgorithm(Vocab vocab, boolean addSpacePrefix, int unknown) {
    this.vocab = vocab;
    this.addSpacePrefix = addSpacePrefix;
    this.unknown = unknown;
    for (int b = 0; b < 256; b++) {
      tokenOfByte[b] = vocab.findByte(b);
    }
    order = new int[vocab.size()];
    TextTable texts = vocab.texts();
    for (int id = 0; id < order.length; id++) {
      order[id] = order(vocab.score(id));
      SpaceWords.collect(texts.bytes(), texts.start(id), texts.end(id), joinedToSpace);
    }
  }

  /** Ints in the order in which pairs are joined: the highest score gives the smallest. */
  private static int order(float score) {
    int bits = Float.floatToIntBits(0f - score);
    int order = bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
    return Math.min(order, Integer.MAX_VALUE - 1);
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    Work work = new Work(out);
    return new Encoder() {
      @Override
      public void encode(byte[] s, int from, int to, boolean first) {
        encodeUntil(s, from, to, to, first);
      }

      @Override
      public int encodeUntil(byte[] s, int from, int stop, int to, boolean first) {
        return work.spaces.splitUntil(s, from, stop, to, first && addSpacePrefix);
      }
    };
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    Utf8.unescapeSpaces(text, from, to, out);
  }

  /** Tokenizes word after word. */
  private final class Work implements CachedWords.Splitter {
    private final SpaceWords spaces;
    private final Merger merger = new Merger(this::pair);

    Work(TokenBuffer out) {
      spaces = new SpaceWords(joinedToSpace, out, cache, this);
    }

    private long pair(int left, int right, byte[] s, int from, int to) {
      int id = vocab.find(s, from, to);
      return id < 0 ? Merger.NONE : Merger.pair(order[id], id);
    }

    @Override
    public void split(byte[] s, int from, int to, CachedWords.Tokens tokens) {
      merger.begin(s, from, to);
      for (int p = from; p < to; p += Utf8.length(s[p])) {
        merger.symbol(p - from, -1);
      }
      merger.merge();
      for (int node = 0; node < to - from; node = merger.next(node)) {
        int end = from + merger.next(node);
        // A character that was never joined has not been looked up yet.
        int id = merger.id(node) >= 0 ? merger.id(node) : vocab.find(s, from + node, end);
        if (id >= 0) {
          tokens.add(id, end);
        } else {
          spell(s, from + node, end, tokens);
        }
      }
    }

    /** A character outside the vocabulary. */
    private void spell(byte[] s, int from, int to, CachedWords.Tokens tokens) {
      boolean bytes = true;
      for (int p = from; p < to; p++) {
        bytes &= tokenOfByte[s[p] & 0xFF] >= 0;
      }
      if (bytes) {
        for (int p = from; p < to; p++) {
          tokens.add(tokenOfByte[s[p] & 0xFF], p + 1);
        }
      } else if (unknown >= 0) {
        tokens.add(unknown, to);
      }
    }
  }
}
