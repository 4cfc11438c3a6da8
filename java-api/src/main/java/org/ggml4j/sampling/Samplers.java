package org.ggml4j.sampling;

import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

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
  private static final LogitsProcessor OFF = new Off();

  /** Changes nothing, and is left out of chains. */
  private record Off() implements LogitsProcessor {
    @Override
    public void process(Logits logits) {}
  }

  private Samplers() {}

  static LogitsProcessor off() {
    return OFF;
  }

  static boolean isOff(LogitsProcessor processor) {
    return processor instanceof Off;
  }

  /** Picks the candidate with the highest logit; the lowest token id among equals. */
  public static Sampler greedy() {
    return Logits::best;
  }

  /**
   * Picks a candidate with its probability. One random number is drawn per token, whatever the
   * candidates, and the same seed means the same choices on every machine.
   */
  public static Sampler distribution(long seed) {
    return new Drawing(seed);
  }

  /** A seed that nobody has chosen, for a text that differs every time. */
  public static long freshSeed() {
    return new SecureRandom().nextLong();
  }

  /**
   * Divides the logits (Ackley, Hinton and Sejnowski, "A learning algorithm for Boltzmann
   * machines", 1985): below 1 the likely becomes likelier, above 1 less so. 0 or less keeps nothing
   * but the best candidate.
   *
   * @throws IllegalArgumentException if {@code temperature} is NaN or infinite
   */
  public static LogitsProcessor temperature(float temperature) {
    requireFinite("temperature", temperature);
    return temperature == 1 ? OFF : logits -> divide(logits, temperature);
  }

  static void divide(Logits logits, float temperature) {
    // A tiny temperature would make the best logits infinite; in the limit only the best is left.
    if (temperature < SMALLEST_TEMPERATURE) {
      logits.keepTop(1);
    } else {
      logits.divide(temperature);
    }
  }

  /**
   * A temperature between {@code temperature - range} and {@code temperature + range}, the higher
   * the more undecided the model is: it grows with the entropy of the candidates, as a share of the
   * highest they could have, to the power of {@code exponent}. (Zhu et al., "Hot or cold? Adaptive
   * temperature sampling for code generation with large language models", arXiv 2309.02772;
   * llama.cpp's temp-ext.) A range of 0 or less is {@link #temperature}.
   *
   * @throws IllegalArgumentException if a number is NaN or infinite
   */
  public static LogitsProcessor dynamicTemperature(float temperature, float range, float exponent) {
    requireFinite("temperature", temperature);
    requireFinite("the temperature's range", range);
    requireFinite("the temperature's exponent", exponent);
    return range <= 0
        ? temperature(temperature)
        : new DynamicTemperature(temperature, range, exponent);
  }

  /**
   * Keeps the k best candidates (Fan, Lewis and Dauphin, "Hierarchical neural story generation",
   * arXiv 1805.04833); 0 or less keeps all.
   */
  public static LogitsProcessor topK(int k) {
    return k <= 0 ? OFF : logits -> logits.keepTop(k);
  }

  /** {@link #topP(float, int)} with at least one candidate left. */
  public static LogitsProcessor topP(float p) {
    return topP(p, 1);
  }

  /**
   * Nucleus sampling (Holtzman et al., "The curious case of neural text degeneration", arXiv
   * 1904.09751): keeps the fewest best candidates whose probabilities add up to at least {@code p},
   * and at least {@code minKeep}. 1 or more keeps all; 0 or less keeps {@code minKeep}.
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
   * al., "Turning up the heat: min-p sampling for creative and coherent LLM outputs", arXiv
   * 2407.01082), and at least the {@code minKeep} best. 0 or less keeps all; 1 or more keeps those
   * equal to the best, or it alone.
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

  /**
   * Locally typical sampling (Meister et al., "Locally typical sampling", arXiv 2202.00666): keeps
   * the candidates whose surprise is nearest to the expected one, the entropy, as few as have more
   * than {@code p} of the probability, and at least {@code minKeep}. 1 or more keeps all.
   *
   * @throws IllegalArgumentException if {@code p} is NaN
   */
  public static LogitsProcessor typicalP(float p, int minKeep) {
    requireNumber("typical-p", p);
    return p >= 1 ? OFF : new TypicalP(p, minKeep);
  }

  /**
   * Bans the candidates whose logit is more than n standard deviations of all logits below the
   * highest (Tang et al., "Top-nσ: not all logits are you need", arXiv 2411.07641). Banned
   * candidates count neither for the deviation nor afterwards. 0 or less bans none.
   *
   * @throws IllegalArgumentException if {@code n} is NaN or infinite
   */
  public static LogitsProcessor topNSigma(float n) {
    requireFinite("top-n-sigma", n);
    return n <= 0 ? OFF : new TopNSigma(n);
  }

  /**
   * XTC, "exclude top choices" (p-e-w, text-generation-webui pull request 6335): with the given
   * probability removes all candidates that have at least the probability {@code threshold} but the
   * least likely one of them, unless fewer than {@code minKeep} would be left. A probability of 0
   * or a threshold above 0.5 switches it off.
   *
   * @throws IllegalArgumentException if a number is NaN
   */
  public static LogitsProcessor xtc(float probability, float threshold, int minKeep, long seed) {
    requireNumber("the probability of XTC", probability);
    requireNumber("the threshold of XTC", threshold);
    return probability <= 0 || threshold > 0.5f
        ? OFF
        : new Xtc(probability, threshold, minKeep, seed);
  }

  /**
   * DRY, "don't repeat yourself" (p-e-w, text-generation-webui pull request 5677): a token that
   * would continue a repetition of n tokens, n being at least {@code allowedLength}, loses {@code
   * multiplier * base^(n - allowedLength)} of its logit. A multiplier of 0, a base below 1 or a
   * {@code lastN} of 0 or less switches it off.
   *
   * @param lastN so many of the last tokens are searched, the prompt's included
   * @param breakers where a repetition ends
   * @throws IllegalArgumentException if a number is NaN or infinite, or {@code allowedLength}
   *     negative
   */
  public static LogitsProcessor dry(
      float multiplier, float base, int allowedLength, int lastN, SequenceBreakers breakers) {
    requireFinite("the multiplier of DRY", multiplier);
    requireFinite("the base of DRY", base);
    if (allowedLength < 0) {
      throw new IllegalArgumentException(
          "the allowed length of DRY is " + allowedLength + ", 0 or more was expected");
    }
    return multiplier == 0 || base < 1 || lastN <= 0
        ? OFF
        : new Dry(multiplier, base, allowedLength, lastN, breakers);
  }

  /**
   * Penalties for tokens among the last {@code lastN}, the prompt's included: their logits are
   * divided by {@code repeat}, negative ones multiplied (Keskar et al., "CTRL", arXiv 1909.05858),
   * then reduced by {@code frequency} for each time the token appears and by {@code presence} once
   * (OpenAI's penalties). 1, 0 and 0, or a {@code lastN} of 0 or less, change nothing.
   *
   * @throws IllegalArgumentException if {@code repeat} is not a finite number greater than 0, or
   *     another is NaN or infinite
   */
  public static LogitsProcessor penalties(
      int lastN, float repeat, float frequency, float presence) {
    if (!(repeat > 0 && Float.isFinite(1 / repeat) && Float.isFinite(repeat))) {
      throw new IllegalArgumentException(
          "the repetition penalty is " + repeat + ", a finite number above 0 was expected");
    }
    requireFinite("the frequency penalty", frequency);
    requireFinite("the presence penalty", presence);
    return lastN <= 0 || repeat == 1 && frequency == 0 && presence == 0
        ? OFF
        : new RepetitionPenalty(lastN, repeat, frequency, presence);
  }

  /**
   * Adds to the logits of some tokens; -infinity bans one.
   *
   * @throws IllegalArgumentException if a token id is negative, or a bias NaN or +infinity
   */
  public static LogitsProcessor logitBias(Map<Integer, Float> biasOfToken) {
    return biasOfToken.isEmpty() ? OFF : new LogitBias(biasOfToken);
  }

  /** Bans some tokens. */
  public static LogitsProcessor ban(int... tokens) {
    Map<Integer, Float> biases = new TreeMap<>();
    for (int token : tokens) {
      biases.put(token, Float.NEGATIVE_INFINITY);
    }
    return logitBias(biases);
  }

  /**
   * For a text that goes between two others; use it behind top-k and top-p. If the probability that
   * the text ends is high compared with the number of candidates, only the tokens that end it are
   * kept. Else, of candidates of which one begins with the other, the likelier gets the other's
   * probability, and only what is then likely is kept: at least 0.2, and at least an equal share.
   * If that is nothing, the text ends. (llama.cpp, {@code llama_sampler_init_infill}.) The work is
   * quadratic in the number of candidates.
   */
  public static LogitsProcessor infill(SamplerVocab vocab) {
    return new Infill(vocab);
  }

  /**
   * Mirostat 1 (Basu et al., "Mirostat: a neural text decoding algorithm that directly controls
   * perplexity", arXiv 2007.14966): keeps as many of the likeliest tokens as let the text's
   * surprise be {@code tau} bits per token on average, and picks one by its probability. Behind a
   * temperature and nothing else. The running limit starts at {@code 2 tau} and is kept for each
   * position of {@link Logits#history()}.
   *
   * @param eta how fast the limit follows, the learning rate
   * @throws IllegalArgumentException if a number is NaN or infinite
   */
  public static Sampler mirostat(float tau, float eta, long seed) {
    requireFinite("tau of mirostat", tau);
    requireFinite("eta of mirostat", eta);
    return new Mirostat(1, tau, eta, seed);
  }

  /**
   * Mirostat 2, of the same paper as {@link #mirostat}: keeps the tokens that are no more
   * surprising than the running limit.
   *
   * @throws IllegalArgumentException if a number is NaN or infinite
   */
  public static Sampler mirostatV2(float tau, float eta, long seed) {
    requireFinite("tau of mirostat", tau);
    requireFinite("eta of mirostat", eta);
    return new Mirostat(2, tau, eta, seed);
  }

  /**
   * Adaptive-p (MaggotHATE and ddh0, llama.cpp pull request 17927): prefers tokens whose
   * probability is near {@code target}, moved by a running average of the picks' probabilities so
   * that these come to the target; then picks by the new probabilities. Best behind min-p alone,
   * which takes the unlikely tokens away. A negative target picks by the probabilities as they are.
   *
   * @param decay of the running average, which is over about 1 / (1 - decay) tokens; 0 to 0.99
   * @throws IllegalArgumentException if {@code target} is above 1 or a number NaN
   */
  public static Sampler adaptiveP(float target, float decay, long seed) {
    requireNumber("the decay of adaptive-p", decay);
    if (!(target <= 1)) {
      throw new IllegalArgumentException(
          "the target of adaptive-p is " + target + ", at most 1 was expected");
    }
    return new AdaptiveP(target, Math.clamp(decay, 0f, 0.99f), seed);
  }

  /** A sampler that runs {@code processors} in their order and then lets {@code sampler} pick. */
  public static Sampler chain(List<? extends LogitsProcessor> processors, Sampler sampler) {
    Sampler chain = sampler;
    for (int i = processors.size() - 1; i >= 0; i--) {
      if (!isOff(processors.get(i))) {
        chain = processors.get(i).thenPick(chain);
      }
    }
    return chain;
  }

  private static void requireNumber(String name, float value) {
    if (Float.isNaN(value)) {
      throw new IllegalArgumentException(name + " is NaN, a number was expected");
    }
  }

  private static void requireFinite(String name, float value) {
    if (!Float.isFinite(value)) {
      throw new IllegalArgumentException(name + " is " + value + ", a finite number was expected");
    }
  }
}
