package org.ggml4j.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.ggml4j.ggml.Quantization;
import org.ggml4j.gguf.GgmlType;
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
 * Rows of 2048 normally distributed values to each type that weights are stored in, in one thread,
 * with equal importance of all columns; the score is values per microsecond, that is millions per
 * second.
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgs = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class QuantizeBenchmark {
  private static final int ROWS = 16;
  private static final int COLUMNS = 2048;
  private static final int VALUES = ROWS * COLUMNS;

  @Param({
    "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
    "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS", "TQ1_0",
    "TQ2_0", "MXFP4"
  })
  public String type;

  private Arena arena;
  private GgmlType to;
  private MemorySegment values;
  private MemorySegment importance;
  private MemorySegment quantized;

  @Setup
  public void create() {
    arena = Arena.ofShared();
    to = GgmlType.valueOf(type);
    Random random = new Random(1);
    values = arena.allocate(4L * VALUES, 64);
    for (int i = 0; i < VALUES; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    importance = arena.allocate(4L * COLUMNS, 64);
    for (int i = 0; i < COLUMNS; i++) {
      importance.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1);
    }
    quantized = arena.allocate(to.rowSize(COLUMNS) * ROWS, 64);
  }

  @TearDown
  public void close() {
    arena.close();
  }

  /** All rows. */
  @Benchmark
  @OperationsPerInvocation(VALUES)
  public MemorySegment quantize() {
    Quantization.rows(to, values, quantized, ROWS, COLUMNS, importance);
    return quantized;
  }

  /** Root of the mean squared difference of what was quantized and what it was. */
  double error() {
    MemorySegment back = arena.allocate(4L * VALUES, 64);
    Quantization.toFloat(to, quantized, back, VALUES);
    double sum = 0;
    for (int i = 0; i < VALUES; i++) {
      double d =
          back.getAtIndex(ValueLayout.JAVA_FLOAT, i) - values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      sum += d * d;
    }
    return Math.sqrt(sum / VALUES);
  }
}
