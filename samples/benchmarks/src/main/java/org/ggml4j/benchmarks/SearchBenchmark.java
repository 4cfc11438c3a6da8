package org.ggml4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.ParallelGeneration;
import org.ggml4j.Piece;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.sampling.LogitsProcessor;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Milliseconds that 64 tokens after a prompt of 128 take: one text, a search, and several texts at
 * once; as {@code llama-batched-bench -pps -npp 128 -ntg 64} counts them, but with the choice of
 * the tokens.
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgs = {"--enable-native-access=ALL-UNNAMED", "-Xmx2g"})
public class SearchBenchmark {
  private static final int PROMPT = 128;
  private static final int GENERATED = 64;

  /** A GGUF file. */
  @Param({"samples/cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf"})
  public String model;

  /** CPU threads, 0 for the number of physical cores. */
  @Param({"0"})
  public int threads;

  /** Width of the beam search, and candidates of the contrastive one. */
  @Param({"4"})
  public int width;

  /** Texts that are generated at once. */
  @Param({"8"})
  public int parallel;

  private Model opened;
  private Session session;
  private int[] prompt;
  private int[] last;
  private LogitsProcessor endless;

  @Setup
  public void open() throws IOException {
    opened = Model.load(Path.of(model));
    int nCtx = PROMPT + GENERATED * Math.max(parallel, width);
    session = opened.newSession(SessionOptions.defaults().withContext(nCtx).withThreads(threads));
    prompt = new int[PROMPT];
    int nVocab = opened.hparams().nVocab();
    Arrays.setAll(prompt, i -> Math.floorMod(i * 7919 + 13, nVocab));
    last = new int[] {prompt[PROMPT - 1]};
    int[] ends = opened.tokenizer().special().endOfGeneration();
    endless =
        logits -> {
          for (int end : ends) {
            logits.ban(end);
          }
        };
  }

  @TearDown
  public void close() {
    opened.close();
  }

  /** Evaluates the prompt but for its last token, which is not measured. */
  @Setup(Level.Invocation)
  public void prompt() {
    session.reset();
    session.append(Arrays.copyOf(prompt, PROMPT - 1));
  }

  @Benchmark
  public double greedy() {
    return generate(GenerationConfig.greedy());
  }

  @Benchmark
  public double sampled() {
    return generate(GenerationConfig.defaults().withSeed(0));
  }

  private double generate(GenerationConfig config) {
    double sum = 0;
    for (Piece p : session.generate(last, config.withMaxTokens(GENERATED).withProcessor(endless))) {
      sum += p.logProbability();
    }
    return sum;
  }

  @Benchmark
  public double beams() {
    Hypothesis best =
        session
            .search(
                last, BeamSearchConfig.of(width).withMaxTokens(GENERATED).withProcessor(endless))
            .get(0);
    return best.score();
  }

  @Benchmark
  public double contrastive() {
    return session
        .search(
            last, ContrastiveSearchConfig.of(width).withMaxTokens(GENERATED).withProcessor(endless))
        .score();
  }

  /** All texts together. */
  @Benchmark
  public double parallel() {
    GenerationConfig config =
        GenerationConfig.defaults().withMaxTokens(GENERATED).withProcessor(endless);
    try (ParallelGeneration texts = session.parallel(last, parallel)) {
      for (int i = 0; i < parallel; i++) {
        texts.add("", config.withSeed(i));
      }
      return texts.finish().stream().mapToDouble(Hypothesis::score).sum();
    }
  }
}
