package org.ggml4j.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.jspecify.annotations.Nullable;

/**
 * Attention within rows of equal length, each a text of its own, with nothing kept: for training,
 * where every operation must have a backward pass.
 */
public final class RowAttention implements KvCache {
  private final Inputs in;
  private final int rowLength;
  private @Nullable Tensor mask;

  /**
   * @param in inputs of a graph whose tokens are rows behind each other
   * @param rowLength tokens of a row
   */
  public RowAttention(Inputs in, int rowLength) {
    if (in.nTokens() % rowLength != 0) {
      throw new IllegalArgumentException(
          in.nTokens() + " tokens are no whole number of rows of " + rowLength);
    }
    this.in = in;
    this.rowLength = rowLength;
  }

  @Override
  public Layer layer(int il) {
    return new Layer() {
      @Override
      public Stored append(Tensor k, Tensor v) {
        return (q, scores) -> attend(il, q, k, v, scores);
      }

      @Override
      public Stored stored() {
        throw new UnsupportedModelException(
            "layers that share keys and values can't be trained: layer " + il);
      }
    };
  }

  /**
   * Rows and heads share a dimension, because GGML's backward pass of a product repeats matrices in
   * the third dimension only: head h of row r is number r * nHead + h, and that divided by nHead /
   * nHeadKv is its key's.
   */
  private Tensor attend(int il, Tensor q, Tensor k, Tensor v, Scores scores) {
    if (scores.maxBias() != 0) {
      throw new UnsupportedModelException("attention with ALiBi can't be trained: layer " + il);
    }
    long nRows = q.ne(2) / rowLength;
    Tensor qq = merged(rows(q).permute(0, 2, 1, 3)); // [headDim, rowLength, nHead * nRows]
    Tensor kk = merged(rows(k).permute(0, 2, 1, 3)); // [headDim, rowLength, nHeadKv * nRows]
    Tensor vt = merged(rows(v).permute(1, 2, 0, 3)); // [rowLength, headDimV, nHeadKv * nRows]
    Tensor kq = kk.mulMat(qq).named("kq", il); // [rowLength, rowLength, nHead * nRows]
    Tensor p = Attention.probabilities(kq, mask(), scores).named("kq_soft_max", il);
    Tensor kqv = vt.mulMat(p).named("kqv", il); // [headDimV, rowLength, nHead * nRows]
    Tensor y = kqv.reshape(kqv.ne(0), rowLength, q.ne(1), nRows).permute(0, 2, 1, 3);
    return y.cont2d(y.ne(0) * y.ne(1), q.ne(2)).named("kqv_out", il); // [headDimV * nHead, nTokens]
  }

  /** [headDim, nHead, nTokens] as [headDim, nHead, rowLength, nRows]. */
  private Tensor rows(Tensor x) {
    return x.reshape(x.ne(0), x.ne(1), rowLength, x.ne(2) / rowLength);
  }

  private static Tensor merged(Tensor x) {
    return x.cont().reshape(x.ne(0), x.ne(1), x.ne(2) * x.ne(3));
  }

  private Tensor mask() {
    if (mask == null) {
      mask = in.add("attn_inp_kq_mask", GgmlType.F32, this::fillMask, rowLength, rowLength);
    }
    return mask;
  }

  private void fillMask(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
    MemorySegment to = scratch.atLeast(4L * rowLength * rowLength);
    for (int i = 0; i < rowLength; i++) {
      for (int j = 0; j < rowLength; j++) {
        to.setAtIndex(
            ValueLayout.JAVA_FLOAT,
            (long) i * rowLength + j,
            j <= i ? 0f : Float.NEGATIVE_INFINITY);
      }
    }
    tensor.set(to, 0, 4L * rowLength * rowLength);
  }
}
