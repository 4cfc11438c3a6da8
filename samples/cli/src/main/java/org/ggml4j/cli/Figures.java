package org.ggml4j.cli;

import org.ggml4j.GenerationStats;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.StopReason;

/** Numbers for people, without the machinery of formatters, which is slow to start. */
final class Figures {
  private Figures() {}

  /** What a generation did, in one line. */
  static String line(GenerationStats stats) {
    return "prompt "
        + stats.promptTokens()
        + " tokens, "
        + decimal(stats.promptTokensPerSecond(), 1)
        + " tokens/s; generated "
        + stats.generatedTokens()
        + " tokens, "
        + decimal(stats.tokensPerSecond(), 1)
        + " tokens/s; "
        + stats.speculation().map(guesses -> line(guesses) + "; ").orElse("")
        + reason(stats.reason());
  }

  private static String line(SpeculationStats guesses) {
    return "guessed "
        + guesses.drafted()
        + ", right "
        + guesses.accepted()
        + " ("
        + decimal(100 * guesses.acceptance(), 0)
        + "%), "
        + decimal(guesses.tokensPerStep(), 2)
        + " tokens a step";
  }

  /** What a search found, in one line. */
  static String line(int beams, Hypothesis best, double seconds) {
    return beams
        + (beams == 1 ? " beam, " : " beams, ")
        + decimal(seconds, 2)
        + " s; best: "
        + TextOutput.scores(best);
  }

  static String reason(StopReason reason) {
    return switch (reason) {
      case END_OF_TEXT -> "the model ended its text";
      case STOP_STRING -> "a stop text appeared";
      case TOKEN_LIMIT -> "the token limit was reached";
      case CONTEXT_FULL -> "the context is full";
      case CANCELLED -> "cancelled";
    };
  }

  /** A number with so many decimals. */
  static String decimal(double value, int decimals) {
    if (!Double.isFinite(value)) {
      return "-";
    }
    long unit = 1;
    for (int i = 0; i < decimals; i++) {
      unit *= 10;
    }
    long scaled = Math.round(Math.abs(value) * unit);
    String sign = value < 0 && scaled > 0 ? "-" : "";
    String whole = sign + scaled / unit;
    if (decimals == 0) {
      return whole;
    }
    String part = Long.toString(scaled % unit);
    return whole + "." + "0".repeat(decimals - part.length()) + part;
  }

  /** A number and its error or deviation, both with so many decimals. */
  static String plusMinus(double value, double error, int decimals) {
    return decimal(value, decimals) + " \u00b1 " + decimal(error, decimals);
  }

  /** Bytes in the unit that suits. */
  static String bytes(long n) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = n;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return decimal(value, unit == 0 ? 0 : 1) + " " + units[unit];
  }

  /** A duration as {@code 1:02:03} or {@code 2:03}. */
  static String duration(double seconds) {
    if (!Double.isFinite(seconds)) {
      return "-";
    }
    long s = Math.round(seconds);
    String two = (s % 60 < 10 ? "0" : "") + s % 60;
    long minutes = s / 60;
    return minutes < 60
        ? minutes + ":" + two
        : minutes / 60 + ":" + (minutes % 60 < 10 ? "0" : "") + minutes % 60 + ":" + two;
  }
}
