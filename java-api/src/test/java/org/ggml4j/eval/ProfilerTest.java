package org.ggml4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.NodeTimer;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a profile adds up, by a clock that only the work moves. */
class ProfilerTest {
  private static final double GIGA = 1e9;
  private final Graph graph = new Graph(64, false);

  @AfterEach
  void close() {
    graph.close();
  }

  /** Each computation takes 100 ns for an addition, 300 for another and 50 for what is around. */
  private final class FakeWork implements SpeedBenchmark.Workload, SpeedOptions.Clock {
    final List<String> calls = new ArrayList<>();
    private final List<List<Tensor>> parts;
    private Optional<NodeTimer> timer = Optional.empty();
    private long now;
    private int round;

    FakeWork() {
      Tensor x = graph.input("x", GgmlType.F32, 4, 2);
      parts =
          List.of(
              List.of(x.add(x).named("ffn_inp", 0)), List.of(x.add(x).scale(2).named("l_out", 1)));
    }

    void time(Optional<NodeTimer> by) {
      timer = by;
      calls.add(by.isPresent() ? "on" : "off");
    }

    @Override
    public void rewind(int depth) {
      round++;
      compute(); // what a window needs; must not count
      calls.add("r" + depth);
    }

    @Override
    public void prompt(int tokens) {
      if (tokens > 0) {
        calls.add("p" + tokens);
        compute();
      }
    }

    @Override
    public void generate(int tokens) {
      for (int i = 0; i < tokens; i++) {
        compute();
      }
    }

    private void compute() {
      now += 450L * round;
      timer.ifPresent(t -> t.computed(parts, new long[] {100L * round, 300L * round}));
    }

    @Override
    public long nanos() {
      return now;
    }

    @Override
    public long compilationNanos() {
      return 0;
    }

    Profile run(SpeedTest test, SpeedOptions options) {
      return Profiler.run(this, this::time, test, options.withWarmUp(false).withClock(this));
    }
  }

  @Test
  void repetitionsTakeTurnsAndTheMedianOneIsShown() {
    FakeWork work = new FakeWork();
    SpeedOptions options = SpeedOptions.defaults().withRepetitions(3);
    Profile profile = work.run(SpeedTest.generation(2), options);
    assertThat(work.calls)
        .containsExactly(
            "r0", "r0", "r0", "on", "off", "r0", "r0", "on", "off", "r0", "r0", "on", "off", "r0");
    assertThat(profile.plainNanos()).containsExactly(1800L, 3600L, 5400L); // rounds 2, 4 and 6
    assertThat(profile.profiledNanos()).containsExactly(2700L, 4500L, 6300L); // 3, 5 and 7
    assertThat(profile.plainMedian()).isEqualTo(3600);
    assertThat(profile.profiledMedian()).isEqualTo(4500);
    assertThat(profile.overhead()).isCloseTo(0.25, within(1e-12));
    assertThat(profile.nodeNanos()).isEqualTo(2 * 5 * 400);
    assertThat(profile.nodes())
        .containsExactly(
            new ProfileRow("ADD", GgmlType.F32, "ffn_inp-0", 2, 2 * 500, 2 * 96, 2 * 8),
            new ProfileRow("SCALE", GgmlType.F32, "l_out-1", 2, 2 * 1500, 2 * 64, 2 * 8));
  }

  @Test
  void whatIsBeforeIsNotTimed() {
    FakeWork work = new FakeWork();
    work.run(SpeedTest.prompt(7).atDepth(5), SpeedOptions.defaults().withRepetitions(1));
    assertThat(work.calls)
        .containsExactly("r0", "r0", "p5", "r5", "p7", "r5", "on", "p7", "off", "r0");
  }

  @Test
  void itCanBeStopped() {
    FakeWork work = new FakeWork();
    SpeedOptions options =
        SpeedOptions.defaults().withRepetitions(2).withProgress(share -> share < 0.5);
    assertThatThrownBy(() -> work.run(SpeedTest.prompt(7), options))
        .isInstanceOf(CancellationException.class);
    assertThat(work.calls).endsWith("on", "p7", "off");
  }

  private static ProfileRow row(String operation, GgmlType type, String name, long nanos) {
    return new ProfileRow(operation, type, name, 1, nanos, 10, 1000);
  }

