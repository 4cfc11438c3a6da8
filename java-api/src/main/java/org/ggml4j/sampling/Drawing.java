package org.ggml4j.sampling;

/** Draws candidates by their probabilities, one random number each. */
final class Drawing implements Sampler {
  private final long seed;
  private final SeededRandom random;

  Drawing(long seed) {
    this(seed, new SeededRandom(seed));
  }

  private Drawing(long seed, SeededRandom random) {
    this.seed = seed;
    this.random = random;
  }

  int draw(Logits logits) {
    return logits.tokenAt(next());
  }

  /** The next random number. */
  double next() {
    return random.nextDouble();
  }

  @Override
  public int sample(Logits logits) {
    return draw(logits);
  }

  @Override
  public void reset() {
    random.reseed(seed);
  }

  Drawing copy() {
    return new Drawing(seed, random.copy());
  }

  @Override
  public Sampler fork() {
    return copy();
  }
}
