package org.ggml4j.gguf;

import java.util.Arrays;
import java.util.Objects;

/**
 * What a GGUF file says about one tensor: everything but its data.
 *
 * @param name the tensor's name, unique in the model
 * @param type the type of its elements
 * @param ne0 elements along the first (fastest) dimension, a multiple of the type's block size
 * @param ne1 elements along the second dimension, 1 if absent; likewise {@code ne2} and {@code ne3}
 * @param ne2 elements along the third dimension
 * @param ne3 elements along the fourth dimension
 * @param nDims how many dimensions the file states, 1 to 4
 * @param split which file of a split model holds the data, from 0
 * @param offset where the data begins, in bytes from the start of that file
 * @param nBytes size of the data in bytes
 */
public record TensorInfo(
    String name,
    GgmlType type,
    long ne0,
    long ne1,
    long ne2,
    long ne3,
    int nDims,
    int split,
    long offset,
    long nBytes) {

  /**
   * Checks that the parts fit together.
   *
   * @throws IllegalArgumentException if they do not
   */
  public TensorInfo {
    Objects.requireNonNull(name, "name");
    long expected = type.sizeOf(ne0, ne1, ne2, ne3);
    if (nBytes != expected) {
      throw new IllegalArgumentException(
          name + ": " + nBytes + " bytes given, but shape and type make " + expected);
    }
    if (nDims < 1 || nDims > 4 || split < 0 || offset < 0) {
      throw new IllegalArgumentException(
          name + ": nDims " + nDims + ", split " + split + ", offset " + offset);
    }
  }

  /** The shape, always four sizes, fastest dimension first. */
  public long[] ne() {
    return new long[] {ne0, ne1, ne2, ne3};
  }

  /** The number of elements. */
  public long nElements() {
    return ne0 * ne1 * ne2 * ne3;
  }

  /** For people: {@code blk.0.attn_q.weight Q4_0 [576, 576]}. */
  @Override
  public String toString() {
    return name + " " + type + " " + Arrays.toString(Arrays.copyOf(ne(), nDims));
  }
}