  @Test
  void groupsAddUpWhatTheyHaveInCommon() {
    Profile profile =
        new Profile(
            SpeedTest.prompt(1),
            List.of(1L),
            List.of(1L),
            List.of(
                row("MUL_MAT", GgmlType.Q4_0, "blk.0.ffn_up.weight", 5),
                row("ADD", GgmlType.F32, "l_out-0", 7),
                row("MUL_MAT", GgmlType.Q4_0, "blk.1.ffn_up.weight", 3),
                row("MUL_MAT", GgmlType.Q4_0, "blk.11.attn_q.weight", 4),
                row("MUL_MAT", GgmlType.Q6_K, "output.weight", 1),
                row("GET_ROWS", GgmlType.F32, "node_12", 0),
                row("SET_ROWS", GgmlType.F16, "cache_k_l10", 2)));
    assertThat(profile.by(Profile.Grouping.OPERATION))
        .containsExactly(
            new ProfileRow("MUL_MAT", GgmlType.Q4_0, "", 3, 12, 30, 3000),
            row("ADD", GgmlType.F32, "", 7),
            row("SET_ROWS", GgmlType.F16, "", 2),
            row("MUL_MAT", GgmlType.Q6_K, "", 1),
            row("GET_ROWS", GgmlType.F32, "", 0));
    assertThat(profile.by(Profile.Grouping.KIND))
        .containsExactly(
            new ProfileRow("MUL_MAT", GgmlType.Q4_0, "ffn_up", 2, 8, 20, 2000),
            row("ADD", GgmlType.F32, "l_out", 7),
            row("MUL_MAT", GgmlType.Q4_0, "attn_q", 4),
            row("SET_ROWS", GgmlType.F16, "cache_k", 2),
            row("MUL_MAT", GgmlType.Q6_K, "output", 1),
            row("GET_ROWS", GgmlType.F32, "", 0));
    assertThat(profile.by(Profile.Grouping.NODE))
        .containsExactlyInAnyOrderElementsOf(profile.nodes());
    assertThat(profile.productTypes()).containsExactly(GgmlType.Q4_0, GgmlType.Q6_K);
    assertThat(profile.nodeNanos()).isEqualTo(22);
  }

  @Test
  void aLimitIsWhatIsMetFirst() {
    MachineLimits limits = new MachineLimits(2, 20 * GIGA, Map.of(GgmlType.Q8_0, 400 * GIGA));
    // 1000 ns: 5 GB/s of 20, 300 GFLOP/s of 400.
    ProfileRow product = new ProfileRow("MUL_MAT", GgmlType.Q8_0, "", 1, 1000, 5000, 300_000);
    assertThat(limits.memoryShare(product)).isCloseTo(0.25, within(1e-12));
    assertThat(limits.productShare(product)).isCloseTo(0.75, within(1e-12));
    assertThat(limits.limitShare(product)).isCloseTo(0.75, within(1e-12));
    assertThat(limits.lostNanos(product)).isCloseTo(250, within(1e-9));
    ProfileRow sum = new ProfileRow("ADD", GgmlType.F32, "", 1, 1000, 10_000, 300_000);
    assertThat(limits.productShare(sum)).isZero();
    assertThat(limits.lostNanos(sum)).isCloseTo(500, within(1e-9));
    ProfileRow cached = new ProfileRow("ADD", GgmlType.F32, "", 1, 1000, 40_000, 0);
    assertThat(limits.memoryShare(cached)).isCloseTo(2, within(1e-12));
    assertThat(limits.lostNanos(cached)).isZero();
    assertThat(limits.leastNanos(List.of(product, sum, cached))).isCloseTo(2250, within(1e-9));
    ProfileRow unknown = new ProfileRow("MUL_MAT", GgmlType.Q4_0, "", 1, 1000, 5000, 300_000);
    assertThat(limits.productShare(unknown)).isZero();
  }

  /** A clock that goes on by 200 ms whenever it is looked at. */
  private static SpeedOptions.Clock slow() {
    return new SpeedOptions.Clock() {
      private long now;

      @Override
      public long nanos() {
        now += 200_000_000;
        return now;
      }

      @Override
      public long compilationNanos() {
        return 0;
      }
    };
  }

  @Test
  void limitsAreAmountsOverTime() {
    MachineLimits limits = MachineLimits.measure(1, Set.of(GgmlType.Q4_0), 3 * 16384, slow());
    assertThat(limits.readBytesPerSecond()).isCloseTo(3 * 16384 / 0.2, within(1e-3));
    assertThat(limits.productFlopsPerSecond())
        .containsOnlyKeys(GgmlType.Q4_0)
        .containsEntry(GgmlType.Q4_0, 2.0 * 4096 * 2080 * 512 / 0.2);
    MachineLimits more = limits.withProducts(Set.of(GgmlType.Q4_0, GgmlType.BF16), slow());
    assertThat(more.productFlopsPerSecond()).containsOnlyKeys(GgmlType.Q4_0, GgmlType.BF16);
    assertThat(more.readBytesPerSecond()).isEqualTo(limits.readBytesPerSecond());
    assertThat(more.withProducts(Set.of(GgmlType.BF16), slow())).isSameAs(more);
  }
}
