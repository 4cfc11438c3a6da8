package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * BERT's WordPiece: text is cut at white space, around punctuation and around Chinese characters,
 * and each word is covered by the longest token that fits, again and again. A word that cannot be
 * covered is one unknown token.
 *
 * <p>In the vocabulary a word begins with {@code ▁}. Source: Devlin et al. 2019; llama.cpp {@code
 * src/llama-vocab.cpp} (llm_tokenizer_wpm).
 */
final class WordPieceAlgorithm implements Algorithm {
  // Pairs of first and last. The sixth should begin at 2B820; Hugging Face's code has this.
  private static final int[] CHINESE = {
    0x3400, 0x4DBF, 0x4E00, 0x9FFF, 0xF900, 0xFAFF, 0x20000, 0x2A6DF, 0x2A700, 0x2B73F, 0x2B740,
    0x2B81F, 0x2B920, 0x2CEAF, 0x2F800, 0x2FA1F
  };

  private final boolean lowerCase;
  private final boolean stripAccents;
  private final int unknown;
  private final ByteTrie tokens = new ByteTrie();
  private final WordCache cache = new WordCache();

  /**
   * @param unknown the token for words that the vocabulary does not cover, or -1 to leave them out
   */
  WordPieceAlgorithm(Vocab vocab, boolean lowerCase, boolean stripAccents, int unknown) {
    this.lowerCase = lowerCase;
    this.stripAccents = stripAccents;
    this.unknown = unknown;
    TextTable texts = vocab.texts();
    for (int id = 0; id < texts.size(); id++) {
      tokens.put(texts.bytes(), texts.start(id), texts.end(id), id);
    }
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    return new Work(out);
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    Utf8.unescapeSpaces(text, from, to, out);
  }

  private static boolean isChinese(int cp) {
    for (int i = 0; i < CHINESE.length; i += 2) {
      if (cp >= CHINESE[i] && cp <= CHINESE[i + 1]) {
        return true;
      }
    }
    return false;
  }

  /** Tokenizes word after word. */
  private final class Work implements Encoder, CachedWords.Splitter {
    private final MappedText word;
    private final CachedWords cached;
    // Where the source of the word before ended, and where that of this one does so far.
    private int done;
    private int end;
    private int[] ids = new int[16];
    private int[] ends = new int[16];

    Work(TokenBuffer out) {
      word = new MappedText(out.keepsRanges());
      cached = new CachedWords(out, cache, this, word::source);
    }

    @Override
    public void encode(byte[] s, int from, int to, boolean first) {
      done = from;
      word.clear();
      for (int p = from; p < to; ) {
        int cp = Utf8.codePoint(s, p);
        int after = p + Utf8.length(s[p]);
        add(stripAccents ? CharFolding.base(cp) : cp, p, after);
        p = after;
      }
      finish();
    }

    private void add(int cp, int from, int to) {
      int cls = CharClass.of(cp);
      if (cls == CharClass.SPACE) {
        finish();
        return;
      }
      boolean dropped =
          cls == CharClass.CONTROL
              || cp == 0
              || cp == Utf8.REPLACEMENT
              || (stripAccents && cls == CharClass.MARK);
      if (dropped) {
        return;
      }
      boolean alone =
          cls == CharClass.PUNCTUATION || (cls == CharClass.SYMBOL && cp < 0x7F) || isChinese(cp);
      if (alone) {
        finish();
      }
      if (word.size() == 0) {
        word.addSpace(done);
      }
      word.addCodePoint(lowerCase ? CharFolding.lower(cp) : cp, from);
      end = to;
      if (alone) {
        finish();
      }
    }

    private void finish() {
      if (word.size() > 0) {
        word.end(end);
        cached.word(word.bytes(), 0, word.size());
        done = end;
        word.clear();
      }
    }

    @Override
    public void split(byte[] s, int from, int to, CachedWords.Tokens out) {
      int n = 0;
      for (int p = from; p < to; ) {
        int id = longest(s, p, to, n);
        if (id < 0) {
          n = 0;
          break;
        }
        p = ends[n++];
      }
      if (n == 0 && unknown >= 0) {
        out.add(unknown, to);
      }
      for (int i = 0; i < n; i++) {
        out.add(ids[i], ends[i]);
      }
    }

    /** Notes the longest token at a position as the n-th of the word; -1 if there is none. */
    private int longest(byte[] s, int from, int to, int n) {
      if (n == ids.length) {
        ids = Arrays.copyOf(ids, 2 * n);
        ends = Arrays.copyOf(ends, 2 * n);
      }
      int best = ByteTrie.NONE;
      int node = 0;
      for (int p = from; p < to; p++) {
        node = tokens.child(node, s[p]);
        if (node == ByteTrie.NONE) {
          break;
        }
        if (tokens.value(node) >= 0) {
          best = tokens.value(node);
          ends[n] = p + 1;
        }
      }
      ids[n] = best;
      return best;
    }
  }
}
