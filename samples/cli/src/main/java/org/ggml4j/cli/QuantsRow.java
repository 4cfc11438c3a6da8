package org.ggml4j.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.ggml4j.eval.Estimate;
import org.ggml4j.eval.KlDivergence;

/**
 * What a level costs and gives.
 *
 * @param level its name; of the reference, that of the file that all others are made from
 * @param fallbacks its matrices that have another type; empty if none has
 * @param makeSeconds how long it took to make; 0 for the reference
 * @param peakBytes of a process that loaded it and measured its speed; empty where it is not known
 * @param prefill tokens per second of a prompt
 * @param decode tokens per second one by one
 * @param quality empty if it was not measured
 */
record QuantsRow(
    String level,
    boolean reference,
    long fileBytes,
    double bitsPerWeight,
    Optional<Fallbacks> fallbacks,
    double makeSeconds,
    double loadSeconds,
    OptionalLong peakBytes,
    Estimate prefill,
    Estimate decode,
    Optional<Quality> quality) {

  /**
   * How well it predicts, and how far it is from the reference.
   *
   * @param divergence mean KL divergence, in nats
   * @param sameTop share of tokens with the same likeliest one
   * @param rmsDifference of the probabilities of the tokens that came
   */
  record Quality(
      Estimate perplexity, Estimate divergence, Estimate sameTop, Estimate rmsDifference) {
    static Quality of(KlDivergence.Result r) {
      return new Quality(r.perplexity(), r.divergence(), r.sameTop(), r.rmsDifference());
    }

    /** Of the reference itself. */
    static Quality ofReference(Estimate perplexity) {
      return new Quality(perplexity, new Estimate(0, 0), new Estimate(1, 0), new Estimate(0, 0));
    }
  }

  /** By name, for JSON. */
  Map<String, Object> fields() {
    Map<String, Object> f = new LinkedHashMap<>();
    f.put("level", level);
    f.put("reference", reference);
    f.put("file_bytes", fileBytes);
    f.put("bits_per_weight", bitsPerWeight);
    fallbacks.ifPresent(
        other -> {
          f.put("fallback_matrices", other.matrices());
          f.put("matrices", other.of());
          f.put("fallback_share", other.share());
          f.put("fallback_types", other.types());
        });
    f.put("make_seconds", makeSeconds);
    f.put("load_seconds", loadSeconds);
    peakBytes.ifPresent(bytes -> f.put("peak_bytes", bytes));
    put(f, "prefill", prefill);
    put(f, "decode", decode);
    quality.ifPresent(
        q -> {
          put(f, "perplexity", q.perplexity());
          put(f, "kl_divergence", q.divergence());
          put(f, "same_top", q.sameTop());
          put(f, "rms_difference", q.rmsDifference());
        });
    return f;
  }

  private static void put(Map<String, Object> f, String name, Estimate e) {
    f.put(name, e.value());
    f.put(name + "_error", e.error());
  }

  /**
   * The row of such fields.
   *
   * @throws IllegalArgumentException if one is missing or of another kind
   */
  static QuantsRow of(Map<String, Object> f) {
    return new QuantsRow(
        String.valueOf(f.get("level")),
        Boolean.TRUE.equals(f.get("reference")),
        (long) number(f, "file_bytes"),
        number(f, "bits_per_weight"),
        f.containsKey("fallback_matrices")
            ? Optional.of(
                new Fallbacks(
                    (int) number(f, "fallback_matrices"),
                    (int) number(f, "matrices"),
                    number(f, "fallback_share"),
                    String.valueOf(f.get("fallback_types"))))
            : Optional.empty(),
        number(f, "make_seconds"),
        number(f, "load_seconds"),
        f.containsKey("peak_bytes")
            ? OptionalLong.of((long) number(f, "peak_bytes"))
            : OptionalLong.empty(),
        estimate(f, "prefill"),
        estimate(f, "decode"),
        f.containsKey("perplexity")
            ? Optional.of(
                new Quality(
                    estimate(f, "perplexity"),
                    estimate(f, "kl_divergence"),
                    estimate(f, "same_top"),
                    estimate(f, "rms_difference")))
            : Optional.empty());
  }

  private static Estimate estimate(Map<String, Object> f, String name) {
    return new Estimate(number(f, name), number(f, name + "_error"));
  }

  private static double number(Map<String, Object> f, String name) {
    if (f.get(name) instanceof Number n) {
      return n.doubleValue();
    }
    throw new IllegalArgumentException("expected a number as " + name + ", found " + f.get(name));
  }
}
