package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The products of few vectors that ggml4j adds to GGML's: a vector's result is that of GGML's own
 * kernel for one vector, bit for bit.
 */
class FewRowsTest {
  /**
   * Q6_K from plain memory: all numbers of vectors that have code of their own, and more than go at
   * once. A stack of one matrix goes to GGML's kernel, which takes one vector at a time.
   */
  @ParameterizedTest
  @CsvSource({
    "256,  1,   1, 1, 1",
    "256,  7,   2, 1, 2",
    "512,  33,  3, 1, 2",
    "768,  100, 4, 1, 1",
    "1024, 129, 5, 1, 3",
    "256,  500, 6, 1, 2",
    "2048, 64,  7, 1, 2",
    "512,  300, 8, 1, 2",
    "512,  300, 9, 1, 3",
    "256,  40, 31, 1, 2",
    "256,  40,  3, 4, 2"
  })
  void equalsTheProductOfOneVectorAtATime(int in, int out, int n, int nBatch, int nThreads) {
    int nVectors = n * nBatch;
    try (Calculation c = new Calculation(nThreads)) {
      BufferType plain = Device.cpu().bufferType();
      Tensor w = c.weight(plain, GgmlType.Q6_K, Calculation.numbers(1, in * out), in, out);
      Tensor x = c.floats(Calculation.numbers(2, in * nVectors), in, n, nBatch);
      Tensor ids = c.ints(new int[nVectors], 1, nVectors);
      Tensor product = w.mulMat(x);
      Tensor expected = w.reshape(in, out, 1).mulMatId(x.reshape(in, 1, nVectors), ids);
      float[][] both = c.together(product, expected);
      assertThat(both[0]).containsExactly(both[1]).doesNotContain(0);
      for (int i = 0; i < 2; i++) {
        both = c.again(product, expected);
        assertThat(both[0]).containsExactly(both[1]).doesNotContain(0);
      }
    }
  }

  /**
   * From the memory that the matrix would lie in, AMX's where there is one: one to eight vectors of
   * nine, which are too many for these products.
   */
  @ParameterizedTest
  @CsvSource({
    "Q4_0, 32, 32, 1",
    "Q4_0, 576, 96, 2",
    "Q4_0, 2048, 544, 3",
    "Q8_0, 32, 32, 1",
    "Q8_0, 576, 96, 2",
    "Q8_0, 2048, 544, 3",
    "Q4_K, 256, 32, 1",
    "Q4_K, 768, 96, 2",
    "Q4_K, 2048, 544, 3",
    "Q5_K, 256, 32, 1",
    "Q5_K, 768, 96, 2",
    "Q5_K, 2048, 544, 3",
    "IQ4_XS, 256, 32, 1",
    "IQ4_XS, 768, 96, 2",
    "IQ4_XS, 2048, 544, 3"
  })
  void equalsTheProductOfMany(GgmlType type, int in, int out, int nThreads) {
    BufferType memory =
        WeightStore.choose(Device.cpu(), WeightStore.Operation.MUL_MAT, true, type, in, out);
    try (Calculation c = new Calculation(nThreads)) {
      Tensor w = c.weight(memory, type, Calculation.numbers(3, in * out), in, out);
      Tensor x = c.floats(Calculation.numbers(4, in * 9), in, 9);
      Tensor[] products = new Tensor[9];
      for (int n = 1; n <= 9; n++) {
        products[n - 1] = w.mulMat(x.view2d(in, n, x.nb(1), 0));
      }
      float[][] found = c.together(products);
      assertThat(found[8]).hasSize(9 * out).doesNotContain(0);
      for (float[] few : found) {
        float[] expected = Arrays.copyOf(found[8], few.length);
        assertThat(few).containsExactly(expected, within(1e-3f));
        if (memory.isAmx()) {
          assertThat(few).containsExactly(expected);
        }
      }
    }
  }

  /** Where the fast products are, no copy with rearranged weights is made. */
  @Test
  void keepsTheMatrixInPlainMemory() {
    BufferType memory =
        WeightStore.choose(
            Device.cpu(), WeightStore.Operation.MUL_MAT, true, GgmlType.Q6_K, 2048, 512);
    assertThat(Native.library().hasFewRows() && memory.isAmx()).isFalse();
  }
}
