package org.ggml4j.decode;

import org.ggml4j.sampling.Logits;

/** A text in a KV cache that tokens can be appended to; what a decoding loop works on. */
public interface Sequence {
  /**
   * Evaluates tokens behind those that are there; of none, nothing happens.
   *
   * @throws org.ggml4j.nn.ContextFullException if they don't fit
   * @throws org.ggml4j.ggml.GgmlException if it was cancelled
   */
  void append(int... tokens);

  /** Loads the logits after the last token. */
  void readLogits(Logits to);

  /** How many more tokens fit. */
  int room();
}
