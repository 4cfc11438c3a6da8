package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.ggml4j.decode.StopReason;
import org.ggml4j.schema.JsonBindingException;
import org.ggml4j.schema.SchemaException;
import org.ggml4j.schema.UnsupportedSchemaException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records, schemas, expressions and choices of a model that knows nothing. */
@NothingStaysOpen.Shared
class RecordGenerationTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(512).withThreads(1);

  enum Colour {
    RED,
    GREEN
  }

  record Inner(boolean flag, LocalDate day) {}

  record Outer(
      int number, Colour colour, List<Inner> all, Map<String, Colour> map, Optional<Inner> maybe) {}

  record Small(int number, Colour colour) {}

  record Picky(Colour colour) {
    Picky {
      throw new IllegalArgumentException("never");
    }
  }

  @TempDir static Path folder;
  private static Model model;
  private Session session;

  @BeforeAll
  static void load() throws IOException {
    List<String> words =
        Stream.concat(
                "{}[]\":,.-_+E abcdefghijklmnopqrstuvwxyzRDGN0123456789\n\\"
                    .chars()
                    .mapToObj(Character::toString),
                Stream.of("\"}", "],", "\":", "true", "false", "RED", "-0"))
            .toList();
    model = TinyWords.load(folder, TinyGguf.small(), words);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @BeforeEach
  void open() {
    session = model.newSession(OPTIONS);
  }

  @AfterEach
  void closeSession() {
    session.close();
  }

  private static GenerationConfig wild(long seed) {
    return GenerationConfig.defaults().withTemperature(1.5f).withTopP(1).withSeed(seed);
  }

  @Test
  void writesARecord() {
    int read = 0;
    for (int seed = 0; seed < 10; seed++) {
      session.reset();
      try {
        Outer outer = session.generate("a", Outer.class, wild(seed));
        assertThat(outer.colour).isIn((Object[]) Colour.values());
        read++;
      } catch (IncompleteTextException e) { // some have endless lists of spaces and digits
        assertThat(e.reason()).isEqualTo(StopReason.CONTEXT_FULL);
      }
    }
    assertThat(read).isGreaterThan(5);
  }

  @Test
  void theSessionGoesOnBehindTheRecord() {
    Small small = session.generate("a", Small.class);
    assertThat(small.colour).isNotNull();
    assertThat(session.generate("b", Small.class, wild(2)).colour).isNotNull();
    assertThat(model.tokenizer().decode(session.tokens())).contains("number").contains("b{");
  }

  @Test
  void aTextThatIsCutOffIsAnError() {
    assertThatThrownBy(() -> session.generate("a", Small.class, wild(1).withMaxTokens(9)))
        .isInstanceOfSatisfying(
            IncompleteTextException.class,
            e -> {
              assertThat(e.text()).startsWith("{");
              assertThat(e.reason()).isEqualTo(StopReason.TOKEN_LIMIT);
              assertThat(e).hasMessageContaining("Small").hasMessageContaining(e.text());
            });
    assertThatThrownBy(() -> session.generate("a", Small.class, wild(1).withStop("number")))
        .isInstanceOfSatisfying(
            IncompleteTextException.class,
            e -> assertThat(e.reason()).isEqualTo(StopReason.STOP_STRING));
  }

  @Test
  void whatIsWholeCountsEvenIfAStopStringIsBehindIt() {
    GenerationConfig config = GenerationConfig.greedy().withChoices("ab").withStop("x");
    assertThat(session.generate("a", config).text()).isEqualTo("ab");
  }

  @Test
  void whatTheConstructorRefusesIsAnError() {
    assertThatThrownBy(() -> session.generate("a", Picky.class, wild(1)))
        .isInstanceOf(JsonBindingException.class)
        .hasMessageContaining("never");
  }

  @Test
  void aGrammarBesideARecordIsAnError() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> session.generate("a", Small.class, wild(1).withChoices("ab")))
        .withMessageContaining("grammar");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> session.generate("a", String.class))
        .withMessageContaining("java.lang.String");
  }

  @Test
  void schemasExpressionsAndChoicesHoldTheText() {
    for (int seed = 0; seed < 5; seed++) {
      String json =
          session
              .generate(
                  "a",
                  wild(seed).withJsonSchema("{\"type\":\"integer\",\"minimum\":7,\"maximum\":9}"))
              .text();
      assertThat(json).matches("[789]");
      assertThat(session.generate("a", wild(seed).withRegex("a[bd]{2}-\\d")).text())
          .matches("a[bd]{2}-\\d");
      assertThat(session.generate("a", wild(seed).withChoices("RED", "GREEN", "no")).text())
          .isIn("RED", "GREEN", "no");
    }
  }

  @Test
  void anUnsupportedKeywordIsNamedWithItsPlace() {
    assertThatThrownBy(
            () ->
                GenerationConfig.defaults()
                    .withJsonSchema(
                        "{\"properties\":{\"a\":{\"type\":\"array\",\"unevaluatedItems\":false}}}"))
        .isInstanceOfSatisfying(
            UnsupportedSchemaException.class,
            e -> {
              assertThat(e.keyword()).isEqualTo("unevaluatedItems");
              assertThat(e.pointer()).isEqualTo("/properties/a/unevaluatedItems");
              assertThat(e).hasMessageContaining("unevaluatedItems");
            });
    assertThatThrownBy(() -> GenerationConfig.defaults().withJsonSchema("{"))
        .isInstanceOf(SchemaException.class);
    assertThatThrownBy(() -> GenerationConfig.defaults().withRegex("a(?=b)"))
        .hasMessageContaining("at 1");
  }
}
