package org.ggml4j.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The key-value pairs of a GGUF file, with typed getters.
 *
 * <p>Each getter comes in two forms: {@code getX(key)} fails if the key is missing, {@code
 * getX(key, fallback)} answers the fallback then. Both fail with {@link GgufFormatException} if the
 * value is there but of another type or out of range. Integer getters accept any integer type whose
 * value fits, floating-point getters both float types.
 *
 * <p>Values stay in the mapped file until asked for: use after the file was closed is an {@link
 * IllegalStateException}. Safe for use by several threads.
 */
public final class GgufMetadata {
  private final Map<String, GgufValue> values;
  private final @Nullable Path path;
  private final Map<String, GgufStringArray> stringArrays = new ConcurrentHashMap<>();

  GgufMetadata(Map<String, GgufValue> values, @Nullable Path path) {
    this.values = Collections.unmodifiableMap(values);
    this.path = path;
  }

  /**
   * Metadata that is in no file. Types follow from the Java classes as for {@link
   * GgufWriter#metadata(String, Object)}.
   *
   * @throws IllegalArgumentException if a key or value cannot stand in a GGUF file
   */
  public static GgufMetadata of(Map<String, Object> values) {
    GgufEncoder out = new GgufEncoder();
    values.forEach(
        (key, value) -> out.entry(key, GgufEncoder.typeOf(value), GgufEncoder.encode(value)));
    try {
      MemorySegment encoded = MemorySegment.ofArray(out.toByteArray());
      return new GgufMetadata(GgufParser.parseMetadata(encoded, values.size()), null);
    } catch (GgufFormatException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** All keys, in the order of the file. */
  public Set<String> keys() {
    return values.keySet();
  }

  /** Whether the key is there, with whatever type. */
  public boolean contains(String key) {
    return values.containsKey(key);
  }

  /** The type of a value. */
  public GgufValueType type(String key) throws GgufFormatException {
    return value(key).type();
  }

  /** The type of an array's elements. */
  public GgufValueType elementType(String key) throws GgufFormatException {
    return array(key).elementType();
  }

  /** The number of an array's elements. */
  public int arrayLength(String key) throws GgufFormatException {
    return array(key).count();
  }

  /**
   * A value of any type, for printing: Integer, Long or (uint64 above 2^63-1) BigInteger, Float,
   * Double, Boolean, String, or for an array a List of these that is read when asked.
   */
  public Object get(String key) throws GgufFormatException {
    GgufValue v = value(key);
    if (v.isArray() && v.elementType() == GgufValueType.STRING) {
      return getStringArray(key).asList();
    }
    return v.decode();
  }

  /** The value as text; bytes that are no UTF-8 become U+FFFD. */
  public String getString(String key) throws GgufFormatException {
    GgufValue v = value(key);
    if (v.type() != GgufValueType.STRING) {
      throw wrongType(key, v, "a string");
    }
    return (String) v.decode();
  }

  /** As {@link #getString(String)}, but {@code fallback} if the key is missing. */
  public String getString(String key, String fallback) throws GgufFormatException {
    return contains(key) ? getString(key) : fallback;
  }

  /** The value as an int, from any integer type. */
  public int getInt(String key) throws GgufFormatException {
    long v = getLong(key);
    if (v != (int) v) {
      throw error("is " + v + ", more than a 32-bit integer holds", key);
    }
    return (int) v;
  }

  /** As {@link #getInt(String)}, but {@code fallback} if the key is missing. */
  public int getInt(String key, int fallback) throws GgufFormatException {
    return contains(key) ? getInt(key) : fallback;
  }

  /** The value as a long, from any integer type. */
  public long getLong(String key) throws GgufFormatException {
    GgufValue v = value(key);
    if (!v.type().isInteger()) {
      throw wrongType(key, v, "an integer");
    }
    return integer(key, v, v.offset());
  }

  /** As {@link #getLong(String)}, but {@code fallback} if the key is missing. */
  public long getLong(String key, long fallback) throws GgufFormatException {
    return contains(key) ? getLong(key) : fallback;
  }

  /** The value as a float, from f32 or (rounded) f64. */
  public float getFloat(String key) throws GgufFormatException {
    return (float) getDouble(key);
  }

  /** As {@link #getFloat(String)}, but {@code fallback} if the key is missing. */
  public float getFloat(String key, float fallback) throws GgufFormatException {
    return contains(key) ? getFloat(key) : fallback;
  }

  /** The value as a double, from f32 or f64. */
  public double getDouble(String key) throws GgufFormatException {
    GgufValue v = value(key);
    if (!v.type().isFloat()) {
      throw wrongType(key, v, "a float");
    }
    return floating(v, v.offset());
  }

  /** As {@link #getDouble(String)}, but {@code fallback} if the key is missing. */
  public double getDouble(String key, double fallback) throws GgufFormatException {
    return contains(key) ? getDouble(key) : fallback;
  }

  /** The value as a boolean. */
  public boolean getBoolean(String key) throws GgufFormatException {
    GgufValue v = value(key);
    if (v.type() != GgufValueType.BOOL) {
      throw wrongType(key, v, "a boolean");
    }
    return (Boolean) v.decode();
  }

  /** As {@link #getBoolean(String)}, but {@code fallback} if the key is missing. */
  public boolean getBoolean(String key, boolean fallback) throws GgufFormatException {
    return contains(key) ? getBoolean(key) : fallback;
  }

  /** A copy of an array of integers of any type whose values fit an int. */
  public int[] getIntArray(String key) throws GgufFormatException {
    GgufValue v = array(key);
    GgufValueType t = v.elementType();
    if (!t.isInteger()) {
      throw wrongType(key, v, "an array of integers");
    }
    int[] out = new int[v.count()];
    if (t == GgufValueType.INT32) {
      numbers(v).asIntBuffer().get(out);
      return out;
    }
    for (int i = 0; i < out.length; i++) {
      long e = integer(key, v, v.offset() + i * t.size());
      if (e != (int) e) {
        throw error("element " + i + " is " + e + ", more than a 32-bit integer holds", key);
      }
      out[i] = (int) e;
    }
    return out;
  }

  /** A copy of an array of integers of any type. */
  public long[] getLongArray(String key) throws GgufFormatException {
    GgufValue v = array(key);
    GgufValueType t = v.elementType();
    if (!t.isInteger()) {
      throw wrongType(key, v, "an array of integers");
    }
    long[] out = new long[v.count()];
    for (int i = 0; i < out.length; i++) {
      out[i] = integer(key, v, v.offset() + i * t.size());
    }
    return out;
  }

  /** A copy of an array of f32 or (rounded) f64. */
  public float[] getFloatArray(String key) throws GgufFormatException {
    GgufValue v = array(key);
    GgufValueType t = v.elementType();
    if (!t.isFloat()) {
      throw wrongType(key, v, "an array of floats");
    }
    float[] out = new float[v.count()];
    if (t == GgufValueType.FLOAT32) {
      numbers(v).asFloatBuffer().get(out);
      return out;
    }
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) floating(v, v.offset() + i * t.size());
    }
    return out;
  }

