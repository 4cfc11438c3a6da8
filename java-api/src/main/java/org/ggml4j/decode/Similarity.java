package org.ggml4j.decode;

import java.util.Arrays;

/**
 * The directions of vectors, to find how close another one comes to any of them.
 *
 * <p>Stored dimension by dimension: the loop over the vectors is then one that HotSpot compiles to
 * vector instructions, which it does not do with the sum of a product over the dimensions.
 */
final class Similarity {
  private final float[][] directions;
  private float[] products = {};
  private int n;

  /**
   * @param nEmbd size of the vectors
   */
  Similarity(int nEmbd) {
    directions = new float[nEmbd][64];
  }

  /** Adds a vector; it is copied. */
  void add(float[] vector) {
    if (n == directions[0].length) {
      for (int d = 0; d < directions.length; d++) {
        directions[d] = Arrays.copyOf(directions[d], 2 * n);
      }
    }
    float factor = 1 / norm(vector);
    for (int d = 0; d < directions.length; d++) {
      directions[d][n] = vector[d] * factor;
    }
    n++;
  }

  /** The largest cosine between {@code vector} and one that was added; -1 without any. */
  double maxCosine(float[] vector) {
    if (products.length < n) {
      products = new float[directions[0].length];
    }
    Arrays.fill(products, 0, n, 0);
    for (int d = 0; d < directions.length; d++) {
      float[] direction = directions[d];
      float value = vector[d];
      for (int i = 0; i < n; i++) {
        products[i] += value * direction[i];
      }
    }
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, products[i]);
    }
    return n == 0 ? -1 : max / norm(vector);
  }

  private static float norm(float[] vector) {
    double sum = 0;
    for (float value : vector) {
      sum += (double) value * value;
    }
    return (float) Math.max(Math.sqrt(sum), Float.MIN_NORMAL);
  }
}
