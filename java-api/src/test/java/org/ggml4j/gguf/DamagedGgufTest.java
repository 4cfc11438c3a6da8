package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.ggml4j.gguf.RawGguf.Field;
import org.ggml4j.gguf.RawGguf.Kind;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Damaged and hostile files: a typed exception each, at little cost in time and memory. */
class DamagedGgufTest {
  private static final long MEMORY_LIMIT = 64L << 20;
  private static final long TIME_LIMIT_NANOS = 1_000_000_000L;

  @TempDir Path folder;

  record Damaged(String name, byte[] bytes, boolean unsupported) {
    @Override
    public String toString() {
      return name;
    }
  }

  @BeforeAll
  static void theFileToBeDamagedIsSound(@TempDir Path folder) throws IOException {
    Path path = Files.write(folder.resolve("sound.gguf"), RawGguf.sample(3).bytes());
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.tensors()).hasSize(3);
      assertThat(file.metadata().keys()).hasSize(8);
    }
  }

  static List<Damaged> damaged() {
    List<Damaged> all = new ArrayList<>();
    truncated(all);
    fields(all);
    heads(all);
    tables(all);
    return all;
  }

  private static void truncated(List<Damaged> all) {
    RawGguf sample = RawGguf.sample(3);
    byte[] sound = sample.bytes();
    TreeSet<Integer> lengths = new TreeSet<>();
    for (Field f : sample.fields()) {
      lengths.add(f.at());
      lengths.add(f.at() + 1);
      lengths.add(f.at() + f.width() - 1);
    }
    for (int n = 0; n < sound.length; n += 23) {
      lengths.add(n);
    }
    lengths.add(sound.length - 1);
    for (int n : lengths) {
      all.add(new Damaged("cut to " + n + " bytes", Arrays.copyOf(sound, n), false));
    }
  }

  private static void fields(List<Damaged> all) {
    RawGguf sample = RawGguf.sample(3);
    for (Field f : sample.fields()) {
      boolean unsupported = f.kind() == Kind.TENSOR_TYPE;
      for (long v : badValues(f)) {
        byte[] bytes = sample.bytes();
        if (get(bytes, f) == v) {
          continue;
        }
        put(bytes, f, v);
        all.add(
            new Damaged(
                f.name() + " at " + f.at() + " := " + Long.toUnsignedString(v),
                bytes,
                unsupported));
      }
    }
  }

  private static long[] badValues(Field f) {
    return switch (f.kind()) {
      case COUNT, LENGTH ->
          new long[] {0, 1000, 1L << 31, 1L << 32, 1L << 62, Long.MAX_VALUE, 1L << 63, -1};
      case VALUE_TYPE -> new long[] {13, 255, 1L << 31, 0xffffffffL};
      case N_DIMS -> new long[] {0, 5, 1L << 31, 0xffffffffL};
      case DIM ->
          new long[] {0, 1L << 20, 1L << 31, 1L << 32, 1L << 61, Long.MAX_VALUE, 1L << 63, -1};
      case TENSOR_TYPE -> new long[] {4, 5, 31, 32, 33, 36, 37, 38, 43, 1L << 31, 0xffffffffL};
      case OFFSET -> new long[] {1, 32, 33, 1L << 31, 1L << 62, Long.MAX_VALUE, 1L << 63, -64, -1};
      case OTHER -> new long[0];
    };
  }

  private static void heads(List<Damaged> all) {
    RawGguf sample = RawGguf.sample(3);
    byte[] bytes = sample.bytes();
    bytes[3] = 'G';
    all.add(new Damaged("magic GGUG", bytes, false));
    bytes = sample.bytes();
    System.arraycopy("FUGG".getBytes(UTF_8), 0, bytes, 0, 4);
    all.add(new Damaged("magic reversed", bytes, false));
    all.add(new Damaged("not a model", "PK\3\4 something else altogether".getBytes(UTF_8), false));
    all.add(new Damaged("all zero", new byte[4096], false));
    for (int v : new int[] {1, 4, 1000, 0x7fffffff, 0x02000000, 0x03000000, 0x01000000}) {
      byte[] b = sample.bytes();
      put(b, sample.field("version"), v);
      all.add(new Damaged("version " + v, b, true));
    }
    byte[] zero = sample.bytes();
    put(zero, sample.field("version"), 0);
    all.add(new Damaged("version 0", zero, false));
    for (int v : new int[] {0, 1, 4, 3, 48, 63, 0x80000000, -1, 1 << 30}) {
      byte[] b = sample.bytes();
      put(b, sample.field("value of general.alignment"), v);
      all.add(new Damaged("alignment " + Integer.toUnsignedString(v), b, false));
    }
  }

  private static void tables(List<Damaged> all) {
    add(all, "duplicate key", f -> f.header(3, 0, 2).u32("a", 1).u32("a", 1));
    add(
        all,
        "key not UTF-8",
        f -> {
          f.header(3, 0, 1).i64("length", Kind.LENGTH, 2).raw((byte) 0xc3, (byte) 0x28);
          f.i32("type", Kind.VALUE_TYPE, 0).raw((byte) 1);
        });
    add(all, "empty key", f -> f.header(3, 0, 1).u32("", 1));
    add(all, "key of 65536 bytes", f -> f.header(3, 0, 1).u32("k".repeat(65_536), 1));
    add(
        all,
        "alignment of type i32",
        f -> {
          f.header(3, 0, 1).key("general.alignment", GgufValueType.INT32).i32("v", Kind.OTHER, 32);
        });
    add(
        all,
        "alignment an array",
        f -> {
          f.header(3, 0, 1).key("general.alignment", GgufValueType.ARRAY);
          f.array("a", GgufValueType.UINT32, 1).i32("v", Kind.OTHER, 32);
        });
    add(all, "arrays 9 levels deep", f -> nested(f, 9));
    add(all, "arrays 10,000 levels deep", f -> nested(f, 10_000));
    add(
        all,
        "more keys than accepted",
        f -> {
          f.header(3, 0, 65_537);
          for (int i = 0; i < 65_537; i++) {
            f.string("k", Integer.toString(i)).i32("t", Kind.OTHER, 0).raw((byte) 0);
          }
        });
    add(
        all,
        "duplicate tensor",
        f -> {
          f.header(3, 2, 0).tensor("a", 0, 0, 8).tensor("a", 0, 32, 8).pad(32).raw(new byte[64]);
        });
    add(
        all,
        "same data twice",
        f -> {
          f.header(3, 2, 0).tensor("a", 0, 0, 8).tensor("b", 0, 0, 8).pad(32).raw(new byte[64]);
        });
    add(
        all,
        "overlap, out of order",
        f -> {
          f.header(3, 2, 0).tensor("a", 0, 32, 8).tensor("b", 0, 0, 16).pad(32).raw(new byte[64]);
        });
    add(
        all,
        "tensor name of 64 bytes",
        f -> {
          f.header(3, 1, 0).tensor("n".repeat(64), 0, 0, 8).pad(32).raw(new byte[32]);
        });
    add(
        all,
        "tensor name empty",
        f -> {
          f.header(3, 1, 0).tensor("", 0, 0, 8).pad(32).raw(new byte[32]);
        });
    add(
        all,
        "row no multiple of the block",
        f -> {
          f.header(3, 1, 0).tensor("a", GgmlType.Q4_K.id(), 0, 128, 2).pad(32).raw(new byte[256]);
        });
    add(
        all,
        "elements overflow",
        f -> {
          f.header(3, 1, 0).tensor("a", 0, 0, 1L << 32, 1L << 31, 2, 4).pad(32).raw(new byte[32]);
        });
    add(
        all,
        "bytes overflow",
        f -> {
          f.header(3, 1, 0).tensor("a", 28, 0, 1L << 31, 1L << 30).pad(32).raw(new byte[32]);
        });
    add(
        all,
        "a byte too few",
        f -> {
          f.header(3, 1, 0).tensor("a", 0, 0, 8).pad(32).raw(new byte[31]);
        });
    add(all, "data without tensors", f -> f.header(3, 0, 1).u32("a", 1).raw(new byte[64]));
  }

  private static void nested(RawGguf f, int depth) {
    f.header(3, 0, 1).key("deep", GgufValueType.ARRAY);
    for (int i = 1; i < depth; i++) {
      f.array("a", GgufValueType.ARRAY, 1);
    }
    f.array("a", GgufValueType.UINT8, 1).raw((byte) 0);
  }

  private static void add(List<Damaged> all, String name, Consumer<RawGguf> content) {
    RawGguf file = new RawGguf();
    content.accept(file);
    all.add(new Damaged(name, file.bytes(), false));
  }

  @Test
  void thereAreEnough() {
    List<Damaged> all = damaged();
    assertThat(all).hasSizeGreaterThan(300);
    assertThat(all.stream().map(Damaged::name).distinct()).hasSameSizeAs(all);
    assertThat(all.stream().filter(d -> d.name.startsWith("cut"))).hasSizeGreaterThan(100);
  }

  @ParameterizedTest
  @MethodSource("damaged")
  void isRefused(Damaged damaged) throws IOException {
    Path path = Files.write(folder.resolve("damaged.gguf"), damaged.bytes);
    Throwable thrown = openWithinLimits(path);
    if (damaged.unsupported) {
      assertThat(thrown).isExactlyInstanceOf(UnsupportedModelException.class);
      assertThat(thrown).hasMessageContaining("supported: ").hasMessageContaining(path.toString());
      assertThat(((UnsupportedModelException) thrown).supported()).isNotEmpty();
    } else {
      assertThat(thrown).isExactlyInstanceOf(GgufFormatException.class);
      assertThat(thrown).hasMessageStartingWith(path + ": ");
      assertThat(((GgufFormatException) thrown).path()).contains(path);
    }
  }

  static Stream<String> messages() {
    return Stream.of(
        "n_tensors:=-1|number of tensors is 18446744073709551615",
        "version:=50331648|big-endian",
        "version:=1|unsupported GGUF version",
        "value of general.alignment:=3|general.alignment: is 3, expected a power of two",
        "type of llama.block_count:=99|llama.block_count: value type 99 is unknown",
        "n_dims of output.weight:=7|output.weight: has 7 dimensions, expected 1 to 4",
        "ne0 of output.weight:=33|first a multiple of 32",
        "offset of output.weight:=130|no multiple of the alignment 64",
        "offset of output.weight:=1024|cut short or damaged",
        "offset of output.weight:=64|overlaps that of output_norm.weight",
        "type of tensor output.weight:=31|Q4_0=2");
  }

  @ParameterizedTest
  @MethodSource("messages")
  void theMessageSaysWhatIsWrong(String row) throws IOException {
    String[] parts = row.split("\\||:=");
    RawGguf sample = RawGguf.sample(3);
    byte[] bytes = sample.bytes();
    put(bytes, sample.field(parts[0]), Long.parseLong(parts[1]));
    Path path = Files.write(folder.resolve("damaged.gguf"), bytes);
    assertThat(openWithinLimits(path)).hasMessageContaining(parts[2]);
  }

  @Test
  void largeFilesWithLargeClaimsCostLittle() throws IOException {
    RawGguf text = new RawGguf().header(3, 0, 1).key("long", GgufValueType.STRING);
    text.i64("n", Kind.LENGTH, GgufValue.MAX_STRING + 1L);
    RawGguf strings = new RawGguf().header(3, 0, 1).key("many", GgufValueType.ARRAY);
    strings.array("many", GgufValueType.STRING, GgufValue.MAX_WALKED + 1);
    RawGguf arrays = new RawGguf().header(3, 0, 1).key("many", GgufValueType.ARRAY);
    arrays.array("many", GgufValueType.ARRAY, GgufValue.MAX_WALKED + 1);
    RawGguf tensors = new RawGguf().header(3, GgufParser.MAX_TENSORS + 1, 0);
    for (RawGguf head : List.of(text, strings, arrays, tensors)) {
      Path path = Files.write(folder.resolve("large.gguf"), head.bytes());
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        file.setLength(300L << 20);
      }
      assertThat(openWithinLimits(path))
          .isExactlyInstanceOf(GgufFormatException.class)
          .hasMessageContaining("that are accepted");
    }
  }

  @Test
  void asManyStringsAsAcceptedAreReadInTime() throws IOException {
    long n = GgufValue.MAX_WALKED;
    RawGguf head = new RawGguf().header(3, 0, 1).key("many", GgufValueType.ARRAY);
    head.array("many", GgufValueType.STRING, n);
    Path path = Files.write(folder.resolve("large.gguf"), head.bytes());
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(head.size() + n * 8);
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.metadata().arrayLength("many")).isEqualTo((int) n);
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1L << 20);
  }

  /** Opens a file that must be refused; returns why. */
  private static Throwable openWithinLimits(Path path) throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = threads.getCurrentThreadAllocatedBytes();
    long started = System.nanoTime();
    Throwable thrown = catchThrowable(() -> GgufFile.open(path).close());
    long nanos = System.nanoTime() - started;
    allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
    assertThat(thrown).as("accepted").isNotNull();
    assertThat(allocated).as("bytes allocated").isLessThan(MEMORY_LIMIT + Files.size(path));
    assertThat(nanos).as("nanoseconds").isLessThan(TIME_LIMIT_NANOS);
    return thrown;
  }

  private static long get(byte[] bytes, Field f) {
    ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return f.width() == 4 ? Integer.toUnsignedLong(b.getInt(f.at())) : b.getLong(f.at());
  }

  private static void put(byte[] bytes, Field f, long v) {
    ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (f.width() == 4) {
      b.putInt(f.at(), (int) v);
    } else {
      b.putLong(f.at(), v);
    }
  }
}
