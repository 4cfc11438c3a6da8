package org.ggml4j.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.ggml4j.Generation;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.grammar.Grammar;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code generate}: continues a text. */
@Command(
    name = "generate",
    description = "Continues a text, and writes it as it comes. Figures go to standard error.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {"", "Example:  ggml4j generate -n 100 --temp 0 \"Once upon a time\""})
final class GenerateCommand implements Callable<Integer> {
  private static final int OUTPUT_CLOSED = 141;

  private final Streams streams;
  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Parameters(
      arity = "0..1",
      paramLabel = "PROMPT",
      description =
          "The text to continue; \"-\", or none when standard input is no terminal: it is read from"
              + " there, without its last line's end.")
  private Optional<String> prompt = Optional.empty();

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      description =
          "Tokens to generate at most. Default: until the model ends, or the context is full.")
  private int maxTokens = Integer.MAX_VALUE;

  @Mixin private SamplingOptions sampling;
  @Mixin private LogProbsOption logProbs;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End where this text appears; may be repeated.")
  private List<String> stop = List.of();

  @Mixin private ConstraintOptions constraint;
  @Mixin private SearchOptions search;
  @Mixin private SpeculationOption speculation;
  @Mixin private ContextOptions context;
  @Mixin private SessionFileOptions sessionFiles;
  @Mixin private EngineOptions engine;

  @Mixin private TextOutput output;
  @Mixin private Common common;

  GenerateCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    Optional<BeamSearchConfig> beams;
    Optional<Grammar> grammar;
    GenerationConfig config;
    ModelOptions modelOptions;
    SessionOptions sessionOptions;
    try {
      beams = search.config(spec.commandLine().getParseResult(), maxTokens, stop);
      grammar = constraint.grammar();
      config = config(grammar);
      modelOptions = engine.model(true, streams.err());
      sessionOptions = context.session(engine.session(GgmlType.F16, true));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    String text = prompt();
    long begin = System.nanoTime();
    try (Interruption interruption = Interruption.begin();
        Model loaded =
            Model.load(
                model.path(), modelOptions.withProgress(fraction -> !interruption.requested()));
        SpeculationOption.Guesses guesses = speculation.open(modelOptions);
        Session session =
            Vocabulary.readMeanwhile(loaded, () -> loaded.newSession(sessionOptions))) {
      if (common.verbose) {
        streams
            .err()
            .println(
                loaded.placement()
                    + "; loaded in "
                    + Figures.decimal((System.nanoTime() - begin) / 1e6, 0)
                    + " ms; context "
                    + session.nCtx()
                    + " tokens");
      }
      sessionFiles.restore(session);
      Optional<LogProbsView> logProbs =
          config.logProbs().isPresent()
              ? Optional.of(new LogProbsView(loaded.tokenizer()))
              : Optional.empty();
      if (beams.isPresent()) {
        interruption.onInterrupt(session::cancel);
        BeamSearchConfig told =
            config.logProbs().isPresent()
                ? beams.get().withLogProbs(config.logProbs().getAsInt())
                : beams.get();
        return search(session, text, held(loaded, grammar, told), logProbs);
      }
      Generation generation =
          context.generate(
              session, text, guesses.speculation().map(config::withSpeculation).orElse(config));
      interruption.onInterrupt(generation::cancel);
      if (!output.write(streams, text, generation, logProbs)) {
        return OUTPUT_CLOSED; // as a program that the signal of a closed pipe ends
      }
      sessionFiles.save(session);
      streams.err().println(Figures.line(generation.stats()));
      return 0;
    }
  }

  private GenerationConfig config(Optional<Grammar> grammar) {
    GenerationConfig config =
        logProbs
            .apply(sampling.apply(GenerationConfig.defaults()))
            .withMaxTokens(maxTokens)
            .withStop(stop.toArray(String[]::new));
    return grammar.map(config::withGrammar).orElse(config);
  }

  /** A search whose texts follow a grammar. */
  private static BeamSearchConfig held(
      Model model, Optional<Grammar> grammar, BeamSearchConfig beams) {
    return grammar.map(g -> beams.withProcessor(model.masks(g).newConstraint())).orElse(beams);
  }

  private int search(
      Session session, String text, BeamSearchConfig beams, Optional<LogProbsView> logProbs)
      throws IOException {
    long begin = System.nanoTime();
    List<Hypothesis> found = session.search(text, beams);
    double seconds = (System.nanoTime() - begin) / 1e9;
    if (!output.write(streams, text, found, logProbs)) {
      return OUTPUT_CLOSED;
    }
    streams.err().println(Figures.line(beams.width(), found.get(0), seconds));
    return 0;
  }

  private String prompt() throws IOException {
    if (prompt.isPresent() && !prompt.get().equals("-")) {
      return prompt.get();
    }
    if (prompt.isEmpty() && sessionFiles.isLoaded()) {
      return "";
    }
    if (prompt.isEmpty() && streams.terminals().in()) {
      throw new ParameterException(
          spec.commandLine(), "there is no prompt: give one, or send it to standard input");
    }
    String text = streams.readAll();
    return text.endsWith("\r\n")
        ? text.substring(0, text.length() - 2)
        : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
  }
}
