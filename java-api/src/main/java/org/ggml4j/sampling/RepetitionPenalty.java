package org.ggml4j.sampling;

import java.util.Arrays;

/**
 * Penalties for tokens among the last ones: repetition (Keskar et al., "CTRL", arXiv 1909.05858;
 * negative logits are multiplied, as in llama.cpp), frequency and presence (OpenAI's API).
 */
final class RepetitionPenalty implements LogitsProcessor {
  private final int lastN;
  private final float repeat;
  private final float frequency;
  private final float presence;
  private int[] last = {};
  private int[] counts = {};

  RepetitionPenalty(int lastN, float repeat, float frequency, float presence) {
    this.lastN = lastN;
    this.repeat = repeat;
    this.frequency = frequency;
    this.presence = presence;
  }

  @Override
  public void process(Logits logits) {
    int n = readLast(logits);
    for (int i = 0; i < n; i++) {
      counts[last[i]]++;
    }
    if (logits.state.isListed()) {
      for (int i = 0; i < logits.size(); i++) {
        int count = counts[logits.token(i)];
        if (count > 0) {
          logits.setLogit(i, penalized(logits.logit(i), count));
        }
      }
    }
    for (int i = 0; i < n; i++) {
      int token = last[i];
      int count = counts[token];
      counts[token] = 0;
      if (count > 0 && !logits.state.isListed()) {
        logits.set(token, penalized(logits.get(token), count));
      }
    }
  }

  private int readLast(Logits logits) {
    TokenHistory history = logits.history();
    int n = Math.min(lastN, history.size());
    if (last.length < n) {
      last = new int[Math.min(lastN, Math.max(64, 2 * n))];
    }
    history.copy(history.size() - n, last, 0, n);
    if (counts.length < logits.nVocab()) {
      counts = Arrays.copyOf(counts, logits.nVocab());
    }
    return n;
  }

  private float penalized(float logit, int count) {
    float scaled = logit <= 0 ? logit * repeat : logit / repeat;
    return scaled - (count * frequency + presence);
  }

  @Override
  public LogitsProcessor fork() {
    return new RepetitionPenalty(lastN, repeat, frequency, presence);
  }
}
