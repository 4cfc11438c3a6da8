package org.ggml4j.gguf;

import java.util.Optional;

/**
 * The types of GGUF metadata values, with their numbers in the file ({@code enum gguf_type} in
 * llama.cpp's {@code gguf.h}).
 */
public enum GgufValueType {
  /** Unsigned 8-bit integer. */
  UINT8(0, 1, "u8"),
  /** Signed 8-bit integer. */
  INT8(1, 1, "i8"),
  /** Unsigned 16-bit integer. */
  UINT16(2, 2, "u16"),
  /** Signed 16-bit integer. */
  INT16(3, 2, "i16"),
  /** Unsigned 32-bit integer. */
  UINT32(4, 4, "u32"),
  /** Signed 32-bit integer. */
  INT32(5, 4, "i32"),
  /** Single-precision float. */
  FLOAT32(6, 4, "f32"),
  /** One byte; anything but zero is true. */
  BOOL(7, 1, "bool"),
  /** A 64-bit length and that many bytes of UTF-8. */
  STRING(8, 0, "str"),
  /** An element type, a 64-bit count and that many elements. */
  ARRAY(9, 0, "arr"),
  /** Unsigned 64-bit integer. */
  UINT64(10, 8, "u64"),
  /** Signed 64-bit integer. */
  INT64(11, 8, "i64"),
  /** Double-precision float. */
  FLOAT64(12, 8, "f64");

  private static final GgufValueType[] ALL = values();

  private final int id;
  private final int size;
  private final String label;

  GgufValueType(int id, int size, String label) {
    this.id = id;
    this.size = size;
    this.label = label;
  }

  /** The type with number {@code id}, or empty if there is none. */
  public static Optional<GgufValueType> byId(int id) {
    // Numbers are dense and declared in order; a test holds that.
    return id >= 0 && id < ALL.length ? Optional.of(ALL[id]) : Optional.empty();
  }

  /** The number of this type in a file. */
  public int id() {
    return id;
  }

  /** Bytes of one value; 0 for {@link #STRING} and {@link #ARRAY}, whose sizes vary. */
  public int size() {
    return size;
  }

  /** The short name that llama.cpp prints, such as {@code u32}. */
  public String label() {
    return label;
  }

  /** Whether this is one of the eight integer types. */
  public boolean isInteger() {
    return size > 0 && this != BOOL && !isFloat();
  }

  /** Whether this is one of the two floating-point types. */
  public boolean isFloat() {
    return this == FLOAT32 || this == FLOAT64;
  }
}
