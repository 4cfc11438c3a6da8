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
    AdaptedLogits adapted = begin(logits);
    int token;
    if (adapted.isSummedUp()) {
      token = adapted.indexAt(logits.state.array(), drawing.next());
      picked(logits, token);
      logits.state.adaptLater();
    } else {
      logits.state.adapt();
      token = drawing.draw(logits);
      picked(logits, token);
    }
    return token;
  }

  private AdaptedLogits begin(Logits logits) {
    logits.state.requireCandidates();
    average.follow(logits.history());
    float mean = average.get(WEIGHTED_SUM) / average.get(TOTAL_WEIGHT);
    AdaptedLogits adapted = logits.state.work.adapted();
    adapted.begin(logits.state, Math.clamp(2 * target - mean, 0f, 1f));
    return adapted;
  }

  /** Turns probabilities into logits that are high near the target. */
  void transform(Logits logits) {
    begin(logits);
    logits.state.adapt();
  }

  /** Learns how probable the picked token was before. */
  void picked(Logits logits, int token) {
    LogitState state = logits.state;
    float probability = state.work.adapted().probability(state.array(), state.indexOf(token));
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
