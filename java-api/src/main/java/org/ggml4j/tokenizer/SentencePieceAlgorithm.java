package org.ggml4j.tokenizer;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * SentencePiece's BPE as Llama 1 and 2 use it: spaces are written {@code ▁}, neighbours are joined
 * whose text is a token, the highest score first, and characters outside the vocabulary become byte
 * tokens.
 *
 * <p>Source: Kudo and Richardson 2018; llama.cpp {@code src/llama-vocab.cpp} (llm_tokenizer_spm).
 */
final class SentencePieceAlgorithm implements Algorithm {
  private static final int SPACE = '▁';
  private static final byte[] SPACE_BYTES = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};

  private final Vocab vocab;
  private final boolean addSpacePrefix;
  private final int unknown;
  private final int[] order;
  private final int[] tokenOfByte = new int[256];
  private final Set<Integer> joinedToSpace = new HashSet<>();
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
      int previous = -1;
      for (int p = texts.start(id); p < texts.end(id); ) {
        // Stored text may be damaged, so no more than what is there is read.
        int length = Math.min(Utf8.length(texts.bytes()[p]), texts.end(id) - p);
        boolean space = isSpace(texts.bytes(), p, length);
        if (space && previous >= 0) {
          joinedToSpace.add(previous);
        }
        previous = space ? SPACE : complete(texts.bytes(), p, length);
        p += length;
      }
    }
  }

  private static boolean isSpace(byte[] s, int p, int length) {
    return length == 3 && Arrays.equals(s, p, p + 3, SPACE_BYTES, 0, 3);
  }

  private static int complete(byte[] s, int p, int length) {
    return length == Utf8.length(s[p]) ? Utf8.codePoint(s, p) : Utf8.REPLACEMENT;
  }

  /** Ints in the order in which pairs are joined: the highest score gives the smallest. */
  private static int order(float score) {
    int bits = Float.floatToIntBits(0f - score);
    int order = bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
    return Math.min(order, Integer.MAX_VALUE - 1);
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    return new Work(out);
  }

  @Override
  public void print(byte[] text, int from, int to, ByteSink out) {
    for (int p = from; p < to; ) {
      if (p + 3 <= to && isSpace(text, p, 3)) {
        out.add((byte) ' ');
        p += 3;
      } else {
        out.add(text[p++]);
      }
    }
  }

  private long pair(byte[] s, int from, int to) {
    int id = vocab.find(s, from, to);
    return id < 0 ? Merger.NONE : Merger.pair(order[id], id);
  }

  /**
   * Tokenizes a stretch piece by piece. A piece ends before a space if no token holds the character
   * before it together with a space, since nothing is ever joined there; so pieces are words in
   * practice.
   */
  private final class Work implements Encoder {
    private final TokenBuffer out;
    private final Merger merger = new Merger((left, right, s, from, to) -> pair(s, from, to));
    private byte[] word = new byte[64];
    // Per byte of the word, and for its end, the byte of the source that it comes from.
    private int[] source = new int[64];
    private int size;
    private int previous;
    private int[] ids = new int[WordCache.MAX_WORD];
    private byte[] ends = new byte[WordCache.MAX_WORD];

    Work(TokenBuffer out) {
      this.out = out;
    }

    @Override
    public void encode(byte[] s, int from, int to, boolean first) {
      size = 0;
      previous = -1;
      if (first && addSpacePrefix) {
        space(from);
      }
      for (int p = from; p < to; ) {
        int length = Utf8.length(s[p]);
        if (s[p] == ' ' || isSpace(s, p, length)) {
          if (size > 0 && !joinedToSpace.contains(previous)) {
            finish(p);
          }
          space(p);
        } else {
          reserve();
          previous = length == 1 ? s[p] : Utf8.codePoint(s, p);
          for (int i = 0; i < length; i++) {
            source[size] = p + i;
            word[size++] = s[p + i];
          }
        }
        p += length;
      }
      finish(to);
    }

    private void space(int at) {
      reserve();
      for (byte b : SPACE_BYTES) {
        source[size] = at;
        word[size++] = b;
      }
      previous = SPACE;
    }

    private void reserve() {
      if (size + 5 > word.length) {
        int capacity = (int) Math.min(Integer.MAX_VALUE - 8, word.length * 2L);
        word = Arrays.copyOf(word, capacity);
        source = Arrays.copyOf(source, capacity);
      }
    }

    /** Tokenizes what has been gathered. */
    private void finish(int sourceEnd) {
      if (size == 0) {
        return;
      }
      source[size] = sourceEnd;
      if (size > WordCache.MAX_WORD) {
        merge();
        for (int node = 0; node < size; node = merger.next(node)) {
          add(token(node), node, merger.next(node));
        }
      } else {
        int hash = TextTable.hash(word, 0, size);
        WordCache.@Nullable Entry entry = cache.find(word, 0, size, hash);
        if (entry == null) {
          entry = tokenize();
          cache.put(hash, entry);
        }
        int start = 0;
        for (int i = 0; i < entry.ids().length; i++) {
          add(entry.ids()[i], start, entry.ends()[i]);
          start = entry.ends()[i];
        }
      }
      size = 0;
    }

    private void merge() {
      merger.begin(word, 0, size);
      for (int p = 0; p < size; p += Utf8.length(word[p])) {
        merger.symbol(p, -1);
      }
      merger.merge();
    }

    /** Token of a symbol; a character that was never joined has not been looked up yet. */
    private int token(int node) {
      int id = merger.id(node);
      return id >= 0 ? id : vocab.find(word, node, merger.next(node));
    }

    private void add(int id, int from, int to) {
      if (id >= 0) {
        out.add(id, source[from], source[to]);
        return;
      }
      boolean bytes = true;
      for (int i = from; i < to; i++) {
        bytes &= tokenOfByte[word[i] & 0xFF] >= 0;
      }
      if (bytes) {
        for (int i = from; i < to; i++) {
          out.add(tokenOfByte[word[i] & 0xFF], source[from], source[to]);
        }
      } else if (unknown >= 0) {
        out.add(unknown, source[from], source[to]);
      }
    }

    private WordCache.Entry tokenize() {
      merge();
      int n = 0;
      for (int node = 0; node < size; node = merger.next(node)) {
        ids[n] = token(node);
        ends[n++] = (byte) merger.next(node);
      }
      return new WordCache.Entry(
          Arrays.copyOf(word, size), Arrays.copyOf(ids, n), Arrays.copyOf(ends, n));
    }
  }
}
