package org.ggml4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The texts are what the report says they are, and writing them computes something. */
class SpeculationBenchmarkTest {
  @Test
  void writesBothTextsWithAndWithoutSpeculation() throws Exception {
    List<SpeculationBenchmark.Result> results =
        SpeculationBenchmark.measure(
            Path.of("../cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf"),
            40,
            1,
            1,
            Optional.empty());

    assertThat(results).hasSize(2);
    for (SpeculationBenchmark.Result result : results) {
      assertThat(result.different()).isZero();
      assertThat(result.plain()).isPositive();
      assertThat(result.speculative()).isPositive();
      assertThat(result.last().steps() + result.last().accepted()).isEqualTo(39);
    }
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    SpeculationBenchmark.print(new PrintStream(printed, true, StandardCharsets.UTF_8), results);
    assertThat(printed.toString(StandardCharsets.UTF_8).lines())
        .hasSize(3)
        .anyMatch(line -> line.startsWith("repeats its prompt"))
        .anyMatch(line -> line.startsWith("repeats nothing"));
  }
}
