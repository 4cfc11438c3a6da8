package org.ggml4j.grammar;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Random;
import java.util.Set;

/** Random grammars of a few rules, none of them left-recursive, and tokens that may fit them. */
final class RandomGrammars {
  private static final String[] LITERALS = {
    "a", "b", "ab", "z", "zz", "é", "€", "😀", "ba", "{", "\\\"", "c€"
  };
  private static final String[] CLASSES = {
    "[ab]", "[a-z]", "[^a]", "[^\\\"\\\\]", ".", "[é-ü]", "[€😀]", "[^z😀]", "[b-z{]", "[\\x00-a]"
  };
  private static final String[] REPEATS = {"*", "+", "?", "{2}", "{0,3}", "{1,}", "{2,4}"};
  private static final String[] RULES = {"root", "x", "y", "list"};
  static final int TOKENS = 6;

  private final Random random;
  private final boolean withTokens;

  RandomGrammars(long seed, boolean withTokens) {
    this.random = new Random(seed);
    this.withTokens = withTokens;
  }

  private String any(String... of) {
    return of[random.nextInt(of.length)];
  }

  /** A grammar; with tokens, it names those of ids below {@link #TOKENS}. */
  String grammar() {
    StringBuilder s = new StringBuilder();
    for (int rule = 0; rule < RULES.length; rule++) {
      s.append(RULES[rule]).append(" ::= ").append(alternates(rule, 3)).append('\n');
    }
    return s.toString();
  }

  private String alternates(int rule, int depth) {
    StringBuilder s = new StringBuilder(sequence(rule, depth));
    while (random.nextInt(3) == 0) {
      s.append(" | ").append(random.nextInt(8) == 0 ? "\"\"" : sequence(rule, depth));
    }
    return s.toString();
  }

  private String sequence(int rule, int depth) {
    StringBuilder s = new StringBuilder();
    boolean read = false;
    int n = 1 + random.nextInt(3);
    for (int i = 0; i < n; i++) {
      String part;
      int kind = random.nextInt(withTokens ? 9 : 8);
      boolean reads = false;
      if (kind < 2) {
        part = '"' + any(LITERALS) + '"';
        reads = true;
      } else if (kind < 4) {
        part = any(CLASSES);
        reads = true;
      } else if (kind < 6 && depth > 0) {
        part = "(" + alternates(rule, depth - 1) + ")";
      } else if (kind < 8) {
        // Only behind something that was read may a rule come that leads back here.
        int from = read ? 0 : rule + 1;
        reads = from == RULES.length;
        part = reads ? "\"a\"" : RULES[from + random.nextInt(RULES.length - from)];
      } else {
        part = any("<[", "!<[") + random.nextInt(TOKENS) + "]>";
        reads = true;
      }
      if (random.nextInt(3) == 0) {
        part += part.charAt(0) == '[' && random.nextInt(3) == 0 ? "{0,40}" : any(REPEATS);
        reads = false;
      }
      read |= reads;
      s.append(part).append(' ');
    }
    return s.toString();
  }

  /** Texts of tokens, some of them parts of characters. */
  Set<String> texts(int n) {
    Set<String> latin1 = new LinkedHashSet<>();
    while (latin1.size() < n) {
      StringBuilder s = new StringBuilder();
      int parts = 1 + random.nextInt(4);
      for (int i = 0; i < parts; i++) {
        s.append(any("a", "b", "z", "z", "ab", "é", "ü", "€", "😀", "{", "\"", "\\", "c", "zzz"));
      }
      byte[] bytes = s.toString().getBytes(StandardCharsets.UTF_8);
      int from = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : 0;
      int to = random.nextInt(4) == 0 ? from + random.nextInt(bytes.length - from) : bytes.length;
      if (to > from) {
        latin1.add(new String(Arrays.copyOfRange(bytes, from, to), StandardCharsets.ISO_8859_1));
      }
    }
    return latin1;
  }

  int nextInt(int n) {
    return random.nextInt(n);
  }
}
