package org.ggml4j.tokenizer;

import java.util.BitSet;

/**
 * Writes spaces as {@code ▁} and cuts before those that nothing is ever joined across, since no
 * text of the vocabulary holds the character before together with a space. So pieces are words in
 * practice. Then appends their tokens. One per call.
 */
final class SpaceWords {
  private final BitSet joinedToSpace;
  private final MappedText text;
  private final CachedWords words;
  private int previous;

  /**
   * @param joinedToSpace the characters before which no cut may be made, from {@link #collect}
   */
  SpaceWords(
      BitSet joinedToSpace, TokenBuffer out, WordCache cache, CachedWords.Splitter splitter) {
    this.joinedToSpace = joinedToSpace;
    this.text = new MappedText(out.keepsRanges());
    this.words = new CachedWords(out, cache, splitter, text::source);
  }

  /** Adds the characters that stand before a space within a text of the vocabulary. */
  static void collect(byte[] s, int from, int to, BitSet joinedToSpace) {
    int previous = -1;
    for (int p = from; p < to; ) {
      // Stored text may be damaged, so no more than what is there is read.
      int length = Math.min(Utf8.length(s[p]), to - p);
      boolean space = Utf8.isSpaceSign(s, p, to);
      if (space && previous >= 0) {
        joinedToSpace.set(previous);
      }
      boolean whole = length == Utf8.length(s[p]);
      previous = whole ? Utf8.codePoint(s, p) : Utf8.REPLACEMENT;
      p += length;
    }
  }

  /**
   * Adds the character that a merge joins to a space. Looking at where its parts meet is enough,
   * since they are characters or made by merges too.
   */
  static void collect(byte[] s, int from, int space, int to, BitSet joinedToSpace) {
    if (Utf8.isSpaceSign(s, space + 1, to)) {
      joinedToSpace.set(lastCodePoint(s, from, space));
    }
  }

  /**
   * Cuts a stretch of text.
   *
   * @param prefix whether a space is put before it
   */
  void split(byte[] s, int from, int to, boolean prefix) {
    splitUntil(s, from, to, to, prefix);
  }

  /**
   * Cuts out the words that begin before {@code stop}.
   *
   * @param prefix whether a space is put before the first
   * @return where the next word begins
   */
  int splitUntil(byte[] s, int from, int stop, int to, boolean prefix) {
    text.clear();
    if (prefix) {
      text.addSpace(from);
      previous = Utf8.SPACE_CODE_POINT;
    }
    int begin = from;
    for (int p = from; p < to; ) {
      boolean space = s[p] == ' ' || Utf8.isSpaceSign(s, p, to);
      if (!space) {
        p += Utf8.length(s[p]);
        continue;
      }
      if (begin < p) {
        previous = lastCodePoint(s, begin, p);
        text.copy(s, begin, p);
      }
      if (text.size() > 0 && !joinedToSpace.get(previous)) {
        finish(p);
        if (p >= stop) {
          return p;
        }
      }
      text.addSpace(p);
      previous = Utf8.SPACE_CODE_POINT;
      p += s[p] == ' ' ? 1 : 3;
      begin = p;
    }
    text.copy(s, begin, to);
    if (text.size() > 0) {
      finish(to);
    }
    return to;
  }

  private static int lastCodePoint(byte[] s, int from, int end) {
    int p = end - 1;
    while (p > from && (s[p] & 0xC0) == 0x80) {
      p--;
    }
    return Utf8.length(s[p]) == end - p ? Utf8.codePoint(s, p) : Utf8.REPLACEMENT;
  }

  private void finish(int sourceEnd) {
    text.end(sourceEnd);
    words.word(text.bytes(), 0, text.size());
    text.clear();
  }
}
