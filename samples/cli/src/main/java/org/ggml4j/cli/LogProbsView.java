package org.ggml4j.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.ggml4j.Piece;
import org.ggml4j.decode.ScoredToken;
import org.ggml4j.sampling.LogProbs;
import org.ggml4j.sampling.TokenLogProbability;
import org.ggml4j.tokenizer.Tokenizer;

/** Log-probabilities of tokens and of their alternatives, before and after the samplers. */
final class LogProbsView {
  private final Tokenizer tokenizer;

  LogProbsView(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** A line of a piece: what it is, its two log-probabilities, and the alternatives of both. */
  String line(Piece piece) {
    return line(piece.token(), piece.logProbability(), piece.logProbs().orElseThrow());
  }

  /** A line of a token that a search found. */
  String line(ScoredToken token) {
    return line(token.token(), token.logProbability(), token.logProbs().orElseThrow());
  }

  private String line(int token, double logProbability, LogProbs logProbs) {
    return "%7d  %-16s %9s %9s  | %s | %s"
        .formatted(
            token,
            text(token),
            number(logProbability),
            number(logProbs.candidateLogProbability()),
            list(logProbs.model()),
            list(logProbs.candidates()))
        .stripTrailing();
  }

  private String list(List<TokenLogProbability> tokens) {
    return tokens.stream()
        .map(t -> text(t.token()) + " " + number(t.logProbability()))
        .collect(Collectors.joining("  "));
  }

  private static String number(double logProbability) {
    return String.format(Locale.ROOT, "%.4f", logProbability);
  }

  private String text(int token) {
    return Quoted.bytes(tokenizer.tokenBytes(token, true));
  }

  /** The fields of a token's object. */
  void json(LogProbs logProbs, JsonGenerator json) throws IOException {
    json.writeNumberField("logprob_after", logProbs.candidateLogProbability());
    json("top", logProbs.model(), json);
    json("top_after", logProbs.candidates(), json);
  }

  private void json(String name, List<TokenLogProbability> tokens, JsonGenerator json)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (TokenLogProbability token : tokens) {
      json.writeStartObject();
      json.writeNumberField("id", token.token());
      json.writeNumberField("logprob", token.logProbability());
      byte[] bytes = tokenizer.tokenBytes(token.token(), true);
      json.writeStringField("text", new String(bytes, StandardCharsets.UTF_8));
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
