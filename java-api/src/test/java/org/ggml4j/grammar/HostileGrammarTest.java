package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Grammars made to take all memory, all time or all stack are refused or do neither. */
class HostileGrammarTest {
  // What is exponential takes ages; what is not, well under a second.
  private static final Duration GENEROUS = Duration.ofSeconds(30);

  private static String refused(String gbnf) {
    GrammarException e =
        Assertions.assertTimeout(
            GENEROUS,
            () -> catchThrowableOfType(GrammarException.class, () -> Grammar.parse(gbnf)));
    assertThat(e).isNotNull();
    return e.getMessage();
  }

  private static String rules(int n, IntFunction<String> rule) {
    return IntStream.range(0, n).mapToObj(rule).collect(Collectors.joining("\n"));
  }

  @Test
  void deepNestingIsRefused() {
    String open = "root ::= " + "(".repeat(100_000) + "\"a\"" + ")".repeat(100_000);
    assertThat(refused(open)).startsWith("1:510: ").contains("nested deeper than 500");
    int depth = GrammarParser.MAX_DEPTH;
    String deep = "root ::= " + "(".repeat(depth) + "\"a\"" + ")*".repeat(depth);
    assertThat(Grammar.parse(deep).accepts("aaa")).isTrue();
  }

  @Test
  void repetitionsWithinRepetitionsAreRefusedWhenTheyGetTooLarge() {
    String gbnf = "root ::= " + "(".repeat(5) + "[a-z] [0-9]" + "){2000}".repeat(5);
    assertThat(Grammar.parse(gbnf).accepts("a1")).isFalse(); // bodies are shared
    String copies = rules(600, i -> "x" + i + " ::= [a-z]{2000}");
    assertThat(refused("root ::= x0\n" + copies)).contains("the grammar is too large");
  }

  @Test
  void countsThatMayAllBeEmptyTakeLittleTime() {
    String gbnf = "root ::= " + "(".repeat(5) + "[^x]*" + "){0,99}".repeat(5);
    Assertions.assertTimeout(
        GENEROUS, () -> assertThat(Grammar.parse(gbnf).accepts("a".repeat(100))).isTrue());
  }

  @Test
  void longChainsOfRulesAreRefused() {
    String chain = rules(20_000, i -> "x" + i + " ::= x" + (i + 1) + " \"b\"");
    assertThat(refused("root ::= x0\n" + chain + "\nx20000 ::= \"a\""))
        .contains("more than 1000 rules begin with one another");
    String tail = rules(20_000, i -> "x" + i + " ::= \"b\" x" + (i + 1));
    Grammar grammar = Grammar.parse("root ::= x0\n" + tail + "\nx20000 ::= \"a\"");
    assertThat(grammar.accepts("b".repeat(20_000) + "a")).isTrue();
  }

  @Test
  void exponentiallyManyParsesTakeLittleTime() {
    Assertions.assertTimeout(
        GENEROUS,
        () -> {
          // 2 to the power of 40 ways to enter the last rule.
          String wide = rules(40, i -> "x" + i + " ::= x%1$d \"a\" | x%1$d \"b\"".formatted(i + 1));
          Grammar layers = Grammar.parse("root ::= x0\n" + wide + "\nx40 ::= \"c\"");
          assertThat(layers.accepts("c" + "ab".repeat(20))).isTrue();
          assertThat(layers.accepts("c" + "ab".repeat(19))).isFalse();

          Grammar splits = Grammar.parse("root ::= x*\nx ::= \"a\" | \"aa\" | x2\nx2 ::= \"a\" x?");
          assertThat(splits.accepts("a".repeat(2000))).isTrue();

          Grammar stacks = Grammar.parse("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"d\"");
          assertThat(stacks.accepts("a".repeat(500) + "d" + "bc".repeat(250))).isTrue();

          Grammar nested = Grammar.parse("root ::= ((\"a\"*)*)* (\"a\"+)+ \"b\"");
          assertThat(nested.accepts("a".repeat(2000) + "b")).isTrue();
        });
  }

  @Test
  void deepTextsTakeLittleTime() {
    Grammar grammar = Grammar.parse("root ::= \"[\" root* \"]\"");
    int depth = 100_000;
    Assertions.assertTimeout(
        GENEROUS,
        () -> {
          assertThat(grammar.accepts("[".repeat(depth) + "]".repeat(depth))).isTrue();
          assertThat(grammar.accepts("[".repeat(depth) + "]".repeat(depth - 1))).isFalse();
        });
  }

  @Test
  void ambiguityBeyondTheLimitsIsAnError() {
    // Whether the 21st return from the bottom is "b" is not known from the top, where any number
    // of returns may lie: as a deterministic graph this takes 2 to the power of 20 nodes.
    String gbnf = "root ::= [axz] root \"b\" | [az] root \"c\" | \"z\" root | \"d\"";
    GrammarState start = Grammar.parse(gbnf).start();
    GrammarException e =
        Assertions.assertTimeout(
            GENEROUS,
            () ->
                catchThrowableOfType(
                    GrammarException.class,
                    () -> start.accept("a".repeat(20) + "x" + "z".repeat(40))));
    assertThat(e).isNotNull().hasMessageContaining("in too many ways");
    // The grammar is as usable as before.
    assertThat(start.accept("aaxzz" + "d" + "cbcb").isAccepting()).isTrue();
  }

  @Test
  void manyStatesAreForgottenAgain() {
    Network network =
        NetworkBuilder.build(
            new Source("t"),
            GrammarParser.parse(new Source("root ::= \"[\" (root | \"x\")* \"]\"")),
            "root");
    Automaton small = new Automaton(network, 2000);
    GrammarState at = small.start();
    for (int i = 0; i < 3000; i++) {
      at = at.accept("[x");
    }
    GrammarState deep = at;
    for (int i = 0; i < 3000; i++) {
      assertThat(at.isAccepting()).isFalse();
      at = at.accept("]");
    }
    assertThat(at.isAccepting()).isTrue();
    // A state from before still works.
    assertThat(deep.accept("]".repeat(3000))).isEqualTo(at);
  }
}
