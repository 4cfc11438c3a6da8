package org.ggml4j.tokenizer;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * BPE on characters instead of bytes, as Gemma 4 uses it: spaces are written {@code ▁}, and
 * characters outside the vocabulary become byte tokens {@code <0xNN>}.
 *
 * <p>Source: llama.cpp {@code src/llama-vocab.cpp} (llm_tokenizer_bpe without byte_encode).
 */
final class Utf8PairAlgorithm implements Algorithm {
  private final Vocab vocab;
  private final PreTokenizer words;
  private final boolean escapeSpaces;
  private final boolean lineBreakTokens;
  private final Merges merges;
  private final int[] tokenOfByte = new int[256];
  private final WordCache cache = new WordCache();
  private volatile @Nullable BitSet joinedToSpace;

  /**
   * @param escapeSpaces whether spaces are written {@code ▁}
   * @param lineBreakTokens whether a run of line breaks that is a token is that token
   */
  Utf8PairAlgorithm(
      Vocab vocab,
      PreTokenizer words,
      boolean escapeSpaces,
      boolean lineBreakTokens,
      Merges merges) {
    this.vocab = vocab;
    this.words = words;
    this.escapeSpaces = escapeSpaces;
    this.lineBreakTokens = lineBreakTokens;
    this.merges = merges;
    for (int b = 0; b < 256; b++) {
      tokenOfByte[b] = vocab.findHex(b);
    }
  }

  /** Found when first needed, since the merges are. */
  private BitSet joinedToSpace() {
    BitSet found = joinedToSpace;
    if (found == null) {
      BitSet set = new BitSet();
      merges.index().forEach((s, from, space, to) -> SpaceWords.collect(s, from, space, to, set));
      joinedToSpace = set;
      found = set;
    }
    return found;
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    return Algorithm.ofWords(words, new Work(out));
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    if (escapeSpaces) {
      Utf8.unescapeSpaces(text, from, to, out);
    } else {
      out.add(text, from, to);
    }
  }

  /** Tokenizes word after word. */
  private final class Work implements PreTokenizer.Words, CachedWords.Splitter {
    private final TokenBuffer out;
    private final CachedWords plain;
    private final @Nullable SpaceWords spaces;
    private final Merges.Index index = merges.index();
    private final Merger merger = new Merger((left, right, s, from, to) -> index.pair(left, right));

    Work(TokenBuffer out) {
      this.out = out;
      this.plain = new CachedWords(out, cache, this, position -> position);
      this.spaces = escapeSpaces ? new SpaceWords(joinedToSpace(), out, cache, this) : null;
    }

    @Override
    public void word(byte[] s, int from, int to) {
      if (lineBreakTokens && s[from] == '\n' && isRun(s, from, to)) {
        int id = vocab.find(s, from, to);
        if (id >= 0) {
          out.add(id, from, to);
          return;
        }
      }
      if (spaces == null) {
        plain.word(s, from, to);
      } else {
        spaces.split(s, from, to, false);
      }
    }

    private static boolean isRun(byte[] s, int from, int to) {
      for (int p = from + 1; p < to; p++) {
        if (s[p] != s[from]) {
          return false;
        }
      }
      return true;
    }

    @Override
    public void split(byte[] s, int from, int to, CachedWords.Tokens tokens) {
      merger.begin(s, from, to);
      for (int p = from; p < to; ) {
        int end = p + Utf8.length(s[p]);
        merger.symbol(p - from, index.symbol(s, p, end));
        p = end;
      }
      merger.merge();
      for (int node = 0; node < to - from; node = merger.next(node)) {
        int end = from + merger.next(node);
        if (vocab.isToken(merger.id(node))) {
          tokens.add(merger.id(node), end);
          continue;
        }
        for (int p = from + node; p < end; p++) {
          int id = tokenOfByte[s[p] & 0xFF];
          if (id >= 0) {
            tokens.add(id, p + 1);
          }
        }
      }
    }
  }
}
