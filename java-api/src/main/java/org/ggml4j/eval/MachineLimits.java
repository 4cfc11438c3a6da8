package org.ggml4j.eval;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.ggml4j.ggml.Device;
import org.ggml4j.gguf.GgmlType;

/**
 * What this machine's processor can do at best, as GGML uses it with so many threads.
 *
 * @param threads with which it was measured
 * @param readBytesPerSecond of a sweep over memory that is far larger than the caches of most
 *     processors; what stays in a cache can be read faster
 * @param productFlopsPerSecond of a large product of a matrix of a type with 512 columns of F32,
 *     from the memory that weights of this type lie in
 */
public record MachineLimits(
    int threads, double readBytesPerSecond, Map<GgmlType, Double> productFlopsPerSecond) {
  private static final double NANOS = 1e9;
  private static final long SWEEP_BYTES = 1L << 30;

  /** Checks the figures. */
  public MachineLimits {
    productFlopsPerSecond = Map.copyOf(productFlopsPerSecond);
    if (!(readBytesPerSecond > 0)
        || productFlopsPerSecond.values().stream().anyMatch(v -> v <= 0)) {
      throw new IllegalArgumentException("expected speeds above 0");
    }
  }

  /**
   * Measures; takes about a second and a gigabyte of memory, less where less is free.
   *
   * @param threads of the processor
   * @param types of matrices whose products are measured
   */
  public static MachineLimits measure(int threads, Set<GgmlType> types, SpeedOptions.Clock clock) {
    long bytes = Math.min(SWEEP_BYTES, Device.cpu().memoryFree() / 4);
    return measure(threads, types, bytes, clock);
  }

  static MachineLimits measure(
      int threads, Set<GgmlType> types, long sweepBytes, SpeedOptions.Clock clock) {
    double bandwidth;
    try (LimitProbe probe = new LimitProbe(threads, sweepBytes, clock)) {
      bandwidth = probe.readBytesPerSecond();
    }
    return new MachineLimits(threads, bandwidth, Map.of()).withProducts(types, clock);
  }

  /** With the types' products too; those that are not known are measured. */
  public MachineLimits withProducts(Set<GgmlType> types, SpeedOptions.Clock clock) {
    Set<GgmlType> unknown = new TreeSet<>(types);
    unknown.removeAll(productFlopsPerSecond.keySet());
    if (unknown.isEmpty()) {
      return this;
    }
    Map<GgmlType, Double> products = new EnumMap<>(GgmlType.class);
    products.putAll(productFlopsPerSecond);
    try (LimitProbe probe = new LimitProbe(threads, 0, clock)) {
      unknown.forEach(type -> products.put(type, probe.productFlopsPerSecond(type)));
    }
    return new MachineLimits(threads, readBytesPerSecond, products);
  }

  /** How much of the memory's speed was used, 1 for all of it; caches allow more. */
  public double memoryShare(ProfileRow row) {
    return row.bytesPerSecond() / readBytesPerSecond;
  }

  /**
   * How much was used of the speed that products of matrices can have, 1 for all of it; 0 for other
   * operations, and for types that were not measured.
   */
  public double productShare(ProfileRow row) {
    double peak = row.isProduct() ? productFlopsPerSecond.getOrDefault(row.type(), 0.0) : 0;
    return peak > 0 ? row.flopsPerSecond() / peak : 0;
  }

  /** How near it comes to the limit that it meets first, 1 for being there. */
  public double limitShare(ProfileRow row) {
    return Math.max(memoryShare(row), productShare(row));
  }

  /**
   * The time that would be saved if it ran at its limit, in nanoseconds of one repetition; 0 for
   * what is faster thanks to caches.
   */
  public double lostNanos(ProfileRow row) {
    return row.nanos() * Math.max(0, 1 - limitShare(row));
  }

  /** The least time that the memory and the products of a profile need, in nanoseconds. */
  public double leastNanos(List<ProfileRow> rows) {
    return rows.stream().mapToDouble(row -> row.nanos() - lostNanos(row)).sum();
  }

  static double perSecond(double amount, long nanos) {
    return amount / Math.max(1, nanos) * NANOS;
  }
}
