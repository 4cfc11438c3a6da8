package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.eval.ChoiceTask;
import org.ggml4j.eval.ChoiceTasks.Format;
import org.ggml4j.eval.Estimate;
import org.ggml4j.eval.EvaluationOptions;
import org.ggml4j.eval.KlDivergence;
import org.ggml4j.eval.Perplexity;
import org.ggml4j.gguf.GgmlType;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code eval}: how well a model predicts a text, and how far it is from another. */
@Command(
    name = "eval",
    description = {
      "Measures how well a model predicts a text: perplexity, as llama-perplexity defines it.",
      "With --reference also how far it is from that model: KL divergence, agreement on the"
          + " likeliest token, differences of probabilities.",
      "Or how many tasks a model answers rightly, scored as llama-perplexity does it."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Examples:  ggml4j eval -m model-q4_0.gguf --reference model-f16.gguf -f text.txt",
      "           ggml4j eval -m model.gguf --hellaswag hellaswag_val_full.txt --tasks 1000"
    })
final class EvalCommand implements Callable<Integer> {
  /** Contexts of {@code --ctx} tokens that tasks share, as in llama-perplexity. */
  private static final int TASKS_CONTEXTS = 4;

  private final Streams streams;
  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @ArgGroup(multiplicity = "1")
  private Source source = new Source();

  /** What is evaluated. */
  private static final class Source {
    @Option(
        names = {"-f", "--file"},
        paramLabel = "FILE",
        required = true,
        description = "The text, in UTF-8; at least two contexts long.")
    private Optional<Path> text = Optional.empty();

    @Option(
        names = "--hellaswag",
        paramLabel = "FILE",
        required = true,
        description = "Tasks of HellaSwag: six lines each.")
    private Optional<Path> hellaSwag = Optional.empty();

    @Option(
        names = "--winogrande",
        paramLabel = "FILE",
        required = true,
        description = "Tasks of WinoGrande: CSV.")
    private Optional<Path> winogrande = Optional.empty();

    @Option(
        names = "--multiple-choice",
        paramLabel = "FILE",
        required = true,
        description = "Tasks of ARC, MMLU or TruthfulQA: llama-perplexity's binary format.")
    private Optional<Path> multipleChoice = Optional.empty();

    boolean isMissing() {
      return text.isEmpty()
          && hellaSwag.isEmpty()
          && winogrande.isEmpty()
          && multipleChoice.isEmpty();
    }
  }

  @Mixin private TaskOptions tasks;

  @Option(
      names = "--reference",
      converter = ModelPath.class,
      paramLabel = "MODEL",
      description = "The model that is taken for the truth; has the same vocabulary.")
  private Optional<Path> reference = Optional.empty();

  @Option(
      names = "--ctx",
      paramLabel = "N",
      description =
          "Tokens of a chunk; its second half is predicted. Of tasks, a quarter of those that are"
              + " in memory at once. Default: ${DEFAULT-VALUE}.")
  private int nCtx = 512;

  @Option(
      names = "--chunks",
      paramLabel = "N",
      description = "Chunks at most. Default: all of the text.")
  private int chunks = Integer.MAX_VALUE;

  @Mixin private EngineOptions engine;

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  @Mixin private Common common;

  EvalCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    checkSource();
    TaskOptions.Report report;
    try (Interruption interruption = Interruption.begin();
        Bar bar = new Bar(streams, "eval")) {
      report =
          source.text.isPresent()
              ? measure(Files.readString(source.text.get()), interruption, bar)
              : measureTasks(interruption, bar);
    } catch (CancellationException e) {
      streams.err().println("ggml4j: stopped");
      return Errors.FAILED;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    report.write();
    return 0;
  }

