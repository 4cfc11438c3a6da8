package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.ggml4j.sampling.FilterPropertiesTest.Shape;
import org.ggml4j.sampling.RecordedCases.History;

/** What holds for every sampler, on vocabularies of many sizes and shapes. */
class SamplerPropertiesTest {
  private static final int STEPS = 12;

  /** Every filter, with a parameter at which it does something. */
  enum Filter {
    TEMPERATURE(seed -> Samplers.temperature(0.7f)),
    DYNAMIC_TEMPERATURE(seed -> Samplers.dynamicTemperature(1, 0.6f, 1.5f)),
    TOP_K(seed -> Samplers.topK(30)),
    TOP_P(seed -> Samplers.topP(0.8f)),
    MIN_P(seed -> Samplers.minP(0.1f)),
    TYPICAL(seed -> Samplers.typicalP(0.6f, 1)),
    TOP_N_SIGMA(seed -> Samplers.topNSigma(1.2f)),
    XTC(seed -> Samplers.xtc(0.5f, 0.01f, 1, seed)),
    PENALTIES(seed -> Samplers.penalties(8, 1.3f, 0.2f, 0.4f)),
    DRY(seed -> Samplers.dry(1, 1.5f, 1, 50, SequenceBreakers.ofTokens(List.of()))),
    LOGIT_BIAS(seed -> Samplers.logitBias(Map.of(0, 1.5f, 1, -2f)));

    private final LongFunction<LogitsProcessor> make;

    Filter(LongFunction<LogitsProcessor> make) {
      this.make = make;
    }
  }

  /** Everything that picks a token. */
  enum Picker {
    GREEDY(seed -> Samplers.greedy()),
    DISTRIBUTION(Samplers::distribution),
    MIROSTAT(seed -> Samplers.mirostat(3, 0.2f, seed)),
    MIROSTAT_2(seed -> Samplers.mirostatV2(3, 0.2f, seed)),
    ADAPTIVE_P(seed -> Samplers.adaptiveP(0.3f, 0.8f, seed));

    private final LongFunction<Sampler> make;

    Picker(LongFunction<Sampler> make) {
      this.make = make;
    }
  }

  private static Sampler chain(Filter first, Filter second, Picker picker, long seed) {
    return Samplers.chain(
        List.of(first.make.apply(seed), second.make.apply(seed)), picker.make.apply(seed));
  }

  @Property(tries = 300)
  void probabilitiesAddUpToOne(
      @ForAll @IntRange(min = 3, max = 40_000) int n,
      @ForAll Filter first,
      @ForAll Filter second,
      @ForAll Shape shape,
      @ForAll long seed) {
    Logits logits = Logits.of(shape.values(n, seed));
    logits.setHistory(TokenHistory.of(2, 0, 1, 2, 0, 1));
    first.make.apply(seed).process(logits);
    second.make.apply(seed).process(logits);
    double sum = 0;
    for (int i = 0; i < logits.size(); i++) {
      double probability = logits.probability(i);
      assertThat(probability).isBetween(0.0, 1.0);
      sum += probability;
    }
    assertThat(sum).isCloseTo(1, within(1e-5));
  }

  /** The same seed gives the same tokens, and what a generator has drawn is all that it knows. */
  @Property(tries = 200)
  void aSeedDecides(
      @ForAll @IntRange(min = 3, max = 3_000) int n,
      @ForAll Filter first,
      @ForAll Filter second,
      @ForAll Picker picker,
      @ForAll Shape shape,
      @ForAll long seed) {
    Sampler sampler = chain(first, second, picker, seed);
    int[] tokens = new Text(n, shape, seed).go(sampler, STEPS);
    assertThat(new Text(n, shape, seed).go(chain(first, second, picker, seed), STEPS))
        .isEqualTo(tokens);
    sampler.reset();
    assertThat(new Text(n, shape, seed).go(sampler, STEPS)).isEqualTo(tokens);
  }

  /** A fork goes on as its origin does, and neither changes the other. */
  @Property(tries = 200)
  void forksGoOnAlone(
      @ForAll @IntRange(min = 3, max = 3_000) int n,
      @ForAll @IntRange(min = 0, max = 8) int before,
      @ForAll Filter first,
      @ForAll Filter second,
      @ForAll Picker picker,
      @ForAll Shape shape,
      @ForAll long seed) {
    Sampler sampler = chain(first, second, picker, seed);
    Text text = new Text(n, shape, seed);
    text.go(sampler, before);
    Sampler fork = sampler.fork();
    Text branch = text.copy();
    Sampler other = sampler.fork();
    Text elsewhere = text.copy();
    elsewhere.add(0);
    elsewhere.go(other, 3);
    int[] tokens = text.go(sampler, STEPS);
    assertThat(branch.go(fork, STEPS)).isEqualTo(tokens);
  }

