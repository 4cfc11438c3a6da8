package org.ggml4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Param;

/** What is measured computes something: the benchmarks' methods, called for each parameter. */
class SmallBenchmarksTest {
  private static final String SOURCES = "../../native/target/cmake/sources.properties";
  private static final String MODEL = "../cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf";

  private static Stream<String> values(Class<?> benchmark, String parameter) {
    try {
      Field field = benchmark.getField(parameter);
      return Arrays.stream(field.getAnnotation(Param.class).value());
    } catch (NoSuchFieldException e) {
      throw new AssertionError(e);
    }
  }

  static Stream<String> vocabularies() {
    return values(TokenizerBenchmark.class, "vocab");
  }

  static Stream<String> types() {
    return values(QuantizeBenchmark.class, "type");
  }

  static Stream<String> templates() {
    return values(TemplateBenchmark.class, "template");
  }

  static Stream<String> samplers() {
    return values(SamplerBenchmark.class, "sampler");
  }

  @Test
  void aGraphIsReusedOrBuiltAnew() throws Exception {
    GraphBenchmark benchmark = new GraphBenchmark();
    benchmark.model = MODEL;
    benchmark.threads = 1;
    benchmark.open();
    float logit = benchmark.reuse();
    long[] before = benchmark.builds();
    for (int i = 0; i < 3; i++) {
      assertThat(benchmark.reuse()).isEqualTo(logit);
      assertThat(benchmark.rebuild()).isEqualTo(logit);
    }
    long[] after = benchmark.builds();
    benchmark.close();
    assertThat(after[0] - before[0]).isZero();
    assertThat(after[1] - before[1]).isEqualTo(3);
  }

  @ParameterizedTest
  @MethodSource("vocabularies")
  void textBecomesTokensAndTextAgain(String vocab) throws Exception {
    TokenizerBenchmark benchmark = new TokenizerBenchmark();
    benchmark.vocab = vocab;
    benchmark.sources = SOURCES;
    benchmark.open();
    assertThat(benchmark.encode()).hasSizeBetween(10_000, 30_000);
    assertThat(benchmark.decode().strip()).startsWith(benchmark.text().substring(0, 100).strip());
  }

  @Test
  void filesAreOpened() throws Exception {
    GgufBenchmark benchmark = new GgufBenchmark();
    benchmark.sources = SOURCES;
    for (String file : List.of(MODEL, "vocabulary")) {
      benchmark.file = file;
      benchmark.find();
      assertThat(benchmark.open()).isGreaterThan(10);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void valuesAreQuantized(String type) {
    QuantizeBenchmark benchmark = new QuantizeBenchmark();
    benchmark.type = type;
    benchmark.create();
    benchmark.quantize();
    assertThat(benchmark.error())
        .isLessThan(type.startsWith("IQ1") || type.startsWith("TQ") ? 1 : 0.5);
    benchmark.close();
  }

  @ParameterizedTest
  @MethodSource("templates")
  void aChatIsRendered(String template) throws Exception {
    TemplateBenchmark benchmark = new TemplateBenchmark();
    benchmark.template = template;
    benchmark.sources = SOURCES;
    benchmark.open();
    assertThat(benchmark.render()).contains("Searches the web", "ferry to Bergen", "twice a day");
    assertThat(benchmark.parse()).isNotNull();
  }

  @ParameterizedTest
  @MethodSource("samplers")
  void aTokenIsPicked(String sampler) {
    SamplerBenchmark benchmark = new SamplerBenchmark();
    benchmark.nVocab = 32_000;
    benchmark.sampler = sampler;
    for (String shape : List.of("peaked", "flat")) {
      benchmark.shape = shape;
      benchmark.create();
      assertThat(benchmark.step()).isLessThanOrEqualTo(0);
    }
  }
}
