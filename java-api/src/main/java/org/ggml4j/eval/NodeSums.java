package org.ggml4j.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.ggml4j.ggml.NodeTimer;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;

/** Adds up what computations spend on their nodes. */
final class NodeSums implements NodeTimer {
  private final SpeedOptions.Clock clock;
  private final Map<Key, Sum> sums = new LinkedHashMap<>();
  private List<List<Tensor>> parts = List.of();
  private List<Part> sheet = List.of();

  /** What nodes have in common that are one. */
  private record Key(String operation, GgmlType type, String name) {}

  /** A part of the present graph. */
  private record Part(Sum sum, OperationCost cost) {}

  private static final class Sum {
    long count;
    long nanos;
    long bytes;
    long flops;
  }

  NodeSums(SpeedOptions.Clock clock) {
    this.clock = clock;
  }

  @Override
  public long nanos() {
    return clock.nanos();
  }

  @Override
  @SuppressWarnings(
      "ReferenceEquality") // the same list is the same graph; its tensors are not read
  public void computed(List<List<Tensor>> computed, long[] nanos) {
    if (computed != parts) {
      parts = computed;
      sheet = new ArrayList<>();
      for (List<Tensor> part : computed) {
        Sum sum = sums.computeIfAbsent(key(part), k -> new Sum());
        sheet.add(new Part(sum, OperationCost.of(part)));
      }
    }
    for (int i = 0; i < nanos.length; i++) {
      Part part = sheet.get(i);
      part.sum.count++;
      part.sum.nanos += nanos[i];
      part.sum.bytes += part.cost.bytes();
      part.sum.flops += part.cost.flops();
    }
  }

  /** What was spent since the last call. */
  List<ProfileRow> take() {
    List<ProfileRow> rows = new ArrayList<>();
    sums.forEach(
        (key, sum) -> {
          if (sum.count > 0) {
            rows.add(
                new ProfileRow(
                    key.operation, key.type, key.name, sum.count, sum.nanos, sum.bytes, sum.flops));
            sum.count = 0;
            sum.nanos = 0;
            sum.bytes = 0;
            sum.flops = 0;
          }
        });
    return rows;
  }

  private static Key key(List<Tensor> part) {
    Tensor last = part.get(part.size() - 1);
    String operation = part.stream().map(Tensor::operation).collect(Collectors.joining("+"));
    Optional<Tensor> stored = stored(last);
    return new Key(
        operation,
        stored.map(Tensor::type).orElse(last.type()),
        stored.map(Tensor::name).orElseGet(() -> last.name()));
  }

  /** The operand that outlives the graph: a weight, or a part of the cache. */
  private static Optional<Tensor> stored(Tensor node) {
    for (int i = 0; i < 3; i++) {
      Optional<Tensor> source = node.source(i);
      Optional<Tensor> root = source.flatMap(s -> s.viewed().or(() -> source));
      if (root.isPresent() && root.get().operation().equals("NONE") && !root.get().isInput()) {
        return root;
      }
    }
    return Optional.empty();
  }
}
