package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.DoublePredicate;
import org.ggml4j.arch.DeclaredTensors;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.TensorInfo;
import org.ggml4j.quantize.ImportanceMatrix;
import org.ggml4j.quantize.QuantizationOptions;
import org.ggml4j.quantize.QuantizationPlan;
import org.ggml4j.quantize.Quantizer;

/** What levels are made from: a file, or nothing but a shape. */
sealed interface LevelSource extends AutoCloseable {
  /** The keys of the model. */
  GgufMetadata metadata();

  /**
   * What a level's tensors become; reads none.
   *
   * @throws IllegalArgumentException if it can't be made
   */
  QuantizationPlan plan(QuantizationOptions options) throws IOException;

  /**
   * Writes a level; the file appears when it is complete.
   *
   * @param progress is told the share that is written; false cancels
   */
  QuantizationPlan make(QuantizationOptions options, Path to, DoublePredicate progress)
      throws IOException;

  @Override
  void close();

  /** Levels of a file. */
  record OfFile(GgufFile file, Optional<ImportanceMatrix> importance) implements LevelSource {
    @Override
    public GgufMetadata metadata() {
      return file.metadata();
    }

    @Override
    public QuantizationPlan plan(QuantizationOptions options) throws IOException {
      return QuantizationPlan.of(file, options, importance);
    }

    @Override
    public QuantizationPlan make(QuantizationOptions options, Path to, DoublePredicate progress)
        throws IOException {
      Quantizer quantizer = Quantizer.of(file, options, importance);
      quantizer.write(to, (tensor, bytes, total) -> progress.test((double) bytes / total));
      return quantizer.plan();
    }

    @Override
    public void close() {
      file.close();
    }
  }

  /** Levels of random weights. */
  record OfShape(ModelShape shape, List<TensorInfo> tensors, RandomModel random)
      implements LevelSource {
    static OfShape of(ModelShape shape) throws IOException {
      DeclaredTensors declared = shape.tensors();
      return new OfShape(shape, ModelShape.halfPrecision(declared), new RandomModel());
    }

    @Override
    public GgufMetadata metadata() {
      return shape.metadata();
    }

    @Override
    public QuantizationPlan plan(QuantizationOptions options) throws IOException {
      return QuantizationPlan.of(metadata(), tensors, options, Optional.empty());
    }

    @Override
    public QuantizationPlan make(QuantizationOptions options, Path to, DoublePredicate progress)
        throws IOException {
      QuantizationPlan plan = plan(options);
      random.write(to, metadata(), plan, progress);
      return plan;
    }

    @Override
    public void close() {
      random.close();
    }
  }
}
