package org.ggml4j;

import org.ggml4j.gguf.GgmlType;

/**
 * How a session is opened.
 *
 * @param nCtx tokens that the KV cache holds, of all sequences together; 0 for the model's training
 *     length, at most 4096
 * @param nBatch tokens that are evaluated at once; a longer prompt is cut into chunks of it
 * @param threads CPU threads; 0 for the model's default
 * @param typeK type of the cached keys: F32, F16, BF16, Q8_0, Q5_1, Q5_0, Q4_1, Q4_0 or IQ4_NL
 * @param typeV type of the cached values; a quantized one needs flash attention
 * @param flashAttn whether attention is computed as one operation
 * @param reuseGraph whether the graph of a step serves the next one too; off only to compare
 */
public record SessionOptions(
    int nCtx,
    int nBatch,
    int threads,
    GgmlType typeK,
    GgmlType typeV,
    boolean flashAttn,
    boolean reuseGraph) {

  public SessionOptions {
    if (nCtx < 0) {
      throw new IllegalArgumentException("nCtx: expected 0 or more, found " + nCtx);
    }
    if (nBatch < 1) {
      throw new IllegalArgumentException("nBatch: expected 1 or more, found " + nBatch);
    }
    if (threads < 0) {
      throw new IllegalArgumentException("threads: expected 0 or more, found " + threads);
    }
    checkType("typeK", typeK);
    checkType("typeV", typeV);
    if (typeV.isQuantized() && !flashAttn) {
      throw new IllegalArgumentException(
          "typeV: " + typeV + " needs flash attention; turn it on, or use F16");
    }
  }

  private static void checkType(String name, GgmlType type) {
    switch (type) {
      case F32, F16, BF16, Q8_0, Q5_1, Q5_0, Q4_1, Q4_0, IQ4_NL -> {}
      default ->
          throw new IllegalArgumentException(
              name
                  + ": expected F32, F16, BF16, Q8_0, Q5_1, Q5_0, Q4_1, Q4_0 or IQ4_NL, found "
                  + type);
    }
  }

  /** A cache in F16 of up to 4096 tokens, flash attention. */
  public static SessionOptions defaults() {
    return new SessionOptions(0, 512, 0, GgmlType.F16, GgmlType.F16, true, true);
  }

  public SessionOptions withContext(int tokens) {
    return new SessionOptions(tokens, nBatch, threads, typeK, typeV, flashAttn, reuseGraph);
  }

  public SessionOptions withBatch(int tokens) {
    return new SessionOptions(nCtx, tokens, threads, typeK, typeV, flashAttn, reuseGraph);
  }

  public SessionOptions withThreads(int n) {
    return new SessionOptions(nCtx, nBatch, n, typeK, typeV, flashAttn, reuseGraph);
  }

  /** Sets the type of keys and values. */
  public SessionOptions withKvType(GgmlType type) {
    return new SessionOptions(nCtx, nBatch, threads, type, type, flashAttn, reuseGraph);
  }

  /** Sets both types. */
  public SessionOptions withKvTypes(GgmlType keys, GgmlType values) {
    return new SessionOptions(nCtx, nBatch, threads, keys, values, flashAttn, reuseGraph);
  }

  public SessionOptions withFlashAttn(boolean on) {
    return new SessionOptions(nCtx, nBatch, threads, typeK, typeV, on, reuseGraph);
  }

  public SessionOptions withReuseGraph(boolean on) {
    return new SessionOptions(nCtx, nBatch, threads, typeK, typeV, flashAttn, on);
  }
}
