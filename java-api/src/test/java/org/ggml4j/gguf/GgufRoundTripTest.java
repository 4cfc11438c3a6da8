package org.ggml4j.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;

/** What is written is read back, bit for bit, for any metadata and tensors. */
class GgufRoundTripTest {
  private Path folder = Path.of("");

  record Typed(GgufValueType type, GgufValueType elementType, Object value) {}

  record Shape(GgmlType type, long[] ne) {}

  @BeforeProperty
  void makeFolder() throws IOException {
    folder = Files.createTempDirectory("gguf");
  }

  @AfterProperty
  void removeFolder() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path p : files.toList()) {
        Files.delete(p);
      }
    }
    Files.delete(folder);
  }

  @Property(tries = 100)
  void whatIsWrittenIsReadBack(
      @ForAll("metadata") Map<String, Typed> metadata,
      @ForAll("shapes") List<Shape> shapes,
      @ForAll("alignments") int alignment,
      @ForAll long seed)
      throws IOException {
    GgufWriter writer = GgufWriter.create().alignment(alignment);
    metadata.forEach(
        (key, v) -> {
          if (v.type == GgufValueType.ARRAY) {
            writer.array(key, v.value, v.elementType);
          } else {
            writer.metadata(key, v.value, v.type);
          }
        });
    Random random = new Random(seed);
    List<byte[]> data = new ArrayList<>();
    for (int i = 0; i < shapes.size(); i++) {
      Shape s = shapes.get(i);
      byte[] bytes = new byte[(int) s.type.sizeOf(s.ne)];
      random.nextBytes(bytes);
      data.add(bytes);
      String name = "tensor." + i;
      switch (i % 3) {
        case 0 -> writer.tensor(name, s.type, s.ne, MemorySegment.ofArray(bytes));
        case 1 -> writer.tensor(name, s.type, s.ne, () -> MemorySegment.ofArray(bytes));
        default ->
            writer.tensor(
                name,
                s.type,
                s.ne,
                out -> {
                  int half = bytes.length / 2;
                  out.write(ByteBuffer.wrap(bytes, 0, half));
                  out.write(ByteBuffer.wrap(bytes, half, bytes.length - half));
                });
      }
    }
    Path first = folder.resolve("first.gguf");
    Path second = folder.resolve("second.gguf");
    writer.write(first);
    try (GgufFile file = GgufFile.open(first)) {
      assertThat(file.version()).isEqualTo(3);
      assertThat(file.alignment()).isEqualTo(alignment);
      GgufMetadata read = file.metadata();
      assertThat(read.keys()).containsAll(metadata.keySet());
      for (Map.Entry<String, Typed> e : metadata.entrySet()) {
        check(read, e.getKey(), e.getValue());
      }
      assertThat(file.tensors()).hasSameSizeAs(shapes);
      GgufWriter again = GgufWriter.create().alignment(alignment).metadata(read);
      for (int i = 0; i < shapes.size(); i++) {
        TensorInfo t = file.tensors().get(i);
        assertThat(t.type()).isEqualTo(shapes.get(i).type);
        assertThat(t.nDims()).isEqualTo(shapes.get(i).ne.length);
        assertThat(t.ne()).startsWith(shapes.get(i).ne);
        assertThat(t.offset() % alignment).isZero();
        assertThat(file.data(t).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data.get(i));
        again.tensor(t.name(), t.type(), shapes.get(i).ne, file.data(t));
      }
      again.write(second);
    }
    assertThat(second).hasSameBinaryContentAs(first);
  }

  private static void check(GgufMetadata read, String key, Typed v) throws IOException {
    assertThat(read.type(key)).isEqualTo(v.type);
    if (v.type == GgufValueType.ARRAY) {
      assertThat(read.elementType(key)).isEqualTo(v.elementType);
      assertThat(read.get(key)).hasToString(v.value.toString());
    } else if (v.type == GgufValueType.FLOAT32) {
      assertThat(Float.floatToRawIntBits(read.getFloat(key)))
          .isEqualTo(Float.floatToRawIntBits((Float) v.value));
    } else {
      assertThat(read.get(key)).hasToString(v.value.toString());
    }
  }

  @Provide
  Arbitrary<Map<String, Typed>> metadata() {
    Arbitrary<String> keys =
        Arbitraries.strings().ofMinLength(1).ofMaxLength(40).filter(GgufRoundTripTest::encodable);
    return Arbitraries.maps(
            keys.filter(k -> !k.equals("general.alignment") && !k.startsWith("split.")), typed())
        .ofMaxSize(12);
  }

  private static Arbitrary<Typed> typed() {
    List<Arbitrary<Typed>> kinds = new ArrayList<>();
    for (GgufValueType t : GgufValueType.values()) {
      if (t != GgufValueType.ARRAY) {
        kinds.add(scalar(t).map(v -> new Typed(t, t, v)));
        kinds.add(scalar(t).list().ofMaxSize(20).map(v -> new Typed(GgufValueType.ARRAY, t, v)));
      }
    }
    Arbitrary<List<String>> texts = text().list().ofMinSize(1).ofMaxSize(3);
    kinds.add(
        texts.list().ofMaxSize(3).map(v -> new Typed(GgufValueType.ARRAY, GgufValueType.ARRAY, v)));
    return Arbitraries.oneOf(kinds);
  }

  private static Arbitrary<?> scalar(GgufValueType t) {
    return switch (t) {
      case UINT8 -> Arbitraries.integers().between(0, 255);
      case INT8 -> Arbitraries.integers().between(-128, 127);
      case UINT16 -> Arbitraries.integers().between(0, 65_535);
      case INT16 -> Arbitraries.integers().between(-32_768, 32_767);
      case UINT32 -> Arbitraries.longs().between(0, 0xffffffffL);
      case INT32 -> Arbitraries.integers();
      case UINT64 ->
          Arbitraries.bigIntegers()
              .between(BigInteger.ZERO, BigInteger.TWO.pow(64).subtract(BigInteger.ONE));
      case INT64 -> Arbitraries.longs();
      case FLOAT32 ->
          Arbitraries.oneOf(
              Arbitraries.floats(),
              Arbitraries.of(Float.NaN, -0f, Float.NEGATIVE_INFINITY, Float.MIN_VALUE));
      case FLOAT64 -> Arbitraries.oneOf(Arbitraries.doubles(), Arbitraries.of(Double.NaN, -0.0));
      case BOOL -> Arbitraries.of(true, false);
      case STRING -> text();
      case ARRAY -> throw new IllegalArgumentException();
    };
  }

  private static Arbitrary<String> text() {
    return Arbitraries.strings().ofMaxLength(60).filter(GgufRoundTripTest::encodable);
  }

  /** Lone surrogates have no UTF-8. */
  private static boolean encodable(String s) {
    return java.nio.charset.StandardCharsets.UTF_8.newEncoder().canEncode(s);
  }

  @Provide
  Arbitrary<List<Shape>> shapes() {
    return Combinators.combine(
            Arbitraries.of(GgmlType.class),
            Arbitraries.longs().between(1, 4).list().ofMinSize(1).ofMaxSize(4))
        .as(
            (type, ne) -> {
              long[] shape = ne.stream().mapToLong(Long::longValue).toArray();
              shape[0] *= type.blockSize();
              return new Shape(type, shape);
            })
        .list()
        .ofMaxSize(6);
  }

  @Provide
  Arbitrary<Integer> alignments() {
    return Arbitraries.of(8, 16, 32, 64, 4096);
  }

  @Property(tries = 300)
  void flippedBytesNeverSurprise(@ForAll("flips") List<Integer> positions, @ForAll byte value)
      throws IOException {
    byte[] bytes = RawGguf.sample(3).bytes();
    for (int p : positions) {
      bytes[p % bytes.length] = value;
    }
    Path path = Files.write(folder.resolve("flipped.gguf"), bytes);
    try (GgufFile file = GgufFile.open(path)) {
      for (String key : file.metadata().keys()) {
        assertThat(file.metadata().get(key).toString()).isNotNull();
      }
      for (TensorInfo t : file.tensors()) {
        assertThat(file.data(t).toArray(ValueLayout.JAVA_BYTE)).hasSize((int) t.nBytes());
      }
    } catch (GgufFormatException | UnsupportedModelException e) {
      assertThat(e).hasMessageContaining(path.toString());
    }
  }

  @Provide
  Arbitrary<List<Integer>> flips() {
    return Arbitraries.integers().between(0, 1 << 16).list().ofMinSize(1).ofMaxSize(3);
  }
}
