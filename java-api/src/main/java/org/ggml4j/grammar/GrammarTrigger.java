package org.ggml4j.grammar;

import java.util.regex.Pattern;

/**
 * What makes a lazy grammar begin: until then the model writes as it likes. Source: llama.cpp
 * v0.5.0 ({@code common_grammar_trigger}).
 */
public sealed interface GrammarTrigger {

  /** A token; the grammar describes the text from this token on, with its text. */
  record Token(int id) implements GrammarTrigger {}

  /**
   * A text, which may be spread over tokens; the grammar describes the text from its beginning on.
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
