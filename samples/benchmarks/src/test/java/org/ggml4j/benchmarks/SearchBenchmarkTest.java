package org.ggml4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is measured computes something: the benchmark's methods, called twice. */
class SearchBenchmarkTest {
  private final SearchBenchmark benchmark = new SearchBenchmark();

  @BeforeEach
  void open() throws Exception {
    benchmark.model =
        Path.of("../cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf").toString();
    benchmark.threads = 1;
    benchmark.width = 3;
    benchmark.parallel = 4;
    benchmark.open();
  }

  @AfterEach
  void close() {
    benchmark.close();
  }

  private double score(DoubleSupplier method) {
    benchmark.prompt();
    return method.getAsDouble();
  }

  @Test
  void givesTheSameEachTime() {
    for (DoubleSupplier method :
        List.<DoubleSupplier>of(
            benchmark::greedy,
            benchmark::sampled,
            benchmark::beams,
            benchmark::contrastive,
            benchmark::parallel)) {
      double first = score(method);
      assertThat(first).isFinite().isNegative();
      assertThat(score(method)).isEqualTo(first);
    }
  }

  @Test
  void oneTextOfOneIsTheTextAlone() {
    benchmark.parallel = 1;
    assertThat(score(benchmark::parallel)).isCloseTo(score(benchmark::sampled), within(1e-6));
  }
}
