package org.ggml4j.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads and checks the description at the head of one GGUF file.
 *
 * <p>Source of the format: the GGUF specification in ggml's {@code docs/gguf.md} and llama.cpp's
 * {@code gguf.cpp}. Nothing is allocated by a number from the file before that number has been
 * compared with what the rest of the file can hold.
 */
final class GgufParser {
  static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
  static final int DEFAULT_ALIGNMENT = 32;
  static final String KEY_ALIGNMENT = "general.alignment";

  /** The format allows keys up to this many bytes. */
  static final int MAX_KEY = 65_535;

  /**
   * Far above real files (under 100 keys); bounds the memory that a tiny-entry file can ask for.
   */
  static final long MAX_KEYS = 1 << 16;

  /** Far above real files (a few thousand; tens of thousands with one tensor per expert). */
  static final long MAX_TENSORS = 1 << 17;

  /**
   * Smallest encodings, in bytes: an entry of a one-byte key and value, a one-dimensional tensor.
   */
  private static final long MIN_ENTRY = 8 + 1 + 4 + 1;

  private static final long MIN_TENSOR = 8 + 1 + 4 + 8 + 4 + 8;

  private static final List<String> VERSIONS = List.of("2", "3 (little-endian)");

  /**
   * What a file says.
   *
   * @param version of the format
   * @param alignment of tensor data, in bytes
   * @param dataOffset where tensor data begins, in bytes from the start of the file
   */
  record Parsed(
      int version,
      int alignment,
      long dataOffset,
      Map<String, GgufValue> values,
      List<TensorInfo> tensors) {}

  private final Cursor in;
  private final @Nullable Path path;
  private final int split;
  private long walkable = GgufValue.MAX_WALKED;

  private GgufParser(MemorySegment file, @Nullable Path path, int split) {
    this.in = new Cursor(file, path);
    this.path = path;
    this.split = split;
  }

  /** Parses a whole file, the {@code split}-th of its model. */
  static Parsed parse(MemorySegment file, @Nullable Path path, int split)
      throws GgufFormatException {
    return new GgufParser(file, path, split).file();
  }

  /** Parses {@code n} key-value pairs that {@code encoded} consists of. */
  static Map<String, GgufValue> parseMetadata(MemorySegment encoded, int n)
      throws GgufFormatException {
    return new GgufParser(encoded, null, 0).entries(n);
  }

  private Parsed file() throws GgufFormatException {
    int magic = in.readInt("the magic number", null);
    if (magic != MAGIC) {
      throw in.error(
          String.format(
              Locale.ROOT,
              "no GGUF file: it begins with the bytes %08x, expected %08x (\"GGUF\")",
              Integer.reverseBytes(magic),
              Integer.reverseBytes(MAGIC)),
          0,
          null);
    }
    int version = version();
    long nTensors = in.readCount("number of tensors", MIN_TENSOR, MAX_TENSORS, null);
    long nKeys = in.readCount("number of metadata keys", MIN_ENTRY, MAX_KEYS, null);
    Map<String, GgufValue> values = entries((int) nKeys);
    int alignment = alignment(values.get(KEY_ALIGNMENT));
    List<TensorInfo> relative = TensorTable.read(in, (int) nTensors, split);
    long dataOffset = align(in.position(), alignment);
    if (nTensors == 0) {
      if (in.fileSize > dataOffset) {
        throw in.error(
            "the file says it has no tensors, but "
                + (in.fileSize - in.position())
                + " bytes follow its metadata; the count of tensors or of keys is damaged",
            in.position(),
            null);
      }
      // Nothing has to be aligned, and some writers leave the padding out.
      dataOffset = in.fileSize;
    }
    return new Parsed(
        version,
        alignment,
        dataOffset,
        values,
        TensorTable.place(in, relative, dataOffset, alignment));
  }

