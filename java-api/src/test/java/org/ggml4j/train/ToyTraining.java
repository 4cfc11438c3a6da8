package org.ggml4j.train;

import org.ggml4j.arch.Hparams;
import org.ggml4j.arch.RopeScaling;

/** A model of two layers and a text that repeats itself. */
final class ToyTraining {
  static final int VOCAB = 24;
  static final int CONTEXT = 12;

  private ToyTraining() {}

  static Hparams hparams() {
    return new Hparams(
        "llama",
        CONTEXT,
        32,
        2,
        4,
        2,
        8,
        8,
        64,
        VOCAB,
        0,
        0,
        1e-5f,
        8,
        RopeScaling.none(10_000f, CONTEXT));
  }

  static TrainingConfig config(int nRows, int accumulation, int steps) {
    return new TrainingConfig(
        CONTEXT, nRows, accumulation, steps, 5, 1e-2f, 1e-3f, 0.9f, 0.99f, 0.01f, 1, 42, 1, 10, 2);
  }

  /** Texts of eleven tokens each: a first one that tells which of four, then its own order. */
  static TokenDataset data() {
    int[] tokens = new int[20 * 11];
    int[] starts = new int[20];
    for (int t = 0; t < 20; t++) {
      starts[t] = t * 11;
      tokens[t * 11] = t % 4;
      for (int i = 1; i < 11; i++) {
        tokens[t * 11 + i] = 4 + (i * (t % 4 + 1) + t % 4) % (VOCAB - 4);
      }
    }
    return new TokenDataset(tokens, starts);
  }

  static Trainer trainer(TrainingConfig config) {
    return new Trainer(hparams(), config, data(), data());
  }

  /** Random rows of a batch, that all tokens take part in. */
  static int[][] rows(int nRows) {
    int[][] rows = new int[nRows][CONTEXT + 1];
    for (int r = 0; r < nRows; r++) {
      for (int i = 0; i <= CONTEXT; i++) {
        rows[r][i] = (int) Long.remainderUnsigned(TokenDataset.mix(r, i), VOCAB);
      }
    }
    return rows;
  }
}