  /** A copy of an array of booleans. */
  public boolean[] getBooleanArray(String key) throws GgufFormatException {
    GgufValue v = array(key);
    if (v.elementType() != GgufValueType.BOOL) {
      throw wrongType(key, v, "an array of booleans");
    }
    boolean[] out = new boolean[v.count()];
    for (int i = 0; i < out.length; i++) {
      out[i] = v.bytes().get(v.offset() + i) != 0;
    }
    return out;
  }

  /** An array of strings, which stays in the file; the same object each time. */
  public GgufStringArray getStringArray(String key) throws GgufFormatException {
    GgufValue v = array(key);
    if (v.elementType() != GgufValueType.STRING) {
      throw wrongType(key, v, "an array of strings");
    }
    GgufStringArray known = stringArrays.get(key);
    if (known == null) {
      GgufStringArray fresh = GgufStringArray.index(v);
      GgufStringArray other = stringArrays.putIfAbsent(key, fresh);
      known = other == null ? fresh : other;
    }
    return known;
  }

  /**
   * A copy of an array of strings as the file stores it: before the bytes of each, their number in
   * 8 bytes, the lowest first. For readers to whom a look-up per string is too slow.
   */
  public byte[] getStringBlock(String key) throws GgufFormatException {
    GgufValue v = array(key);
    if (v.elementType() != GgufValueType.STRING) {
      throw wrongType(key, v, "an array of strings");
    }
    byte[] out = new byte[v.end() - v.offset()];
    v.bytes().get(v.offset(), out);
    return out;
  }

  /** The raw value, for the writer. */
  GgufValue value(String key) throws GgufFormatException {
    GgufValue v = values.get(key);
    if (v == null) {
      throw error("the key is missing from the model's metadata", key);
    }
    return v;
  }

  private GgufValue array(String key) throws GgufFormatException {
    GgufValue v = value(key);
    if (!v.isArray()) {
      throw wrongType(key, v, "an array");
    }
    return v;
  }

  /** The bytes of an array, to be read in bulk. */
  private static ByteBuffer numbers(GgufValue v) {
    return v.bytes().slice(v.offset(), v.end() - v.offset()).order(v.bytes().order());
  }

  private long integer(String key, GgufValue v, int at) throws GgufFormatException {
    long n = GgufValue.integer(v.bytes(), v.elementType(), at);
    if (n < 0 && v.elementType() == GgufValueType.UINT64) {
      throw error(
          "is " + Long.toUnsignedString(n) + ", more than a signed 64-bit integer holds", key);
    }
    return n;
  }

  private static double floating(GgufValue v, int at) {
    return v.elementType() == GgufValueType.FLOAT32
        ? v.bytes().getFloat(at)
        : v.bytes().getDouble(at);
  }

  private GgufFormatException wrongType(String key, GgufValue v, String expected) {
    String found = v.isArray() ? "an array of " + v.elementType().label() : "a " + v.type().label();
    return error("is " + found + ", expected " + expected, key);
  }

  private GgufFormatException error(String problem, String key) {
    GgufValue v = values.get(key);
    // Without a file the offset would point into a private encoding.
    return new GgufFormatException(problem, path, v == null || path == null ? -1 : v.offset(), key);
  }
}
