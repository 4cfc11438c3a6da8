package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Year;
import java.time.YearMonth;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.grammar.VocabTrie;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.json.JsonMapper;

class RecordSchemaTest {
  private static final int OUTPUTS = 40;

  enum Colour {
    RED,
    GREEN,
    BLUE {
      @Override
      public String toString() {
        return "blau";
      }
    }
  }

  record Point(int x, int y) {}

  record Scalars(
      String text,
      boolean flag,
      Boolean boxedFlag,
      byte b,
      short s,
      int i,
      long l,
      Long boxed,
      float f,
      double d,
      char c,
      BigInteger big,
      BigDecimal decimal,
      Colour colour) {}

  record Times(
      LocalDate date,
      LocalTime time,
      LocalDateTime dateTime,
      OffsetTime offsetTime,
      OffsetDateTime offsetDateTime,
      Instant instant,
      Duration duration,
      Year year,
      YearMonth month,
      UUID id,
      URI uri) {}

  record Many(
      List<Point> points,
      Set<Colour> colours,
      Collection<String> words,
      Map<String, List<Integer>> table,
      int[][] matrix,
      String[] names) {}

  record Maybe(
      Optional<String> text,
      OptionalInt i,
      OptionalLong l,
      OptionalDouble d,
      Optional<Point> point,
      int always) {}

  record Tree(String name, List<Tree> children) {}

  record Pair<A, B>(A first, B second) {}

  record Pairs(Pair<String, Integer> a, Pair<Point, List<Pair<Colour, Boolean>>> b) {}

  sealed interface Shape permits Circle, Square, Group {}

  record Circle(double radius) implements Shape {}

  record Square(int side) implements Shape {}

  record Group(List<Shape> shapes) implements Shape {}

  record Percent(int value) {
    Percent {
      if (value < 0 || value > 100) {
        throw new IllegalArgumentException("expected 0 to 100, found " + value);
      }
    }
  }

  record Odd(String type, String other) {}

  private static final List<Class<?>> ALL =
      List.of(
          Point.class,
          Scalars.class,
          Times.class,
          Many.class,
          Maybe.class,
          Tree.class,
          Pairs.class,
          Shape.class,
          Odd.class);

  @TestFactory
  Stream<DynamicTest> whatTheGrammarLetsThroughIsValidAndReads() throws IOException {
    Path file = Path.of(System.getProperty("ggml4j.models.dir"), "ggml-vocab-gpt-2.gguf");
    RandomWriter writer;
    try (GgufFile vocabulary = GgufFile.open(file)) {
      writer = new RandomWriter(VocabTrie.of(Tokenizer.of(vocabulary.metadata())));
    }
    return ALL.stream()
        .map(type -> DynamicTest.dynamicTest(type.getSimpleName(), () -> check(type, writer)));
  }

  private static void check(Class<?> type, RandomWriter writer) {
    RecordSchema<?> schema = RecordSchema.of(type);
    Schema validator =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(schema.schema());
    GrammarMasks masks = GrammarMasks.of(Grammar.parse(schema.gbnf()), writer.trie());
    Random random = new Random(4);
    for (int i = 0; i < OUTPUTS; i++) {
      String text = writer.write(masks, random);
      assertThat(validator.validate(JsonMapper.shared().readTree(text))).as(text).isEmpty();
      assertThat(schema.read(text)).as(text).isInstanceOf(type);
    }
  }

  private static <R> R read(Class<R> type, String json) {
    RecordSchema<R> schema = RecordSchema.of(type);
    assertThat(Grammar.parse(schema.gbnf()).accepts(json)).as(schema.gbnf()).isTrue();
    return schema.read(json);
  }

  @Test
  void readsScalars() {
    Scalars all =
        read(
            Scalars.class,
            """
            {"text":"a\\n\\u00e9","flag":true,"boxedFlag":false,"b":-128,"s":32767,"i":-2147483648,\
            "l":9223372036854775807,"boxed":-9223372036854775808,"f":0.1,"d":-2.5e-7,"c":"ß",\
            "big":-12345678901234,"decimal":0.10,"colour":"BLUE"}\
            """);
    assertThat(all)
        .isEqualTo(
            new Scalars(
                "a\né",
                true,
                false,
                (byte) -128,
                (short) 32767,
                Integer.MIN_VALUE,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                0.1f,
                -2.5e-7,
                'ß',
                new BigInteger("-12345678901234"),
                new BigDecimal("0.10"),
                Colour.BLUE));
  }

