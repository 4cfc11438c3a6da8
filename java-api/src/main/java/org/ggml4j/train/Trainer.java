package org.ggml4j.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.ggml4j.arch.Architecture;
import org.ggml4j.arch.Architectures;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.Backend;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.CpuTopology;
import org.ggml4j.ggml.Device;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufWriter;

/**
 * Trains a model from random weights: the same architecture classes that generate, GGML's backward
 * pass, and AdamW. Everything that happens depends on the configuration and the data only, so that
 * a training that was stopped and goes on from a checkpoint gives the same weights, bit for bit, as
 * one that was not (on the same machine with the same number of threads).
 *
 * <p>One thread at a time.
 */
public final class Trainer implements CloseStack.Closing {
  /**
   * What is known after a step.
   *
   * @param step number of steps done
   * @param loss mean over the step's tokens, in nats
   * @param gradientNorm before clipping
   * @param learningRate of this step
   * @param heldOutLoss of the last evaluation, NaN before the first
   * @param evaluated whether that evaluation belongs to this step
   * @param tokensPerSecond of this run so far, evaluations not counted
   */
  public record Progress(
      int step,
      float loss,
      double gradientNorm,
      float learningRate,
      float heldOutLoss,
      boolean evaluated,
      double tokensPerSecond) {}

  /** Follows a training. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @return false to stop after this step
     */
    boolean step(Progress progress);
  }

  private final Hparams hparams;
  private final TrainingConfig config;
  private final TokenDataset data;
  private final TokenDataset heldOut;
  private final CloseStack owned = new CloseStack();
  private final Parameters parameters;
  private final TrainingGraph training;
  private final TrainingGraph evaluation;
  private final AdamW optimizer;
  private int step;
  private float heldOutLoss = Float.NaN;

  /**
   * @param hparams of the model; its architecture must be differentiable by GGML
   * @param data what is learned
   * @param heldOut what the loss is watched on
   * @throws IllegalArgumentException if a token is not in the vocabulary
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model can't be trained, such as one
   *     with experts or with scaled positions
   */
  public Trainer(Hparams hparams, TrainingConfig config, TokenDataset data, TokenDataset heldOut) {
    this.hparams = hparams;
    this.config = config;
    this.data = data;
    this.heldOut = heldOut;
    hparams.require(
        hparams.ropeScaling().type().equals("none"), "scaled positions while it is trained");
    data.checkTokens(hparams.nVocab());
    heldOut.checkTokens(hparams.nVocab());
    Architecture.Factory factory = Architectures.byName(hparams.architecture());
    int threads = config.threads() > 0 ? config.threads() : CpuTopology.physicalCores();
    try {
      Backend backend = owned.own(Backend.open(Device.cpu(), threads));
      parameters = owned.own(new Parameters(factory, hparams, config.seed()));
      training = owned.own(graph(backend, 1f / config.accumulation(), true));
      evaluation = owned.own(graph(backend, 1, false));
      optimizer = owned.own(new AdamW(parameters, backend, config));
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  private TrainingGraph graph(Backend backend, float weight, boolean gradients) {
    return new TrainingGraph(
        parameters, hparams, backend, config.nCtx(), config.nRows(), weight, gradients);
  }

  /** Number of trained values. */
  public long nParameters() {
    return parameters.count();
  }

  /** Steps that were done, those of earlier runs included. */
  public int step() {
    return step;
  }

  /** Trains until the configured number of steps is done or the listener says to stop. */
  public void run(Listener listener) {
    int[][] rows = new int[config.nRows()][config.nCtx() + 1];
    long begin = System.nanoTime();
    long evaluating = 0;
    int first = step;
    while (step < config.steps()) {
      float loss = gradients(rows);
      double norm = parameters.gradientNorm();
      optimizer.step(step, clipFactor(norm));
      step++;
      boolean evaluate = step % config.evalEvery() == 0 || step == config.steps();
      if (evaluate) {
        long before = System.nanoTime();
        heldOutLoss = evaluate();
        evaluating += System.nanoTime() - before;
      }
      double seconds = (System.nanoTime() - begin - evaluating) / 1e9;
      Progress progress =
          new Progress(
              step,
              loss,
              norm,
              config.learningRate(step - 1),
              heldOutLoss,
              evaluate,
              (step - first) * config.tokensPerStep() / seconds);
      if (!listener.step(progress)) {
        return;
      }
    }
  }

  /** Computes the gradients of this step's rows. */
  private float gradients(int[][] rows) {
    parameters.clearGradients();
    double loss = 0;
    for (int a = 0; a < config.accumulation(); a++) {
      for (int r = 0; r < config.nRows(); r++) {
        long number = ((long) step * config.accumulation() + a) * config.nRows() + r;
        data.row(config.seed(), number, rows[r]);
      }
      loss += training.compute(rows);
    }
    return (float) loss;
  }

  private float clipFactor(double norm) {
    return config.clip() > 0 && norm > config.clip() ? (float) (config.clip() / norm) : 1f;
  }

  /** Mean loss on the held-out text, in nats per token; always of the same rows. */
  public float evaluate() {
    int[][] rows = new int[config.nRows()][config.nCtx() + 1];
    double sum = 0;
    for (int b = 0; b < config.evalBatches(); b++) {
      for (int r = 0; r < config.nRows(); r++) {
        heldOut.row(~config.seed(), (long) b * config.nRows() + r, rows[r]);
      }
      sum += evaluation.compute(rows);
    }
    return (float) (sum / config.evalBatches());
  }

  /** Writes what is needed to go on later; replaces the file only when it is complete. */
  public void saveCheckpoint(Path file) throws IOException {
    Checkpoint.save(file, parameters, config, step, heldOutLoss);
  }

  /**
   * Goes on from a checkpoint of the same model and configuration.
   *
   * @throws IOException if it can't be read or belongs to another training
   */
  public void restoreCheckpoint(Path file) throws IOException {
    Checkpoint.Position position = Checkpoint.restore(file, parameters, config);
    step = position.step();
    heldOutLoss = position.heldOutLoss();
  }

  /**
   * Writes the model as it is now.
   *
   * @param type of the matrices; vectors stay F32
   * @param name of the model, {@code general.name}
   * @param tokenizer puts the {@code tokenizer.*} keys into the file
   */
  public void writeModel(Path file, GgmlType type, String name, Consumer<GgufWriter> tokenizer)
      throws IOException {
    GgufWriter writer = ModelWriter.metadata(hparams, name, type);
    tokenizer.accept(writer);
    ModelWriter.tensors(writer, parameters, type);
    writer.write(file);
  }

  /** For tests: the gradients of one batch of rows, and its loss, without a step. */
  TrainingGraph trainingGraph() {
    return training;
  }

  Parameters parameters() {
    return parameters;
  }

  @Override
  public void close() {
    owned.close();
  }
}
