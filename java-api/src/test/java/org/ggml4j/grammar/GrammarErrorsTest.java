package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Grammars that are refused, where, and with which words. */
class GrammarErrorsTest {
  private record Case(String grammar, int line, int column, String says) {}

  private static Case at(int line, int column, String says, String grammar) {
    return new Case(grammar, line, column, says);
  }

  private static final List<Case> CASES =
      List.of(
          at(1, 1, "the grammar is empty", ""),
          at(1, 1, "the grammar is empty", "  # only a comment\n"),
          at(1, 1, "no rule named 'root' to begin with; the first rule is 'rot'", "rot ::= \"a\""),
          at(1, 1, "expected the name of a rule, found ':'", "::= \"a\""),
          at(1, 6, "expected '::=' after the rule name 'root', found '='", "root = \"a\""),
          at(1, 6, "expected '::='", "root : := \"a\""),
          at(
              1,
              5,
              "expected '::=' after the rule name 'root', found the end of the line",
              "root\n::= \"a\""),
          at(1, 5, "found the end of the grammar", "root"),
          at(2, 3, "expected the name of a rule, found '_'", "root ::= \"a\"\n  _x ::= \"b\""),
          at(
              1,
              14,
              "expected a part of the rule 'root', a new line or the end, found ')'",
              "root ::= \"a\" ) \"b\""),
          at(1, 11, "found ':'", "root ::= a::= \"b\""),
          at(2, 3, "found ':'", "root ::= \"a\" |\nx ::= \"b\""),
          at(1, 12, "expected a closing '\"', found the end of the grammar", "root ::= \"a"),
          at(1, 12, "expected a closing ']', found the end of the grammar", "root ::= [a"),
          at(1, 13, "expected the end of the range, found the end", "root ::= [a-"),
          at(1, 10, "without characters", "root ::= []"),
          at(1, 10, "without characters", "root ::= [^]"),
          at(1, 11, "ends before it begins: 'z' is U+007A, 'a' is U+0061", "root ::= [z-a]"),
          at(1, 12, "no escape begins with \\ and 'q'", "root ::= \"a\\q\""),
          at(1, 11, "no escape begins with \\ and the end of the grammar", "root ::= \"\\"),
          at(1, 14, "expected 2 hexadecimal digits after \\x, found 'g'", "root ::= \"\\x4g\""),
          at(1, 14, "expected 4 hexadecimal digits after \\u, found '\"'", "root ::= \"\\u1\""),
          at(1, 13, "expected 8 hexadecimal digits after \\U, found the end", "root ::= \"\\U"),
          at(1, 11, "there is no character \\U00110000", "root ::= \"\\U00110000\""),
          at(1, 11, "U+D83D is half of a surrogate pair", "root ::= \"\\ud83d\\ude00\""),
          at(1, 11, "U+DE00 is half of a surrogate pair", "root ::= \"\uDE00\""),
          at(
              1,
              14,
              "expected ')' or a part of the group, found the end of the grammar",
              "root ::= (\"a\""),
          at(2, 8, "expected ')' or a part of the group, found ']'", "root ::= (\"a\"\n   \"b\" ]"),
          at(1, 10, "'*' has nothing before it to repeat", "root ::= * \"a\""),
          at(1, 16, "'+' has nothing before it", "root ::= \"a\" | + \"b\""),
          at(1, 11, "'?' has nothing before it", "root ::= (?)"),
          at(1, 12, "'*' has nothing before it", "root ::= \"\"*"),
          at(1, 14, "expected the number of repetitions, found ','", "root ::= \"a\"{,}"),
          at(1, 14, "expected the number of repetitions, found ','", "root ::= \"a\"{,10}"),
          at(1, 14, "expected the number of repetitions, found 'x'", "root ::= \"a\"{x}"),
          at(1, 15, "expected ',' or '}', found 'x'", "root ::= \"a\"{1x}"),
          at(
              1,
              16,
              "expected the largest number of repetitions or '}', found 'x'",
              "root ::= \"a\"{1,x}"),
          at(1, 17, "expected '}', found the end", "root ::= \"a\"{1,2"),
          at(1, 13, "at most 2 repetitions are fewer than the at least 3", "root ::= \"a\"{3,2}"),
          at(1, 13, "at least 5000 repetitions", "root ::= \"a\"{5000}"),
          at(1, 13, "at least 5000 repetitions", "root ::= \"a\"{5000,}"),
          at(1, 13, "at least 5000 repetitions", "root ::= \"a\"{5000,6000}"),
          at(1, 13, "at least 1000000 repetitions", "root ::= \"a\"{1000000}"),
          at(
              1,
              13,
              "repetitions are more than the 2000 that are allowed",
              "root ::= \"a\"{99999999999999999999}"),
          at(1, 13, "at most 1000000 repetitions", "root ::= \"a\"{0,1000000}"),
          at(1, 12, "expected a token's number, found 'x'", "root ::= <[x]>"),
          at(1, 14, "expected ']', found '>'", "root ::= <[10>"),
          at(1, 15, "expected '>', found the end", "root ::= <[10]"),
          at(1, 15, "expected '>', found the end", "root ::= <abcd"),
          at(1, 11, "expected '<' after '!', found '['", "root ::= ![10]"),
          at(
              4,
              12,
              "there is no rule named 'numero'",
              "root ::= sum\n"
                  + "sum ::= part (\"+\" part)*\n"
                  + "# a comment\n"
                  + "  part ::= numero\n"
                  + "digits ::= [0-9]+"),
          at(1, 10, "there is no rule named 'root-1'", "root ::= root-1"),
          at(
              1,
              16,
              "the rule 'root' is left-recursive: it may begin with itself (root -> root)",
              "root ::= \"a\" | root \"a\""),
          at(2, 14, "(asdf -> asdf)", "root ::= asdf\nasdf ::= \"a\"|asdf \"a\""),
          at(
              3,
              15,
              "(asdf -> foo -> asdf)",
              "root ::= asdf\nasdf ::= \"a\" | foo \"b\"\nfoo ::= \"c\" | asdf \"d\" | \"e\""),
          at(
              3,
              21,
              "(asdf -> foo -> asdf)",
              "root ::= asdf\n"
                  + "asdf ::= \"a\" | foo \"b\"\n"
                  + "foo ::= \"c\" | empty asdf \"d\" | \"e\"\n"
                  + "empty ::= \"blah\" | "),
          at(
              2,
              12,
              "(x -> x)",
              "root ::= x\nx ::= none x \"a\" | \"b\"\nnone ::= deep*\ndeep ::= \"\""),
          at(2, 14, "(x -> x)", "root ::= \"a\"\nx ::= (\"b\"? (x | \"c\"))+"),
          at(1, 11, "expected ')' or a part of the group, found U+0000", "root ::= (\u0000)"),
          at(3, 7, "found ';'", "# é\r\n root ::= x\r\nx ::= ;"),
          at(2, 10, "found ';'", "root ::= x\rx ::= \"😀\";"));

