package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts a GGUF file together byte by byte, noting where each field stands, so that it can be bent.
 */
final class RawGguf {
  /** What a field means, which decides what a bad value for it is. */
  enum Kind {
    COUNT,
    LENGTH,
    VALUE_TYPE,
    N_DIMS,
    DIM,
    TENSOR_TYPE,
    OFFSET,
    OTHER
  }

  /** A field of {@code width} bytes at {@code at}. */
  record Field(String name, Kind kind, int at, int width) {}

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final List<Field> fields = new ArrayList<>();

  List<Field> fields() {
    return fields;
  }

  Field field(String name) {
    return fields.stream().filter(f -> f.name.equals(name)).findFirst().orElseThrow();
  }

  byte[] bytes() {
    return out.toByteArray();
  }

  int size() {
    return out.size();
  }

  RawGguf header(int version, long nTensors, long nKeys) {
    raw("GGUF".getBytes(UTF_8));
    i32("version", Kind.OTHER, version);
    i64("n_tensors", Kind.COUNT, nTensors);
    return i64("n_kv", Kind.COUNT, nKeys);
  }

  RawGguf raw(byte... bytes) {
    out.write(bytes, 0, bytes.length);
    return this;
  }

  RawGguf i32(String name, Kind kind, int v) {
    fields.add(new Field(name, kind, out.size(), 4));
    return raw(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(v).array());
  }

  RawGguf i64(String name, Kind kind, long v) {
    fields.add(new Field(name, kind, out.size(), 8));
    return raw(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array());
  }

  RawGguf string(String name, String s) {
    i64(name + ".length", Kind.LENGTH, s.getBytes(UTF_8).length);
    return raw(s.getBytes(UTF_8));
  }

  /** A key and the type of its value; the value is for the caller to add. */
  RawGguf key(String key, GgufValueType type) {
    string("key " + key, key);
    return i32("type of " + key, Kind.VALUE_TYPE, type.id());
  }

  RawGguf u32(String key, int v) {
    return key(key, GgufValueType.UINT32).i32("value of " + key, Kind.OTHER, v);
  }

  RawGguf text(String key, String v) {
    return key(key, GgufValueType.STRING).string("value of " + key, v);
  }

  /** The head of an array; its elements are for the caller to add. */
  RawGguf array(String name, GgufValueType elementType, long n) {
    i32("element type of " + name, Kind.VALUE_TYPE, elementType.id());
    return i64("count of " + name, Kind.COUNT, n);
  }

  RawGguf tensor(String name, int type, long offset, long... ne) {
    string("tensor " + name, name);
    i32("n_dims of " + name, Kind.N_DIMS, ne.length);
    for (int i = 0; i < ne.length; i++) {
      i64("ne" + i + " of " + name, Kind.DIM, ne[i]);
    }
    i32("type of tensor " + name, Kind.TENSOR_TYPE, type);
    return i64("offset of " + name, Kind.OFFSET, offset);
  }

  RawGguf pad(int alignment) {
    return raw(new byte[-out.size() & (alignment - 1)]);
  }

  /** A sound file with every kind of field, the last byte of which belongs to a tensor. */
  static RawGguf sample(int version) {
    RawGguf f = new RawGguf().header(version, 3, 8);
    f.text("general.architecture", "llama");
    f.u32("general.alignment", 64);
    f.u32("llama.block_count", 2);
    f.key("llama.rope.freq_base", GgufValueType.FLOAT32)
        .i32("f", Kind.OTHER, Float.floatToIntBits(10_000f));
    f.key("tokenizer.ggml.tokens", GgufValueType.ARRAY)
        .array("tokens", GgufValueType.STRING, 3)
        .string("token 0", "<s>")
        .string("token 1", "")
        .string("token 2", "Ġthe");
    f.key("tokenizer.ggml.token_type", GgufValueType.ARRAY)
        .array("token_type", GgufValueType.INT32, 3)
        .i32("t0", Kind.OTHER, 3)
        .i32("t1", Kind.OTHER, 1)
        .i32("t2", Kind.OTHER, 1);
    f.key("nested", GgufValueType.ARRAY)
        .array("nested", GgufValueType.ARRAY, 2)
        .array("nested 0", GgufValueType.UINT8, 2)
        .raw((byte) 1, (byte) 2)
        .array("nested 1", GgufValueType.STRING, 1)
        .string("nested 1 0", "x");
    f.key("general.flag", GgufValueType.BOOL).raw((byte) 1);
    f.tensor("token_embd.weight", GgmlType.F32.id(), 0, 4, 3);
    f.tensor("output_norm.weight", GgmlType.F16.id(), 64, 4);
    f.tensor("output.weight", GgmlType.Q8_0.id(), 128, 64, 1, 2);
    f.pad(64);
    for (int i = 0; i < 12; i++) {
      f.i32("data", Kind.OTHER, Float.floatToIntBits(i));
    }
    f.pad(64).raw(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}).pad(64);
    for (int i = 0; i < 4 * 34; i++) {
      f.raw((byte) (i + 1));
    }
    return f;
  }
}
