package org.ggml4j.schema;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Year;
import java.time.YearMonth;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/**
 * A Java type that one string, number or boolean is read as.
 *
 * @param name what it is called in errors
 * @param reader throws IllegalArgumentException, ArithmeticException or DateTimeException if a
 *     value of the right JSON type does not fit
 */
record ScalarBinding<J extends Json>(
    String name, Json schema, Class<J> json, Function<J, Object> reader) implements Binding {

  static final Map<Class<?>, Binding> ALL = all();

  @Override
  public Object read(Json value, String pointer) {
    if (!json.isInstance(value)) {
      throw Binding.expected(name, value, pointer);
    }
    try {
      return reader.apply(json.cast(value));
    } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
      throw new JsonBindingException(
          pointer, "expected " + name + ", found " + SchemaNode.found(value), e);
    }
  }

  private static Map<Class<?>, Binding> all() {
    Map<Class<?>, Binding> all = new HashMap<>();
    all.put(String.class, text("a string", Binding.object("type", "string"), s -> s));
    all.put(CharSequence.class, text("a string", Binding.object("type", "string"), s -> s));
    addNumbers(all);
    Binding bool =
        new ScalarBinding<>(
            "a boolean", Binding.object("type", "boolean"), Json.Bool.class, Json.Bool::value);
    all.put(boolean.class, bool);
    all.put(Boolean.class, bool);
    // A char is one UTF-16 unit.
    Binding character =
        pattern("a character", "[\\u0020-\\uD7FF\\uE000-\\uFFFF]", ScalarBinding::character);
    all.put(char.class, character);
    all.put(Character.class, character);
    all.put(UUID.class, format("a UUID", "uuid", UUID::fromString));
    all.put(URI.class, format("a URI", "uri", URI::create));
    all.put(LocalDate.class, format("a date", "date", LocalDate::parse));
    all.put(OffsetTime.class, format("a time with offset", "time", OffsetTime::parse));
    all.put(
        OffsetDateTime.class,
        format("a date and time with offset", "date-time", OffsetDateTime::parse));
    all.put(
        Instant.class,
        format(
            "a date and time with offset", "date-time", s -> OffsetDateTime.parse(s).toInstant()));
    all.put(LocalTime.class, pattern("a time", Formats.LOCAL_TIME, LocalTime::parse));
    all.put(
        LocalDateTime.class,
        pattern("a date and time", Formats.DATE + "T" + Formats.LOCAL_TIME, LocalDateTime::parse));
    all.put(
        Duration.class,
        pattern(
            "a duration",
            "P(?:[0-9]{1,4}D|(?:[0-9]{1,4}D)?T"
                + "(?:[0-9]{1,4}H(?:[0-9]{1,4}M)?(?:[0-9]{1,4}S)?"
                + "|[0-9]{1,4}M(?:[0-9]{1,4}S)?|[0-9]{1,4}S))",
            Duration::parse));
    all.put(YearMonth.class, pattern("a month", "[0-9]{4}-(?:0[1-9]|1[0-2])", YearMonth::parse));
    return Map.copyOf(all);
  }

  private static void addNumbers(Map<Class<?>, Binding> all) {
    addInteger(
        all, byte.class, Byte.class, Byte.MIN_VALUE, Byte.MAX_VALUE, BigInteger::byteValueExact);
    addInteger(
        all,
        short.class,
        Short.class,
        Short.MIN_VALUE,
        Short.MAX_VALUE,
        BigInteger::shortValueExact);
    addInteger(
        all,
        int.class,
        Integer.class,
        Integer.MIN_VALUE,
        Integer.MAX_VALUE,
        BigInteger::intValueExact);
    addInteger(
        all, long.class, Long.class, Long.MIN_VALUE, Long.MAX_VALUE, BigInteger::longValueExact);
    all.put(
        BigInteger.class,
        number("a whole number", Binding.object("type", "integer"), BigDecimal::toBigIntegerExact));
    all.put(
        Year.class, number("a year", integer(0, 9999), value -> Year.of(value.intValueExact())));
    Json number = Binding.object("type", "number");
    all.put(BigDecimal.class, number("a number", number, value -> value));
    Binding doubles = number("a double", number, ScalarBinding::finiteDouble);
    all.put(double.class, doubles);
    all.put(Double.class, doubles);
    Json.Num most = Json.Num.of(new BigDecimal(Float.toString(Float.MAX_VALUE)));
    Json.Num least = Json.Num.of(most.value().negate());
    Binding floats =
        number(
            "a float",
            Binding.object("type", "number", "minimum", least, "maximum", most),
            ScalarBinding::finiteFloat);
    all.put(float.class, floats);
    all.put(Float.class, floats);
  }

  private static void addInteger(
      Map<Class<?>, Binding> all,
      Class<?> primitive,
      Class<?> boxed,
      long min,
      long max,
      Function<BigInteger, Object> exact) {
    Binding binding =
        number(
            "a whole number from " + min + " to " + max,
            integer(min, max),
            value -> exact.apply(value.toBigIntegerExact()));
    all.put(primitive, binding);
    all.put(boxed, binding);
  }

  private static Json integer(long min, long max) {
    return Binding.object(
        "type", "integer", "minimum", Json.Num.of(min), "maximum", Json.Num.of(max));
  }

  private static Binding number(String name, Json schema, Function<BigDecimal, Object> reader) {
    return new ScalarBinding<>(name, schema, Json.Num.class, n -> reader.apply(n.value()));
  }

  private static Binding text(String name, Json schema, Function<String, Object> reader) {
    return new ScalarBinding<>(name, schema, Json.Str.class, s -> reader.apply(s.value()));
  }

  private static Binding format(String name, String format, Function<String, Object> reader) {
    return text(name, Binding.object("type", "string", "format", format), reader);
  }

  private static Binding pattern(String name, String regex, Function<String, Object> reader) {
    return text(name, Binding.object("type", "string", "pattern", "^(?:" + regex + ")$"), reader);
  }

  private static Object character(String text) {
    if (text.length() != 1) {
      throw new IllegalArgumentException("expected one character");
    }
    return text.charAt(0);
  }

  private static Object finiteDouble(BigDecimal value) {
    double d = value.doubleValue();
    if (Double.isInfinite(d)) {
      throw new ArithmeticException("out of range");
    }
    return d;
  }

  private static Object finiteFloat(BigDecimal value) {
    float f = value.floatValue();
    if (Float.isInfinite(f)) {
      throw new ArithmeticException("out of range");
    }
    return f;
  }
}
