package org.ggml4j.sampling;

/**
 * Top-n-sigma (Tang et al., "Top-nσ: not all logits are you need", arXiv 2411.07641): bans the
 * candidates whose logit is more than n standard deviations of the logits below the highest.
 */
record TopNSigma(float n) implements LogitsProcessor {
  @Override
  public void process(Logits logits) {
    LogitArray array = logits.state.array();
    if (array.size() <= 1) {
      return;
    }
    float highest = array.max(logits.state.names());
    if (highest > Float.NEGATIVE_INFINITY) {
      logits.state.banBelow(highest - n * (float) array.deviation());
    }
  }
}
