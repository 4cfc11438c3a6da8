package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The grammars that llama.cpp publishes: texts that they describe and texts that they don't. */
class PublishedGrammarsTest {
  private static final Path FOLDER = Path.of(System.getProperty("ggml4j.grammars.dir"));

  private record Texts(List<String> good, List<String> bad) {}

  private static final Map<String, Texts> TEXTS = new TreeMap<>();

  static {
    TEXTS.put(
        "arithmetic",
        new Texts(
            List.of("1=2\n", "x=1\n", "a+b*c=(\t1 )\n", "12 -3 =  a_1 \ny=y\n", "((1))=1\n"),
            List.of(
                "", "1=2", "=1\n", "A=1\n", "1+=2\n", "1=(2\n", "1==1\n", "\n1=2\n", "1=2\n3")));
    TEXTS.put(
        "c",
        new Texts(
            List.of(
                "",
                "int f(){}",
                "float  x1(int \nn){int  y =\t1;return y+2;}",
                "int main(){return 0;}char g(){}",
                "int f(){if(a<b){x = -1;}else{g (1, h());}while(x!=y){}}",
                "int f(){for(int i = 0; i<9; i = i+1){/* a * b *///c\n}}",
                "int f(){x = ( 1 );}"),
            List.of(
                "int f()",
                "int f(){",
                "double f(){}",
                "int f(){return;}",
                "int f(){x=1;}",
                "int f(){g(1);}",
                "int f(int a, int b){}",
                "int f(){x = (1);}",
                "int f(){//}",
                "int 1f(){}")));
    TEXTS.put(
        "chess",
        new Texts(
            List.of(
                "1. e4 e5\n2. Nf3 Nc6\n",
                "1. d4 d5\n2. c4 dxc4\n10. O-O O-O-O\n99. exd8=Q+ Rxd8#\n",
                "1. Nbd2 R1e2\n2. Qh4e1 a6\n"),
            List.of(
                "",
                "1. e4 e5\n",
                "1. e4 e5\n2. Nf3\n",
                "2. e4 e5\n3. Nf3 Nc6\n",
                "1. e9 e5\n2. Nf3 Nc6\n",
                "1. e4 e5\n100. Nf3 Nc6\n",
                "1. e4 e5\n2. o-o Nc6\n",
                "1. e4 e5\n2. Nf3 Nc6")));
    TEXTS.put(
        "english",
        new Texts(
            List.of("a", "Hello, World!", "x\ty\nz", "(1 + 2) * [3]; {~`^|\\} \"'?<>@#$%&-_=:/."),
            List.of("", " a", "a ", "a  b", "é", "a\r\nb", "a\u00a0b")));
    TEXTS.put(
        "japanese",
        new Texts(
            List.of("あ", "日本語のテキスト", "カタカナ ひらがな\n、。〾", "一\t鿿", "ゟヿ"),
            List.of("", "a", "日本 a", " 日", "日 ", "日  本", "한국어", "１", "\u9fff\ua000")));
    List<String> json =
        List.of(
            "{}",
            "{ }",
            "{\n\t\t \"a\": 1}",
            "{\"a\":\"b\",\"c\":[1,2, {}],\"d\":{\"e\":null}}",
            "{\"\":-0.5e+11}",
            "{\"k\": [\n  true, false , null\n]\n}",
            "{\"\\\"\\\\\\b\\f\\n\\r\\t\\u00e9/é日😀\": 9223372036854775}",
            "{\"n\":[0,-1,1234567890123456,1.5,1E5,2e-7]}");
    List<String> notJson =
        List.of(
            "",
            "[]",
            "1",
            "{",
            "{}}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{\"a\":12345678901234567}",
            "{\"a\":tru}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12g4\"}",
            "{\"a\":\"\u007f\"}",
            "{\"a\":[1 2]}",
            "{  }",
            "{\r\n}",
            "{\n" + " ".repeat(21) + "}");
    TEXTS.put("json", new Texts(json, notJson));
    TEXTS.put(
        "json_arr",
        new Texts(
            List.of(
                "[\n]",
                "[\n 1]",
                "[\n{\"a\": [1,2]},\n\"b\"]",
                "[\n1,\n2,\n[]]",
                "[\n-1.25e10]",
                "[\n{} ]"),
            List.of("[]", "[\n1,2]", "[\n1]\n", "[\n1,\n]", "{}", "[\n1e05]", "[\n", "[\n01]")));
    TEXTS.put(
        "list",
        new Texts(
            List.of("- a\n", "- a\n- b c\n", "- - x\n", "-  \n", "- é日😀\n"),
            List.of(
                "",
                "- \n",
                "- a",
                "a\n",
                "-a\n",
                "- a\n\n",
                "- a\r\n",
                "- a\u2028b\n",
                "- a\u0085\n",
                "- a\u000b\n")));
  }

  private static Grammar read(String name) throws IOException {
    return Grammar.parse(Files.readString(FOLDER.resolve(name + ".gbnf")));
  }

  @Test
  void eachPublishedGrammarHasItsTable() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      List<String> names =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".gbnf"))
              .map(name -> name.substring(0, name.length() - ".gbnf".length()))
              .toList();
      assertThat(names).containsExactlyInAnyOrderElementsOf(TEXTS.keySet());
    }
  }

  @TestFactory
  Stream<DynamicTest> acceptsAndRejects() {
    return TEXTS.entrySet().stream()
        .map(
            e ->
                DynamicTest.dynamicTest(
                    e.getKey(),
                    () -> {
                      Grammar grammar = read(e.getKey());
                      for (String text : e.getValue().good) {
                        assertThat(grammar.accepts(text)).as("'%s'", text).isTrue();
                      }
                      for (String text : e.getValue().bad) {
                        assertThat(grammar.accepts(text)).as("'%s'", text).isFalse();
                      }
                    }));
  }
}
