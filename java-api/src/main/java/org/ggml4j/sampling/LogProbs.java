package org.ggml4j.sampling;

import java.util.List;

/**
 * How probable a picked token was, and what else there was, before and after the samplers.
 *
 * @param model the most probable tokens before any sampler, best first
 * @param candidates those that the samplers left to pick from, best first
 * @param candidateLogProbability the picked token's among those, natural logarithm
 */
public record LogProbs(
    List<TokenLogProbability> model,
    List<TokenLogProbability> candidates,
    double candidateLogProbability) {

  public LogProbs {
    model = List.copyOf(model);
    candidates = List.copyOf(candidates);
  }

  /** Of a token that was just picked from these logits, with up to n alternatives each. */
  public static LogProbs of(Logits logits, int token, int n) {
    return new LogProbs(
        possible(logits.topN(n)),
        possible(logits.topCandidates(n)),
        logits.candidateLogProbability(token));
  }

  /** The same alternatives to another token, whose log-probability after the samplers is this. */
  public LogProbs withPicked(double logProbability) {
    return new LogProbs(model, candidates, logProbability);
  }

  /** Without those that were banned, which are no alternatives. */
  private static List<TokenLogProbability> possible(List<TokenLogProbability> tokens) {
    return tokens.stream().filter(t -> t.logProbability() > Double.NEGATIVE_INFINITY).toList();
  }
}
