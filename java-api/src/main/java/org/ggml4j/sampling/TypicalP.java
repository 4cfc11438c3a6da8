package org.ggml4j.sampling;

/**
 * Locally typical sampling (Meister et al., arXiv 2202.00666): keeps the candidates whose surprise
 * is nearest to the entropy.
 */
record TypicalP(float p, int minKeep) implements LogitsProcessor {
  @Override
  public void process(Logits logits) {
    logits.state.requireCandidates();
    LogitArray array = logits.state.array();
    int size = array.size();
    int least = Math.clamp(minKeep, 1, size);
    Candidates best = logits.state.candidates;
    if (least <= Filters.FIRST_TRY && Filters.isWide(array, logits.state.names(), p, best)) {
      Filters.selectTop(array, logits.state.names(), Filters.KNOWN, best);
      logits.state.work.massCut().keepTypical(logits.state, Filters.KNOWN, p);
      return;
    }
    double entropy = array.entropy(logits.state.names());
    double total = array.sum(logits.state.names());
    // |-log(p) - entropy| = |logit - center|
    float center = array.center(entropy);
    int last = Math.max(Filters.secondTry(array), least);
    int n = Math.min(Math.max(Filters.FIRST_TRY, least), size);
    while (true) {
      Filters.selectTop(array, logits.state.names(), n, logits.state.candidates);
      int kept = nearest(logits, n, center, total, least);
      if (kept > 0) {
        keep(logits, kept);
        return;
      }
      if (n >= last || !couldHave(logits, last, total)) {
        logits.state.work.massCut().keepNearest(logits.state, n, center, p);
        return;
      }
      n = last;
    }
  }

  /** Whether so many of the best could have the mass, as far as the best that are known tell. */
  private boolean couldHave(Logits logits, int count, double total) {
    Candidates best = logits.state.candidates;
    LogitArray array = logits.state.array();
    double sum = 0;
    for (int i = 0; i < Filters.FIRST_TRY; i++) {
      sum += array.power(best.logit(i));
    }
    int more = count - Filters.FIRST_TRY;
    return sum + more * array.power(best.logit(Filters.FIRST_TRY - 1)) > p * total;
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
