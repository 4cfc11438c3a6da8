package org.ggml4j.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.ggml4j.Generation;
import org.ggml4j.GenerationStats;
import org.ggml4j.Piece;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.ScoredToken;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.StopReason;
import picocli.CommandLine.Option;

/** How {@code generate} writes texts: as they are, or as JSON lines. */
final class TextOutput {
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
              + " figures}. With --beams a line for each text.")
  private boolean json;

  /**
   * Writes a text while it is generated.
   *
   * @param logProbs shows the probabilities of its tokens, a line for each, if that is asked for
   * @return false if nobody reads the output any more
   */
  boolean write(
      Streams streams, String prompt, Generation generation, Optional<LogProbsView> logProbs)
      throws IOException {
    if (json) {
      return writeJson(streams, generation, logProbs);
    }
    return logProbs.isPresent()
        ? writeLines(streams, generation, logProbs.get())
        : writeText(streams, prompt, generation);
  }

  private boolean isEcho(Streams streams) {
    return echo.map(OnOff::isOn).orElseGet(() -> streams.terminals().out());
  }

  private boolean writeText(Streams streams, String prompt, Generation generation) {
    if (isEcho(streams)) {
      streams.out().print(prompt);
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

  private static boolean writeLines(Streams streams, Generation generation, LogProbsView logProbs) {
    for (Piece piece : generation) {
      streams.out().println(logProbs.line(piece));
      if (streams.out().checkError()) {
        return false;
      }
    }
    return true;
  }

  private static boolean writeJson(
      Streams streams, Generation generation, Optional<LogProbsView> logProbs) throws IOException {
    try (Json lines = new Json(streams.out())) {
      for (Piece piece : generation) {
        lines.line(
            o -> {
              o.writeNumberField("id", piece.token());
              o.writeNumberField("logprob", piece.logProbability());
              o.writeStringField("text", piece.text());
              if (logProbs.isPresent()) {
                logProbs.get().json(piece.logProbs().orElseThrow(), o);
              }
            });
        if (streams.out().checkError()) {
          return false;
        }
      }
      GenerationStats stats = generation.stats();
      lines.line(
          o -> {
            o.writeStringField("text", generation.text());
            o.writeStringField("stop_reason", name(stats.reason()));
            o.writeNumberField("prompt_tokens", stats.promptTokens());
            o.writeNumberField("prompt_seconds", stats.promptSeconds());
            o.writeNumberField("prompt_tokens_per_second", stats.promptTokensPerSecond());
            o.writeNumberField("generated_tokens", stats.generatedTokens());
            o.writeNumberField("generate_seconds", stats.generateSeconds());
            o.writeNumberField("tokens_per_second", stats.tokensPerSecond());
            if (stats.speculation().isPresent()) {
              SpeculationStats guesses = stats.speculation().get();
              o.writeNumberField("drafted", guesses.drafted());
              o.writeNumberField("accepted", guesses.accepted());
              o.writeNumberField("steps", guesses.steps());
            }
          });
    }
    return !streams.out().checkError();
  }

  /**
   * Writes what a search found, best first: a single text alone, several with their scores.
   *
   * @param logProbs shows the tokens instead, a line for each, if that is asked for
   * @return false if nobody reads the output any more
   */
  boolean write(
      Streams streams, String prompt, List<Hypothesis> found, Optional<LogProbsView> logProbs)
      throws IOException {
    if (json) {
      try (Json lines = new Json(streams.out())) {
        for (Hypothesis hypothesis : found) {
          lines.line(o -> writeFields(hypothesis, logProbs, o));
        }
      }
      return !streams.out().checkError();
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < found.size(); i++) {
      if (found.size() > 1) {
        text.append(i > 0 ? "\n" : "").append(i + 1).append(". ");
        text.append(scores(found.get(i))).append('\n');
      }
      if (logProbs.isPresent()) {
        LogProbsView view = logProbs.get();
        found.get(i).tokens().forEach(token -> text.append(view.line(token)).append('\n'));
      } else {
        text.append(isEcho(streams) ? prompt : "").append(found.get(i).text()).append('\n');
      }
    }
    streams.out().print(text);
    return !streams.out().checkError();
  }

  /** What is known of a text that a search found, in one line. */
  static String scores(Hypothesis hypothesis) {
    return "score "
        + Figures.decimal(hypothesis.score(), 5)
        + ", "
        + hypothesis.tokens().size()
        + " tokens, ordered by "
        + Figures.decimal(hypothesis.normalizedScore(), 5)
        + "; "
        + hypothesis.reason().map(Figures::reason).orElse("not complete");
  }

  private static void writeFields(
      Hypothesis hypothesis, Optional<LogProbsView> logProbs, JsonGenerator o) throws IOException {
    o.writeStringField("text", hypothesis.text());
    o.writeNumberField("score", hypothesis.score());
    o.writeNumberField("normalized_score", hypothesis.normalizedScore());
    o.writeStringField("stop_reason", hypothesis.reason().map(TextOutput::name).orElse(""));
    o.writeArrayFieldStart("ids");
    for (ScoredToken token : hypothesis.tokens()) {
      o.writeNumber(token.token());
    }
    o.writeEndArray();
    o.writeArrayFieldStart("logprobs");
    for (ScoredToken token : hypothesis.tokens()) {
      o.writeNumber(token.logProbability());
    }
    o.writeEndArray();
    if (logProbs.isPresent()) {
      o.writeArrayFieldStart("alternatives");
      for (ScoredToken token : hypothesis.tokens()) {
        o.writeStartObject();
        logProbs.get().json(token.logProbs().orElseThrow(), o);
        o.writeEndObject();
      }
      o.writeEndArray();
    }
  }

  private static String name(StopReason reason) {
    return reason.name().toLowerCase(Locale.ROOT);
  }
}
