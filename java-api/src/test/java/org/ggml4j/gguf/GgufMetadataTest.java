package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufMetadataTest {
  private static GgufMetadata sample() {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("byte", (byte) -1);
    m.put("short", (short) -2);
    m.put("int", 3);
    m.put("long", 1L << 40);
    m.put("huge", BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE));
    m.put("float", 0.1f);
    m.put("double", 0.1);
    m.put("flag", true);
    m.put("text", "Grüße, 世界");
    m.put("ints", new int[] {1, -2, 3});
    m.put("longs", List.of(1L, 1L << 33));
    m.put("floats", new float[] {1, Float.NaN, -0f});
    m.put("doubles", List.of(1.5, 2.5));
    m.put("flags", new boolean[] {true, false});
    m.put("texts", List.of("b", "", "ab", "é"));
    m.put("nested", List.of(new int[] {1}, List.of("x", "y"), List.of()));
    m.put("none", new float[0]);
    return GgufMetadata.of(m);
  }

  @Test
  void keysKeepTheirOrderAndTypes() throws GgufFormatException {
    GgufMetadata m = sample();
    assertThat(m.keys()).startsWith("byte", "short", "int").endsWith("nested", "none");
    assertThat(m.contains("int")).isTrue();
    assertThat(m.contains("Int")).isFalse();
    assertThat(m.type("byte")).isEqualTo(GgufValueType.INT8);
    assertThat(m.type("huge")).isEqualTo(GgufValueType.UINT64);
    assertThat(m.type("ints")).isEqualTo(GgufValueType.ARRAY);
    assertThat(m.elementType("ints")).isEqualTo(GgufValueType.INT32);
    assertThat(m.elementType("none")).isEqualTo(GgufValueType.FLOAT32);
    assertThat(m.arrayLength("texts")).isEqualTo(4);
    assertThatThrownBy(() -> m.keys().clear()).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void integersComeFromAnyIntegerTypeThatFits() throws GgufFormatException {
    GgufMetadata m = sample();
    assertThat(m.getInt("byte")).isEqualTo(-1);
    assertThat(m.getLong("short")).isEqualTo(-2);
    assertThat(m.getInt("int")).isEqualTo(3);
    assertThat(m.getLong("long")).isEqualTo(1L << 40);
    refused(() -> m.getInt("long"), "long", "1099511627776, more than a 32-bit integer holds");
    refused(() -> m.getLong("huge"), "huge", "18446744073709551615, more than a signed 64-bit");
    refused(() -> m.getInt("float"), "float", "is a f32, expected an integer");
    refused(() -> m.getInt("flag"), "flag", "is a bool, expected an integer");
    refused(() -> m.getInt("ints"), "ints", "is an array of i32, expected an integer");
  }

  @Test
  void floatsComeFromBothFloatTypes() throws GgufFormatException {
    GgufMetadata m = sample();
    assertThat(m.getFloat("float")).isEqualTo(0.1f);
    assertThat(m.getFloat("double")).isEqualTo(0.1f);
    assertThat(m.getDouble("double")).isEqualTo(0.1);
    assertThat(m.getDouble("float")).isEqualTo((double) 0.1f);
    refused(() -> m.getFloat("int"), "int", "is a i32, expected a float");
    refused(() -> m.getDouble("text"), "text", "expected a float");
  }

  @Test
  void textAndBooleans() throws GgufFormatException {
    GgufMetadata m = sample();
    assertThat(m.getString("text")).isEqualTo("Grüße, 世界");
    assertThat(m.getBoolean("flag")).isTrue();
    refused(() -> m.getString("int"), "int", "expected a string");
    refused(() -> m.getString("texts"), "texts", "is an array of str, expected a string");
    refused(() -> m.getBoolean("int"), "int", "expected a boolean");
  }

  @Test
  void fallbacksStandInForMissingKeysOnly() throws GgufFormatException {
    GgufMetadata m = sample();
    assertThat(m.getInt("missing", 7)).isEqualTo(7);
    assertThat(m.getLong("missing", 7L)).isEqualTo(7);
    assertThat(m.getFloat("missing", 7f)).isEqualTo(7f);
    assertThat(m.getDouble("missing", 7.0)).isEqualTo(7.0);
    assertThat(m.getString("missing", "seven")).isEqualTo("seven");
    assertThat(m.getBoolean("missing", true)).isTrue();
    assertThat(m.getInt("int", 7)).isEqualTo(3);
    assertThat(m.getLong("int", 7)).isEqualTo(3);
    assertThat(m.getFloat("float", 7)).isEqualTo(0.1f);
    assertThat(m.getDouble("double", 7)).isEqualTo(0.1);
    assertThat(m.getString("text", "")).startsWith("Gr");
    assertThat(m.getBoolean("flag", false)).isTrue();
    refused(() -> m.getInt("text", 7), "text", "is a str, expected an integer");
    refused(() -> m.getFloat("text", 7), "text", "expected a float");
    refused(() -> m.getBoolean("text", true), "text", "expected a boolean");
    refused(() -> m.getString("int", "x"), "int", "expected a string");
    refused(() -> m.getInt("missing"), "missing", "the key is missing");
    refused(() -> m.type("missing"), "missing", "the key is missing");
    refused(() -> m.get("missing"), "missing", "the key is missing");
    refused(() -> m.getStringArray("missing"), "missing", "the key is missing");
  }

  @Test
  void arraysAreCopied() throws GgufFormatException {
    GgufMetadata m = sample();
    assertThat(m.getIntArray("ints")).containsExactly(1, -2, 3);
    assertThat(m.getLongArray("ints")).containsExactly(1, -2, 3);
    assertThat(m.getLongArray("longs")).containsExactly(1, 1L << 33);
    assertThat(m.getFloatArray("floats")).containsExactly(1, Float.NaN, -0f);
    assertThat(m.getFloatArray("doubles")).containsExactly(1.5f, 2.5f);
    assertThat(m.getBooleanArray("flags")).containsExactly(true, false);
    assertThat(m.getFloatArray("none")).isEmpty();
    refused(() -> m.getIntArray("longs"), "longs", "element 1 is 8589934592, more than a 32-bit");
    refused(() -> m.getIntArray("floats"), "floats", "expected an array of integers");
    refused(() -> m.getIntArray("int"), "int", "is a i32, expected an array");
    refused(() -> m.getLongArray("texts"), "texts", "expected an array of integers");
    refused(() -> m.getFloatArray("ints"), "ints", "expected an array of floats");
    refused(() -> m.getBooleanArray("ints"), "ints", "expected an array of booleans");
    refused(() -> m.getStringArray("ints"), "ints", "expected an array of strings");
  }

  @Test
  void anyValuePrints() throws GgufFormatException {
    GgufMetadata m = sample();
    assertThat(m.get("byte")).isEqualTo(-1);
    assertThat(m.get("long")).isEqualTo(1L << 40);
    assertThat(m.get("huge")).hasToString("18446744073709551615");
    assertThat(m.get("flag")).isEqualTo(true);
    assertThat(m.get("ints")).isEqualTo(List.of(1, -2, 3));
    assertThat(m.get("texts")).isEqualTo(List.of("b", "", "ab", "é"));
    assertThat(m.get("nested")).isEqualTo(List.of(List.of(1), List.of("x", "y"), List.of()));
    assertThat(m.get("flags")).hasToString("[true, false]");
  }

  @Test
  void stringsAreComparedAndHashedByTheirBytes() throws GgufFormatException {
    GgufMetadata m = sample();
    GgufStringArray a = m.getStringArray("texts");
    assertThat(m.getStringArray("texts")).isSameAs(a);
    assertThat(a.size()).isEqualTo(4);
    assertThat(a.asList()).containsExactly("b", "", "ab", "é");
    assertThat(a.byteLength(3)).isEqualTo(2);
    assertThat(a.bytes(3)).isEqualTo("é".getBytes(UTF_8));
    assertThat(a.byteAt(2, 1)).isEqualTo((byte) 'b');
    assertThat(a.contentEquals(2, "ab".getBytes(UTF_8))).isTrue();
    assertThat(a.contentEquals(2, "xabx".getBytes(UTF_8), 1, 3)).isTrue();
    assertThat(a.contentEquals(2, "ac".getBytes(UTF_8))).isFalse();
    assertThat(a.contentEquals(2, "abc".getBytes(UTF_8))).isFalse();
    assertThat(a.contentEquals(1, new byte[0])).isTrue();
    byte[] target = new byte[4];
    assertThat(a.copyBytes(2, target, 1)).isEqualTo(2);
    assertThat(target).containsExactly(0, 'a', 'b', 0);
    byte[][] bytes = {a.bytes(0), a.bytes(1), a.bytes(2), a.bytes(3)};
    for (int i = 0; i < 4; i++) {
      assertThat(a.hash(i)).isEqualTo(GgufStringArray.hash(bytes[i], 0, bytes[i].length));
      for (int j = 0; j < 4; j++) {
        assertThat(Integer.signum(a.compare(i, j)))
            .isEqualTo(Integer.signum(Arrays.compareUnsigned(bytes[i], bytes[j])));
      }
    }
    assertThatThrownBy(() -> a.get(4)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> a.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> a.byteAt(2, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> a.copyBytes(2, target, 3))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void bytesThatAreNoUtf8AreReadLeniently() throws GgufFormatException {
    RawGguf raw = new RawGguf().key("s", GgufValueType.STRING);
    raw.i64("n", RawGguf.Kind.LENGTH, 3).raw((byte) 'a', (byte) 0xff, (byte) 'b');
    MemorySegment segment = MemorySegment.ofArray(raw.bytes());
    GgufMetadata m = new GgufMetadata(GgufParser.parseMetadata(segment, 1), null);
    assertThat(m.getString("s")).isEqualTo("a\uFFFDb");
  }

  @Test
  void whatCannotStandInAFileIsRefused() {
    assertThatThrownBy(() -> GgufMetadata.of(Map.of("", 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> GgufMetadata.of(Map.of("x", new Object())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Object");
    assertThatThrownBy(() -> GgufMetadata.of(Map.of("x", List.of(1, "mixed"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a String is no value of metadata type i32");
  }

  @Test
  void anErrorOfAFileNamesFileAndPlace(@TempDir Path folder) throws IOException {
    Path path = folder.resolve("m.gguf");
    GgufWriter.create().putUint32("n", 5).write(path);
    try (GgufFile file = GgufFile.open(path)) {
      assertThatThrownBy(() -> file.metadata().getString("n"))
          .isInstanceOfSatisfying(
              GgufFormatException.class,
              e -> {
                assertThat(e.path()).contains(path);
                assertThat(e.key()).contains("n");
                assertThat(e.offset()).hasValue(24 + 8 + 1 + 4);
                assertThat(e).hasMessage(path + ": n: is a u32, expected a string (at byte 37)");
              });
    }
  }

  private static void refused(ThrowingCallable call, String key, String problem) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(GgufFormatException.class, e -> assertThat(e.key()).contains(key))
        .hasMessageContaining(problem);
  }

  @Test
  void stringBlocksHoldLengthsAndBytes() throws GgufFormatException {
    GgufMetadata metadata = GgufMetadata.of(Map.of("a", List.of("xy", "", "\u00E9"), "b", 1));
    assertThat(metadata.getStringBlock("a"))
        .containsExactly(
            2, 0, 0, 0, 0, 0, 0, 0, 'x', 'y', 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0xC3,
            0xA9);
    assertThatThrownBy(() -> metadata.getStringBlock("b"))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining("array");
  }
}
