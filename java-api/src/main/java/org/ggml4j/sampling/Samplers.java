package org.ggml4j.sampling;

import java.security.SecureRandom;
import java.util.List;

/**
 * The usual processors and samplers. Their meaning, and what switches one off, is llama.cpp's
 * ({@code src/llama-sampler.cpp}); they can be combined in any order.
 *
 * {@snippet :
 * Sampler sampler =
 *     Samplers.chain(
 *         List.of(Samplers.topK(40), Samplers.topP(0.95f), Samplers.temperature(0.8f)),
 *         Samplers.distribution(42));
 * }
 */
public final class Samplers {
  private static final float SMALLEST_TEMPERATURE = 1e-6f;
  private static final LogitsProcessor OFF = logits -> {};

  private Samplers() {}

  /** Picks the candidate with the highest logit; the lowest token id among equals. */
  public static Sampler greedy() {
    return Logits::best;
  }

  /**
   * Picks a candidate with its probability. One random number is drawn per token, whatever the
   * candidates, and the same seed means the same choices on every machine.
   */
  public static Sampler distribution(long seed) {
    return new Distribution(seed);
  }

  /** A seed that nobody has chosen, for a text that differs every time. */
  public static long freshSeed() {
    return new SecureRandom().nextLong();
  }

  /**
   * Divides the logits: below 1 the likely becomes likelier, above 1 less so. 0 or less keeps
   * nothing but the best candidate.
   *
   * @throws IllegalArgumentException if {@code temperature} is NaN or infinite
   */
  public static LogitsProcessor temperature(float temperature) {
    if (!Float.isFinite(temperature)) {
      throw new IllegalArgumentException(
          "temperature is " + temperature + ", a finite number was expected");
    }
    // A tiny temperature would make the best logits infinite; in the limit only the best is left.
    if (temperature < SMALLEST_TEMPERATURE) {
      return logits -> logits.keepTop(1);
    }
    return temperature == 1 ? OFF : logits -> logits.divide(temperature);
  }

  /** Keeps the k best candidates; 0 or less keeps all. */
  public static LogitsProcessor topK(int k) {
    return k <= 0 ? OFF : logits -> logits.keepTop(k);
  }

  /** {@link #topP(float, int)} with at least one candidate left. */
  public static LogitsProcessor topP(float p) {
    return topP(p, 1);
  }

  /**
   * Nucleus sampling (Holtzman et al., "The curious case of neural text degeneration", 2019): keeps
   * the fewest best candidates whose probabilities add up to at least {@code p}, and at least
   * {@code minKeep}. 1 or more keeps all; 0 or less keeps {@code minKeep}.
   *
   * @throws IllegalArgumentException if {@code p} is NaN
   */
  public static LogitsProcessor topP(float p, int minKeep) {
    requireNumber("top-p", p);
    return p >= 1 ? OFF : logits -> logits.keepMass(p, minKeep);
  }

  /** {@link #minP(float, int)} with at least one candidate left. */
  public static LogitsProcessor minP(float p) {
    return minP(p, 1);
  }

  /**
   * Keeps the candidates that are at least {@code p} times as probable as the best one (Nguyen et
   * al., "Turning up the heat: min-p sampling", 2024), and at least the {@code minKeep} best. 0 or
   * less keeps all; 1 or more keeps those equal to the best, or it alone.
   *
   * @throws IllegalArgumentException if {@code p} is NaN
   */
  public static LogitsProcessor minP(float p, int minKeep) {
    requireNumber("min-p", p);
    if (p <= 0) {
      return OFF;
    }
    if (p > 1) {
      return logits -> logits.keepTop(Math.max(1, minKeep));
    }
    float below = (float) -StrictMath.log(p);
    return logits -> logits.keepNearBest(below, minKeep);
  }

  /** A sampler that runs {@code processors} in their order and then lets {@code sampler} pick. */
  public static Sampler chain(List<? extends LogitsProcessor> processors, Sampler sampler) {
    Sampler chain = sampler;
    for (int i = processors.size() - 1; i >= 0; i--) {
      chain = processors.get(i).thenPick(chain);
    }
    return chain;
  }

  private static void requireNumber(String name, float value) {
    if (Float.isNaN(value)) {
      throw new IllegalArgumentException(name + " is NaN, a number was expected");
    }
  }

  /** Draws by probability. */
  private static final class Distribution implements Sampler {
    private final long seed;
    private SeededRandom random;

    private Distribution(long seed) {
      this.seed = seed;
      this.random = new SeededRandom(seed);
    }

    @Override
    public int sample(Logits logits) {
      return logits.tokenAt(random.nextDouble());
    }

    @Override
    public void reset() {
      random.reseed(seed);
    }

    @Override
    public Sampler fork() {
      Distribution fork = new Distribution(seed);
      fork.random = random.copy();
      return fork;
    }
  }
}
