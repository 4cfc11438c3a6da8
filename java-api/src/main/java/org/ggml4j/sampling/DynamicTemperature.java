package org.ggml4j.sampling;

/**
 * A temperature that rises with the entropy of the candidates (Zhu et al., "Hot or cold? Adaptive
 * temperature sampling for code generation with large language models", arXiv 2309.02772), as in
 * llama.cpp (temp-ext).
 */
record DynamicTemperature(float temperature, float range, float exponent)
    implements LogitsProcessor {
  @Override
  public void process(Logits logits) {
    int size = logits.size();
    if (size <= 1) {
      return;
    }
    float lowest = Math.max(0, temperature - range);
    float highest = temperature + range;
    double entropy = logits.state.array().entropy(logits.state.names());
    double share = Math.clamp(entropy / StrictMath.log(size), 0, 1);
    float dynamic = lowest + (highest - lowest) * (float) StrictMath.pow(share, exponent);
    Samplers.divide(logits, dynamic);
  }
}
