package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrices that were declared with more rows than there is data for. */
class PaddedMatrixTest {
  private static final int K = 64;

  @ParameterizedTest
  @CsvSource({
    "Q8_0, 20, 32",
    "Q8_0, 64, 96",
    "Q8_0, 65, 96",
    "Q8_0, 100, 160",
    "Q4_0, 64, 96",
    "Q4_0, 81, 128",
    "Q4_1, 96, 128",
    "F16, 50, 64",
    "F32, 50, 64"
  })
  void rowsWithoutDataAreZeros(GgmlType type, int rows, int declared) {
    BufferType memory =
        WeightStore.choose(Device.cpu(), WeightStore.Operation.MUL_MAT, true, type, K, declared);
    float[] values = Calculation.numbers(7, rows * K);
    for (BufferType each : List.of(memory, Device.cpu().bufferType())) {
      float[] expected = product(each, type, Arrays.copyOf(values, declared * K), declared);
      float[] found = product(each, type, values, declared);
      assertThat(found).isEqualTo(expected);
      assertThat(Arrays.copyOf(found, rows)).doesNotContain(0);
      assertThat(Arrays.copyOfRange(found, rows, declared)).containsOnly(0);
    }
  }

  /** The product with one vector, of a matrix whose zeros are given, or left out. */
  private static float[] product(BufferType memory, GgmlType type, float[] values, int declared) {
    try (Calculation c = new Calculation()) {
      Tensor matrix = c.weight(memory, type, values, K, declared);
      return c.floats(matrix.mulMat(c.floats(Calculation.numbers(8, K), K)));
    }
  }
}
