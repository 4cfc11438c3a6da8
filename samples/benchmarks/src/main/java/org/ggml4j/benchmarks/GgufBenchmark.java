package org.ggml4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.ggml4j.gguf.GgufFile;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A GGUF file is opened (mapped, all metadata and the table of tensors read and checked) and
 * closed: a small model, and a vocabulary of 128,256 tokens and 280,147 merges.
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgs = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class GgufBenchmark {
  /** A GGUF file, or {@code vocabulary} for the one that the native build fetched. */
  @Param({"samples/cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf", "vocabulary"})
  public String file;

  String sources = FetchedSources.INDEX;

  private Path path;

  @Setup
  public void find() throws IOException {
    path =
        file.equals("vocabulary")
            ? FetchedSources.model(sources, "ggml-vocab-llama-bpe.gguf")
            : Path.of(file);
  }

  /** Open and close. */
  @Benchmark
  public int open() throws IOException {
    try (GgufFile opened = GgufFile.open(path)) {
      return opened.metadata().keys().size() + opened.tensors().size();
    }
  }
}
