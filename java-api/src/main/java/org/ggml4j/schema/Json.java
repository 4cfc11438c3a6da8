package org.ggml4j.schema;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A JSON value (RFC 8259). Two are equal as JSON Schema has it: 1 and 1.0 are the same number. */
sealed interface Json {

  /** An object; its members keep their order, which equality ignores. */
  record Obj(Map<String, Json> members) implements Json {
    Optional<Json> get(String name) {
      return Optional.ofNullable(members.get(name));
    }
  }

  /** An array. */
  record Arr(List<Json> items) implements Json {}

  /** A string. */
  record Str(String value) implements Json {}

  /**
   * A number.
   *
   * @param text as it was written
   */
  record Num(BigDecimal value, String text) implements Json {
    static Num of(BigDecimal value) {
      return new Num(value, value.toPlainString());
    }

    static Num of(long value) {
      return of(BigDecimal.valueOf(value));
    }

    boolean isInteger() {
      return value.signum() == 0 || value.stripTrailingZeros().scale() <= 0;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Num that && value.compareTo(that.value) == 0;
    }

    @Override
    public int hashCode() {
      return value.stripTrailingZeros().hashCode();
    }
  }

  /** True or false. */
  record Bool(boolean value) implements Json {}

  /** Null. */
  record Null() implements Json {}

  /** What JSON Schema calls the type of this value; integers are "integer". */
  default String typeName() {
    if (this instanceof Obj) {
      return "object";
    }
    if (this instanceof Arr) {
      return "array";
    }
    if (this instanceof Str) {
      return "string";
    }
    if (this instanceof Num n) {
      return n.isInteger() ? "integer" : "number";
    }
    return this instanceof Bool ? "boolean" : "null";
  }
}
