package org.ggml4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.nn.Batch;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Tokens per second, as llama-bench counts them: 128 steps of one token from an empty context
 * ({@code tg128}), and prompts of 256 tokens ({@code pp256}). With {@code -prof gc} also the bytes
 * that a step allocates on the Java heap; with {@code -p reuseGraph=true,false} the cost of
 * building the graph anew for each step.
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 8, time = 3)
@Fork(
    value = 1,
    jvmArgs = {"--enable-native-access=ALL-UNNAMED", "-Xmx2g"})
public class DecodeBenchmark {
  private static final int DECODED = 128;
  private static final int PROMPT = 256;

  /** A GGUF file. */
  @Param({"samples/cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf"})
  public String model;

  /** CPU threads, 0 for the number of physical cores. */
  @Param({"0"})
  public int threads;

  @Param({"true"})
  public boolean reuseGraph;

  @Param({"true"})
  public boolean flashAttn;

  @Param({"true"})
  public boolean repack;

  private final Batch batch = new Batch(PROMPT);
  private Model opened;
  private Session session;
  private float[] logits;
  private int nVocab;

  @Setup
  public void open() throws IOException {
    opened = Model.load(Path.of(model), ModelOptions.defaults().withRepack(repack));
    session =
        opened.newSession(
            SessionOptions.defaults()
                .withContext(512)
                .withThreads(threads)
                .withFlashAttn(flashAttn)
                .withReuseGraph(reuseGraph));
    nVocab = opened.hparams().nVocab();
    logits = new float[nVocab];
  }

  @TearDown
  public void close() {
    opened.close();
  }

  /** Steps of one token; the score is tokens per second. */
  @Benchmark
  @OperationsPerInvocation(DECODED)
  public float decode() {
    session.reset();
    for (int i = 0; i < DECODED; i++) {
      batch.clear();
      batch.add(token(i), i, 0, true);
      session.evaluate(batch);
      session.readLogits(0, logits);
    }
    return logits[0];
  }

  /** A prompt at once, logits of its last token; the score is tokens per second. */
  @Benchmark
  @OperationsPerInvocation(PROMPT)
  public float prefill() {
    session.reset();
    batch.clear();
    for (int i = 0; i < PROMPT; i++) {
      batch.add(token(i), i, 0, i == PROMPT - 1);
    }
    session.evaluate(batch);
    session.readLogits(0, logits);
    return logits[0];
  }

  private int token(int i) {
    return Math.floorMod(i * 7919 + 13, nVocab);
  }
}
