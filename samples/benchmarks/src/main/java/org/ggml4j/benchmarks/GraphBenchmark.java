package org.ggml4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.ggml4j.Model;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.nn.Batch;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A step of one token with the graph of the step before, and with a graph of its own: what building
 * one costs is the difference. Both compute the same token at the same position.
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgs = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class GraphBenchmark {
  private static final int POSITION = 40;

  /** A GGUF file. */
  @Param({"samples/cli/src/main/resources/org/ggml4j/cli/tiny-stories.gguf"})
  public String model;

  /** CPU threads, 0 for the number of physical cores. */
  @Param({"1"})
  public int threads;

  private final Batch batch = new Batch(1);
  private Model opened;
  private Session reusing;
  private Session rebuilding;
  private float[] logits;

  @Setup
  public void open() throws IOException {
    opened = Model.load(Path.of(model));
    SessionOptions options = SessionOptions.defaults().withContext(256).withThreads(threads);
    reusing = opened.newSession(options);
    rebuilding = opened.newSession(options.withReuseGraph(false));
    logits = new float[opened.hparams().nVocab()];
    int[] prompt = new int[POSITION];
    for (int i = 0; i < POSITION; i++) {
      prompt[i] = Math.floorMod(i * 7919 + 13, logits.length);
    }
    reusing.append(prompt);
    rebuilding.append(prompt);
  }

  @TearDown
  public void close() {
    opened.close();
  }

  /** With the last step's graph. */
  @Benchmark
  public float reuse() {
    return step(reusing);
  }

  /** With a graph that is built, planned and allocated for this step. */
  @Benchmark
  public float rebuild() {
    return step(rebuilding);
  }

  /** How many graphs were built so far, of both kinds of step. */
  long[] builds() {
    return new long[] {reusing.graphBuilds(), rebuilding.graphBuilds()};
  }

  private float step(Session session) {
    session.removeTokens(0, POSITION, Integer.MAX_VALUE);
    batch.clear();
    batch.add(7, POSITION, 0, true);
    session.evaluate(batch);
    session.readLogits(0, logits);
    return logits[0];
  }
}
