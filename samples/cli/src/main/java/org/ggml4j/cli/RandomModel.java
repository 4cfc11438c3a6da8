package org.ggml4j.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.DoublePredicate;
import org.ggml4j.ggml.Quantization;
import org.ggml4j.gguf.AtomicFile;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufWriter;
import org.ggml4j.gguf.TensorInfo;
import org.ggml4j.quantize.QuantizationPlan;

/**
 * Writes a model of random weights at a level. Of each type a million weights are made and
 * repeated, which is as good for speed as others, and takes no time.
 */
final class RandomModel implements AutoCloseable {
  private static final int PATTERN = 1 << 20;
  private static final int ROW = 1 << 12;
  private static final float DEVIATION = 0.02f;
  private static final int SEED = 11;

  private final Arena arena = Arena.ofConfined();
  private final Map<GgmlType, MemorySegment> patterns = new EnumMap<>(GgmlType.class);
  private final MemorySegment gaussian = arena.allocate(4L * PATTERN, 64);

  RandomModel() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < PATTERN; i++) {
      gaussian.setAtIndex(ValueLayout.JAVA_FLOAT, i, DEVIATION * (float) random.nextGaussian());
    }
  }

  /**
   * Writes a file; it appears under its name when it is complete.
   *
   * @param progress is told the share that is written; false cancels
   * @throws CancellationException if the listener said so
   */
  void write(Path target, GgufMetadata metadata, QuantizationPlan plan, DoublePredicate progress)
      throws IOException {
    GgufWriter writer =
        GgufWriter.create()
            .metadata(metadata)
            .putUint32("general.quantization_version", 2)
            .putUint32("general.file_type", plan.recipe().fileType());
    long total = plan.nBytes();
    long[] done = {0};
    for (QuantizationPlan.Planned p : plan.tensors()) {
      TensorInfo t = p.source();
      writer.tensor(
          t.name(),
          p.type(),
          Arrays.copyOf(t.ne(), t.nDims()),
          out -> {
            MemorySegment pattern = t.nDims() == 1 ? ones(p.nBytes()) : pattern(p.type());
            fill(out, pattern, p.nBytes());
            done[0] += p.nBytes();
            if (!progress.test((double) done[0] / total)) {
              throw new CancellationException("writing was cancelled");
            }
          });
    }
    writer.write(target);
  }

  /** Norms and the like, in F32. */
  private MemorySegment ones(long nBytes) {
    MemorySegment ones = arena.allocate(nBytes, 64);
    for (long i = 0; i < nBytes / Float.BYTES; i++) {
      ones.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1);
    }
    return ones;
  }

  private MemorySegment pattern(GgmlType type) {
    return patterns.computeIfAbsent(type, this::made);
  }

  private MemorySegment made(GgmlType type) {
    if (type == GgmlType.F32) {
      return gaussian;
    }
    MemorySegment to = arena.allocate(type.rowSize(ROW) * (PATTERN / ROW), 64);
    float[] importance = new float[ROW];
    Arrays.fill(importance, 1);
    MemorySegment weights = arena.allocate(4L * ROW, 64);
    MemorySegment.copy(importance, 0, weights, ValueLayout.JAVA_FLOAT, 0, ROW);
    Quantization.rows(type, gaussian, to, PATTERN / ROW, ROW, weights);
    return to;
  }

  private static void fill(WritableByteChannel out, MemorySegment pattern, long nBytes)
      throws IOException {
    ByteBuffer bytes = pattern.asByteBuffer();
    for (long left = nBytes; left > 0; ) {
      int n = (int) Math.min(left, bytes.capacity());
      AtomicFile.writeFully(out, bytes.slice(0, n));
      left -= n;
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
