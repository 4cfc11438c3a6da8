package org.ggml4j.grammar;

import java.util.regex.Pattern;

/**
 * What makes a lazy grammar begin: until then the model writes as it likes. Source: llama.cpp
 * v0.5.0 ({@code common_grammar_trigger}).
 */
public sealed interface GrammarTrigger {

  /** A token; the grammar describes the text from this token on, with its text, hidden or not. */
  record Token(int id) implements GrammarTrigger {}

  /**
   * A text, which may be spread over tokens; the grammar describes the text from its beginning on.
   * If the token that completes it goes on in a way that does not fit, the generation ends with a
   * {@link GrammarDeadEndException}, as in llama.cpp.
   */
  record Word(String text) implements GrammarTrigger {
    public Word {
      if (text.isEmpty()) {
        throw new IllegalArgumentException("a trigger word needs at least one character");
      }
    }
  }

  /**
   * A regular expression that is looked for in the text so far; the grammar describes the text from
   * the beginning of its first group that is not empty, or of the match if it has none.
   */
  record Regex(Pattern pattern) implements GrammarTrigger {}
}
