package org.ggml4j.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

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
  private final PairMap ranks;
  private final int[] merged;
  private final int[] tokenOfByte = new int[256];
  private final WordCache cache = new WordCache();

  /**
   * @param ranks rank of each pair of tokens that joins
   * @param merged per rank, the joined token
   */
  BytePairAlgorithm(
      Vocab vocab, PreTokenizer words, boolean ignoreMerges, PairMap ranks, int[] merged) {
    this.vocab = vocab;
    this.words = words;
    this.ignoreMerges = ignoreMerges;
    this.ranks = ranks;
    this.merged = merged;
    byte[] text = new byte[2];
    for (int b = 0; b < 256; b++) {
      tokenOfByte[b] = vocab.find(text, 0, Utf8.put(ByteLevel.charOf(b), text, 0));
    }
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    Work work = new Work(out);
    return (s, from, to, first) -> words.split(s, from, to, work);
  }

  @Override
  public void print(byte[] text, int from, int to, ByteSink out) {
    for (int p = from; p < to; p += Utf8.length(text[p])) {
      int b = ByteLevel.byteOf(Utf8.codePoint(text, p));
      if (b >= 0) {
        out.add((byte) b);
      } else {
        out.add(text, p, p + Utf8.length(text[p]));
      }
    }
  }

  private long pair(int left, int right) {
    if ((left | right) < 0) {
      return Merger.NONE;
    }
    int rank = ranks.get(PairMap.key(left, right), -1);
    return rank < 0 ? Merger.NONE : Merger.pair(rank, merged[rank]);
  }

  /** Tokenizes word after word. */
  private final class Work implements PreTokenizer.Words {
    private final TokenBuffer out;
    private final Merger merger = new Merger((left, right, s, from, to) -> pair(left, right));
    private byte[] encoded = new byte[128];
    private int[] ids = new int[WordCache.MAX_WORD];
    private byte[] ends = new byte[WordCache.MAX_WORD];

    Work(TokenBuffer out) {
      this.out = out;
    }

    @Override
    public void word(byte[] s, int from, int to) {
      int length = to - from;
      if (length == 1) {
        add(tokenOfByte[s[from] & 0xFF], from, to);
        return;
      }
      if (length > WordCache.MAX_WORD) {
        if (!whole(s, from, to)) {
          merge(s, from, to);
          for (int node = 0; node < length; node = merger.next(node)) {
            add(merger.id(node), from + node, from + merger.next(node));
          }
        }
        return;
      }
      int hash = TextTable.hash(s, from, to);
      WordCache.@Nullable Entry entry = cache.find(s, from, to, hash);
      if (entry == null) {
        entry = tokenize(s, from, to);
        cache.put(hash, entry);
      }
      int start = from;
      for (int i = 0; i < entry.ids().length; i++) {
        int end = from + entry.ends()[i];
        add(entry.ids()[i], start, end);
        start = end;
      }
    }

    /** A byte that the vocabulary lacks is left out, as llama.cpp does. */
    private void add(int id, int from, int to) {
      if (id >= 0) {
        out.add(id, from, to);
      }
    }

    private boolean whole(byte[] s, int from, int to) {
      int id = ignoreMerges ? findWhole(s, from, to) : -1;
      if (id >= 0) {
        out.add(id, from, to);
      }
      return id >= 0;
    }

    private int findWhole(byte[] s, int from, int to) {
      // Every byte takes at least one in the vocabulary's writing.
      if (to - from > vocab.maxTextBytes()) {
        return -1;
      }
      if (encoded.length < 2 * (to - from)) {
        encoded = new byte[2 * (to - from)];
      }
      return vocab.find(encoded, 0, ByteLevel.encode(s, from, to, encoded, 0));
    }

    private void merge(byte[] s, int from, int to) {
      merger.begin(s, from, to);
      for (int i = 0; i < to - from; i++) {
        merger.symbol(i, tokenOfByte[s[from + i] & 0xFF]);
      }
      merger.merge();
    }

    private WordCache.Entry tokenize(byte[] s, int from, int to) {
      byte[] word = Arrays.copyOfRange(s, from, to);
      int id = ignoreMerges ? findWhole(s, from, to) : -1;
      if (id >= 0) {
        return new WordCache.Entry(word, new int[] {id}, new byte[] {(byte) word.length});
      }
      merge(s, from, to);
      int n = 0;
      for (int node = 0; node < word.length; node = merger.next(node)) {
        ids[n] = merger.id(node);
        ends[n++] = (byte) merger.next(node);
      }
      return new WordCache.Entry(word, Arrays.copyOf(ids, n), Arrays.copyOf(ends, n));
    }
  }
}
