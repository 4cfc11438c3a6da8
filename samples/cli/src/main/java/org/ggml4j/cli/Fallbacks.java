package org.ggml4j.cli;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.quantize.QuantizationPlan;
import org.ggml4j.quantize.QuantizationPlan.Planned;

/**
 * Matrices of a level that get another type than it has for them, because their rows don't fit
 * blocks of that.
 *
 * @param matrices how many
 * @param of how many the level quantizes
 * @param share of the weights of all these
 * @param types those that they get, in words
 */
record Fallbacks(int matrices, int of, double share, String types) {

  /** Those of a plan, if there are any. */
  static Optional<Fallbacks> of(QuantizationPlan plan) {
    List<Planned> all = plan.tensors().stream().filter(p -> p.wanted().isQuantized()).toList();
    List<Planned> others = all.stream().filter(Planned::isFallback).toList();
    if (others.isEmpty()) {
      return Optional.empty();
    }
    String types =
        others.stream()
            .map(Planned::type)
            .distinct()
            .sorted()
            .map(GgmlType::name)
            .collect(Collectors.joining(" or "));
    return Optional.of(
        new Fallbacks(others.size(), all.size(), weights(others) / weights(all), types));
  }

  private static double weights(List<Planned> tensors) {
    return tensors.stream().mapToLong(p -> p.source().nElements()).sum();
  }

  /**
   * Throws if a level can't be made at all, because no block fits any matrix.
   *
   * @throws IllegalArgumentException says why
   */
  static void requireSome(QuantizationPlan plan) {
    List<Planned> all = plan.tensors().stream().filter(p -> p.wanted().isQuantized()).toList();
    if (!all.isEmpty() && all.stream().noneMatch(p -> p.type().isQuantized())) {
      String rows =
          all.stream()
              .map(p -> p.source().ne0())
              .distinct()
              .sorted()
              .map(String::valueOf)
              .collect(Collectors.joining(", "));
      throw new IllegalArgumentException(
          "all matrices would be "
              + all.get(0).type()
              + ", as their rows of "
              + rows
              + " fit no blocks; expected multiples of 32, of 256 for all levels");
    }
  }

  @Override
  public String toString() {
    return matrices
        + " of "
        + of
        + " matrices ("
        + Figures.decimal(100 * share, 0)
        + "% of the weights) don't fit its blocks and are "
        + types;
  }
}
