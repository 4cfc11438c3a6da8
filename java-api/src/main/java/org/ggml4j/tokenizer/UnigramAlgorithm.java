package org.ggml4j.tokenizer;

import java.util.Arrays;

/**
 * The unigram language model: text is normalized by a {@link CharacterMap}, and of all ways to
 * cover it by tokens the one with the highest sum of scores (logarithms of probabilities) is taken,
 * found by Viterbi's algorithm.
 *
 * <p>Source: Kudo 2018, "Subword Regularization"; SentencePiece; llama.cpp {@code
 * src/llama-vocab.cpp} (llm_tokenizer_ugm).
 */
final class UnigramAlgorithm implements Algorithm {
  private static final float UNKNOWN_PENALTY = 10;

  /** Backtracking waits until this many bytes are certain. */
  private static final int MIN_STRETCH = 1 << 10;

  private static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};

  private final CharacterMap characters;
  private final boolean addSpacePrefix;
  private final boolean mergeSpaces;
  private final int unknown;
  private final double unknownScore;
  private final double[] scores;
  private final ByteTrie tokens = new ByteTrie();
  private final ByteTrie userDefined = new ByteTrie();

  /**
   * @param fileTypes types as the file has them, before any correction
   * @param mergeSpaces whether spaces at the ends are dropped and several are one
   * @param unknown the token for characters outside the vocabulary, or -1 to leave them out
   */
  UnigramAlgorithm(
      Vocab vocab,
      byte[] fileTypes,
      CharacterMap characters,
      boolean addSpacePrefix,
      boolean mergeSpaces,
      int unknown) {
    this.characters = characters;
    this.addSpacePrefix = addSpacePrefix;
    this.mergeSpaces = mergeSpaces;
    this.unknown = unknown;
    this.scores = new double[vocab.size()];
    TextTable texts = vocab.texts();
    float min = Float.MAX_VALUE;
    for (int id = 0; id < scores.length; id++) {
      TokenType type = TokenType.of(fileTypes[id]);
      float score = vocab.score(id);
      if (type == TokenType.NORMAL) {
        min = Math.min(min, score);
      }
      // Tokens that the user defined are preferred to all others, even if known as control tokens.
      boolean preferred =
          vocab.type(id) == TokenType.USER_DEFINED
              || (type == TokenType.USER_DEFINED && vocab.type(id) == TokenType.CONTROL);
      scores[id] = preferred ? 0 : score;
      if (type == TokenType.NORMAL || type == TokenType.USER_DEFINED || type == TokenType.UNUSED) {
        tokens.put(texts.bytes(), texts.start(id), texts.end(id), id);
      }
      if (type == TokenType.USER_DEFINED) {
        userDefined.put(texts.bytes(), texts.start(id), texts.end(id), id);
      }
    }
    unknownScore = min - UNKNOWN_PENALTY;
  }

  @Override
  public Encoder encoder(TokenBuffer out) {
    return new Work(out);
  }

  @Override
  public void printText(byte[] text, int from, int to, ByteSink out) {
    Utf8.unescapeSpaces(text, from, to, out);
  }

  /** Tokenizes a stretch at a time. */
  private final class Work implements Encoder {
    private final TokenBuffer out;
    private final MappedText text;
    private boolean insideWord;
    private boolean prefixed;

    // Per byte from `base` on: the best way to get there, its last token and where that began.
    private int base;
    private double[] best = new double[1 << 12];
    private int[] last = new int[best.length];
    private int[] origin = new int[best.length];
    private int used;
    private boolean afterUnknown;
    private int unknownStart;

    Work(TokenBuffer out) {
      this.out = out;
      this.text = new MappedText(out.keepsRanges());
    }

    @Override
    public void encode(byte[] s, int from, int to, boolean first) {
      normalize(s, from, to);
      if (text.size() > 0) {
        cover(text.bytes(), text.size());
      }
    }

    // Normalization.

    private void normalize(byte[] s, int from, int to) {
      text.clear();
      insideWord = false;
      prefixed = false;
      for (int p = from; p < to; ) {
        // Tokens that the user defined stay as they are; so does what begins as one does.
        int kept = userDefined.reach(s, p, to);
        if (kept > 0) {
          append(s, p, p + kept, p);
          p += kept;
          continue;
        }
        long replaced = characters.longest(s, p, to);
        if (replaced != 0) {
          int begin = (int) replaced;
          append(characters.bytes(), begin, characters.replacementEnd(begin), p);
          p += (int) (replaced >>> 32);
        } else if ((s[p] & 0xC0) == 0x80) {
          // The first bytes of the character were kept above.
          append(REPLACEMENT, 0, REPLACEMENT.length, p);
          p++;
        } else {
          int length = Utf8.length(s[p]);
          append(s, p, p + length, p);
          p += length;
        }
      }
      text.end(to);
    }

    private void append(byte[] s, int begin, int end, int from) {
      for (int i = begin; i < end; i++) {
        if (s[i] == ' ') {
          insideWord = false;
          if (!mergeSpaces) {
            text.addSpace(from);
          }
          continue;
        }
        if (!insideWord) {
          insideWord = true;
          if (mergeSpaces || (addSpacePrefix && !prefixed)) {
            text.addSpace(from);
            prefixed = true;
          }
        }
        text.add(s[i], from);
      }
    }

    // The best cover.

    private void cover(byte[] s, int size) {
      base = 0;
      used = 0;
      afterUnknown = false;
      unknownStart = 0;
      reach(0, 0, unknown, 0);
      int furthest = 0;
      for (int at = 0; at < size; ) {
        if (furthest == at && at - base >= MIN_STRETCH) {
          // No token spans this place, so what comes cannot change what was.
          finish(at);
        }
        furthest = Math.max(furthest, step(s, at, size));
        at += Math.min(Utf8.length(s[at]), size - at);
      }
      finish(size);
      flushUnknown(size);
    }

    /** Tries all tokens that begin at a place; returns where the longest ends. */
    private int step(byte[] s, int at, int size) {
      double score = best[at - base];
      int character = at + Math.min(Utf8.length(s[at]), size - at);
      boolean covered = false;
      int furthest = character;
      int node = 0;
      for (int p = at; p < size; p++) {
        node = tokens.child(node, s[p]);
        if (node == ByteTrie.NONE) {
          break;
        }
        int id = tokens.value(node);
        if (id >= 0) {
          covered |= p + 1 == character;
          reach(p + 1, score + scores[id], id, at);
          furthest = Math.max(furthest, p + 1);
        }
      }
      if (!covered) {
        reach(character, score + unknownScore, unknown, at);
      }
      return furthest;
    }

    private void reach(int place, double score, int id, int from) {
      int i = place - base;
      if (i >= used) {
        if (i >= best.length) {
          int capacity = Capacity.grown(best.length, i + 1L);
          best = Arrays.copyOf(best, capacity);
          last = Arrays.copyOf(last, capacity);
          origin = Arrays.copyOf(origin, capacity);
        }
        Arrays.fill(best, used, i + 1, -Double.MAX_VALUE);
        used = i + 1;
      }
      if (score > best[i]) {
        best[i] = score;
        last[i] = id;
        origin[i] = from;
      }
    }

    /** Appends the tokens up to a place that every cover passes, and goes on from there. */
    private void finish(int place) {
      // Turns the chain around: from where tokens end to where they begin.
      int end = place;
      int begin = origin[end - base];
      int id = last[end - base];
      while (true) {
        int previousBegin = origin[begin - base];
        int previousId = last[begin - base];
        origin[begin - base] = end;
        last[begin - base] = id;
        if (begin == base) {
          break;
        }
        end = begin;
        begin = previousBegin;
        id = previousId;
      }
      for (int p = base; p < place; p = origin[p - base]) {
        append(last[p - base], p, origin[p - base]);
      }
      double score = best[place - base];
      base = place;
      used = 0;
      reach(place, score, unknown, place);
    }

    /** Neighbouring unknown characters are one token. */
    private void append(int id, int from, int to) {
      if (id == unknown) {
        if (!afterUnknown) {
          unknownStart = from;
        }
        afterUnknown = true;
        return;
      }
      flushUnknown(from);
      out.add(id, text.source(from), text.source(to));
    }

    private void flushUnknown(int end) {
      if (afterUnknown && unknown >= 0) {
        out.add(unknown, text.source(unknownStart), text.source(end));
      }
      afterUnknown = false;
    }
  }
}