  @Test
  void readsTimes() {
    Times all =
        read(
            Times.class,
            """
            {"date":"2024-02-29","time":"23:59:59.123","dateTime":"1999-12-31T00:00:00",\
            "offsetTime":"10:15:30+01:00","offsetDateTime":"2026-01-02T03:04:05-17:59",\
            "instant":"2026-01-02T03:04:05Z","duration":"P2DT3H","year":1969,"month":"2026-11",\
            "id":"123e4567-e89b-12d3-a456-426614174000","uri":"https://example.org/a?b=c#d"}\
            """);
    assertThat(all.date).isEqualTo(LocalDate.of(2024, 2, 29));
    assertThat(all.time).isEqualTo(LocalTime.of(23, 59, 59, 123_000_000));
    assertThat(all.dateTime).isEqualTo(LocalDateTime.of(1999, 12, 31, 0, 0));
    assertThat(all.offsetTime).isEqualTo(OffsetTime.parse("10:15:30+01:00"));
    assertThat(all.offsetDateTime).isEqualTo(OffsetDateTime.parse("2026-01-02T03:04:05-17:59"));
    assertThat(all.instant).isEqualTo(Instant.parse("2026-01-02T03:04:05Z"));
    assertThat(all.duration).isEqualTo(Duration.ofHours(51));
    assertThat(all.year).isEqualTo(Year.of(1969));
    assertThat(all.month).isEqualTo(YearMonth.of(2026, 11));
    assertThat(all.id).isEqualTo(UUID.fromString("123e4567-e89b-12d3-a456-426614174000"));
    assertThat(all.uri).hasHost("example.org");
  }

  @Test
  void readsListsSetsMapsAndArrays() {
    Many all =
        read(
            Many.class,
            """
            {"points":[{"x":1,"y":2},{"x":3,"y":4}],"colours":["RED","BLUE"],"words":["a","a"],\
            "table":{"z":[1],"a/b":[]},"matrix":[[1,2],[]],"names":["n"]}\
            """);
    assertThat(all.points).containsExactly(new Point(1, 2), new Point(3, 4));
    assertThat(all.colours).containsExactly(Colour.RED, Colour.BLUE);
    assertThat(all.words).containsExactly("a", "a");
    assertThat(all.table).containsExactly(Map.entry("z", List.of(1)), Map.entry("a/b", List.of()));
    assertThat(all.matrix).isDeepEqualTo(new int[][] {{1, 2}, {}});
    assertThat(all.names).containsExactly("n");
  }

  @Test
  void whatIsOptionalMayBeMissing() {
    assertThat(read(Maybe.class, "{\"always\":1}"))
        .isEqualTo(
            new Maybe(
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                Optional.empty(),
                1));
    assertThat(
            read(
                Maybe.class,
                "{\"text\":\"t\",\"i\":1,\"l\":2,\"d\":0.5,\"point\":{\"x\":1,\"y\":2},\"always\":1}"))
        .isEqualTo(
            new Maybe(
                Optional.of("t"),
                OptionalInt.of(1),
                OptionalLong.of(2),
                OptionalDouble.of(0.5),
                Optional.of(new Point(1, 2)),
                1));
    assertThat(RecordSchema.of(Maybe.class).read("{\"text\":null,\"always\":1}").text()).isEmpty();
  }