  private int version() throws GgufFormatException {
    int version = in.readInt("the version", null);
    if (version == 2 || version == 3) {
      return version;
    }
    int swapped = Integer.reverseBytes(version);
    if (swapped >= 1 && swapped <= 0xffff) {
      throw new UnsupportedModelException(
          "GGUF byte order in " + path,
          "big-endian (version " + swapped + "); convert the model again as little-endian",
          List.of("little-endian"));
    }
    if (version == 0) {
      throw in.error("version is 0, expected 2 or 3", Integer.BYTES, null);
    }
    throw new UnsupportedModelException(
        "GGUF version in " + path, Integer.toUnsignedString(version), VERSIONS);
  }

  private int alignment(@Nullable GgufValue value) throws GgufFormatException {
    if (value == null) {
      return DEFAULT_ALIGNMENT;
    }
    if (value.type() != GgufValueType.UINT32) {
      throw in.error(
          "is of type " + value.type().label() + ", expected u32", value.offset(), KEY_ALIGNMENT);
    }
    long alignment = GgufValue.integer(in.bytes, GgufValueType.UINT32, value.offset());
    if (alignment < 8 || alignment > 1 << 30 || Long.bitCount(alignment) != 1) {
      throw in.error(
          "is " + alignment + ", expected a power of two from 8 to 2^30",
          value.offset(),
          KEY_ALIGNMENT);
    }
    return (int) alignment;
  }

  private Map<String, GgufValue> entries(int n) throws GgufFormatException {
    Map<String, GgufValue> values = new LinkedHashMap<>();
    for (int i = 0; i < n; i++) {
      int at = in.position();
      String key = in.readName("a metadata key", MAX_KEY);
      GgufValue value = value(valueType(key), key);
      if (values.put(key, value) != null) {
        throw in.error("the key occurs twice", at, key);
      }
    }
    return values;
  }

  private GgufValueType valueType(String key) throws GgufFormatException {
    int at = in.position();
    int id = in.readInt("the value's type", key);
    GgufValueType type = GgufValueType.byId(id).orElse(null);
    if (type == null) {
      throw in.error("value type " + id + " is unknown, expected 0 to 12", at, key);
    }
    return type;
  }

  private GgufValue value(GgufValueType type, String key) throws GgufFormatException {
    if (type == GgufValueType.ARRAY) {
      return array(key, 0);
    }
    int at = in.position();
    if (type == GgufValueType.STRING) {
      string(key);
    } else {
      in.skip(type.size(), "the value", key);
    }
    return new GgufValue(in.bytes, type, type, 1, at, in.position());
  }

  private GgufValue array(String key, int depth) throws GgufFormatException {
    if (depth >= GgufValue.MAX_DEPTH) {
      throw in.error(
          "arrays are nested deeper than the " + GgufValue.MAX_DEPTH + " levels accepted",
          in.position(),
          key);
    }
    GgufValueType type = valueType(key);
    if (type.size() > 0) {
      int n = (int) in.readCount("number of elements", type.size(), Long.MAX_VALUE, key);
      int first = in.position();
      in.skip((long) n * type.size(), "the array", key);
      return new GgufValue(in.bytes, GgufValueType.ARRAY, type, n, first, in.position());
    }
    // The smallest string is its length field, the smallest array its type and count.
    int smallest = Long.BYTES + (type == GgufValueType.ARRAY ? Integer.BYTES : 0);
    int n = (int) in.readCount("number of elements", smallest, walkable, key);
    walkable -= n;
    int first = in.position();
    if (type == GgufValueType.STRING) {
      in.skipStrings(n, GgufValue.MAX_STRING, key);
    } else {
      for (int i = 0; i < n; i++) {
        array(key, depth + 1);
      }
    }
    return new GgufValue(in.bytes, GgufValueType.ARRAY, type, n, first, in.position());
  }

  private void string(String key) throws GgufFormatException {
    int n = (int) in.readCount("length of a string", 1, GgufValue.MAX_STRING, key);
    in.skip(n, "the string", key);
  }

  static long align(long position, int alignment) {
    return (position + alignment - 1) & -alignment;
  }
}