  /** A text that was cut goes on as if the rest had never been, for what has no random numbers. */
  @Property(tries = 200)
  void rewindingForgets(
      @ForAll @IntRange(min = 3, max = 3_000) int n,
      @ForAll @IntRange(min = 0, max = 8) int before,
      @ForAll Filter filter,
      @ForAll Shape shape,
      @ForAll long seed) {
    Filter used = filter == Filter.XTC ? Filter.DRY : filter; // XTC draws at each step
    Sampler sampler =
        Samplers.chain(List.of(used.make.apply(seed)), Picker.GREEDY.make.apply(seed));
    Text text = new Text(n, shape, seed);
    text.go(sampler, before);
    int[] rest = text.copy().go(sampler, STEPS);
    assertThat(text.go(sampler, STEPS)).isEqualTo(rest);
  }

  /** Filters by rank or by share of the best keep the same tokens whichever comes first. */
  @Property(tries = 200)
  void theOrderOfTopKAndMinPDoesNotMatter(
      @ForAll @IntRange(min = 1, max = 20_000) int n,
      @ForAll @IntRange(min = 1, max = 500) int k,
      @ForAll @Scale(5) @FloatRange(min = 0.001f, max = 1) float p,
      @ForAll Shape shape,
      @ForAll long seed) {
    float[] values = shape.values(n, seed);
    assertThat(candidates(values, Samplers.topK(k), Samplers.minP(p)))
        .isEqualTo(candidates(values, Samplers.minP(p), Samplers.topK(k)));
  }

  /** Biases and bans of different tokens, and a temperature with what only looks at ranks. */
  @Property(tries = 200)
  void theOrderOfEditsThatDoNotMeetDoesNotMatter(
      @ForAll @IntRange(min = 8, max = 20_000) int n,
      @ForAll @IntRange(min = 1, max = 500) int k,
      @ForAll Shape shape,
      @ForAll long seed) {
    float[] values = shape.values(n, seed);
    LogitsProcessor bias = Samplers.logitBias(Map.of(3, 0.5f));
    LogitsProcessor ban = Samplers.ban(4, 5);
    assertThat(candidates(values, bias, ban)).isEqualTo(candidates(values, ban, bias));
    LogitsProcessor half = Samplers.temperature(0.5f); // exact, so that no ranks change
    assertThat(candidates(values, half, Samplers.topK(k)))
        .isEqualTo(candidates(values, Samplers.topK(k), half));
  }

  /** The log-probabilities that are told for the candidates are those of the draw. */
  @Property(tries = 100)
  void toldProbabilitiesAreThoseOfTheDraw(
      @ForAll @IntRange(min = 3, max = 5_000) int n,
      @ForAll Filter filter,
      @ForAll Shape shape,
      @ForAll long seed) {
    Logits logits = Logits.of(shape.values(n, seed));
    logits.setHistory(TokenHistory.of(2, 0, 1, 2, 0, 1));
    filter.make.apply(seed).process(logits);
    int token = Samplers.distribution(seed).sample(logits);
    LogProbs told = LogProbs.of(logits, token, 4);
    for (int i = 0; i < logits.size(); i++) {
      if (logits.token(i) == token) {
        assertThat(Math.exp(told.candidateLogProbability()))
            .isCloseTo(logits.probability(i), within(1e-6));
      }
    }
    assertThat(told.candidates()).hasSizeLessThanOrEqualTo(4).isNotEmpty();
    double last = 0;
    for (TokenLogProbability candidate : told.candidates()) {
      assertThat(candidate.logProbability()).isLessThanOrEqualTo(last);
      last = candidate.logProbability();
    }
  }

  private static Map<Integer, Float> candidates(float[] values, LogitsProcessor... filters) {
    Logits logits = Logits.of(values);
    for (LogitsProcessor filter : filters) {
      filter.process(logits);
    }
    Map<Integer, Float> candidates = new TreeMap<>();
    for (int i = 0; i < logits.size(); i++) {
      candidates.put(logits.token(i), logits.logit(i) + 0f);
    }
    return candidates;
  }

  /** A text whose next logits depend on its length. */
  private static final class Text {
    private final int n;
    private final Shape shape;
    private final long seed;
    private int[] tokens = {};

    Text(int n, Shape shape, long seed) {
      this.n = n;
      this.shape = shape;
      this.seed = seed;
    }

    Text copy() {
      Text copy = new Text(n, shape, seed);
      copy.tokens = tokens;
      return copy;
    }

    void add(int token) {
      tokens = Arrays.copyOf(tokens, tokens.length + 1);
      tokens[tokens.length - 1] = token;
    }

    int[] go(Sampler sampler, int steps) {
      Logits logits = new Logits(n);
      int begin = tokens.length;
      for (int i = 0; i < steps; i++) {
        logits.load(shape.values(n, seed + tokens.length), 0);
        logits.setHistory(new History(tokens));
        add(sampler.sample(logits));
      }
      return Arrays.copyOfRange(tokens, begin, tokens.length);
    }
  }
}
