package org.ggml4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is measured computes something: the benchmarks' methods, called once. */
class DecodeBenchmarkTest {
  private final DecodeBenchmark benchmark = new DecodeBenchmark();

  @BeforeEach
  void open() throws Exception {
    benchmark.model =
        Path.of("../cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf").toString();
    benchmark.threads = 1;
    benchmark.reuseGraph = true;
    benchmark.flashAttn = true;
    benchmark.repack = true;
    benchmark.open();
  }

  @AfterEach
  void close() {
    benchmark.close();
  }

  @Test
  void decodesTheSameEachTime() {
    float first = benchmark.decode();

    assertThat(first).isFinite().isNotZero();
    assertThat(benchmark.decode()).isEqualTo(first);
  }

  @Test
  void prefillsTheSameEachTime() {
    float first = benchmark.prefill();

    assertThat(first).isFinite().isNotZero();
    assertThat(benchmark.prefill()).isEqualTo(first);
  }
}
