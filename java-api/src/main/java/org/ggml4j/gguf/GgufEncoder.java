package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.Array;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Puts metadata values into GGUF's bytes. */
final class GgufEncoder {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  byte[] toByteArray() {
    return out.toByteArray();
  }

  /** Appends one key-value pair whose value is already encoded. */
  void entry(String key, GgufValueType type, byte[] value) {
    string(key(key));
    int32(type.id());
    bytes(value);
  }

  void bytes(byte[] b) {
    out.write(b, 0, b.length);
  }

  void string(byte[] utf8) {
    int64(utf8.length);
    bytes(utf8);
  }

  void int32(int v) {
    little(v, Integer.BYTES);
  }

  void int64(long v) {
    little(v, Long.BYTES);
  }

  private void little(long v, int n) {
    for (int i = 0; i < n; i++) {
      out.write((int) (v >>> (8 * i)));
    }
  }

  /** The bytes of a key. */
  static byte[] key(String key) {
    return name("a metadata key", key, GgufParser.MAX_KEY);
  }

  /** The bytes of a name, which must survive the way to UTF-8 and back. */
  static byte[] name(String what, String name, int limit) {
    byte[] utf8 = name.getBytes(UTF_8);
    if (utf8.length == 0 || utf8.length > limit) {
      throw new IllegalArgumentException(
          what
              + " has 1 to "
              + limit
              + " bytes, not "
              + utf8.length
              + ": "
              + GgufFormatException.printable(name));
    }
    // Two names with different lone surrogates would become the same one.
    if (!new String(utf8, UTF_8).equals(name)) {
      throw new IllegalArgumentException(what + " has characters that are no Unicode: " + name);
    }
    return utf8;
  }

  /** The GGUF type that a Java object stands for. */
  static GgufValueType typeOf(Object value) {
    if (value instanceof Byte) {
      return GgufValueType.INT8;
    } else if (value instanceof Short) {
      return GgufValueType.INT16;
    } else if (value instanceof Integer) {
      return GgufValueType.INT32;
    } else if (value instanceof Long) {
      return GgufValueType.INT64;
    } else if (value instanceof BigInteger) {
      return GgufValueType.UINT64;
    } else if (value instanceof Float) {
      return GgufValueType.FLOAT32;
    } else if (value instanceof Double) {
      return GgufValueType.FLOAT64;
    } else if (value instanceof Boolean) {
      return GgufValueType.BOOL;
    } else if (value instanceof CharSequence) {
      return GgufValueType.STRING;
    } else if (elements(value).isPresent()) {
      return GgufValueType.ARRAY;
    }
    throw new IllegalArgumentException(
        "no GGUF metadata value: "
            + value.getClass().getName()
            + "; use a number, boolean, string, or an array or list of these");
  }

  /** Encodes a value as the type that {@link #typeOf} gives it. */
  static byte[] encode(Object value) {
    return encode(value, typeOf(value));
  }

  /** Encodes a value as {@code type}; the elements of an array as their own Java classes say. */
  static byte[] encode(Object value, GgufValueType type) {
    GgufEncoder e = new GgufEncoder();
    if (type == GgufValueType.ARRAY) {
      List<?> list = list(value);
      if (list.isEmpty()) {
        return encodeArray(value, emptyElementType(value));
      }
      return encodeArray(value, typeOf(list.get(0)));
    }
    e.value(value, type);
    return e.toByteArray();
  }

  /** Encodes an array with elements of {@code elementType}. */
  static byte[] encodeArray(Object value, GgufValueType elementType) {
    GgufEncoder e = new GgufEncoder();
    if (value instanceof GgufStringArray strings && elementType == GgufValueType.STRING) {
      e.int32(elementType.id());
      e.int64(strings.size());
      for (int i = 0; i < strings.size(); i++) {
        e.string(strings.bytes(i));
      }
      return e.toByteArray();
    }
    List<?> list = list(value);
    e.int32(elementType.id());
    e.int64(list.size());
    for (Object element : list) {
      e.value(element, elementType);
    }
    return e.toByteArray();
  }

  private void value(Object value, GgufValueType type) {
    switch (type) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 ->
          little(integer(value, type), type.size());
      case FLOAT32 -> int32(Float.floatToRawIntBits(number(value, type).floatValue()));
      case FLOAT64 -> int64(Double.doubleToRawLongBits(number(value, type).doubleValue()));
      case BOOL -> {
        if (!(value instanceof Boolean b)) {
          throw mismatch(value, type);
        }
        out.write(b ? 1 : 0);
      }
      case STRING -> {
        if (!(value instanceof CharSequence)) {
          throw mismatch(value, type);
        }
        byte[] utf8 = value.toString().getBytes(UTF_8);
        if (utf8.length > GgufValue.MAX_STRING) {
          throw new IllegalArgumentException(
              "a metadata string of "
                  + utf8.length
                  + " bytes is longer than the "
                  + GgufValue.MAX_STRING
                  + " that are accepted");
        }
        string(utf8);
      }
      case ARRAY -> bytes(encode(value, GgufValueType.ARRAY));
    }
  }

  private static long integer(Object value, GgufValueType type) {
    BigInteger v;
    if (value instanceof BigInteger big) {
      v = big;
    } else if (value instanceof Long
        || value instanceof Integer
        || value instanceof Short
        || value instanceof Byte) {
      v = BigInteger.valueOf(((Number) value).longValue());
    } else {
      throw mismatch(value, type);
    }
    int bits = 8 * type.size();
    boolean unsigned = type.label().startsWith("u");
    if (unsigned ? v.signum() < 0 || v.bitLength() > bits : v.bitLength() > bits - 1) {
      throw new IllegalArgumentException(v + " does not fit the metadata type " + type.label());
    }
    return v.longValue();
  }

  private static Number number(Object value, GgufValueType type) {
    if (value instanceof Number n) {
      return n;
    }
    throw mismatch(value, type);
  }

  private static IllegalArgumentException mismatch(Object value, GgufValueType type) {
    return new IllegalArgumentException(
        "a " + value.getClass().getSimpleName() + " is no value of metadata type " + type.label());
  }

  private static List<?> list(Object value) {
    return elements(value).orElseThrow(() -> mismatch(value, GgufValueType.ARRAY));
  }

  /** The elements of a Java array, a list or a string array of another file. */
  private static Optional<List<?>> elements(Object value) {
    if (value instanceof List<?> list) {
      return Optional.of(list);
    } else if (value instanceof GgufStringArray strings) {
      return Optional.of(strings.asList());
    } else if (value.getClass().isArray()) {
      List<Object> out = new ArrayList<>();
      for (int i = 0; i < Array.getLength(value); i++) {
        out.add(Array.get(value, i));
      }
      return Optional.of(out);
    }
    return Optional.empty();
  }

  /** An empty list says nothing of its type: strings then, which readers treat as any other. */
  private static GgufValueType emptyElementType(Object value) {
    Class<?> c = value.getClass().getComponentType();
    if (c == null) {
      return GgufValueType.STRING;
    }
    if (c == int.class) {
      return GgufValueType.INT32;
    } else if (c == long.class) {
      return GgufValueType.INT64;
    } else if (c == float.class) {
      return GgufValueType.FLOAT32;
    } else if (c == double.class) {
      return GgufValueType.FLOAT64;
    } else if (c == boolean.class) {
      return GgufValueType.BOOL;
    } else if (c == byte.class) {
      return GgufValueType.INT8;
    } else if (c == short.class) {
      return GgufValueType.INT16;
    }
    return c.isArray() ? GgufValueType.ARRAY : GgufValueType.STRING;
  }
}
