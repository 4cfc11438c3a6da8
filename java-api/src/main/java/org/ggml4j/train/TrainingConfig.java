package org.ggml4j.train;

/**
 * What is trained, and how. Learning rates follow a linear warm-up and then half a cosine down to
 * the minimum.
 *
 * @param nCtx tokens of a row of the batch, and the context length written into the file
 * @param nRows rows that are computed at once
 * @param accumulation batches whose gradients are added up before a step
 * @param steps number of steps in all
 * @param warmup steps until the full learning rate
 * @param learningRate AdamW's alpha at its highest
 * @param minLearningRate at the end
 * @param beta1 decay of the first moments
 * @param beta2 decay of the second moments
 * @param weightDecay of matrices; vectors are not decayed
 * @param clip largest norm of the gradient, larger ones are scaled down to it; 0 for no limit
 * @param seed of the initial weights and of the order of the data
 * @param threads CPU threads, 0 for the number of physical cores
 * @param evalEvery steps between evaluations on held-out text
 * @param evalBatches batches of an evaluation
 */
public record TrainingConfig(
    int nCtx,
    int nRows,
    int accumulation,
    int steps,
    int warmup,
    float learningRate,
    float minLearningRate,
    float beta1,
    float beta2,
    float weightDecay,
    float clip,
    long seed,
    int threads,
    int evalEvery,
    int evalBatches) {

  public TrainingConfig {
    require("nCtx", nCtx, 2);
    require("nRows", nRows, 1);
    require("accumulation", accumulation, 1);
    require("steps", steps, 1);
    require("warmup", warmup, 0);
    require("threads", threads, 0);
    require("evalEvery", evalEvery, 1);
    require("evalBatches", evalBatches, 1);
    boolean positive = learningRate > 0 && learningRate < Float.POSITIVE_INFINITY;
    if (!positive || !(minLearningRate >= 0) || minLearningRate > learningRate) {
      throw new IllegalArgumentException(
          "learning rate: expected 0 <= minimum <= maximum, found "
              + minLearningRate
              + " and "
              + learningRate);
    }
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
      throw new IllegalArgumentException("betas: expected 0 to 1, found " + beta1 + ", " + beta2);
    }
    if (!(weightDecay >= 0 && weightDecay <= 1) || !(clip >= 0)) {
      throw new IllegalArgumentException(
          "weight decay and clip: expected 0 or more, found " + weightDecay + ", " + clip);
    }
  }

  private static void require(String name, int value, int min) {
    if (value < min) {
      throw new IllegalArgumentException(name + ": expected " + min + " or more, found " + value);
    }
  }

  /** This with another number of steps, over which the learning rate then falls. */
  public TrainingConfig withSteps(int n) {
    return new TrainingConfig(
        nCtx,
        nRows,
        accumulation,
        n,
        Math.min(warmup, n),
        learningRate,
        minLearningRate,
        beta1,
        beta2,
        weightDecay,
        clip,
        seed,
        threads,
        evalEvery,
        evalBatches);
  }

  /** This with another number of CPU threads; 0 for the number of physical cores. */
  public TrainingConfig withThreads(int n) {
    return new TrainingConfig(
        nCtx,
        nRows,
        accumulation,
        steps,
        warmup,
        learningRate,
        minLearningRate,
        beta1,
        beta2,
        weightDecay,
        clip,
        seed,
        n,
        evalEvery,
        evalBatches);
  }

  /** Learning rate of a step, counted from 0. */
  public float learningRate(int step) {
    if (step < warmup) {
      return learningRate * (step + 1) / warmup;
    }
    double progress = Math.min(1, (double) (step - warmup) / Math.max(1, steps - warmup));
    double cosine = 0.5 * (1 + StrictMath.cos(StrictMath.PI * progress));
    return (float) (minLearningRate + (learningRate - minLearningRate) * cosine);
  }

  /** Tokens that one step looks at. */
  public long tokensPerStep() {
    return (long) nCtx * nRows * accumulation;
  }
}
