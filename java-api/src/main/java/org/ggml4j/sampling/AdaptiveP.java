package org.ggml4j.sampling;

/**
 * Adaptive-p, as in llama.cpp ({@code llama_sampler_init_adaptive_p}; by MaggotHATE and ddh0, pull
 * request 17927): prefers tokens whose probability is near a target, which is moved so that the
 * picks come to it on average.
 */
final class AdaptiveP implements Sampler {
  private static final int WEIGHTED_SUM = 0;
  private static final int TOTAL_WEIGHT = 1;

  private final float target;
  private final float decay;
  private final Drawing drawing;
  private final Trail average;
  private float[] powers = {};
  private float sumOfPowers;

  AdaptiveP(float target, float decay, long seed) {
    this(
        target,
        decay,
        new Drawing(seed),
        // as if all picks before had been at the target
        new Trail(target / (1 - decay), 1 / (1 - decay)));
  }

  private AdaptiveP(float target, float decay, Drawing drawing, Trail average) {
    this.target = target;
    this.decay = decay;
    this.drawing = drawing;
    this.average = average;
  }

  @Override
  public int sample(Logits logits) {
    if (target < 0) {
      return drawing.draw(logits);
    }
    transform(logits);
    int token = drawing.draw(logits);
    picked(logits, token);
    return token;
  }

  /** Turns probabilities into logits that are high near the target. */
  void transform(Logits logits) {
    logits.state.requireCandidates();
    average.follow(logits.history());
    LogitArray array = logits.state.array();
    if (powers.length < array.size()) {
      powers = new float[array.logits().length];
    }
    sumOfPowers = (float) array.powers(logits.state.names(), powers);
    float mean = average.get(WEIGHTED_SUM) / average.get(TOTAL_WEIGHT);
    logits.state.adapt(powers, sumOfPowers, Math.clamp(2 * target - mean, 0f, 1f));
  }

  /** Learns how probable the picked token was before. */
  void picked(Logits logits, int token) {
    float probability = powers[logits.state.indexOf(token)] / sumOfPowers;
    float weightedSum = average.get(WEIGHTED_SUM);
    float totalWeight = average.get(TOTAL_WEIGHT);
    average.picked(token);
    average.set(WEIGHTED_SUM, probability + decay * weightedSum);
    average.set(TOTAL_WEIGHT, 1 + decay * totalWeight);
  }

  @Override
  public void reset() {
    drawing.reset();
    average.clear();
  }

  @Override
  public Sampler fork() {
    return new AdaptiveP(target, decay, drawing.copy(), average.copy());
  }
}
