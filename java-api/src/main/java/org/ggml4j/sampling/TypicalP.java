package org.ggml4j.sampling;

/**
 * Locally typical sampling (Meister et al., arXiv 2202.00666): keeps the candidates whose surprise
 * is nearest to the entropy.
 */
record TypicalP(float p, int minKeep) implements LogitsProcessor {
  private static final int FIRST_TRY = 64;
  private static final int SECOND_TRY = 512;

  @Override
  public void process(Logits logits) {
    logits.state.requireCandidates();
    LogitArray array = logits.state.array();
    int size = array.size();
    double entropy = array.entropy(logits.state.names());
    double total = array.sum(logits.state.names());
    // |-log(p) - entropy| = |logit - center|
    float center = (float) (array.max(logits.state.names()) + StrictMath.log(total) - entropy);
    int least = Math.clamp(minKeep, 1, size);
    for (int looked = FIRST_TRY; ; looked = SECOND_TRY) {
      int n = Math.min(Math.max(looked, least), size);
      Filters.selectTop(array, logits.state.names(), n, logits.state.candidates);
      int kept = nearest(logits, n, center, total, least);
      if (kept > 0) {
        keep(logits, kept);
        return;
      }
      if (looked == SECOND_TRY) {
        logits.state.work.massCut().keepNearest(logits.state, n, center, p);
        return;
      }
    }
  }

  /**
   * Puts the places of the best candidates that are nearest to the center first in {@link
   * Workspace#others}.
   *
   * @return how many of them have the mass; 0 if that takes candidates that are not among the best
   */
  private int nearest(Logits logits, int n, float center, double total, int least) {
    Candidates best = logits.state.candidates;
    Candidates near = logits.state.work.others;
    near.clear();
    for (int i = 0; i < n; i++) {
      near.add(i, -Math.abs(best.logit(i) - center));
    }
    near.sort(n);
    boolean isAll = n == logits.state.array().size();
    // The others are below the last of the best: farther than it, if it is below the center.
    float last = best.logit(n - 1) - center;
    double sum = 0;
    for (int i = 0; i < n; i++) {
      if (!isAll && (last >= 0 || near.logit(i) < last)) {
        return 0;
      }
      sum += logits.state.array().power(best.logit(near.token(i)));
      if (i + 1 >= least && (float) (sum / total) > p) {
        return i + 1;
      }
    }
    return isAll ? n : 0;
  }

  private static void keep(Logits logits, int kept) {
    Candidates best = logits.state.candidates;
    Candidates near = logits.state.work.others;
    near.keepFirst(kept);
    for (int i = 0; i < kept; i++) {
      near.set(i, best.token(near.token(i)), best.logit(near.token(i)));
    }
    near.sort(kept);
    logits.state.list(near, kept, true);
  }
}
