package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.eval.EvaluationOptions;
import org.ggml4j.eval.KlDivergence;
import org.ggml4j.eval.Perplexity;
import org.ggml4j.quantize.QuantizationOptions;
import org.ggml4j.quantize.QuantizationPlan;
import org.ggml4j.quantize.QuantizationRecipe;
import org.jspecify.annotations.Nullable;

/** Makes a model's levels one after the other and measures each. */
final class QuantsRun implements AutoCloseable {
  private static final double MADE = 0.2;
  private static final double TIMED = 0.7;
  private static final long KEPT_BYTES = 256L << 20;

  /**
   * What is done.
   *
   * @param model the file that levels are made from and compared with; none for a shape
   * @param name of the file's own level
   * @param requantize whether the file may be quantized already
   * @param text to predict; empty for no quality
   * @param loading how the models are loaded of which the quality is measured
   * @param folder where a level's file lies while it is measured
   */
  record Job(
      Optional<Path> model,
      String name,
      List<QuantizationRecipe> levels,
      boolean requantize,
      Optional<String> text,
      EvaluationOptions evaluation,
      ChildBench.Options bench,
      ModelOptions loading,
      Path folder) {

    QuantizationOptions options(QuantizationRecipe level) {
      return QuantizationOptions.of(level)
          .withAllowRequantize(requantize)
          .withThreads(bench.threads());
    }
  }

  private final Job job;
  private final QuantsJournal journal;
  private final Interruption interruption;
  private final Bar bar;
  private @Nullable Opened reference;
  private KlDivergence.@Nullable Reference truth;
  private int done;

  QuantsRun(Job job, QuantsJournal journal, Interruption interruption, Bar bar) {
    this.job = job;
    this.journal = journal;
    this.interruption = interruption;
    this.bar = bar;
  }

  /** A model and a session of it, to be closed together. */
  private record Opened(Model model, Session session) implements AutoCloseable {
    @Override
    public void close() {
      session.close();
      model.close();
    }
  }

  /**
   * Measures what the journal does not have.
   *
   * @return the reference, and the levels in their order
   * @throws CancellationException if it was interrupted; what was measured is in the journal
   */
  List<QuantsRow> run(LevelSource source) throws IOException {
    List<QuantsRow> rows = new ArrayList<>();
    if (job.model().isPresent()) {
      Optional<QuantsRow> known = journal.row(job.name());
      rows.add(known.isPresent() ? known.get() : added(measureReference(job.model().get())));
      done++;
    }
    for (QuantizationRecipe level : job.levels()) {
      Optional<QuantsRow> known = journal.row(level.name());
      rows.add(known.isPresent() ? known.get() : added(measure(source, level)));
      done++;
    }
    return rows;
  }

  private QuantsRow added(QuantsRow row) throws IOException {
    journal.add(row);
    return row;
  }

  private QuantsRow measureReference(Path model) throws IOException {
    at(0, job.name() + " speed");
    BenchRow.ModelFacts facts = BenchRow.ModelFacts.of(model);
    ChildBench.Result speed = ChildBench.run(model, job.bench(), interruption);
    Optional<QuantsRow.Quality> quality = Optional.empty();
    if (job.text().isPresent()) {
      Perplexity.Result result =
          Perplexity.of(reference().session(), job.text().get(), evaluation(job.name()));
      quality = Optional.of(QuantsRow.Quality.ofReference(result.perplexity()));
    }
    return new QuantsRow(
        job.name(),
        true,
        Files.size(model),
        8.0 * facts.bytes() / facts.parameters(),
        Optional.empty(),
        0,
        speed.loadSeconds(),
        speed.peakBytes(),
        speed.prefill(),
        speed.decode(),
        quality);
  }

  private QuantsRow measure(LevelSource source, QuantizationRecipe level) throws IOException {
    Path made =
        job.folder().resolve(".quants-" + level + "-" + ProcessHandle.current().pid() + ".gguf");
    try {
      long begin = System.nanoTime();
      QuantizationPlan plan =
          source.make(
              job.options(level),
              made,
              share -> {
                at(MADE * share, level + " made");
                return !interruption.requested();
              });
      final double seconds = (System.nanoTime() - begin) / 1e9;
      at(MADE, level + " speed");
      ChildBench.Result speed = ChildBench.run(made, job.bench(), interruption);
      Optional<QuantsRow.Quality> quality = Optional.empty();
      if (job.text().isPresent()) {
        quality = Optional.of(quality(made, level.name(), job.text().get()));
      }
      return new QuantsRow(
          level.name(),
          false,
          Files.size(made),
          plan.bitsPerWeight(),
          Fallbacks.of(plan),
          seconds,
          speed.loadSeconds(),
          speed.peakBytes(),
          speed.prefill(),
          speed.decode(),
          quality);
    } finally {
      Files.deleteIfExists(made);
    }
  }

  private QuantsRow.Quality quality(Path made, String name, String text) throws IOException {
    KlDivergence.Reference known = truth;
    if (known == null) {
      long most = Math.min(KEPT_BYTES, Runtime.getRuntime().maxMemory() / 4);
      known = new KlDivergence.Reference(reference().session(), text, most);
      truth = known;
    }
    try (Opened level = open(made)) {
      return QuantsRow.Quality.of(known.compare(level.session(), evaluation(name)));
    }
  }

  private Opened reference() throws IOException {
    Opened opened = reference;
    if (opened == null) {
      opened = open(job.model().orElseThrow());
      reference = opened;
    }
    return opened;
  }

  private Opened open(Path file) throws IOException {
    Model model = Model.load(file, job.loading().withProgress(share -> !interruption.requested()));
    try {
      return new Opened(
          model,
          model.newSession(
              SessionOptions.defaults()
                  .withContext(job.evaluation().nCtx())
                  .withThreads(job.bench().threads())));
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private EvaluationOptions evaluation(String name) {
    return job.evaluation()
        .withProgress(
            share -> {
              at(TIMED + (1 - TIMED) * share, name + " quality");
              return !interruption.requested();
            });
  }

  /** Shows how far the present level has come. */
  private void at(double share, String what) {
    bar.at((done + share) / ((job.model().isPresent() ? 1 : 0) + job.levels().size()), what);
  }

  @Override
  public void close() {
    if (reference != null) {
      reference.close();
    }
  }
}
