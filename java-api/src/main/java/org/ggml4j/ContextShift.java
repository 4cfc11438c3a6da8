package org.ggml4j;

import org.ggml4j.arch.Architecture;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.CellCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.SequenceMemory;

/**
 * How a text goes on when the context is full: its first tokens stay, half of the others is
 * forgotten and the rest moves up; as in llama.cpp's {@code examples/main}, but in whole pages.
 *
 * <p>Paper: Xiao et al., "Efficient Streaming Language Models with Attention Sinks", arXiv
 * 2309.17453.
 */
final class ContextShift {
  private final SequenceMemory cache;
  private final int sequence;
  private final int nKeep;

  /** One for a text that wants it, see {@link SessionOptions#contextShift}. */
  ContextShift(SequenceMemory cache, int sequence, int nKeep) {
    this.cache = cache;
    this.sequence = sequence;
    this.nKeep = nKeep;
  }

  /**
   * Throws unless a session can have it.
   *
   * @throws UnsupportedModelException if the model's tokens can't be moved
   * @throws IllegalArgumentException if nothing would be left to forget
   */
  static void check(Model model, int nKeep, int nCtx) {
    checkCanShift(model);
    if (nKeep > 0 && nKeep > nCtx - 2) {
      throw new IllegalArgumentException(
          "contextShift: expected to keep at most "
              + Math.max(0, nCtx - 2)
              + " tokens of a context of "
              + nCtx
              + ", found "
              + nKeep);
    }
  }

  /** Throws if a model's tokens can't be moved to other positions. */
  static void checkCanShift(Model model) {
    Architecture.Decoder architecture = model.architecture();
    for (int il = 0; il < model.hparams().nLayer(); il++) {
      if (architecture.memory(il) instanceof LayerMemory.Attention layer
          && layer.rope().filter(rope -> !rope.canShift()).isPresent()) {
        throw new UnsupportedModelException(
            "'"
                + model.hparams().architecture()
                + "' can't move tokens: rope.dimension_sections has a fourth position, which stays"
                + " 0");
      }
    }
    if (!architecture.canShift()) {
      throw new UnsupportedModelException(
          "architecture '"
              + model.hparams().architecture()
              + "' can't move tokens: what it keeps of them depends on their positions");
    }
  }

  /** The longest batch for which there can be room: half of what may be forgotten. */
  int longestBatch(int nBatch) {
    return Math.min(nBatch, Math.max(1, (cache.nCells() - nKeep) / 2));
  }

  /** Whether something can be forgotten to make room for {@code missing} tokens. */
  boolean canFree(int missing) {
    return length(missing) > 0;
  }

  /**
   * Forgets tokens to make room for {@code missing}.
   *
   * @return where the token at {@code position}, or the one after it that is left, is then; -1 if
   *     it can't be done
   */
  int free(int missing, int position) {
    int n = length(missing);
    if (n == 0) {
      return -1;
    }
    cache.discard(sequence, nKeep, n);
    return Math.max(Math.min(position, nKeep), position - n);
  }

  /** How many tokens are forgotten to make room for {@code missing}; 0 if it can't be done. */
  private int length(int missing) {
    int left = cache.maxPosition(sequence) + 1 - nKeep;
    int n = Math.max(left / 2, missing);
    // Whole pages, so that all tokens keep their places in them.
    int pages = (n + CellCache.PAGE - 1) / CellCache.PAGE * CellCache.PAGE;
    n = pages < left ? pages : n;
    // What relatives have too takes room as before, and forgetting it does not help.
    while (n <= left && cache.discardGain(sequence, nKeep, n) < missing) {
      n += CellCache.PAGE;
    }
    return n <= left ? n : 0;
  }
}