  @TestFactory
  Stream<DynamicTest> saysWhatIsWrongAndWhere() {
    return CASES.stream()
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.says + " in " + c.grammar.replaceAll("\\s", " "),
                    () -> {
                      GrammarException e =
                          catchThrowableOfType(
                              GrammarException.class, () -> Grammar.parse(c.grammar));
                      assertThat(e).isNotNull().hasMessageContaining(c.says);
                      assertThat(e.line() + ":" + e.column()).isEqualTo(c.line + ":" + c.column);
                      assertThat(e).hasMessageStartingWith(c.line + ":" + c.column + ": ");
                    }));
  }

  @Test
  void aRuleOfAnotherNameMayBeTheFirst() {
    assertThat(Grammar.parse("foobar ::= \"x\"", "foobar").accepts("x")).isTrue();
    GrammarException e =
        catchThrowableOfType(
            GrammarException.class, () -> Grammar.parse("root ::= \"x\"", "nonexistent"));
    assertThat(e).hasMessageContaining("no rule named 'nonexistent'");
  }

  @Test
  void newLinesAndCommentsStandWhereTheyMay() {
    Grammar grammar =
        Grammar.parse(
            """
            # before the first rule
              root   ::=   # behind the sign
                 "a" b-2 | # behind the bar
                 "c" ( # inside a group
                   "d"
                   | "e"
                   { 1 , 2 }
                 ) # at the end
            \t
            b-2::="b"#
            -Z9 ::= "unused"
            """);
    assertThat(grammar.accepts("ab")).isTrue();
    assertThat(grammar.accepts("cd")).isTrue();
    assertThat(grammar.accepts("cee")).isTrue();
    assertThat(grammar.accepts("ceee")).isFalse();
  }
}
