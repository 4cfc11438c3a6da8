package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreadGovernorTest {
  private static final long STEP = ThreadGovernor.INTERVAL;

  /** A machine whose counters move as the test says. */
  private static final class Machine implements CpuTimes {
    private final int processors;
    private long nanos;
    private double busy;
    private double own;
    private boolean tells = true;

    Machine(int processors) {
      this.processors = processors;
    }

    void pass(double others, double self) {
      nanos += STEP;
      busy += (others + self) * STEP;
      own += self * STEP;
    }

    @Override
    public int processors() {
      return processors;
    }

    @Override
    public Optional<Sample> sample() {
      return tells ? Optional.of(new Sample(nanos, (long) busy, (long) own)) : Optional.empty();
    }

    /** Threads of as many as asked for, after a while in which others used so much. */
    int threads(ThreadGovernor governor, int most, double others) {
      pass(others, 1);
      return governor.threads(most, System.nanoTime() + 1_000_000_000_000L);
    }
  }

  @Test
  void leavesToOthersTheProcessorsThatTheyUse() {
    Machine machine = new Machine(8);
    ThreadGovernor governor = new ThreadGovernor(machine);
    assertThat(machine.threads(governor, 8, 0)).isEqualTo(8);
    assertThat(machine.threads(governor, 8, 1)).isEqualTo(7);
    assertThat(machine.threads(governor, 8, 2.9)).isEqualTo(5);
    assertThat(machine.threads(governor, 4, 2.9)).isEqualTo(4);
    assertThat(machine.threads(governor, 8, 40)).isEqualTo(1);
  }

  @Test
  void takesProcessorsBackWhenTheyStayFree() {
    Machine machine = new Machine(2);
    ThreadGovernor governor = new ThreadGovernor(machine);
    assertThat(machine.threads(governor, 2, 0.45)).isEqualTo(2);
    assertThat(machine.threads(governor, 2, 0.67)).isEqualTo(1);
    for (int i = 0; i < 2; i++) {
      assertThat(machine.threads(governor, 2, 0.2)).isEqualTo(1);
    }
    assertThat(machine.threads(governor, 2, 0.2)).isEqualTo(2);
    assertThat(machine.threads(governor, 2, 0.45)).isEqualTo(2);
    assertThat(machine.threads(governor, 2, 0.9)).isEqualTo(1);
    for (int i = 0; i < 20; i++) { // as counters of ten milliseconds show one busy processor
      assertThat(machine.threads(governor, 2, i % 3 == 0 ? 0.4 : 1.2)).isEqualTo(1);
    }
  }

  @Test
  void asksSeldomAndNeverForOneThread() {
    Machine machine = new Machine(4);
    ThreadGovernor governor = new ThreadGovernor(machine);
    machine.pass(3, 1);
    assertThat(governor.threads(4, machine.nanos - 1)).isEqualTo(4);
    assertThat(governor.threads(1, machine.nanos + 10 * STEP)).isEqualTo(1);
    assertThat(governor.threads(4, machine.nanos)).isEqualTo(1);
  }

  @Test
  void takesAllWhereTheSystemTellsNothing() {
    Machine machine = new Machine(4);
    machine.tells = false;
    ThreadGovernor governor = new ThreadGovernor(machine);
    assertThat(machine.threads(governor, 4, 3)).isEqualTo(4);
    machine.tells = true;
    assertThat(machine.threads(governor, 4, 3)).isEqualTo(4); // one sample says nothing
    assertThat(machine.threads(governor, 4, 3)).isEqualTo(1);
    machine.tells = false;
    assertThat(machine.threads(governor, 4, 3)).isEqualTo(4);
  }

  @Test
  void readsWhatLinuxWrites(@TempDir Path dir) throws IOException {
    Path all = dir.resolve("stat");
    Path own = dir.resolve("self");
    Path status = dir.resolve("status");
    Files.writeString(
        all,
        """
        cpu  999 999 999 999 999 999 999 999 0 0
        cpu0 100 7000 20 5000 600 3 4 50 0 0
        cpu1 1 1 1 1 1 1 1 1 0 0
        cpu2 1000 0 200 5000 600 30 40 50 0 0
        intr 1 2 3
        """);
    Files.writeString(
        own, "12 (a b) c) S 1 12 12 0 -1 4194304 107 0 0 0 31 11 0 0 20 0 1 0 14 31 4 18 9 9\n");
    Files.writeString(status, "Name:\tjava\nCpus_allowed_list:\t0,2-2\nMems_allowed:\t1\n");
    BitSet allowed = CpuTimes.Linux.allowed(status);
    assertThat(allowed.stream()).containsExactly(0, 2);
    CpuTimes times = new CpuTimes.Linux(all, own, allowed);
    assertThat(times.processors()).isEqualTo(2);
    CpuTimes.Sample sample = times.sample().orElseThrow();
    assertThat(sample.busy()).isEqualTo((127 + 1270) * 10_000_000L);
    assertThat(sample.own()).isEqualTo(42 * 10_000_000L);

    Files.writeString(own, "12 (cut) S 1");
    assertThat(times.sample()).isEmpty();
    Files.writeString(status, "Cpus_allowed_list:\tmany\n");
    assertThat(CpuTimes.Linux.allowed(status).isEmpty()).isTrue();
    assertThat(CpuTimes.Linux.allowed(dir.resolve("missing")).isEmpty()).isTrue();
  }

  @Test
  void thisMachineTells() {
    for (CpuTimes times : new CpuTimes[] {CpuTimes.ofSystem(), new CpuTimes.Managed()}) {
      assertThat(times.processors()).isPositive();
      CpuTimes.Sample a = times.sample().orElseThrow();
      CpuTimes.Sample b = times.sample().orElseThrow();
      assertThat(b.nanos()).isGreaterThanOrEqualTo(a.nanos());
      assertThat(b.busy()).isGreaterThanOrEqualTo(a.busy());
      assertThat(b.own()).isGreaterThanOrEqualTo(a.own());
    }
  }
}
