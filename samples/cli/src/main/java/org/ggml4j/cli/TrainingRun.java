package org.ggml4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.ggml4j.arch.Hparams;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.tokenizer.TrainedVocabulary;
import org.ggml4j.train.TokenDataset;
import org.ggml4j.train.Trainer;
import org.ggml4j.train.TrainingConfig;

/** A training from its first step, or from a checkpoint, to the written model. */
final class TrainingRun {
  private static final int STEPS_PER_LINE = 10;

  private final Streams streams;
  private final Job job;
  private final Targets targets;
  private final int saveEvery;
  private final boolean terminal;

  /** What is trained. */
  record Job(
      String name,
      Hparams hparams,
      TrainingConfig config,
      TrainedVocabulary vocabulary,
      TokenDataset data,
      TokenDataset heldOut) {}

  /** What is written. */
  record Targets(Path model, Path checkpoint, GgmlType type) {}

  TrainingRun(Streams streams, Job job, Targets targets, int saveEvery) {
    this.streams = streams;
    this.job = job;
    this.targets = targets;
    this.saveEvery = saveEvery;
    terminal = streams.terminals().err();
  }

  /** Trains; returns the command's exit code. */
  int run(boolean resume, boolean verbose) throws IOException {
    try (Interruption interruption = Interruption.begin();
        Trainer trainer = new Trainer(job.hparams, job.config, job.data, job.heldOut)) {
      if (resume) {
        trainer.restoreCheckpoint(targets.checkpoint);
      }
      say(
          trainer.nParameters()
              + " parameters, "
              + job.data.size()
              + " tokens to learn from, "
              + job.heldOut.size()
              + " held out; "
              + job.config.steps()
              + " steps of "
              + job.config.tokensPerStep()
              + " tokens"
              + (trainer.step() > 0 ? ", going on after step " + trainer.step() : ""));
      if (verbose) {
        say(job.config.toString());
        say(job.hparams.toString());
      }
      train(trainer, interruption);
      if (trainer.step() < job.config.steps()) {
        trainer.saveCheckpoint(targets.checkpoint);
        say(
            "stopped after step "
                + trainer.step()
                + "; nothing is lost: the same command with --resume goes on from "
                + targets.checkpoint);
        return Errors.FAILED;
      }
      trainer.writeModel(targets.model, targets.type, job.name, job.vocabulary::writeTo);
      Files.deleteIfExists(targets.checkpoint);
      say(
          "wrote "
              + targets.model
              + " ("
              + Figures.bytes(Files.size(targets.model))
              + "); try:  ggml4j generate -m "
              + targets.model);
      return 0;
    }
  }

  private void train(Trainer trainer, Interruption interruption) throws IOException {
    try {
      trainer.run(
          progress -> {
            show(progress);
            if (progress.step() % saveEvery == 0 && progress.step() < job.config.steps()) {
              save(trainer);
            }
            return !interruption.requested();
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      if (terminal) {
        streams.err().println();
      }
    }
  }

  private void save(Trainer trainer) {
    try {
      trainer.saveCheckpoint(targets.checkpoint);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** On a terminal one line that is written over; else a line now and then. */
  private void show(Trainer.Progress p) {
    if (!terminal && p.step() % STEPS_PER_LINE != 0 && !p.evaluated()) {
      return;
    }
    double seconds =
        (job.config.steps() - p.step()) * (double) job.config.tokensPerStep() / p.tokensPerSecond();
    String line =
        "step "
            + p.step()
            + "/"
            + job.config.steps()
            + "  loss "
            + Figures.decimal(p.loss(), 4)
            + "  held out "
            + Figures.decimal(p.heldOutLoss(), 4)
            + "  "
            + Figures.decimal(p.tokensPerSecond(), 0)
            + " tokens/s  "
            + Figures.duration(seconds)
            + " left";
    if (terminal) {
      streams.err().print("\r" + line + "    ");
      streams.err().flush();
      if (p.evaluated()) {
        streams.err().println();
      }
    } else {
      say(line);
    }
  }

  private void say(String line) {
    streams.err().println(line);
  }
}
