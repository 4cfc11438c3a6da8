package org.ggml4j.grammar;

/**
 * The characters that all lead from a state to the same next one: inside a string these are nearly
 * all, and what begins with such a character need not be looked at letter by letter.
 */
final class Run {
  /** The longest run that is looked at, in characters. */
  static final int MAX_LENGTH = 32;

  // Well-formed UTF-8 of more than one byte (Unicode, table 3-7): first and last lead byte, first
  // and last second byte, length.
  private static final int[][] MULTIBYTE = {
    {0xC2, 0xDF, 0x80, 0xBF, 2},
    {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3},
    {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4},
    {0xF4, 0xF4, 0x80, 0x8F, 4}
  };

  private final Set characters;
  private final GrammarState next;

  private Run(Set characters, GrammarState next) {
    this.characters = characters;
    this.next = next;
  }

  /**
   * Characters, or the bytes of several texts.
   *
   * @param low ASCII 0 to 63, as bits
   * @param high ASCII 64 to 127
   * @param others whether all characters outside ASCII are among them, or some are needed
   * @param length of the longest text, in characters
   */
  record Set(long low, long high, boolean others, int length) {
    boolean isIn(Set all) {
      return (low & ~all.low) == 0 && (high & ~all.high) == 0 && (!others || all.others);
    }
  }

  /** Whether any text of these characters and this length may follow in a state. */
  static boolean covers(GrammarState state, Set set) {
    GrammarState at = state;
    for (int i = 0; i < set.length; i++) {
      Run run = of(at);
      if (i == MAX_LENGTH || !set.isIn(run.characters)) {
        return false;
      }
      if (run.next.equals(at)) {
        return true;
      }
      at = run.next;
    }
    return true;
  }

  private static Run of(GrammarState state) {
    Run known = state.run;
    if (known == null) {
      known = find(state);
      state.run = known;
    }
    return known;
  }

  private static Run find(GrammarState state) {
    Automaton automaton = state.automaton;
    // Letters are what long runs are made of; one that is rarely spelled out in grammars stands
    // for them.
    GrammarState next = automaton.step(state, (byte) 'z');
    if (next.isDead()) {
      return new Run(new Set(0, 0, false, 0), next);
    }
    long low = 0;
    long high = 0;
    for (int b = 0; b < 64; b++) {
      low |= automaton.step(state, (byte) b).equals(next) ? 1L << b : 0;
      high |= automaton.step(state, (byte) (b + 64)).equals(next) ? 1L << b : 0;
    }
    boolean others = true;
    for (int[] row : MULTIBYTE) {
      others = others && leads(state, row, 0, next);
    }
    return new Run(new Set(low, high, others, 0), next);
  }

  private static boolean leads(GrammarState from, int[] row, int index, GrammarState next) {
    if (index == row[4]) {
      return from.equals(next);
    }
    int first = index == 0 ? row[0] : index == 1 ? row[2] : 0x80;
    int last = index == 0 ? row[1] : index == 1 ? row[3] : 0xBF;
    byte[] classOf = from.automaton.classOf();
    for (int b = first; b <= last; b++) {
      boolean isNew = b == first || classOf[b] != classOf[b - 1];
      if (isNew && !leads(from.automaton.step(from, (byte) b), row, index + 1, next)) {
        return false;
      }
    }
    return true;
  }

  /** The characters of texts from an offset on, if they are well-formed UTF-8, or begin some. */
  static final class Collector {
    private long low;
    private long high;
    private boolean others;
    private int length;
    private boolean isWellFormed = true;

    void add(SortedTexts texts, int id, int offset) {
      int chars = 0;
      int i = offset;
      while (isWellFormed && i < texts.length(id)) {
        int lead = texts.get(id, i) & 0xFF;
        chars++;
        if (lead < 0x80) {
          low |= lead < 64 ? 1L << lead : 0;
          high |= lead < 64 ? 0 : 1L << lead;
          i++;
        } else {
          others = true;
          i = after(texts, id, i, lead);
        }
      }
      length = Math.max(length, chars);
    }

    /** The index behind a character of several bytes, which the text may break off. */
    private int after(SortedTexts texts, int id, int start, int lead) {
      for (int[] row : MULTIBYTE) {
        if (lead >= row[0] && lead <= row[1]) {
          int end = Math.min(start + row[4], texts.length(id));
          for (int i = start + 1; i < end; i++) {
            int b = texts.get(id, i) & 0xFF;
            isWellFormed &= i == start + 1 ? b >= row[2] && b <= row[3] : b >= 0x80 && b <= 0xBF;
          }
          return end;
        }
      }
      isWellFormed = false;
      return start;
    }

    boolean isWellFormed() {
      return isWellFormed;
    }

    Set toSet() {
      return new Set(low, high, others, length);
    }
  }
}
