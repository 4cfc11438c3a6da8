package org.ggml4j.nn;

import java.util.List;
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
   * @param latent whether a value is the begin of its key, so that only keys are kept: multi-head
   *     latent attention, arXiv 2405.04434
   */
  record Attention(
      int nHeadKv,
      int headDim,
      int headDimV,
      Optional<Window> window,
      Optional<Rope> rope,
      boolean latent)
      implements LayerMemory {
    /** Of all tokens, without positions. */
    public static Attention of(int nHeadKv, int headDim, int headDimV) {
      return new Attention(nHeadKv, headDim, headDimV, Optional.empty(), Optional.empty(), false);
    }

    /** Of keys whose first {@code headDimV} elements are the values too. */
    public static Attention latent(int headDim, int headDimV) {
      return new Attention(1, headDim, headDimV, Optional.empty(), Optional.empty(), true);
    }

    /** With keys that are turned. */
    public Attention turnedBy(Rope r) {
      return new Attention(nHeadKv, headDim, headDimV, window, Optional.of(r), latent);
    }

    /** Of the tokens in a window only. */
    public Attention within(Window w) {
      return new Attention(nHeadKv, headDim, headDimV, Optional.of(w), rope, latent);
    }
  }

  /**
   * Nothing of its own: it looks at another layer's keys and values.
   *
   * @param il that layer, which comes before and has {@link Attention}
   */
  record Shared(int il) implements LayerMemory {}

  /**
   * Vectors of a size that does not grow with the text, which each token changes: the state of a
   * recurrence. All are zero before the first token.
   *
   * @param sizes how many numbers each has
   */
  record Recurrent(List<Integer> sizes) implements LayerMemory {
    public Recurrent {
      sizes = List.copyOf(sizes);
    }

    /** Of vectors of these sizes. */
    public static Recurrent of(Integer... sizes) {
      return new Recurrent(List.of(sizes));
    }
  }

  /** Keys and values, and a state: a layer with attention and a recurrence side by side. */
  record Both(Attention attention, Recurrent recurrent) implements LayerMemory {}

  /** Nothing: the layer has no attention. */
  record None() implements LayerMemory {}
}
