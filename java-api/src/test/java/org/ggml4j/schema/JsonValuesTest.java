package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** JSON from and to Java's own types. */
class JsonValuesTest {
  @Test
  void readsJavasOwnTypes() {
    Map<String, Object> expected = new LinkedHashMap<>();
    expected.put("b", List.of(1L, -2L, 0L, 1.0, 2500.0, "x"));
    expected.put("a", Arrays.asList(true, false, null));
    expected.put("big", new BigInteger("12345678901234567890"));
    expected.put("", Map.of());
    Object read =
        JsonValues.read(
            " {\"b\":[1,-2, -0, 1.0,2.5e3,\"\\u0078\"],\n\"a\":[true,false,null],"
                + "\"big\":12345678901234567890,\"\":{}} ");
    assertThat(read).isEqualTo(expected);
    assertThat(((Map<?, ?>) read).keySet().toString()).isEqualTo("[b, a, big, ]");
    assertThat(JsonValues.read("{\"a\": 1, \"a\": 2}")).isEqualTo(Map.of("a", 2L));
  }

  @Test
  void writesAsPythonDoes() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("a", Arrays.asList(1L, 2.5, null, true));
    value.put("b\"", "x\n\t\\\u0001 ü 😀 \ud800");
    value.put("c", Map.of());
    value.put("d", List.of());
    assertThat(JsonValues.write(value))
        .isEqualTo(
            "{\"a\": [1, 2.5, null, true], \"b\\\"\": \"x\\n\\t\\\\\\u0001 ü 😀 \\ud800\","
                + " \"c\": {}, \"d\": []}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "1.",
        "+1",
        "NaN",
        "Infinity",
        "1 2",
        "tru",
        "\"a",
        "\"\\x\"",
        "\"\n\"",
        "1e9999",
        "// 1",
        "[1}"
      })
  void refusesWhatIsNoJson(String text) {
    assertThatThrownBy(() -> JsonValues.read(text)).isInstanceOf(JsonFormatException.class);
  }

  @Test
  void saysWhere() {
    assertThatThrownBy(() -> JsonValues.read("{\"a\":\n 1 2}")).hasMessageContaining("line 2");
  }

  @Test
  void hasLimits() {
    for (String hostile : List.of("[".repeat(100_000), "9".repeat(2000), "1e500")) {
      assertThatThrownBy(() -> JsonValues.read(hostile)).isInstanceOf(JsonFormatException.class);
    }
    List<Object> deep = List.of();
    for (int i = 0; i < 300; i++) {
      deep = List.of(deep);
    }
    List<Object> value = deep;
    assertThatThrownBy(() -> JsonValues.write(value)).isInstanceOf(JsonFormatException.class);
    for (Object odd : List.of(new Object(), Double.NaN, Double.POSITIVE_INFINITY)) {
      assertThatThrownBy(() -> JsonValues.write(odd)).isInstanceOf(JsonFormatException.class);
    }
  }

  @Provide
  Arbitrary<Object> values() {
    Arbitrary<Object> scalars =
        Arbitraries.oneOf(
            Arbitraries.strings().all().filter(s -> !hasHalfPairs(s)).map(s -> (Object) s),
            Arbitraries.longs().map(l -> (Object) l),
            Arbitraries.doubles().map(d -> (Object) d),
            Arbitraries.of(true, false).map(b -> (Object) b),
            Arbitraries.longs().map(l -> BigInteger.ONE.shiftLeft(100).add(BigInteger.valueOf(l))));
    return Arbitraries.recursive(
        () -> scalars,
        inner ->
            Arbitraries.oneOf(
                inner.list().ofMaxSize(4).map(l -> (Object) l),
                Arbitraries.maps(Arbitraries.strings().alpha(), inner)
                    .ofMaxSize(4)
                    .map(m -> (Object) m)),
        3);
  }

  private static boolean hasHalfPairs(String text) {
    return text.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF);
  }

  @Property(tries = 300, seed = "20261121")
  void whatIsWrittenIsRead(@ForAll("values") Object value) {
    assertThat(JsonValues.read(JsonValues.write(value))).isEqualTo(value);
  }
}
