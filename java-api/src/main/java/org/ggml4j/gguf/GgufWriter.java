package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Writes a GGUF file of version 3.
 *
 * <p>Collect metadata and tensors, then {@link #write} once or more. Tensor data is asked for when
 * it is its turn and streamed, never held all together. The file appears under its name only when
 * it is complete and on disk: a failure leaves what was there before.
 *
 * <pre>{@code
 * GgufWriter.create()
 *     .putString("general.architecture", "llama")
 *     .putUint32("llama.block_count", 2)
 *     .tensor("token_embd.weight", GgmlType.F32, new long[] {64, 256}, data)
 *     .write(path);
 * }</pre>
 *
 * <p>Methods throw {@link IllegalArgumentException} for what cannot stand in a file: an empty or
 * too long name, a tensor named twice, a shape its type does not allow, a value of another type.
 * Not safe for use by several threads.
 */
public final class GgufWriter {
  /** Produces the data of one tensor. */
  @FunctionalInterface
  public interface TensorData {
    /**
     * Writes exactly the tensor's bytes, little-endian, in as many pieces as it likes. Closing the
     * channel has no effect.
     */
    void writeTo(WritableByteChannel out) throws IOException;
  }

  record Item(String name, GgmlType type, List<Long> ne, long nBytes, TensorData data) {}

  /** An encoded value; a class, as records compare arrays by identity. */
  private static final class Entry {
    final GgufValueType type;
    final byte[] value;

    Entry(GgufValueType type, byte[] value) {
      this.type = type;
      this.value = value;
    }
  }

  private final Map<String, Entry> metadata = new LinkedHashMap<>();
  private final List<Item> tensors = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private int alignment = GgufParser.DEFAULT_ALIGNMENT;

  private GgufWriter() {}

  /** A writer with nothing in it yet. */
  public static GgufWriter create() {
    return new GgufWriter();
  }

  /** Sets the alignment of tensor data in bytes: a power of two, at least 8; by default 32. */
  public GgufWriter alignment(int bytes) {
    if (bytes < 8 || bytes > 1 << 30 || Integer.bitCount(bytes) != 1) {
      throw new IllegalArgumentException(
          "alignment " + bytes + " is no power of two from 8 to 2^30");
    }
    alignment = bytes;
    if (bytes == GgufParser.DEFAULT_ALIGNMENT) {
      metadata.remove(GgufParser.KEY_ALIGNMENT);
    } else {
      metadata.put(
          GgufParser.KEY_ALIGNMENT,
          new Entry(GgufValueType.UINT32, GgufEncoder.encode(bytes, GgufValueType.UINT32)));
    }
    return this;
  }

  /**
   * Copies all pairs of another file, bit for bit, replacing those of the same key. The alignment
   * and what says that the file is one of several stay behind.
   */
  public GgufWriter metadata(GgufMetadata other) throws GgufFormatException {
    for (String key : other.keys()) {
      if (!key.equals(GgufParser.KEY_ALIGNMENT) && !key.startsWith("split.")) {
        GgufValue v = other.value(key);
        metadata.put(key, new Entry(v.type(), v.encoded()));
      }
    }
    return this;
  }

  /**
   * Puts a value whose type follows from its Java class: Byte i8, Short i16, Integer i32, Long i64,
   * BigInteger u64, Float f32, Double f64, Boolean bool, String str; Java arrays, lists and {@link
   * GgufStringArray} arr, with elements of the type of the first.
   */
  public GgufWriter metadata(String key, Object value) {
    return put(key, GgufEncoder.typeOf(value), GgufEncoder.encode(value));
  }

  /** Puts a value as {@code type}; integers may come as any Java integer that fits. */
  public GgufWriter metadata(String key, Object value, GgufValueType type) {
    return put(key, type, GgufEncoder.encode(value, type));
  }

  /** Puts an array (Java array, list or {@link GgufStringArray}) of elements of that type. */
  public GgufWriter array(String key, Object values, GgufValueType elementType) {
    return put(key, GgufValueType.ARRAY, GgufEncoder.encodeArray(values, elementType));
  }

  /** Puts an unsigned 32-bit integer, the usual type of counts and sizes. */
  public GgufWriter putUint32(String key, long value) {
    return metadata(key, value, GgufValueType.UINT32);
  }

  /** Puts a signed 32-bit integer. */
  public GgufWriter putInt32(String key, int value) {
    return metadata(key, value, GgufValueType.INT32);
  }

  /** Puts a signed 64-bit integer. */
  public GgufWriter putInt64(String key, long value) {
    return metadata(key, value, GgufValueType.INT64);
  }

  /** Puts a single-precision float. */
  public GgufWriter putFloat32(String key, float value) {
    return metadata(key, value, GgufValueType.FLOAT32);
  }

  /** Puts a boolean. */
  public GgufWriter putBoolean(String key, boolean value) {
    return metadata(key, value, GgufValueType.BOOL);
  }

  /** Puts a string. */
  public GgufWriter putString(String key, String value) {
    return metadata(key, value, GgufValueType.STRING);
  }

  /** Puts an array of strings. */
  public GgufWriter putStringArray(String key, List<String> values) {
    return array(key, values, GgufValueType.STRING);
  }

  /** Puts an array of signed 32-bit integers. */
  public GgufWriter putInt32Array(String key, int... values) {
    return array(key, values, GgufValueType.INT32);
  }

  /** Puts an array of single-precision floats. */
  public GgufWriter putFloat32Array(String key, float... values) {
    return array(key, values, GgufValueType.FLOAT32);
  }

  /** Takes a pair out again; nothing happens if it is not there. */
  public GgufWriter remove(String key) {
    metadata.remove(key);
    return this;
  }

  /**
   * Adds a tensor whose data is at hand, little-endian; it is read when the file is written.
   *
   * @param ne shape, one to four sizes, fastest dimension first
   */
  public GgufWriter tensor(String name, GgmlType type, long[] ne, MemorySegment data) {
    long expected = type.sizeOf(ne);
    if (data.byteSize() != expected) {
      throw new IllegalArgumentException(
          name + ": " + data.byteSize() + " bytes given, but shape and type make " + expected);
    }
    return tensor(name, type, ne, out -> GgufOutput.copy(data, out));
  }

  /** Adds a tensor whose data is fetched when it is its turn to be written. */
  public GgufWriter tensor(String name, GgmlType type, long[] ne, Supplier<MemorySegment> data) {
    return tensor(name, type, ne, out -> GgufOutput.copy(data.get(), out));
  }

  /** Adds a tensor that writes its own data. */
  public GgufWriter tensor(String name, GgmlType type, long[] ne, TensorData data) {
    GgufEncoder.name("a tensor's name", name, TensorTable.MAX_NAME);
    if (ne.length < 1 || ne.length > TensorTable.MAX_DIMS) {
      throw new IllegalArgumentException(
          name + " has " + ne.length + " dimensions, expected 1 to " + TensorTable.MAX_DIMS);
    }
    if (tensors.size() == GgufParser.MAX_TENSORS) {
      throw new IllegalArgumentException(
          "a file has at most " + GgufParser.MAX_TENSORS + " tensors");
    }
    long nBytes = type.sizeOf(ne);
    if (!names.add(name)) {
      throw new IllegalArgumentException("a tensor named " + name + " was added before");
    }
    tensors.add(new Item(name, type, Arrays.stream(ne).boxed().toList(), nBytes, data));
    return this;
  }

  /**
   * Writes the file: to a temporary name beside {@code target}, then to disk, then renamed over
   * {@code target} in one step.
   *
   * @throws IOException if writing fails, or a tensor's data is not of its size; {@code target} is
   *     then as it was
   */
  public void write(Path target) throws IOException {
    GgufOutput.write(target, header(), alignment, tensors);
  }

  private byte[] header() {
    GgufEncoder out = new GgufEncoder();
    out.int32(GgufParser.MAGIC);
    out.int32(3);
    out.int64(tensors.size());
    out.int64(metadata.size());
    metadata.forEach((key, e) -> out.entry(key, e.type, e.value));
    long offset = 0;
    for (Item t : tensors) {
      out.string(t.name().getBytes(UTF_8));
      out.int32(t.ne().size());
      for (long n : t.ne()) {
        out.int64(n);
      }
      out.int32(t.type().id());
      out.int64(offset);
      offset = GgufParser.align(Math.addExact(offset, t.nBytes()), alignment);
    }
    return out.toByteArray();
  }

  private GgufWriter put(String key, GgufValueType type, byte[] value) {
    GgufEncoder.key(key);
    if (key.equals(GgufParser.KEY_ALIGNMENT)) {
      throw new IllegalArgumentException("use alignment(int) to set " + key);
    }
    if (metadata.size() == GgufParser.MAX_KEYS && !metadata.containsKey(key)) {
      throw new IllegalArgumentException("a file has at most " + GgufParser.MAX_KEYS + " keys");
    }
    metadata.put(key, new Entry(type, value));
    return this;
  }
}
