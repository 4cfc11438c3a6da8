package org.ggml4j.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.sampling.SamplerSettings;
import org.ggml4j.sampling.SamplerVocab;
import org.ggml4j.sampling.Samplers;
import org.ggml4j.sampling.SequenceBreakers;
import org.ggml4j.sampling.TokenHistory;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What each sampler adds to a step over a wide vocabulary. {@code none} is what every step does:
 * copy the logits and compute the log-probability of the picked token, which takes the sum of the
 * softmax; a sampler's own time is its score less that of {@code none}. Logits are as a model's are
 * when it is sure of the next token ({@code peaked}), or normally distributed with a standard
 * deviation of 1, so that thousands of tokens share the probability ({@code flat}).
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgs = {"-Xmx1g"})
public class SamplerBenchmark {
  private static final int PICKED = 17;

  @Param({"32000", "128256", "262144"})
  public int nVocab;

  @Param({"peaked", "flat"})
  public String shape;

  @Param({
    "none",
    "greedy",
    "distribution",
    "temperature",
    "dynamic_temperature",
    "top_k",
    "top_p",
    "min_p",
    "typical",
    "top_n_sigma",
    "xtc",
    "penalties",
    "dry",
    "logit_bias",
    "infill",
    "mirostat",
    "mirostat_v2",
    "adaptive_p",
    "defaults"
  })
  public String sampler;

  private float[] values;
  private Logits logits;
  private Sampler picks;

  @Setup
  public void create() {
    Random random = new Random(1);
    values = new float[nVocab];
    for (int i = 0; i < nVocab; i++) {
      values[i] = (float) random.nextGaussian() * (shape.equals("peaked") ? 2.5f : 1);
    }
    for (int i = 0; i < 40 && shape.equals("peaked"); i++) {
      values[random.nextInt(nVocab)] = 18 - 0.4f * i;
    }
    int[] text = random.ints(1000, 0, 500).toArray();
    logits = new Logits(nVocab);
    logits.setHistory(TokenHistory.of(0, text));
    picks = sampler();
  }

  private Sampler sampler() {
    return switch (sampler) {
      case "none" -> step -> PICKED;
      case "greedy" -> Samplers.greedy();
      case "distribution" -> Samplers.distribution(1);
      case "temperature" -> filter(Samplers.temperature(0.8f));
      case "dynamic_temperature" -> filter(Samplers.dynamicTemperature(1, 0.5f, 1));
      case "top_k" -> filter(Samplers.topK(40));
      case "top_p" -> filter(Samplers.topP(0.95f));
      case "min_p" -> filter(Samplers.minP(0.05f));
      case "typical" -> filter(Samplers.typicalP(0.9f, 1));
      case "top_n_sigma" -> filter(Samplers.topNSigma(1));
      case "xtc" -> filter(Samplers.xtc(1, 0.1f, 1, 1));
      case "penalties" -> filter(Samplers.penalties(64, 1.1f, 0.1f, 0.1f));
      case "dry" ->
          filter(Samplers.dry(0.8f, 1.75f, 2, 1000, SequenceBreakers.ofTokens(List.of())));
      case "logit_bias" -> filter(Samplers.logitBias(Map.of(1, 1f, 2, -1f, 3, 2f)));
      case "infill" ->
          Samplers.chain(
              List.of(Samplers.topK(40), Samplers.infill(new Numbers(nVocab))), step -> PICKED);
      case "mirostat" -> Samplers.mirostat(5, 0.1f, 1);
      case "mirostat_v2" -> Samplers.mirostatV2(5, 0.1f, 1);
      case "adaptive_p" -> Samplers.adaptiveP(0.3f, 0.9f, 1);
      case "defaults" -> SamplerSettings.defaults().newSampler(1, new Numbers(nVocab));
      default -> throw new IllegalArgumentException("no such sampler: " + sampler);
    };
  }

  private static Sampler filter(LogitsProcessor processor) {
    return Samplers.chain(List.of(processor), step -> PICKED);
  }

  /** One step: the token and its log-probability. */
  @Benchmark
  public double step() {
    logits.load(values, 0);
    return logits.logProbability(picks.sample(logits));
  }

  /** A vocabulary whose tokens are their numbers. */
  private record Numbers(int size) implements SamplerVocab {
    @Override
    public byte[] word(int token) {
      return Integer.toString(token).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] piece(int token) {
      return word(token);
    }

    @Override
    public int[] encode(String text) {
      return text.chars().map(c -> c - '0').toArray();
    }

    @Override
    public boolean isEndOfGeneration(int token) {
      return token == 2;
    }

    @Override
    public int[] endOfGeneration() {
      return new int[] {2};
    }

    @Override
    public int[] suppressed() {
      return new int[0];
    }

    @Override
    public OptionalInt endToken() {
      return OptionalInt.of(2);
    }
  }
}
