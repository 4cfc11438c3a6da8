package org.ggml4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ggml4j.Session;
import org.ggml4j.eval.ChoiceAccuracy;
import org.ggml4j.eval.ChoiceAccuracy.Outcome;
import org.ggml4j.eval.ChoiceAccuracy.Result;
import org.ggml4j.eval.ChoiceTask;
import org.ggml4j.eval.ChoiceTasks;
import picocli.CommandLine.Option;

/** Which tasks of a file a model gets, and what is written about them. */
final class TaskOptions {
  /** As many as llama-perplexity takes of HellaSwag's 10042, unless told otherwise. */
  private static final int HELLASWAG_TASKS = 400;

  @Option(
      names = "--tasks",
      paramLabel = "N",
      description =
          "How many tasks, picked at random. Default: 400 of HellaSwag, all of the others, as"
              + " llama-perplexity has it.")
  private Optional<Integer> nTasks = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the picking. Default: ${DEFAULT-VALUE}, which picks llama-perplexity's.")
  private int seed = ChoiceTasks.SEED;

  @Option(names = "--each", description = "Also write a line for each task.")
  private boolean each;

  /** What is measured, and written at the end. */
  @FunctionalInterface
  interface Report {
    void write() throws IOException;
  }

  /** The tasks of a file that are asked for. */
  List<ChoiceTask> read(Path file, ChoiceTasks.Format format) throws IOException {
    List<ChoiceTask> all = ChoiceTasks.read(file, format);
    int most = format == ChoiceTasks.Format.HELLASWAG ? HELLASWAG_TASKS : Integer.MAX_VALUE;
    return ChoiceTasks.select(all, format, nTasks.orElse(most), seed);
  }

  Report measure(
      Session session,
      List<ChoiceTask> tasks,
      Streams streams,
      boolean json,
      Bar bar,
      Interruption interruption) {
    Result result =
        ChoiceAccuracy.of(
            session,
            tasks,
            outcome -> {
              if (each) {
                write(outcome, streams, json);
              }
              bar.at(
                  (outcome.index() + 1.0) / tasks.size(),
                  percent(outcome.soFar().accuracy().value()) + " right");
              return !interruption.requested();
            });
    return () -> write(result, streams, json);
  }

  private static void write(Outcome outcome, Streams streams, boolean json) {
    try {
      streams.out().println(line(outcome, json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String line(Outcome o, boolean json) throws IOException {
    if (json) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("task", o.index());
      fields.put("scores", o.scores());
      fields.put("chosen", o.chosen());
      fields.put("right", o.isRight());
      return Json.text(fields);
    }
    StringBuilder line = new StringBuilder();
    line.append(o.index() + 1).append('\t').append(percent(o.soFar().accuracy().value()));
    line.append('\t').append(o.isRight() ? "right" : "wrong").append("\tchose ");
    line.append(o.chosen() + 1).append(" of");
    o.scores().forEach(score -> line.append(' ').append(Figures.decimal(score, 4)));
    return line.toString();
  }

  private static void write(Result r, Streams streams, boolean json) throws IOException {
    if (json) {
      try (Json lines = new Json(streams.out())) {
        lines.line(
            o -> {
              o.writeNumberField("accuracy", r.accuracy().value());
              o.writeNumberField("accuracy_error", r.accuracy().error());
              o.writeNumberField("accuracy_low", r.low());
              o.writeNumberField("accuracy_high", r.high());
              o.writeNumberField("right", r.nRight());
              o.writeNumberField("tasks", r.nTasks());
              o.writeNumberField("chance", r.chance());
            });
      }
      return;
    }
    Table table = new Table(2);
    table.row(
        "right",
        Figures.plusMinus(100 * r.accuracy().value(), 100 * r.accuracy().error(), 2) + " %");
    table.row("95% confidence", percent(r.low()) + " to " + percent(r.high()));
    table.row("by chance", percent(r.chance()));
    table.row("tasks", r.nRight() + " of " + r.nTasks());
    table.print(streams.out(), "");
  }

  private static String percent(double share) {
    return Figures.decimal(100 * share, 2) + " %";
  }
}
