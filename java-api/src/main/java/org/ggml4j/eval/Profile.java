package org.ggml4j.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.ggml4j.gguf.GgmlType;

/**
 * Where the time of a test goes, node by node.
 *
 * @param test what was run
 * @param plainNanos how long it took in each repetition without being looked at
 * @param profiledNanos how long it took in each repetition while its nodes were timed
 * @param nodes what was spent on each node in the one of these repetitions that took {@link
 *     #profiledMedian}; in the order in which they were computed first; nodes that have operation,
 *     type and name in common are one
 */
public record Profile(
    SpeedTest test, List<Long> plainNanos, List<Long> profiledNanos, List<ProfileRow> nodes) {
  private static final Pattern LAYER = Pattern.compile("^blk\\.\\d+\\.|_l\\d+$|-\\d+$|^node_\\d+$");
  private static final Pattern WEIGHT = Pattern.compile("\\.weight$");

  /** What is shown together. */
  public enum Grouping {
    /** The same operation on the same type. */
    OPERATION,
    /**
     * Likewise with the same name, whatever the layer: {@code MUL_MAT Q4_0 ffn_down}; none if it is
     * GGML's {@code node_7}.
     */
    KIND,
    /** Each node of a graph by itself. */
    NODE
  }

  /** Copies the lists. */
  public Profile {
    plainNanos = List.copyOf(plainNanos);
    profiledNanos = List.copyOf(profiledNanos);
    nodes = List.copyOf(nodes);
    if (plainNanos.isEmpty() || profiledNanos.isEmpty()) {
      throw new IllegalArgumentException("expected at least one repetition");
    }
  }

  /** The rows of a grouping, what took longest first. */
  public List<ProfileRow> by(Grouping grouping) {
    Map<List<Object>, ProfileRow> groups = new LinkedHashMap<>();
    for (ProfileRow node : nodes) {
      String name = name(node.name(), grouping);
      ProfileRow named =
          new ProfileRow(
              node.operation(),
              node.type(),
              name,
              node.count(),
              node.nanos(),
              node.bytes(),
              node.flops());
      groups.merge(List.of(node.operation(), node.type(), name), named, ProfileRow::plus);
    }
    List<ProfileRow> rows = new ArrayList<>(groups.values());
    rows.sort(Comparator.comparingLong(ProfileRow::nanos).reversed());
    return rows;
  }

  private static String name(String full, Grouping grouping) {
    return switch (grouping) {
      case OPERATION -> "";
      case KIND -> WEIGHT.matcher(LAYER.matcher(full).replaceAll("")).replaceAll("");
      case NODE -> full;
    };
  }

  /**
   * Time of all nodes together, in nanoseconds; what is missing to {@link #profiledMedian} is spent
   * before and after graphs are computed.
   */
  public long nodeNanos() {
    return nodes.stream().mapToLong(ProfileRow::nanos).sum();
  }

  /**
   * Median of the repetitions that were not looked at, in nanoseconds: how long it really takes. Of
   * an even number the lower one in the middle.
   */
  public long plainMedian() {
    return median(plainNanos);
  }

  /** Likewise of the repetitions whose nodes were timed. */
  public long profiledMedian() {
    return median(profiledNanos);
  }

  /** How much longer a test takes while its nodes are timed, as a share of its time. */
  public double overhead() {
    return profiledMedian() / (double) Math.max(1, plainMedian()) - 1;
  }

  /** Types that matrices of products have. */
  public Set<GgmlType> productTypes() {
    Set<GgmlType> types = new TreeSet<>();
    nodes.stream().filter(ProfileRow::isProduct).forEach(row -> types.add(row.type()));
    return types;
  }

  private static long median(List<Long> values) {
    return values.stream().sorted().toList().get((values.size() - 1) / 2);
  }
}