  private void checkSource() {
    if (source.isMissing()) {
      throw new ParameterException(
          spec.commandLine(),
          "expected a text (-f) or tasks (--hellaswag, --winogrande, --multiple-choice), found"
              + " neither");
    }
    if (reference.isPresent() && source.text.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "--reference compares predictions of a text: give one with -f");
    }
  }

  private TaskOptions.Report measureTasks(Interruption interruption, Bar bar) throws IOException {
    List<ChoiceTask> selected = selected();
    int context = Math.multiplyExact(TASKS_CONTEXTS, nCtx);
    return on(
        model.path(),
        context,
        interruption,
        session -> {
          tell(session);
          return tasks.measure(session, selected, streams, json, bar, interruption);
        });
  }

  private List<ChoiceTask> selected() throws IOException {
    if (source.hellaSwag.isPresent()) {
      return tasks.read(source.hellaSwag.get(), Format.HELLASWAG);
    }
    return source.winogrande.isPresent()
        ? tasks.read(source.winogrande.get(), Format.WINOGRANDE)
        : tasks.read(source.multipleChoice.orElseThrow(), Format.MULTIPLE_CHOICE);
  }

  private TaskOptions.Report measure(String corpus, Interruption interruption, Bar bar)
      throws IOException {
    EvaluationOptions options =
        EvaluationOptions.defaults()
            .withContext(nCtx)
            .withMaxChunks(chunks)
            .withProgress(
                share -> {
                  bar.at(share, "");
                  return !interruption.requested();
                });
    return on(
        model.path(),
        nCtx,
        interruption,
        session -> {
          tell(session);
          if (reference.isEmpty()) {
            Perplexity.Result result = Perplexity.of(session, corpus, options);
            return () -> write(result);
          }
          return on(
              reference.get(),
              nCtx,
              interruption,
              truths -> {
                KlDivergence.Result result = KlDivergence.between(truths, session, corpus, options);
                return () -> write(result);
              });
        });
  }

  /** What is measured while a model is open. */
  private interface Measuring {
    TaskOptions.Report of(Session session) throws IOException;
  }

  private TaskOptions.Report on(
      Path file, int context, Interruption interruption, Measuring measuring) throws IOException {
    ModelOptions options =
        engine.model(true, streams.err()).withProgress(share -> !interruption.requested());
    try (Model loaded = Model.load(file, options);
        Session session =
            loaded.newSession(engine.session(GgmlType.F16, true).withContext(context))) {
      return measuring.of(session);
    }
  }

  private void tell(Session session) {
    if (common.verbose) {
      streams.err().println(session.model().placement());
    }
  }

  private void write(Perplexity.Result r) throws IOException {
    if (json) {
      try (Json lines = new Json(streams.out())) {
        lines.line(
            o -> {
              o.writeNumberField("perplexity", r.perplexity().value());
              o.writeNumberField("perplexity_error", r.perplexity().error());
              o.writeNumberField("tokens", r.nTokens());
              o.writeNumberField("chunks", r.nChunks());
            });
      }
      return;
    }
    Table table = new Table(2);
    table.row("perplexity", show(r.perplexity(), 4));
    table.row("tokens predicted", r.nTokens() + " in " + r.nChunks() + " chunks");
    table.print(streams.out(), "");
  }

  private void write(KlDivergence.Result r) throws IOException {
    if (json) {
      try (Json lines = new Json(streams.out())) {
        lines.line(
            o -> {
              o.writeNumberField("perplexity", r.perplexity().value());
              o.writeNumberField("perplexity_error", r.perplexity().error());
              o.writeNumberField("reference_perplexity", r.referencePerplexity().value());
              o.writeNumberField("log_ratio", r.logRatio().value());
              o.writeNumberField("log_ratio_error", r.logRatio().error());
              o.writeNumberField("kl_divergence", r.divergence().value());
              o.writeNumberField("kl_divergence_error", r.divergence().error());
              o.writeNumberField("kl_divergence_median", r.divergences().at(0.5));
              o.writeNumberField("kl_divergence_99", r.divergences().at(0.99));
              o.writeNumberField("kl_divergence_max", r.divergences().at(1));
              o.writeNumberField("same_top", r.sameTop().value());
              o.writeNumberField("same_top_error", r.sameTop().error());
              o.writeNumberField("rms_difference", r.rmsDifference().value());
              o.writeNumberField("rms_difference_error", r.rmsDifference().error());
              o.writeNumberField("tokens", r.nTokens());
            });
      }
      return;
    }
    Table table = new Table(2);
    table.row("perplexity", show(r.perplexity(), 4));
    table.row("reference's perplexity", show(r.referencePerplexity(), 4));
    table.row("ln of their ratio", show(r.logRatio(), 5));
    table.row("KL divergence, mean", show(r.divergence(), 6));
    for (double share : new double[] {0.5, 0.9, 0.99, 1}) {
      String name = share == 0.5 ? "median" : share == 1 ? "greatest" : share * 100 + "%";
      table.row("KL divergence, " + name, Figures.decimal(r.divergences().at(share), 6));
    }
    table.row("same likeliest token", percent(r.sameTop()));
    table.row("difference of probability, mean", percent(r.meanDifference()));
    table.row("difference of probability, RMS", percent(r.rmsDifference()));
    table.row("tokens predicted", Long.toString(r.nTokens()));
    table.print(streams.out(), "");
  }

  private static String show(Estimate e, int decimals) {
    return Figures.plusMinus(e.value(), e.error(), decimals);
  }

  private static String percent(Estimate e) {
    return show(new Estimate(100 * e.value(), 100 * e.error()), 3) + " %";
  }
}
