package org.ggml4j.sampling;

/**
 * Mirostat 1 and 2 (Basu et al., "Mirostat: a neural text decoding algorithm that directly controls
 * perplexity", arXiv 2007.14966), as in llama.cpp: each step keeps what is not too surprising, and
 * the limit mu follows how surprising the picks were.
 */
final class Mirostat implements Sampler {
  /** How many of the likeliest tokens version 1 estimates the distribution's exponent from. */
  private static final int ESTIMATED_FROM = 100;

  private static final double LOG_2 = StrictMath.log(2);

  private final int version;
  private final float tau;
  private final float eta;
  private final Drawing drawing;
  private final Trail mu;

  Mirostat(int version, float tau, float eta, long seed) {
    this(version, tau, eta, new Drawing(seed), new Trail(2 * tau));
  }

  private Mirostat(int version, float tau, float eta, Drawing drawing, Trail mu) {
    this.version = version;
    this.tau = tau;
    this.eta = eta;
    this.drawing = drawing;
    this.mu = mu;
  }

  @Override
  public int sample(Logits logits) {
    truncate(logits);
    int token = drawing.draw(logits);
    picked(logits, token);
    return token;
  }

  /** Keeps the candidates that are not too surprising. */
  void truncate(Logits logits) {
    logits.state.requireCandidates();
    mu.follow(logits.history());
    float limit = mu.get(0);
    if (version == 1) {
      logits.keepTop(Math.max(1, rank(logits, limit)));
    } else {
      LogitArray array = logits.state.array();
      double surpriseOfBest = StrictMath.log(array.sum(logits.state.names())) / LOG_2;
      if (limit < surpriseOfBest) {
        logits.keepTop(1);
      } else {
        logits.keepNearBest((float) ((limit - surpriseOfBest) * LOG_2), 1);
      }
    }
  }

  /** How many tokens are kept, by Zipf's law with an exponent estimated from the likeliest. */
  private static int rank(Logits logits, float limit) {
    LogitArray array = logits.state.array();
    Candidates best = logits.state.candidates;
    int n = Math.min(ESTIMATED_FROM, array.size());
    Filters.selectTop(array, logits.state.names(), n, best);
    double products = 0;
    double squares = 0;
    for (int i = 0; i < n - 1; i++) {
      double t = StrictMath.log((i + 2.0) / (i + 1));
      double b = (double) best.logit(i) - best.logit(i + 1);
      products += t * b;
      squares += t * t;
    }
    double exponent = products / squares;
    double excess = exponent - 1;
    double numerator = excess * StrictMath.pow(2, limit);
    double denominator = 1 - StrictMath.pow(logits.nVocab(), -excess);
    return (int) StrictMath.pow(numerator / denominator, 1 / exponent);
  }

  /** Learns how surprising the token was that was picked from the kept ones. */
  void picked(Logits logits, int token) {
    double surprise = -logits.candidateLogProbability(token) / LOG_2;
    float limit = mu.get(0);
    mu.picked(token);
    mu.set(0, limit - eta * ((float) surprise - tau));
  }

  @Override
  public void reset() {
    drawing.reset();
    mu.clear();
  }

  @Override
  public Sampler fork() {
    return new Mirostat(version, tau, eta, drawing.copy(), mu.copy());
  }
}
