package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.ggml4j.Model;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.quantize.QuantizationOptions;
import org.ggml4j.quantize.QuantizationPlan;
import org.ggml4j.quantize.QuantizationRecipe;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelShapeTest {
  private static final String SMALL =
      "n_embd=256,n_layer=3,n_ff=768,n_head=4,n_head_kv=2,n_vocab=4096,n_ctx=2048";

  @TempDir Path folder;

  /** Numbers of weights as the models' own files have them. */
  @ParameterizedTest
  @CsvSource({
    "smollm2-135m, 134515008",
    "smollm2-1.7b, 1711376384",
    "tinyllama-1.1b, 1100048384",
    "llama-3.2-1b, 1235814400",
    "llama-3.2-3b, 3212749824",
    "llama-3.1-8b, 8030261248",
    "mistral-7b, 7248023552",
    "qwen3-0.6b, 596049920",
    "qwen3-4b, 4022468096",
    "qwen3-8b, 8190735360",
    "gemma-3-270m, 268098176",
    "gemma-3-1b, 999885952"
  })
  void aKnownShapeHasTheModelsNumberOfWeights(String name, long expected) throws IOException {
    assertThat(ModelShape.parse(name).tensors().nElements()).isEqualTo(expected);
  }

  @Test
  void everyKnownShapeCanBePlanned() throws IOException {
    for (String name : ModelShape.names()) {
      ModelShape shape = ModelShape.parse(name);
      QuantizationPlan plan =
          QuantizationPlan.of(
              shape.metadata(),
              ModelShape.halfPrecision(shape.tensors()),
              QuantizationOptions.of(QuantizationRecipe.Q4_K_M),
              Optional.empty());
      assertThat(plan.bitsPerWeight()).as(name).isBetween(4.5, 7.5);
    }
  }

  @Test
  void sizesThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> ModelShape.parse("llama-9")).hasMessageContaining("qwen3-0.6b");
    assertThatThrownBy(() -> ModelShape.parse("n_embd=x")).hasMessageContaining("found x");
    assertThatThrownBy(() -> ModelShape.parse("width=8")).hasMessageContaining("n_embd");
  }

  /** Weights and cache to the byte, but for alignment; intermediate results within a quarter. */
  @ParameterizedTest
  @CsvSource({"1024, 512, Q8_0, F16", "2048, 128, Q4_K_M, Q8_0", "512, 512, Q6_K, F32"})
  void theEstimateIsWhatIsTaken(int nCtx, int nBatch, QuantizationRecipe level, GgmlType kv)
      throws IOException {
    SessionOptions options =
        SessionOptions.defaults().withContext(nCtx).withBatch(nBatch).withKvType(kv).withThreads(1);
    Path file = folder.resolve("small.gguf");
    try (LevelSource source = LevelSource.OfShape.of(ModelShape.parse(SMALL))) {
      QuantizationPlan plan = source.make(QuantizationOptions.of(level), file, share -> true);
      MemoryFit fit = MemoryFit.of(source.metadata(), plan, options);
      try (Model model = Model.load(file);
          Session session = model.newSession(options)) {
        assertThat(fit.weights()).isCloseTo(model.nativeBytes(), Percentage.withPercentage(1));
        assertThat(fit.cache() + fit.compute())
            .isCloseTo(session.nativeBytes(), Percentage.withPercentage(25));
        session.append(1, 2, 3);
        float[] logits = new float[4096];
        session.readLogits(0, logits);
        assertThat(logits).doesNotContain(Float.NaN);
      }
    }
  }

  @Test
  void speedIsMeasuredWithoutAModel() throws IOException {
    Path report = folder.resolve("report");
    Cli.Result result =
        Cli.run(
            "quants",
            "--shape",
            SMALL,
            "--levels",
            "Q4_0",
            "-p",
            "8",
            "-n",
            "2",
            "-r",
            "1",
            "-t",
            "1",
            "-o",
            report.toString());
    assertThat(result.code()).as(result.err()).isZero();
    List<String> lines = result.out().lines().toList();
    assertThat(lines.get(0)).endsWith("decode tokens/s");
    assertThat(lines.get(1)).startsWith("Q4_0");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("report.html", "report.json");
    }
  }

  @Test
  void memoryIsEstimatedWithoutLoading() {
    Cli.Result result = Cli.run("quants", "--shape", "llama-3.1-8b", "--fit", "--ctx", "8192");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .containsPattern("Q4_K_M +4\\.[0-9] GiB +1\\.0 GiB ")
        .contains("For a context of 8192 tokens");
    Cli.Result file = Cli.run("quants", Cli.tinyModel().toString(), "--fit", "--levels", "Q8_0");
    assertThat(file.code()).as(file.err()).isZero();
    assertThat(file.out()).contains("Q8_0 ", "fits");
    assertThat(Cli.run("quants", "x.gguf", "--shape", "qwen3-8b").code()).isEqualTo(Errors.USAGE);
  }
}
