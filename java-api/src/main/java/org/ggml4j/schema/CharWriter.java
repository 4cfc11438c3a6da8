package org.ggml4j.schema;

import java.util.HashMap;
import java.util.Map;

/** How characters are written: as they are, or as JSON writes them within a string. */
final class CharWriter {
  private static final String SHORT_ESCAPES = "\"\\\b\f\n\r\t";
  private static final String SHORT_LETTERS = "\"\\bfnrt";
  private static final int MAX_RANGES = 20;
  private static final CodePointSet CONTROLS = CodePointSet.range(0, 0x1F);
  private static final CodePointSet ESCAPED =
      CONTROLS.or(CodePointSet.of('"')).or(CodePointSet.of('\\'));

  private final Rules rules;
  private final boolean json;
  private final CodePointSet without;
  private final Map<CodePointSet, Expr> written = new HashMap<>();

  private CharWriter(Rules rules, boolean json, CodePointSet without) {
    this.rules = rules;
    this.json = json;
    this.without = without;
  }

  static CharWriter plain(Rules rules) {
    return new CharWriter(rules, false, CodePointSet.NONE);
  }

  /** As they are, but for some that are not written at all. */
  static CharWriter without(Rules rules, CodePointSet characters) {
    return new CharWriter(rules, false, characters);
  }

  /**
   * Within a JSON string. Each character is written in one way, the shortest; only where any
   * character may stand, any escape may.
   */
  static CharWriter json(Rules rules) {
    return new CharWriter(rules, true, CodePointSet.NONE);
  }

  Expr write(CodePointSet set) {
    Expr known = written.get(set);
    if (known == null) {
      Expr all = json ? escaped(set) : Expr.chars(set.minus(without));
      boolean large = all instanceof Expr.Alt || set.rangeCount() > MAX_RANGES;
      known = large ? rules.named("chars", all) : all;
      written.put(set, known);
    }
    return known;
  }

  private Expr escaped(CodePointSet set) {
    if (set.equals(CodePointSet.ALL)) {
      return Primitive.CHAR.in(rules);
    }
    CodePointSet letters = CodePointSet.NONE;
    CodePointSet rest = set.and(CONTROLS);
    for (int i = 0; i < SHORT_ESCAPES.length(); i++) {
      if (set.contains(SHORT_ESCAPES.charAt(i))) {
        letters = letters.or(CodePointSet.of(SHORT_LETTERS.charAt(i)));
        rest = rest.minus(CodePointSet.of(SHORT_ESCAPES.charAt(i)));
      }
    }
    return Expr.alt(
        Expr.chars(set.minus(ESCAPED)),
        Expr.seq(Expr.lit("\\"), Expr.chars(letters)),
        Expr.seq(Expr.lit("\\u00"), Expr.alt(control(rest, 0), control(rest, 1))));
  }

  /** The two hexadecimal digits of control characters. */
  private static Expr control(CodePointSet set, int high) {
    CodePointSet digits = CodePointSet.NONE;
    for (int low = 0; low < 16; low++) {
      if (set.contains(16 * high + low)) {
        digits = digits.or(CodePointSet.anyOf(low < 10 ? "" + low : "%x%X".formatted(low, low)));
      }
    }
    return Expr.seq(Expr.lit("" + high), Expr.chars(digits));
  }
}
