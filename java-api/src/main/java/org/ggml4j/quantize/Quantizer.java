package org.ggml4j.quantize;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufWriter;
import org.ggml4j.gguf.TensorInfo;

/**
 * Writes a model with smaller types.
 *
 * <p>Tensors are read, converted by several threads and written in pieces of a few megabytes, so
 * that memory does not grow with the model. What comes out is byte for byte what llama.cpp's {@code
 * llama-quantize} writes into its tensors.
 */
public final class Quantizer {
  private static final long SPARE_BYTES = 1 << 20;

  private final GgufFile file;
  private final QuantizationOptions options;
  private final Optional<ImportanceMatrix> importance;
  private final QuantizationPlan plan;

  /** Is told how far it has come. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called after each piece.
     *
     * @param tensor which is being written
     * @param done bytes of the source that are done with
     * @param total bytes of the source
     * @return false to cancel: {@link Quantizer#write} then throws {@link CancellationException}
     */
    boolean onProgress(TensorInfo tensor, long done, long total);
  }

  private Quantizer(
      GgufFile file,
      QuantizationOptions options,
      Optional<ImportanceMatrix> importance,
      QuantizationPlan plan) {
    this.file = file;
    this.options = options;
    this.importance = importance;
    this.plan = plan;
  }

  /**
   * Decides what will be done.
   *
   * @param file stays open until {@link #write} has returned
   * @throws IllegalArgumentException as {@link QuantizationPlan#of}
   */
  public static Quantizer of(
      GgufFile file, QuantizationOptions options, Optional<ImportanceMatrix> importance)
      throws IOException {
    QuantizationPlan plan = QuantizationPlan.of(file, options, importance);
    return new Quantizer(file, options, importance, plan);
  }

  /** What becomes of each tensor. */
  public QuantizationPlan plan() {
    return plan;
  }

  /**
   * Writes the file, which appears under its name when it is complete.
   *
   * @throws IOException if there is too little space, or reading or writing fails
   * @throws org.ggml4j.gguf.GgufFormatException if a tensor has values that are not finite
   * @throws CancellationException if the listener said so
   */
  public void write(Path target, Progress progress) throws IOException {
    checkSpace(target);
    GgufWriter writer =
        GgufWriter.create()
            .metadata(file.metadata())
            .putUint32("general.quantization_version", 2)
            .putUint32("general.file_type", plan.recipe().fileType());
    if (importance.isPresent()) {
      ImportanceMatrix m = importance.get();
      if (!m.datasets().isEmpty()) {
        writer.putString("quantize.imatrix.dataset", m.datasets().get(0));
      }
      writer.putUint32("quantize.imatrix.entries_count", m.size());
      writer.putUint32("quantize.imatrix.chunks_count", m.chunkCount());
    }
    try (ConversionPipeline pipeline =
        new ConversionPipeline(file, plan, importance, options.threads())) {
      Counter counter = new Counter(progress);
      for (QuantizationPlan.Planned p : plan.tensors()) {
        TensorInfo t = p.source();
        long[] ne = Arrays.copyOf(t.ne(), t.nDims());
        writer.tensor(t.name(), p.type(), ne, out -> tensor(pipeline, t, out, counter));
      }
      writer.write(target);
    }
  }

  private static void tensor(
      ConversionPipeline pipeline, TensorInfo t, WritableByteChannel out, Counter counter)
      throws IOException {
    long left = t.nBytes();
    while (left > 0) {
      long source = pipeline.writeNext(out);
      left -= source;
      counter.add(t, source);
    }
  }

  private final class Counter {
    private final Progress progress;
    private final long total;
    private long done;

    Counter(Progress progress) {
      this.progress = progress;
      total = plan.tensors().stream().mapToLong(p -> p.source().nBytes()).sum();
    }

    void add(TensorInfo t, long bytes) {
      done += bytes;
      if (!progress.onProgress(t, done, total)) {
        throw new CancellationException("the quantization was cancelled");
      }
    }
  }

  private void checkSpace(Path target) throws IOException {
    Path folder = target.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new IOException(target + ": there is no folder " + folder);
    }
    FileStore store = Files.getFileStore(folder);
    long needed = plan.nBytes() + SPARE_BYTES;
    long free = store.getUsableSpace();
    if (free < needed) {
      throw new IOException(
          target
              + ": the file takes "
              + needed / 1_000_000
              + " MB, and "
              + free / 1_000_000
              + " MB are free there");
    }
  }
}
