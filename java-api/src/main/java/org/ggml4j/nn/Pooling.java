package org.ggml4j.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;

/** How the vectors of a text's tokens become one of the text: {@code ARCH.pooling_type}. */
public enum Pooling {
  /** Not at all: each token has its own. */
  NONE,
  MEAN,
  /** That of the first token, which BERT calls CLS. */
  CLS,
  LAST,
  /** Scores of classes, by the model's {@link Classifier}. */
  RANK;

  /**
   * By the number in a file.
   *
   * @throws UnsupportedModelException if there is no such way
   */
  public static Pooling of(int number) {
    if (number < 0 || number >= values().length) {
      throw new UnsupportedModelException(
          "pooling_type: expected 0 to 4 of " + Arrays.toString(values()) + ", found " + number);
    }
    return values()[number];
  }

  /**
   * Appends to a graph the mean of each text's tokens.
   *
   * @param x F32 [nEmbd, nTokens], of a batch whose sequences are numbered from 0
   * @return F32 [nEmbd, nTexts]
   */
  public static Tensor mean(Tensor x, Inputs in, int nTexts) {
    Tensor shares = in.add("inp_mean", GgmlType.F32, Pooling::fillShares, in.nTokens(), nTexts);
    return x.transpose().cont().mulMat(shares);
  }

  private static void fillShares(Tensor to, Batch batch, Inputs.Scratch scratch) {
    int n = batch.size();
    int[] counts = new int[(int) to.ne(1)];
    for (int i = 0; i < n; i++) {
      counts[batch.sequence(i)]++;
    }
    MemorySegment row = scratch.atLeast(4L * n);
    for (int s = 0; s < counts.length; s++) {
      for (int i = 0; i < n; i++) {
        float share = batch.sequence(i) == s ? 1f / counts[s] : 0;
        row.setAtIndex(ValueLayout.JAVA_FLOAT, i, share);
      }
      to.set(row, 4L * n * s, 4L * n);
    }
  }
}
