package org.ggml4j.schema;

import com.fasterxml.jackson.core.JsonProcessingException;

/**
 * A Java record as a JSON Schema, and the way back from JSON to an instance of it.
 *
 * {@snippet :
 * record Recipe(String title, int minutes, List<String> steps) {}
 *
 * RecordSchema<Recipe> schema = RecordSchema.of(Recipe.class);
 * Recipe recipe = schema.read("{\"title\":\"Tea\",\"minutes\":5,\"steps\":[\"Boil water\"]}");
 * }
 *
 * <p>Components may be: records, also recursive and generic ones with their arguments given; sealed
 * interfaces of records, told apart by a property {@code type} with the record's simple name;
 * enums; String, boolean, char, all numbers (primitive, boxed, BigInteger, BigDecimal) within their
 * ranges; List, Set, Collection, arrays; Map with String keys; UUID, URI, LocalDate, LocalTime,
 * LocalDateTime, OffsetTime, OffsetDateTime, Instant, Duration, Year, YearMonth; and of all of
 * these Optional (with OptionalInt, OptionalLong, OptionalDouble), which may be missing. All others
 * are required, and nothing else may be there.
 *
 * <p>Immutable and thread-safe; worth keeping when it is used more than once.
 *
 * @param <R> the record, or the sealed interface of records
 */
public final class RecordSchema<R> {
  private final Class<R> type;
  private final Binding binding;
  private final String schema;
  private final String gbnf;

  private RecordSchema(Class<R> type) {
    this.type = type;
    RecordTypes types = new RecordTypes(type);
    binding = types.root();
    schema = JsonText.write(types.schema());
    gbnf = JsonSchema.toGbnf(schema);
  }

  /**
   * Describes a record.
   *
   * @throws IllegalArgumentException if it is no record or sealed interface of records, or a
   *     component has a type that is not listed above; names the component
   */
  public static <R> RecordSchema<R> of(Class<R> type) {
    return new RecordSchema<>(type);
  }

  /** The record, or the sealed interface. */
  public Class<R> type() {
    return type;
  }

  /** The JSON Schema's text, draft 2020-12. */
  public String schema() {
    return schema;
  }

  /** The grammar, in GBNF, of JSON texts that {@link #read} takes. */
  public String gbnf() {
    return gbnf;
  }

  /**
   * Makes an instance of a JSON text.
   *
   * @throws JsonBindingException with the JSON pointer of what does not fit: wrong types, numbers
   *     out of range, properties missing or unknown, what the record's constructor throws
   */
  public R read(String json) {
    Json value;
    try {
      value = JsonText.read(json, JsonText.Mode.DATA);
    } catch (JsonProcessingException e) {
      throw new JsonBindingException("", "not JSON: " + JsonText.describe(e), e);
    }
    return type.cast(binding.read(value, ""));
  }

  @Override
  public String toString() {
    return "RecordSchema[" + type.getName() + "]";
  }
}
