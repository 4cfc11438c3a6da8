package org.ggml4j.sampling;

import java.util.Map;
import java.util.TreeMap;

/** Adds a bias to the logits of some tokens; -infinity bans one. */
final class LogitBias implements LogitsProcessor {
  private final int[] tokens;
  private final float[] biases;

  LogitBias(Map<Integer, Float> biasOfToken) {
    TreeMap<Integer, Float> sorted = new TreeMap<>(biasOfToken);
    tokens = new int[sorted.size()];
    biases = new float[tokens.length];
    int n = 0;
    for (Map.Entry<Integer, Float> entry : sorted.entrySet()) {
      float bias = entry.getValue();
      if (entry.getKey() < 0 || !(bias < Float.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "logit bias of token "
                + entry.getKey()
                + " is "
                + bias
                + "; a token id and a finite number or -infinity were expected");
      }
      tokens[n] = entry.getKey();
      biases[n++] = bias;
    }
  }

  @Override
  public void process(Logits logits) {
    for (int i = 0; i < tokens.length; i++) {
      logits.add(tokens[i], biases[i]);
    }
  }
}