  @Test
  void readsRecursiveGenericAndSealedTypes() {
    assertThat(read(Tree.class, "{\"name\":\"a\",\"children\":[{\"name\":\"b\",\"children\":[]}]}"))
        .isEqualTo(new Tree("a", List.of(new Tree("b", List.of()))));
    assertThat(
            read(
                Pairs.class,
                "{\"a\":{\"first\":\"s\",\"second\":7},\"b\":{\"first\":{\"x\":1,\"y\":2},"
                    + "\"second\":[{\"first\":\"RED\",\"second\":true}]}}"))
        .isEqualTo(
            new Pairs(
                new Pair<>("s", 7),
                new Pair<>(new Point(1, 2), List.of(new Pair<>(Colour.RED, true)))));
    assertThat(
            read(
                Shape.class,
                "{\"type\":\"Group\",\"shapes\":[{\"type\":\"Circle\",\"radius\":1.5},"
                    + "{\"type\":\"Square\",\"side\":2}]}"))
        .isEqualTo(new Group(List.of(new Circle(1.5), new Square(2))));
  }

  @Test
  void saysWhatDoesNotFitAndWhere() {
    assertUnfit(Point.class, "{\"x\":1}", "", "the property 'y' is missing");
    assertUnfit(Point.class, "{\"x\":1,\"y\":2,\"z\":3}", "", "unknown property 'z'");
    assertUnfit(Point.class, "{\"x\":1,\"y\":2147483648}", "/y", "-2147483648 to 2147483647");
    assertUnfit(Point.class, "{\"x\":1,\"y\":1.5}", "/y", "found");
    assertUnfit(Point.class, "{\"x\":\"1\",\"y\":1}", "/x", "found \"1\"");
    assertUnfit(Point.class, "[1,2]", "", "expected an object");
    assertUnfit(Point.class, "{\"x\":1,", "", "not JSON");
    assertUnfit(Point.class, "{\"x\":1,\"y\":2} {}", "", "not JSON");
    assertUnfit(Percent.class, "{\"value\":101}", "", "expected 0 to 100, found 101");
    assertUnfit(
        Shape.class,
        "{\"type\":\"Group\",\"shapes\":[{\"type\":\"Oval\"}]}",
        "/shapes/0/type",
        "Circle");
    assertUnfit(
        Many.class,
        "{\"points\":[],\"colours\":[],\"words\":[],\"table\":{\"a/b\":[1,null]}}",
        "/table/a~1b/1",
        "found null");
  }

  private static void assertUnfit(Class<?> type, String json, String pointer, String problem) {
    assertThatThrownBy(() -> RecordSchema.of(type).read(json))
        .isInstanceOfSatisfying(
            JsonBindingException.class, e -> assertThat(e.pointer()).isEqualTo(pointer))
        .hasMessageContaining(problem);
  }

  record WithDate(String a, Date when) {}

  record Deep(List<Map<String, WithDate>> all) {}

  record RawList(@SuppressWarnings("rawtypes") List items) {}

  record Keyed(Map<Integer, String> byNumber) {}

  record Any(Object value) {}

  enum Nothing {}

  record Empty(Nothing nothing) {}

  record Endless(Endless next) {}

  record Listed(List<Optional<String>> all) {}

  sealed interface Open permits Loose {}

  static non-sealed class Loose implements Open {}

  sealed interface Clashing permits Named {}

  record Named(String type) implements Clashing {}

  @Test
  void namesTheComponentWhoseTypeCantBeRead() {
    assertUnsupported(WithDate.class, "WithDate.when: the type java.util.Date");
    assertUnsupported(Deep.class, "Deep.all[]{}.when: the type java.util.Date");
    assertUnsupported(RawList.class, "RawList.items", "type arguments");
    assertUnsupported(Keyed.class, "Keyed.byNumber", "String keys");
    assertUnsupported(Any.class, "Any.value: the type java.lang.Object");
    assertUnsupported(Empty.class, "Empty.nothing", "no constants");
    assertUnsupported(Endless.class, "no value is valid");
    assertUnsupported(Listed.class, "Listed.all[]", "java.util.Optional");
    assertUnsupported(Open.class, "may only permit records");
    assertUnsupported(Clashing.class, "tells the records apart");
    assertUnsupported(Pair.class, "type arguments");
    assertUnsupported(String.class, "expected a record or a sealed interface");
  }

  private static void assertUnsupported(Class<?> type, String... parts) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RecordSchema.of(type))
        .satisfies(e -> assertThat(e.getMessage()).contains(parts));
  }
}
