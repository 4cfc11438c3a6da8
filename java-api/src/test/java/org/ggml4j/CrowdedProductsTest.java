package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Products whose results are a multiple of 2048 bytes wide, which AMX's kernels write with gaps
 * between them, against the same model without rearranged weights.
 */
class CrowdedProductsTest {
  private static final TinyGguf SHAPE =
      new TinyGguf("llama", 2, 512, 4, 4, 1024, 0, 0, false, false, false, "none", GgmlType.F32);

  @TempDir Path folder;

  private void compare(TinyGguf shape, int nTokens, boolean flash) throws IOException {
    SessionOptions options = Logit.EXACT.withFlashAttn(flash);
    int[] tokens = Logit.tokens(nTokens);
    Path file = shape.write(folder);
    try (Model packed = Model.load(file);
        Model plain = Model.load(file, ModelOptions.defaults().withRepack(false))) {
      double nmse =
          Logit.nmse(Logit.alone(packed, options, tokens), Logit.alone(plain, options, tokens));
      assertThat(nmse).isLessThan(1e-3);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 8, 9, 31, 32, 33, 63, 64, 65, 100})
  void everyNumberOfTokens(int nTokens) throws IOException {
    compare(SHAPE.withType(GgmlType.Q8_0), nTokens, false);
  }

  @ParameterizedTest
  @EnumSource(names = {"Q4_0", "Q4_1", "Q8_0"})
  void everyTypeThatGainsByIt(GgmlType type) throws IOException {
    compare(SHAPE.withType(type), 70, true);
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 40})
  void withBiasesAndExperts(int nTokens) throws IOException {
    compare(SHAPE.withType(GgmlType.Q8_0).withBiases(), nTokens, true);
    TinyGguf experts =
        new TinyGguf("llama", 1, 512, 4, 2, 512, 4, 2, true, false, false, "none", GgmlType.Q8_0);
    compare(experts, nTokens, true);
  }
}
