package org.ggml4j.schema;

import java.util.List;

/** Grammars of lists of texts. */
public final class Choices {
  private Choices() {}

  /**
   * The grammar, in GBNF, of one of several texts.
   *
   * @throws IllegalArgumentException if there are none, or one is empty or contains half a
   *     surrogate pair
   */
  public static String toGbnf(List<String> choices) {
    if (choices.isEmpty()) {
      throw new IllegalArgumentException("choices: expected at least one, found none");
    }
    for (String choice : choices) {
      if (choice.isEmpty()) {
        throw new IllegalArgumentException("choices: expected texts, found an empty one");
      }
      if (choice.codePoints().anyMatch(c -> !CodePointSet.ALL.contains(c))) {
        throw new IllegalArgumentException(
            "choices: half of a surrogate pair, which no text contains, in '" + choice + "'");
      }
    }
    Rules rules = new Rules();
    rules.define("root", Expr.alt(choices.stream().map(Expr::lit).toList()));
    return rules.toGbnf();
  }
}
