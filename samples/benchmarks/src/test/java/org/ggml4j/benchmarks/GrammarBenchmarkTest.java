package org.ggml4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is measured computes something: the benchmarks' methods, called along the whole text. */
class GrammarBenchmarkTest {
  private final GrammarBenchmark benchmark = new GrammarBenchmark();

  @BeforeEach
  void open() throws Exception {
    benchmark.vocab = "";
    benchmark.maxLength = "200";
    benchmark.sources = "../../native/target/cmake/sources.properties";
    benchmark.open();
  }

  @Test
  void knownAndNewStatesAllowTheSame() {
    int n = benchmark.tokens();
    List<Integer> first =
        IntStream.rangeClosed(0, n).map(i -> benchmark.knownStates()).boxed().toList();
    List<Integer> again =
        IntStream.rangeClosed(0, n).map(i -> benchmark.knownStates()).boxed().toList();
    List<Integer> fresh =
        IntStream.rangeClosed(0, n).map(i -> benchmark.newStates()).boxed().toList();

    assertThat(n).isGreaterThan(100);
    assertThat(first).isEqualTo(again).isEqualTo(fresh);
    assertThat(first.stream().distinct().count()).isGreaterThan(3);
  }

  @Test
  void theOthersMakeSomething() {
    assertThat(benchmark.logitsAlone()).isEqualTo(128_256);
    assertThat(benchmark.trie().tokenizer().vocab().size()).isEqualTo(128_256);
    assertThat(benchmark.parse().grammar().accepts("[1, true]")).isTrue();
  }
}
