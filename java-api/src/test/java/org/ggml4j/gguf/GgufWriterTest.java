package org.ggml4j.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
  private static final MemorySegment EIGHT_FLOATS = MemorySegment.ofArray(new float[8]);
  private static final long[] EIGHT = {8};

  @TempDir Path folder;

  @Test
  void theBytesAreThoseOfTheFormat() throws IOException {
    Path path = folder.resolve("m.gguf");
    GgufWriter.create()
        .putString("general.architecture", "llama")
        .putUint32("llama.block_count", 0xffffffffL)
        .array("tokenizer.ggml.tokens", List.of("a", "é"), GgufValueType.STRING)
        .tensor("x", GgmlType.F32, new long[] {4, 2}, EIGHT_FLOATS)
        .tensor("y", GgmlType.I8, new long[] {3}, MemorySegment.ofArray(new byte[] {1, 2, 3}))
        .write(path);
    RawGguf expected = new RawGguf().header(3, 2, 3).text("general.architecture", "llama");
    expected.u32("llama.block_count", -1).key("tokenizer.ggml.tokens", GgufValueType.ARRAY);
    expected.array("tokens", GgufValueType.STRING, 2).string("0", "a").string("1", "é");
    expected.tensor("x", 0, 0, 4, 2).tensor("y", 24, 32, 3).pad(32).raw(new byte[32]);
    expected.raw((byte) 1, (byte) 2, (byte) 3).pad(32);
    assertThat(path).hasBinaryContent(expected.bytes());
  }

  @Test
  void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
    Path path = Files.writeString(folder.resolve("m.gguf"), "old");
    GgufWriter tooShort =
        GgufWriter.create()
            .tensor("x", GgmlType.F32, EIGHT, out -> out.write(ByteBuffer.allocate(31)));
    assertThatThrownBy(() -> tooShort.write(path))
        .isInstanceOf(IOException.class)
        .hasMessage("x: 31 bytes of data were written, but its shape and type make 32");
    GgufWriter tooLong =
        GgufWriter.create()
            .tensor("x", GgmlType.F32, EIGHT, () -> MemorySegment.ofArray(new byte[33]));
    assertThatThrownBy(() -> tooLong.write(path))
        .isInstanceOf(IOException.class)
        .hasMessage("x: its data is longer than the 32 bytes of its shape and type");
    GgufWriter failing =
        GgufWriter.create()
            .tensor(
                "x",
                GgmlType.F32,
                EIGHT,
                (GgufWriter.TensorData)
                    out -> {
                      throw new IllegalStateException("no data");
                    });
    assertThatThrownBy(() -> failing.write(path)).hasMessage("no data");
    assertThat(path).hasContent("old");
    assertThat(folder).isDirectoryContaining(p -> true).isDirectoryNotContaining("glob:**.tmp");
    GgufWriter.create().tensor("x", GgmlType.F32, EIGHT, EIGHT_FLOATS).write(path);
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(path);
    }
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.tensor("x")).isPresent();
    }
  }

  @Test
  void theFileBeingReadCanBeReplaced() throws IOException {
    Path path = folder.resolve("m.gguf");
    GgufWriter.create().putInt32("n", 1).tensor("x", GgmlType.F32, EIGHT, EIGHT_FLOATS).write(path);
    GgufWriter next = GgufWriter.create();
    try (GgufFile file = GgufFile.open(path)) {
      next.metadata(file.metadata()).putInt32("n", 2);
    }
    next.tensor("x", GgmlType.F32, EIGHT, EIGHT_FLOATS).write(path);
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.metadata().getInt("n")).isEqualTo(2);
    }
  }

  @Test
  void copyingMetadataLeavesPlaceAndAlignmentBehind() throws IOException {
    Path path = folder.resolve("m.gguf");
    GgufWriter.create()
        .alignment(128)
        .metadata("split.no", 0, GgufValueType.UINT16)
        .putBoolean("flag", true)
        .putInt64("big", 1L << 40)
        .putFloat32("f", 0.5f)
        .putStringArray("s", List.of("a"))
        .putInt32Array("i", 1, 2)
        .putFloat32Array("fs", 1, 2)
        .putInt32("gone", 1)
        .remove("gone")
        .write(path);
    Path copy = folder.resolve("copy.gguf");
    try (GgufFile file = GgufFile.open(path)) {
      GgufWriter.create().metadata(file.metadata()).write(copy);
    }
    try (GgufFile file = GgufFile.open(copy)) {
      assertThat(file.alignment()).isEqualTo(32);
      assertThat(file.metadata().keys()).containsExactly("flag", "big", "f", "s", "i", "fs");
      assertThat(file.metadata().type("big")).isEqualTo(GgufValueType.INT64);
      assertThat(file.metadata().getFloatArray("fs")).containsExactly(1, 2);
    }
  }

  @Test
  void dataIsStreamed() throws IOException {
    Path path = folder.resolve("m.gguf");
    long elements = 24L << 20;
    Supplier<MemorySegment> none =
        () -> {
          throw new IllegalStateException("asked for too early");
        };
    GgufWriter.create().tensor("late", GgmlType.F32, EIGHT, none);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment large = arena.allocate(elements);
      large.set(ValueLayout.JAVA_BYTE, elements - 1, (byte) 7);
      long before = threads.getCurrentThreadAllocatedBytes();
      GgufWriter.create()
          .tensor("native", GgmlType.I8, new long[] {elements}, large)
          .tensor("again", GgmlType.I8, new long[] {elements}, () -> large)
          .write(path);
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(2L << 20);
    }
    try (GgufFile file = GgufFile.open(path)) {
      for (TensorInfo t : file.tensors()) {
        assertThat(file.data(t).get(ValueLayout.JAVA_BYTE, elements - 1)).isEqualTo((byte) 7);
      }
    }
  }

  @Test
  void whatCannotStandInAFileIsRefused() {
    GgufWriter w = GgufWriter.create().tensor("x", GgmlType.F32, EIGHT, EIGHT_FLOATS);
    refused(() -> w.tensor("x", GgmlType.F32, EIGHT, EIGHT_FLOATS), "named x was added before");
    refused(() -> w.tensor("", GgmlType.F32, EIGHT, EIGHT_FLOATS), "1 to 63 bytes, not 0");
    refused(() -> w.tensor("n".repeat(64), GgmlType.F32, EIGHT, EIGHT_FLOATS), "not 64");
    refused(() -> w.tensor("\ud800", GgmlType.F32, EIGHT, EIGHT_FLOATS), "no Unicode");
    refused(() -> w.tensor("y", GgmlType.F32, new long[] {7}, EIGHT_FLOATS), "32 bytes given");
    refused(() -> w.tensor("y", GgmlType.Q4_0, EIGHT, out -> {}), "no multiple of the 32");
    refused(() -> w.tensor("y", GgmlType.F32, new long[] {8, 0}, out -> {}), "below 1");
    refused(() -> w.tensor("y", GgmlType.F32, new long[0], out -> {}), "dimensions, expected 1");
    refused(() -> w.tensor("y", GgmlType.F32, new long[] {1, 1, 1, 1, 1}, out -> {}), "has 5");
    refused(() -> w.alignment(0), "no power of two");
    refused(() -> w.alignment(4), "no power of two");
    refused(() -> w.alignment(48), "no power of two");
    refused(() -> w.putUint32("general.alignment", 64), "use alignment(int)");
    refused(() -> w.putInt32("", 1), "1 to 65535 bytes, not 0");
    refused(() -> w.putInt32("k".repeat(65_536), 1), "not 65536");
    refused(() -> w.putInt32("\udc00", 1), "no Unicode");
    refused(() -> w.putUint32("k", -1), "-1 does not fit the metadata type u32");
    refused(() -> w.putUint32("k", 1L << 32), "4294967296 does not fit");
    refused(() -> w.metadata("k", 128, GgufValueType.INT8), "128 does not fit");
    refused(() -> w.metadata("k", 1.5, GgufValueType.INT32), "Double is no value of");
    refused(() -> w.metadata("k", "1", GgufValueType.FLOAT32), "String is no value of");
    refused(() -> w.metadata("k", 1, GgufValueType.BOOL), "Integer is no value of");
    refused(() -> w.metadata("k", 1, GgufValueType.STRING), "Integer is no value of");
    refused(() -> w.metadata("k", 1, GgufValueType.ARRAY), "Integer is no value of");
    refused(() -> w.array("k", 1, GgufValueType.INT32), "Integer is no value of");
  }

  private static void refused(ThrowingCallable call, String problem) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(problem);
  }
}
