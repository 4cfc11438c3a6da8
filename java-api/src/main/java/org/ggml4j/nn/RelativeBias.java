package org.ggml4j.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * What is added to the products of queries and keys by how far these lie apart: a number for each
 * head and each bucket of distances, of which the wide ones hold many. arXiv 1910.10683 (T5);
 * llama.cpp's {@code llama_relative_position_bucket}.
 *
 * @param weight [nHead, nBuckets]
 * @param bidirectional whether half of the buckets are for keys behind the query
 */
public record RelativeBias(Weight weight, boolean bidirectional) {
  /** Distances from here on share the last bucket. */
  private static final int MAX_DISTANCE = 128;

  /** The bucket of two positions. */
  public int bucket(int key, int query) {
    int nBuckets = (int) weight.ne(1);
    int distance = key - query;
    if (bidirectional) {
      int half = nBuckets / 2;
      return (distance > 0 ? half : 0) + bucketOf(Math.abs(distance), half);
    }
    return bucketOf(-Math.min(distance, 0), nBuckets);
  }

  /** One bucket each for small distances, then such whose width grows with the distance. */
  private static int bucketOf(int distance, int nBuckets) {
    int exact = nBuckets / 2;
    if (distance < exact) {
      return distance;
    }
    float ln = (float) Math.log((float) ((double) distance / exact));
    double wide = ln * (float) (nBuckets - exact) / Math.log((double) MAX_DISTANCE / exact);
    return Math.min((int) Math.floor((float) (exact + wide)), nBuckets - 1);
  }

  /** Writes the buckets of a row of keys. */
  interface Keys {
    int position(int i);
  }

  /** Fills I32 [nKv * nTokens] with the bucket of each key and each of a batch's tokens. */
  void fill(Tensor to, Batch batch, Inputs.Scratch scratch, int nKv, Keys keys) {
    MemorySegment row = scratch.atLeast(4L * nKv);
    for (int i = 0; i < batch.size(); i++) {
      for (int k = 0; k < nKv; k++) {
        int bucket = bucket(Math.max(0, keys.position(k)), batch.position(i));
        row.setAtIndex(ValueLayout.JAVA_INT, k, bucket);
      }
      to.set(row, 4L * nKv * i, 4L * nKv);
    }
  }

  /**
   * @param buckets I32 [nKv * nTokens]
   * @return F32 [nKv, nTokens, nHead]
   */
  Tensor apply(Tensor buckets, long nKv) {
    Tensor rows = buckets.graph().use(weight).getRows(buckets); // [nHead, nKv * nTokens]
    return rows.reshape(rows.ne(0), nKv, rows.ne(1) / nKv).permute(2, 0, 1, 3).cont();
  }
}
