package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.ggml4j.Generation;
import org.ggml4j.GenerationConfig;
import org.ggml4j.GenerationStats;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Piece;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.Speculation;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarException;
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

  @Option(
      names = "--temp",
      paramLabel = "T",
      description = "Temperature; 0 takes the likeliest token always. Default: 0.8.")
  private float temperature = 0.8f;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Consider the K likeliest tokens; 0: all. Default: 40.")
  private int topK = 40;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Consider the likeliest tokens that make up P; 1: all. Default: 0.95.")
  private float topP = 0.95f;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Consider tokens with P times the likeliest's probability; 0: all. Default: 0.05.")
  private float minP = 0.05f;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of the random numbers. Default: another one each time.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End where this text appears; may be repeated.")
  private List<String> stop = List.of();

  @Option(
      names = "--grammar",
      paramLabel = "FILE",
      description = "Write only what follows this grammar, in llama.cpp's GBNF.")
  private Optional<Path> grammar = Optional.empty();

  @Option(
      names = "--speculate",
      paramLabel = "ngram",
      description =
          "Guess tokens ahead, so that a text that repeats itself takes less time; the text is the"
              + " same. ngram: from the text so far.")
  private Optional<Speculate> speculation = Optional.empty();

  @Mixin private ContextOptions context;
  @Mixin private SessionFileOptions sessionFiles;
  @Mixin private EngineOptions engine;

  @Option(
      names = "--echo",
      paramLabel = "on|off",
      converter = OnOff.Converter.class,
      description =
          "Write the prompt before its continuation. Default: on if the output is a terminal.")
  private Optional<OnOff> echo = Optional.empty();

  @Option(
      names = "--json",
      description =
          "Write JSON lines: {id, logprob, text} for each token, then {text, stop_reason,"
              + " figures}.")
  private boolean json;

  @Mixin private Common common;

  GenerateCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    GenerationConfig config;
    ModelOptions modelOptions;
    SessionOptions sessionOptions;
    try {
      config =
          new GenerationConfig(
              maxTokens,
              temperature,
              topK,
              topP,
              minP,
              seed.isPresent() ? OptionalLong.of(seed.get()) : OptionalLong.empty(),
              stop,
              List.of(),
              Optional.empty(),
              speculation.map(Speculate::speculation),
              grammar());
      modelOptions = engine.model(true);
      sessionOptions = context.session(engine.session(GgmlType.F16, true));
    } catch (GrammarException e) {
      throw new ParameterException(
          spec.commandLine(), grammar.orElseThrow() + ": " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    String text = prompt();
    long begin = System.nanoTime();
    try (Interruption interruption = Interruption.begin();
        Model loaded =
            Model.load(
                model.path(), modelOptions.withProgress(fraction -> !interruption.requested()));
        Session session = loaded.newSession(sessionOptions)) {
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
      Generation generation = context.generate(session, text, config);
      interruption.onInterrupt(generation::cancel);
      boolean complete = json ? writeJson(generation) : writeText(text, generation);
      if (!complete) {
        return OUTPUT_CLOSED; // as a program that the signal of a closed pipe ends
      }
      sessionFiles.save(session);
      streams.err().println(Figures.line(generation.stats()));
      return 0;
    }
  }

  /** Where guesses come from. */
  enum Speculate {
    ngram;

    Speculation speculation() {
      return Speculation.ngram();
    }
  }

  private Optional<Grammar> grammar() throws IOException {
    return grammar.isPresent()
        ? Optional.of(Grammar.parse(Files.readString(grammar.get())))
        : Optional.empty();
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

  /**
   * @return false if nobody reads the output any more
   */
  private boolean writeText(String text, Generation generation) {
    if (echo.map(OnOff::isOn).orElseGet(() -> streams.terminals().out())) {
      streams.out().print(text);
      streams.out().flush();
    }
    for (Piece piece : generation) {
      streams.out().print(piece.text());
      if (streams.out().checkError()) { // flushes, too
        return false;
      }
    }
    streams.out().println();
    return !streams.out().checkError();
  }

  private boolean writeJson(Generation generation) throws IOException {
    try (Json lines = new Json(streams.out())) {
      for (Piece piece : generation) {
        lines.line(
            o -> {
              o.writeNumberField("id", piece.token());
              o.writeNumberField("logprob", piece.logProbability());
              o.writeStringField("text", piece.text());
            });
        if (streams.out().checkError()) {
          return false;
        }
      }
      GenerationStats stats = generation.stats();
      lines.line(
          o -> {
            o.writeStringField("text", generation.text());
            o.writeStringField("stop_reason", stats.reason().name().toLowerCase(Locale.ROOT));
            o.writeNumberField("prompt_tokens", stats.promptTokens());
            o.writeNumberField("prompt_seconds", stats.promptSeconds());
            o.writeNumberField("prompt_tokens_per_second", stats.promptTokensPerSecond());
            o.writeNumberField("generated_tokens", stats.generatedTokens());
            o.writeNumberField("generate_seconds", stats.generateSeconds());
            o.writeNumberField("tokens_per_second", stats.tokensPerSecond());
          });
    }
    return !streams.out().checkError();
  }
}
