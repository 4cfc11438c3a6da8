package org.ggml4j.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void bothVersionsOpen(int version) throws IOException {
    byte[] bytes = RawGguf.sample(version).bytes();
    Path path = Files.write(folder.resolve("m.gguf"), bytes);
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.version()).isEqualTo(version);
      assertThat(file.alignment()).isEqualTo(64);
      assertThat(file.size()).isEqualTo(bytes.length);
      assertThat(file.paths()).containsExactly(path);
      assertThat(file.mapping(0).byteSize()).isEqualTo(bytes.length);
      assertThat(file.dataOffset(0) % 64).isZero();
      assertThat(file.metadata().getString("general.architecture")).isEqualTo("llama");
      assertThat(file.metadata().getStringArray("tokenizer.ggml.tokens").get(2)).isEqualTo("Ġthe");
      assertThat(file.metadata().get("nested")).isEqualTo(List.of(List.of(1, 2), List.of("x")));
      assertThat(file.tensors())
          .extracting(TensorInfo::toString)
          .containsExactly(
              "token_embd.weight F32 [4, 3]",
              "output_norm.weight F16 [4]",
              "output.weight Q8_0 [64, 1, 2]");
      TensorInfo embd = file.tensor("token_embd.weight").orElseThrow();
      assertThat(embd.offset()).isEqualTo(file.dataOffset(0));
      assertThat(file.data(embd).toArray(ValueLayout.JAVA_FLOAT))
          .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
      TensorInfo output = file.tensor("output.weight").orElseThrow();
      assertThat(output.nBytes()).isEqualTo(4 * 34);
      assertThat(file.data(output).get(ValueLayout.JAVA_BYTE, 135)).isEqualTo((byte) 136);
      assertThat(file.tensor("blk.0.attn_q.weight")).isEmpty();
    }
  }

  /** Where files can have holes, this one takes no more room than its sample. */
  @Test
  void aFileMayBeLargerThanABufferCanBe() throws IOException {
    for (long size : new long[] {Integer.MAX_VALUE, 5L << 30}) {
      Path path = Files.write(folder.resolve("large.gguf"), RawGguf.sample(3).bytes());
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.allocate(1), size - 1);
      }
      try (GgufFile file = GgufFile.open(path)) {
        assertThat(file.size()).isEqualTo(size);
        assertThat(file.tensors()).hasSize(3);
      }
      Files.delete(path);
    }
  }

  @Test
  void dataIsReadOnlyAndOfItsOwnFileOnly() throws IOException {
    Path path = Files.write(folder.resolve("m.gguf"), RawGguf.sample(3).bytes());
    try (GgufFile file = GgufFile.open(path)) {
      MemorySegment data = file.data(file.tensors().get(0));
      assertThat(data.isReadOnly()).isTrue();
      assertThat(data.isMapped()).isTrue();
      assertThatThrownBy(() -> data.set(ValueLayout.JAVA_BYTE, 0, (byte) 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> file.tensors().clear())
          .isInstanceOf(UnsupportedOperationException.class);
      TensorInfo foreign =
          new TensorInfo("token_embd.weight", GgmlType.F32, 4, 3, 1, 1, 2, 0, 0, 48);
      assertThatThrownBy(() -> file.data(foreign))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is no tensor of");
    }
  }

  @Test
  void useAfterCloseIsRefused() throws IOException {
    Path path = Files.write(folder.resolve("m.gguf"), RawGguf.sample(3).bytes());
    GgufFile file = GgufFile.open(path);
    GgufMetadata metadata = file.metadata();
    GgufStringArray tokens = metadata.getStringArray("tokenizer.ggml.tokens");
    TensorInfo tensor = file.tensors().get(0);
    MemorySegment data = file.data(tensor);
    MemorySegment mapping = file.mapping(0);
    file.close();
    file.close();
    List<ThrowingCallable> uses =
        List.of(
            file::metadata,
            file::tensors,
            file::paths,
            file::version,
            file::alignment,
            file::size,
            () -> file.tensor("token_embd.weight"),
            () -> file.data(tensor),
            () -> file.mapping(0),
            () -> file.dataOffset(0),
            () -> data.get(ValueLayout.JAVA_BYTE, 0),
            () -> mapping.get(ValueLayout.JAVA_BYTE, 0),
            () -> metadata.getInt("llama.block_count"),
            () -> metadata.getString("general.architecture"),
            () -> metadata.getStringArray("tokenizer.ggml.tokens").get(0),
            () -> tokens.get(0),
            () -> tokens.hash(0));
    for (ThrowingCallable use : uses) {
      assertThatThrownBy(use).isInstanceOf(IllegalStateException.class);
    }
    assertThatThrownBy(file::metadata).hasMessage(path + " is closed");
    Files.delete(path);
  }

  @Test
  void whatIsNoFileIsRefused() throws IOException {
    assertThatThrownBy(() -> GgufFile.open(folder.resolve("absent.gguf")))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> GgufFile.open(folder))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageEndingWith("not a regular file");
    Path empty = Files.createFile(folder.resolve("empty.gguf"));
    assertThatThrownBy(() -> GgufFile.open(empty)).isInstanceOf(GgufFormatException.class);
  }

  @Test
  void vocabularyWithoutTensorsOpensWithOrWithoutPadding() throws IOException {
    byte[] bare = new RawGguf().header(3, 0, 1).text("general.name", "vocab").bytes();
    byte[] padded = new RawGguf().header(3, 0, 1).text("general.name", "vocab").pad(32).bytes();
    for (byte[] bytes : List.of(bare, padded)) {
      Path path = Files.write(folder.resolve("vocab.gguf"), bytes);
      try (GgufFile file = GgufFile.open(path)) {
        assertThat(file.tensors()).isEmpty();
        assertThat(file.metadata().getString("general.name")).isEqualTo("vocab");
      }
    }
  }

  @Test
  void splitModelOpensAsOneWhicheverFileIsNamed() throws IOException {
    List<Path> paths = writeSplits();
    for (Path path : paths) {
      try (GgufFile file = GgufFile.open(path)) {
        assertThat(file.paths()).isEqualTo(paths);
        assertThat(file.metadata().getString("general.name")).isEqualTo("whole");
        assertThat(file.tensors())
            .extracting(TensorInfo::name)
            .containsExactly("t0.0", "t0.1", "t1.0", "t1.1", "t2.0", "t2.1");
        long size = 0;
        for (int i = 0; i < 3; i++) {
          size += Files.size(paths.get(i));
          assertThat(file.mapping(i).byteSize()).isEqualTo(Files.size(paths.get(i)));
          TensorInfo t = file.tensor("t" + i + ".1").orElseThrow();
          assertThat(t.split()).isEqualTo(i);
          assertThat(t.offset()).isEqualTo(file.dataOffset(i) + 32);
          assertThat(file.data(t).toArray(ValueLayout.JAVA_INT)).containsOnly(10 * i + 1);
        }
        assertThat(file.size()).isEqualTo(size);
      }
    }
  }

  @Test
  void splitsThatDoNotFitAreRefused() throws IOException {
    List<Path> paths = writeSplits();
    byte[] second = Files.readAllBytes(paths.get(1));

    Files.delete(paths.get(1));
    refused(paths.get(2), "m-00002-of-00003.gguf is missing");

    Files.copy(paths.get(2), paths.get(1));
    refused(paths.get(0), "split.no: is 2 (counted from 0), but the file's name says 1");
    Files.delete(paths.get(1));

    shard(paths.get(1), 1, 4, 6, "t1").write(paths.get(1));
    refused(paths.get(0), "split.count: is 4, but the file's name says 3");

    shard(paths.get(1), 1, 3, 6, "t0").write(paths.get(1));
    refused(paths.get(0), "t0.0: a tensor of this name is in another file");

    shard(paths.get(0), 0, 3, 7, "t0").write(paths.get(0));
    Files.write(paths.get(1), second);
    refused(paths.get(2), "split.tensors.count: the files hold 6 tensors together, expected 7");

    Files.write(paths.get(1), Arrays.copyOf(second, second.length - 40));
    refused(paths.get(0), "cut short");

    Path renamed = Files.copy(paths.get(0), folder.resolve("renamed.gguf"));
    refused(renamed, "is not named like");
  }

  @Test
  void aFileThatOnlyLooksLikeASplitStandsAlone() throws IOException {
    Path path = Files.write(folder.resolve("m-00002-of-00003.gguf"), RawGguf.sample(3).bytes());
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.paths()).containsExactly(path);
      TensorInfo t = file.tensors().get(0);
      assertThat(t.split()).isZero();
      assertThat(file.data(t).byteSize()).isEqualTo(48);
    }
  }

  @Test
  void refusingAFileLeavesNoMapping() throws IOException {
    byte[] bytes = RawGguf.sample(3).bytes();
    Path path = Files.write(folder.resolve("leak.gguf"), Arrays.copyOf(bytes, 400));
    refused(path, "cut short");
    // Where the system shows its mappings, look; elsewhere deleting a mapped file fails.
    Path maps = Path.of("/proc/self/maps");
    if (Files.exists(maps)) {
      try (Stream<String> lines = Files.lines(maps)) {
        assertThat(lines.filter(l -> l.contains("leak.gguf"))).isEmpty();
      }
    }
    Files.delete(path);
  }

  private static void refused(Path path, String problem) {
    assertThatThrownBy(() -> GgufFile.open(path))
        .isExactlyInstanceOf(GgufFormatException.class)
        .hasMessageContaining(problem);
  }

  /** Writes a model of three files with two tensors of four integers each. */
  private List<Path> writeSplits() throws IOException {
    List<Path> paths = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Path path = folder.resolve("m-0000" + (i + 1) + "-of-00003.gguf");
      shard(path, i, 3, 6, "t" + i).write(path);
      paths.add(path);
    }
    return paths;
  }

  private static GgufWriter shard(Path path, int no, int count, int tensors, String prefix) {
    GgufWriter w = GgufWriter.create();
    if (no == 0) {
      w.putString("general.name", "whole");
    } else {
      w.putString("general.name", path.getFileName().toString());
    }
    w.metadata("split.no", no, GgufValueType.UINT16)
        .metadata("split.count", count, GgufValueType.UINT16)
        .putInt32("split.tensors.count", tensors);
    for (int t = 0; t < 2; t++) {
      int[] data = new int[4];
      Arrays.fill(data, 10 * no + t);
      w.tensor(prefix + "." + t, GgmlType.I32, new long[] {4}, MemorySegment.ofArray(data));
    }
    return w;
  }
}
