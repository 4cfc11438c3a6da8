package org.ggml4j.sampling;

/**
 * XTC, "exclude top choices" (p-e-w, text-generation-webui pull request 6335): sometimes removes
 * all candidates with at least a given probability but the least likely one of them.
 */
final class Xtc implements LogitsProcessor {
  // Another stream of numbers than the one that picks the token.
  private static final long STREAM = 0x5DEECE66D1CE4E5BL;
  private static final int FIRST_TRY = 64;

  private final float probability;
  private final float threshold;
  private final int minKeep;
  private final long seed;
  private final SeededRandom random;

  Xtc(float probability, float threshold, int minKeep, long seed) {
    this(probability, threshold, minKeep, seed, new SeededRandom(seed ^ STREAM));
  }

  private Xtc(float probability, float threshold, int minKeep, long seed, SeededRandom random) {
    this.probability = probability;
    this.threshold = threshold;
    this.minKeep = minKeep;
    this.seed = seed;
    this.random = random;
  }

  @Override
  public void process(Logits logits) {
    logits.state.requireCandidates();
    LogitArray array = logits.state.array();
    if (array.size() >= 2 && random.nextDouble() < probability) {
      double total = array.sum(logits.state.names());
      int likely = countLikely(logits, total);
      if (likely > 1 && (minKeep <= 1 || logits.size() - (likely - 1) >= minKeep)) {
        logits.state.removeBest(likely - 1);
      }
    }
  }

  /** Puts the likely candidates first in {@link LogitState#candidates} and counts them. */
  private int countLikely(Logits logits, double total) {
    LogitArray array = logits.state.array();
    int looked = Math.min(FIRST_TRY, array.size());
    while (true) {
      Filters.selectTop(array, logits.state.names(), looked, logits.state.candidates);
      for (int i = 0; i < looked; i++) {
        if ((float) (array.power(logits.state.candidates.logit(i)) / total) < threshold) {
          return i;
        }
      }
      if (looked == array.size()) {
        return looked;
      }
      looked = (int) Math.min(array.size(), 8L * looked);
    }
  }

  @Override
  public void reset() {
    random.reseed(seed ^ STREAM);
  }

  @Override
  public LogitsProcessor fork() {
    return new Xtc(probability, threshold, minKeep, seed, random.copy());
  }
}
