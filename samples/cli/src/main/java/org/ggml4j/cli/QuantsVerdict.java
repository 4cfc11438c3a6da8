package org.ggml4j.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What the figures of a level mean, in words. How near is near is a rule of thumb: the limits lie
 * between what Q8_0, Q5_K_M, Q4_K_M, Q4_0, Q3_K_M and Q2_K cost models of a few billion parameters.
 */
final class QuantsVerdict {
  private static final double CLOSE = 0.05;

  private QuantsVerdict() {}

  /** One line about a level among the others. */
  static String of(QuantsRow row, List<QuantsRow> all) {
    if (row.reference()) {
      return "what the others are made from and compared with";
    }
    List<String> parts = new ArrayList<>();
    row.quality().ifPresent(q -> parts.add(nearness(q.divergence().value())));
    QuantsRow base = base(all);
    if (row.equals(base)) {
      return "the largest of these" + row.fallbacks().map(f -> "; " + f).orElse("");
    }
    String of = base.reference() ? "" : " of " + base.level();
    parts.add(
        Figures.decimal(100.0 * row.fileBytes() / base.fileBytes(), 0) + "% of the size" + of);
    parts.add(
        "decodes at "
            + Figures.decimal(row.decode().value() / base.decode().value(), 2)
            + (base.reference() ? " of the speed" : " of its speed"));
    better(row, all)
        .ifPresent(b -> parts.add(b.level() + " is no larger, and nearer to the original"));
    row.fallbacks().ifPresent(f -> parts.add(f.toString()));
    return String.join("; ", parts);
  }

  /** What the others are compared with: the reference, or the largest if there is none. */
  private static QuantsRow base(List<QuantsRow> all) {
    return all.stream()
        .filter(QuantsRow::reference)
        .findFirst()
        .orElseGet(() -> Collections.max(all, Comparator.comparingLong(QuantsRow::fileBytes)));
  }

  /** How near a divergence is. */
  static String nearness(double divergence) {
    if (divergence < 0.003) {
      return "as good as the original";
    }
    if (divergence < 0.02) {
      return "very close";
    }
    if (divergence < CLOSE) {
      return "close";
    }
    if (divergence < 0.09) {
      return "a little worse";
    }
    if (divergence < 0.2) {
      return "noticeably worse";
    }
    return divergence < 0.6 ? "much worse" : "broken";
  }

  /** The nearest of those that are no larger and certainly nearer to the original. */
  static Optional<QuantsRow> better(QuantsRow row, List<QuantsRow> all) {
    if (row.quality().isEmpty()) {
      return Optional.empty();
    }
    double own =
        row.quality().get().divergence().value() - row.quality().get().divergence().error();
    return all.stream()
        .filter(other -> !other.reference() && other.fileBytes() <= row.fileBytes())
        .filter(other -> other.quality().isPresent() && upper(other) < own)
        .min(Comparator.comparingDouble(QuantsVerdict::upper));
  }

  private static double upper(QuantsRow row) {
    return row.quality().map(q -> q.divergence().value() + q.divergence().error()).orElse(0.0);
  }

  /** What to take, in sentences. */
  static List<String> advice(List<QuantsRow> rows) {
    List<String> advice = new ArrayList<>();
    List<QuantsRow> levels = rows.stream().filter(r -> !r.reference()).toList();
    levels.stream()
        .filter(r -> r.quality().isPresent() && r.quality().get().divergence().value() < CLOSE)
        .min(Comparator.comparingLong(QuantsRow::fileBytes))
        .ifPresent(
            r ->
                advice.add(
                    "The smallest level that is close to the original: "
                        + r.level()
                        + ", "
                        + Figures.bytes(r.fileBytes())));
    levels.stream()
        .max(Comparator.comparingDouble(r -> r.decode().value()))
        .ifPresent(
            r ->
                advice.add(
                    "The fastest to decode: "
                        + r.level()
                        + ", "
                        + Figures.decimal(r.decode().value(), 1)
                        + " tokens/s"));
    levels.stream()
        .max(Comparator.comparingDouble(r -> r.prefill().value()))
        .ifPresent(
            r ->
                advice.add(
                    "The fastest to read a prompt: "
                        + r.level()
                        + ", "
                        + Figures.decimal(r.prefill().value(), 1)
                        + " tokens/s"));
    return advice;
  }
}
