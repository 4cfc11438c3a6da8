package org.ggml4j;

import java.util.OptionalInt;
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
 * @param contextShift how many tokens at the begin stay when the context is full, and half of the
 *     others are forgotten to go on; empty if a full context ends the text
 */
public record SessionOptions(
    int nCtx,
    int nBatch,
    int threads,
    GgmlType typeK,
    GgmlType typeV,
    boolean flashAttn,
    boolean reuseGraph,
    OptionalInt contextShift) {

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
    if (contextShift.isPresent() && contextShift.getAsInt() < 0) {
      throw new IllegalArgumentException(
          "contextShift: expected 0 or more tokens to keep, found " + contextShift.getAsInt());
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
    return new SessionOptions(
        0, 512, 0, GgmlType.F16, GgmlType.F16, true, true, OptionalInt.empty());
  }

  public SessionOptions withContext(int tokens) {
    return new SessionOptions(
        tokens, nBatch, threads, typeK, typeV, flashAttn, reuseGraph, contextShift);
  }

  public SessionOptions withBatch(int tokens) {
    return new SessionOptions(
        nCtx, tokens, threads, typeK, typeV, flashAttn, reuseGraph, contextShift);
  }

  public SessionOptions withThreads(int n) {
    return new SessionOptions(nCtx, nBatch, n, typeK, typeV, flashAttn, reuseGraph, contextShift);
  }

  /** Sets the type of keys and values. */
  public SessionOptions withKvType(GgmlType type) {
    return new SessionOptions(
        nCtx, nBatch, threads, type, type, flashAttn, reuseGraph, contextShift);
  }

  /** Sets both types. */
  public SessionOptions withKvTypes(GgmlType keys, GgmlType values) {
    return new SessionOptions(
        nCtx, nBatch, threads, keys, values, flashAttn, reuseGraph, contextShift);
  }

  public SessionOptions withFlashAttn(boolean on) {
    return new SessionOptions(nCtx, nBatch, threads, typeK, typeV, on, reuseGraph, contextShift);
  }

  public SessionOptions withReuseGraph(boolean on) {
    return new SessionOptions(nCtx, nBatch, threads, typeK, typeV, flashAttn, on, contextShift);
  }

  /**
   * Goes on when the context is full: the first {@code nKeep} tokens stay, half of the others is
   * forgotten, oldest first, and the rest moves up. With the begin gone a text soon falls apart, so
   * 4 at least should stay (StreamingLLM, arXiv 2309.17453). It is for the text of a session and
   * its forks; searches and parallel texts end when the context is full. A model whose tokens can't
   * be moved gets an {@link org.ggml4j.gguf.UnsupportedModelException} when a session is opened.
   */
  public SessionOptions withContextShift(int nKeep) {
    return new SessionOptions(
        nCtx, nBatch, threads, typeK, typeV, flashAttn, reuseGraph, OptionalInt.of(nKeep));
  }

  /** Ends a text when the context is full, which is the default. */
  public SessionOptions withoutContextShift() {
    return new SessionOptions(
        nCtx, nBatch, threads, typeK, typeV, flashAttn, reuseGraph, OptionalInt.empty());
  }
}
