package org.ggml4j.nn;

import java.util.Optional;

/** What a layer keeps of the tokens before, so that the next one need not compute it again. */
public sealed interface LayerMemory {
  /**
   * A key and a value for each token.
   *
   * @param nHeadKv number of their heads
   * @param headDim size of a key head
   * @param headDimV size of a value head
   * @param window what a token sees, if not everything: only so much is kept
   * @param rope how keys are turned by their position, if they are
   */
  record Attention(
      int nHeadKv, int headDim, int headDimV, Optional<Window> window, Optional<Rope> rope)
      implements LayerMemory {
    /** Of all tokens, without positions. */
    public static Attention of(int nHeadKv, int headDim, int headDimV) {
      return new Attention(nHeadKv, headDim, headDimV, Optional.empty(), Optional.empty());
    }

    /** With keys that are turned. */
    public Attention turnedBy(Rope r) {
      return new Attention(nHeadKv, headDim, headDimV, window, Optional.of(r));
    }

    /** Of the tokens in a window only. */
    public Attention within(Window w) {
      return new Attention(nHeadKv, headDim, headDimV, Optional.of(w), rope);
    }
  }

  /**
   * Nothing of its own: it looks at another layer's keys and values.
   *
   * @param il that layer, which comes before and has {@link Attention}
   */
  record Shared(int il) implements LayerMemory {}

  /** Nothing: the layer has no attention. */
  record None() implements LayerMemory {}
}
