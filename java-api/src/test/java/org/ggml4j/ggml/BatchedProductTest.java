package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of several matrices at once with weights that lie where their kernels want them. */
class BatchedProductTest {
  private static final int K = 64;
  private static final int N = 64;

  /** One matrix for each head, as in latent attention, and one matrix for all of them. */
  @ParameterizedTest
  @CsvSource({"1, 1, 4", "1, 5, 4", "1, 40, 3", "4, 1, 4", "4, 5, 4", "4, 40, 8"})
  void equalsTheOneFromPlainMemory(int nWeights, int nColumns, int nBatch) {
    float[] expected = product(false, nWeights, nColumns, nBatch);
    float[] found = product(true, nWeights, nColumns, nBatch);
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isCloseTo(expected[i], offset(1e-4f));
    }
  }

  private static float[] product(boolean extras, int nWeights, int nColumns, int nBatch) {
    GgmlType type = GgmlType.Q8_0;
    BufferType memory =
        WeightStore.choose(
            Device.cpu(), WeightStore.Operation.MUL_MAT, extras, type, K, N, nWeights);
    try (Calculation c = new Calculation(2)) {
      Tensor w = c.weight(memory, type, Calculation.numbers(7, K * N * nWeights), K, N, nWeights);
      Tensor x = c.floats(Calculation.numbers(8, K * nColumns * nBatch), K, nColumns, nBatch);
      return c.floats(w.mulMat(x).shaped(N, nColumns, nBatch));
    }
  }
}
