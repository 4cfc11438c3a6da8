package org.ggml4j.tokenizer;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Cuts out the matches of a regular expression, and the text between them as one word each, as
 * llama.cpp does ({@code src/unicode.cpp}, unicode_regex_split).
 *
 * <p>The expression is run as a deterministic automaton: one table look-up per character, no
 * backtracking. Of several matches at a place it finds the one that a backtracking engine finds
 * first. Immutable.
 */
final class WordPattern implements PreTokenizer {
  private static final int PAGE_BITS = 8;
  private static final int PAGE = 1 << PAGE_BITS;

  private final PatternAutomaton automaton;
  private final int[] next;
  private final int start;
  private final int end;
  private final byte[] ascii;

  // Filled when first needed; two threads may fill one at once and get the same bytes.
  private final AtomicReferenceArray<byte[]> pages =
      new AtomicReferenceArray<>((Character.MAX_CODE_POINT + 1) >> PAGE_BITS);

  private WordPattern(PatternAutomaton automaton) {
    this.automaton = automaton;
    this.next = automaton.transitions();
    this.start = automaton.start();
    this.end = automaton.endOfText();
    this.ascii = page(0);
  }

  /** Compiles an expression, see {@link PatternParser} for its syntax. */
  static WordPattern of(String pattern) {
    return new WordPattern(PatternAutomaton.of(PatternParser.parse(pattern)));
  }

  @Override
  public void split(byte[] s, int from, int to, Words out) {
    splitUntil(s, from, to, to, out);
  }

  @Override
  public int splitUntil(byte[] s, int from, int stop, int to, Words out) {
    int begin = from;
    int p = from;
    while (p < to && (p < stop || begin < p)) {
      int after = match(s, p, to);
      if (after == p) {
        p += Utf8.length(s[p]);
        continue;
      }
      if (begin < p) {
        out.word(s, begin, p);
      }
      out.word(s, p, after);
      p = after;
      begin = after;
    }
    if (begin < p) {
      out.word(s, begin, p);
    }
    return p;
  }

  /** End of the match that begins at a position, or that position if there is none. */
  int match(byte[] s, int from, int to) {
    int found = from;
    int state = start;
    int p = from;
    while (p < to) {
      byte b = s[p];
      int length = 1;
      int cls;
      if (b >= 0) {
        cls = ascii[b];
      } else {
        length = Utf8.length(b);
        cls = classOf(Utf8.codePoint(s, p));
      }
      int move = next[state + cls];
      if ((move & PatternAutomaton.ACCEPT) != 0) {
        found = p;
      }
      state = move >>> 1;
      if (state == PatternAutomaton.DEAD) {
        return found;
      }
      p += length;
    }
    return (next[state + end] & PatternAutomaton.ACCEPT) != 0 ? p : found;
  }

  private int classOf(int cp) {
    byte[] page = pages.getAcquire(cp >> PAGE_BITS);
    if (page == null) {
      page = page(cp >> PAGE_BITS);
      pages.setRelease(cp >> PAGE_BITS, page);
    }
    return page[cp & PAGE - 1];
  }

  private byte[] page(int index) {
    byte[] page = new byte[PAGE];
    for (int i = 0; i < PAGE; i++) {
      page[i] = (byte) automaton.classOf(index << PAGE_BITS | i);
    }
    return page;
  }
}
