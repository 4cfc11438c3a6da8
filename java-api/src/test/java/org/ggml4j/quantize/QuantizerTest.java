package org.ggml4j.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.ParameterizedInvocationConstants.ARGUMENTS_WITH_NAMES_PLACEHOLDER;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufWriter;
import org.ggml4j.gguf.TensorInfo;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tensors are byte for byte those of llama-quantize, by digests recorded from it. */
class QuantizerTest {
  private static final Map<String, String> DIGESTS = new TreeMap<>();

  @TempDir static Path folder;

  @BeforeAll
  static void prepare() throws IOException {
    try (InputStream in =
        QuantizerTest.class.getResourceAsStream("/quantize/llama-quantize-digests.txt")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        int last = line.lastIndexOf(' ');
        DIGESTS.put(line.substring(0, last), line.substring(last + 1));
      }
    }
    for (ToyModels.Shape shape : ToyModels.SHAPES) {
      ToyModels.write(shape, model(shape));
      ToyModels.writeImportance(model(shape), importance(shape));
    }
  }

  private static Path model(ToyModels.Shape shape) {
    return folder.resolve(shape.name() + ".gguf");
  }

  private static Path importance(ToyModels.Shape shape) {
    return folder.resolve(shape.name() + "-imatrix.gguf");
  }

  static Stream<ToyModels.Shape> shapes() {
    return ToyModels.SHAPES.stream();
  }

  @ParameterizedTest(name = ARGUMENTS_WITH_NAMES_PLACEHOLDER)
  @MethodSource("shapes")
  void writesWhatLlamaQuantizeWritesAtEachLevel(ToyModels.Shape shape) throws IOException {
    Map<String, String> found = new TreeMap<>();
    Map<String, String> expected = new TreeMap<>();
    for (QuantizationRecipe recipe : QuantizationRecipe.values()) {
      for (String with : List.of("plain", "imatrix")) {
        String key = shape.name() + " " + recipe + " " + with;
        Optional<ImportanceMatrix> importance =
            with.equals("plain")
                ? Optional.empty()
                : Optional.of(ImportanceMatrix.read(importance(shape)));
        expected.put(key, DIGESTS.getOrDefault(key, "not recorded"));
        found.put(key, quantize(shape, QuantizationOptions.of(recipe), importance));
      }
    }
    assertThat(found).hasSize(70).isEqualTo(expected);
  }

  private String quantize(
      ToyModels.Shape shape, QuantizationOptions options, Optional<ImportanceMatrix> importance)
      throws IOException {
    Path out = folder.resolve("out.gguf");
    try (GgufFile file = GgufFile.open(model(shape))) {
      Quantizer.of(file, options, importance).write(out, (t, done, total) -> true);
    } catch (IllegalArgumentException e) {
      assertThat(e).message().containsAnyOf("needs an importance matrix", "don't fit blocks");
      return "refused";
    }
    try (GgufFile file = GgufFile.open(out)) {
      assertThat(file.metadata().getInt("general.file_type"))
          .isEqualTo(options.recipe().fileType());
      return ToyModels.digest(file);
    }
  }

  @Test
  void thePlanSaysWhatIsWritten() throws IOException {
    ToyModels.Shape shape = ToyModels.SHAPES.get(0);
    Path out = folder.resolve("planned.gguf");
    try (GgufFile file = GgufFile.open(model(shape))) {
      Quantizer quantizer =
          Quantizer.of(file, QuantizationOptions.of(QuantizationRecipe.Q4_K_M), Optional.empty());
      quantizer.write(out, (t, done, total) -> true);
      try (GgufFile written = GgufFile.open(out)) {
        long bytes = written.tensors().stream().mapToLong(TensorInfo::nBytes).sum();
        assertThat(quantizer.plan().nBytes()).isEqualTo(bytes);
        assertThat(quantizer.plan().bitsPerWeight()).isBetween(4.5, 7.0);
        assertThat(written.metadata().getInt("llama.block_count")).isEqualTo(16);
      }
    }
  }

  @Test
  void overridesNameTensorsByExpression() throws IOException {
    QuantizationOptions options =
        QuantizationOptions.of(QuantizationRecipe.Q4_0)
            .withOverride(Pattern.compile("blk\\.[01]\\.attn_v"), GgmlType.Q8_0)
            .withOverride(Pattern.compile("attn_v"), GgmlType.Q6_K)
            .withTokenEmbeddingType(GgmlType.F16);
    try (GgufFile file = GgufFile.open(model(ToyModels.SHAPES.get(0)))) {
      Map<String, GgmlType> types = types(QuantizationPlan.of(file, options, Optional.empty()));
      assertThat(types)
          .containsEntry("blk.1.attn_v.weight", GgmlType.Q8_0)
          .containsEntry("blk.2.attn_v.weight", GgmlType.Q6_K)
          .containsEntry("blk.2.attn_q.weight", GgmlType.Q4_0)
          .containsEntry("blk.2.attn_norm.weight", GgmlType.F32)
          .containsEntry("token_embd.weight", GgmlType.F16);
    }
    try (GgufFile file = GgufFile.open(model(ToyModels.SHAPES.get(1)))) {
      QuantizationOptions pure = QuantizationOptions.of(QuantizationRecipe.Q4_K_M).withPure(true);
      assertThat(types(QuantizationPlan.of(file, pure, Optional.empty())))
          .containsEntry("output.weight", GgmlType.Q4_K)
          .containsEntry("blk.0.ffn_down.weight", GgmlType.Q4_K);
      assertThat(types(QuantizationPlan.of(file, pure.withKeepOutput(true), Optional.empty())))
          .containsEntry("output.weight", GgmlType.F16);
      assertThat(
              types(
                  QuantizationPlan.of(file, pure.withOutputType(GgmlType.Q5_1), Optional.empty())))
          .containsEntry("output.weight", GgmlType.Q5_1);
    }
  }

  private static Map<String, GgmlType> types(QuantizationPlan plan) {
    Map<String, GgmlType> types = new TreeMap<>();
    plan.tensors().forEach(p -> types.put(p.source().name(), p.type()));
    return types;
  }

  @Test
  void aQuantizedSourceIsTakenOnlyWhenAllowed() throws IOException {
    Path q8 = folder.resolve("q8.gguf");
    try (GgufFile file = GgufFile.open(model(ToyModels.SHAPES.get(0)))) {
      Quantizer.of(file, QuantizationOptions.of(QuantizationRecipe.Q8_0), Optional.empty())
          .write(q8, (t, done, total) -> true);
    }
    QuantizationOptions q4 = QuantizationOptions.of(QuantizationRecipe.Q4_0);
    try (GgufFile file = GgufFile.open(q8)) {
      assertThatThrownBy(() -> Quantizer.of(file, q4, Optional.empty()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is Q8_0 already");
      Path out = folder.resolve("q4.gguf");
      Quantizer.of(file, q4.withAllowRequantize(true), Optional.empty())
          .write(out, (t, done, total) -> true);
      try (GgufFile written = GgufFile.open(out)) {
        assertThat(written.tensor("blk.3.attn_q.weight").orElseThrow().type())
            .isEqualTo(GgmlType.Q4_0);
      }
    }
  }

  @Test
  void cancellingLeavesNothingBehind() throws IOException {
    Path out = Files.createDirectory(folder.resolve("cancelled")).resolve("model.gguf");
    List<Long> seen = new ArrayList<>();
    try (GgufFile file = GgufFile.open(model(ToyModels.SHAPES.get(0)))) {
      Quantizer quantizer =
          Quantizer.of(file, QuantizationOptions.of(QuantizationRecipe.Q6_K), Optional.empty());
      assertThatThrownBy(
              () ->
                  quantizer.write(
                      out,
                      (t, done, total) -> {
                        seen.add(done);
                        return seen.size() < 5;
                      }))
          .isInstanceOf(CancellationException.class);
    }
    assertThat(seen).hasSize(5).isSorted();
    assertThat(out.getParent()).isEmptyDirectory();
  }

  @Test
  void valuesThatAreNotFiniteAreRefused() throws IOException {
    Path bad = folder.resolve("nan.gguf");
    float[] values = new float[512];
    values[300] = Float.NaN;
    GgufWriter.create()
        .putString("general.architecture", "llama")
        .putUint32("llama.block_count", 1)
        .tensor(
            "blk.0.attn_q.weight", GgmlType.F32, new long[] {256, 2}, MemorySegment.ofArray(values))
        .write(bad);
    Path out = folder.resolve("nan-out.gguf");
    for (QuantizationRecipe recipe :
        List.of(QuantizationRecipe.F32, QuantizationRecipe.Q8_0, QuantizationRecipe.F16)) {
      try (GgufFile file = GgufFile.open(bad)) {
        Quantizer quantizer = Quantizer.of(file, QuantizationOptions.of(recipe), Optional.empty());
        assertThatThrownBy(() -> quantizer.write(out, (t, done, total) -> true))
            .as(recipe.name())
            .isInstanceOf(GgufFormatException.class)
            .hasMessageContaining("blk.0.attn_q.weight");
      }
      assertThat(out).doesNotExist();
    }
  }

  @Test
  void levelsHaveNames() {
    assertThat(QuantizationRecipe.byName("q4_k")).isEqualTo(QuantizationRecipe.Q4_K_M);
    assertThat(QuantizationRecipe.byName("iq4_xs")).isEqualTo(QuantizationRecipe.IQ4_XS);
    assertThatThrownBy(() -> QuantizationRecipe.byName("Q9"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Q4_K_M")
        .hasMessageContaining("Q9");
  }

  @Test
  void anImportanceMatrixOfAnotherModelIsRefused() throws IOException {
    ImportanceMatrix other = ImportanceMatrix.read(importance(ToyModels.SHAPES.get(1)));
    try (GgufFile file = GgufFile.open(model(ToyModels.SHAPES.get(0)))) {
      Quantizer quantizer =
          Quantizer.of(file, QuantizationOptions.of(QuantizationRecipe.Q4_0), Optional.of(other));
      assertThatThrownBy(
              () -> quantizer.write(folder.resolve("other.gguf"), (t, done, total) -> true))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("made for another model");
    }
  }

  @Test
  void anImportanceMatrixSurvivesItsFile() throws IOException {
    ImportanceMatrix.Collector collector = new ImportanceMatrix.Collector();
    collector.add("a", 1, 0, new float[] {1, 2});
    collector.add("a", 1, 0, new float[] {3, 4});
    collector.add("b", 2, 1, new float[] {2});
    Path path = folder.resolve("small-imatrix.gguf");
    collector.finish(List.of("x.txt", "y.txt"), 3, 128).write(path);
    ImportanceMatrix read = ImportanceMatrix.read(path);
    assertThat(read.importance("a").orElseThrow()).containsExactly(5, 10);
    assertThat(read.importance("b").orElseThrow()).containsExactly(1, 4);
    assertThat(read.importance("c")).isEmpty();
    assertThat(read.size()).isEqualTo(2);
    assertThat(read.datasets()).containsExactly("x.txt", "y.txt");
    assertThat(read.chunkCount()).isEqualTo(3);
    assertThat(read.chunkSize()).isEqualTo(128);
    assertThatThrownBy(() -> collector.add("a", 1, 0, new float[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("inputs of 2");
    assertThatThrownBy(() -> collector.add("a", 1, 0, new float[] {Float.NaN, 0}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("column 0");
    assertThatThrownBy(() -> ImportanceMatrix.read(model(ToyModels.SHAPES.get(0))))
        .isInstanceOf(GgufFormatException.class);
  }
}
