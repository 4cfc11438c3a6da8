package org.ggml4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

/** What is timed, what is not, and what is made of it, by a clock that only the work moves. */
class SpeedBenchmarkTest {
  private static final long MILLI = 1_000_000;

  /** A prompt token takes 1 ms and a generated one 10, more in the first calls. */
  private static final class FakeWork implements SpeedBenchmark.Workload, SpeedOptions.Clock {
    final List<String> calls = new ArrayList<>();
    private final IntUnaryOperator percent;
    private final long compiling;
    private int round = -1;
    private long now = 5;
    private long compiled;

    /**
     * @param percent how long something takes in which round, 100 for normal
     * @param compiling in how many rounds the compiler works
     */
    FakeWork(IntUnaryOperator percent, int compiling) {
      this.percent = percent;
      this.compiling = compiling;
    }

    private void pass(int tokens, long each) {
      long time = tokens * each * percent.applyAsInt(round) / 100;
      now += time;
      compiled += round < compiling ? time / 2 : 0;
    }

    @Override
    public void rewind(int depth) {
      round++;
      now += 100 * MILLI; // must not count
      calls.add("r" + depth);
    }

    @Override
    public void prompt(int tokens) {
      pass(tokens, MILLI);
      calls.add("p" + tokens);
    }

    @Override
    public void generate(int tokens) {
      pass(tokens, 10 * MILLI);
      calls.add("g" + tokens);
    }

    @Override
    public long nanos() {
      return now;
    }

    @Override
    public long compilationNanos() {
      return compiled;
    }

    SpeedResult run(SpeedTest test, int repetitions, boolean warmUp) {
      return SpeedBenchmark.run(
          this,
          test,
          SpeedOptions.defaults().withRepetitions(repetitions).withWarmUp(warmUp).withClock(this));
    }
  }

  @Test
  void aPromptIsTokensOverTime() {
    FakeWork work = new FakeWork(round -> 100, 0);
    SpeedResult result = work.run(SpeedTest.prompt(500), 3, false);
    assertThat(result.nanos()).containsExactly(500 * MILLI, 500 * MILLI, 500 * MILLI);
    assertThat(result.mean()).isCloseTo(1000, within(1e-9));
    assertThat(result.deviation()).isZero();
    assertThat(result.warmUps()).isZero();
    assertThat(work.calls)
        .containsExactly("r0", "r0", "p500", "g0", "r0", "p500", "g0", "r0", "p500", "g0", "r0");
  }

  @Test
  void promptAndGenerationTogetherAreAllTokensOverAllTime() {
    SpeedResult result = new FakeWork(round -> 100, 0).run(new SpeedTest(100, 40, 0), 1, false);
    assertThat(result.nanos()).containsExactly(500 * MILLI);
    assertThat(result.mean()).isCloseTo(140 / 0.5, within(1e-9));
    assertThat(result.deviation()).isZero();
  }

  @Test
  void whatIsInTheContextBeforeIsNotTimedAndEvaluatedOnce() {
    FakeWork work = new FakeWork(round -> 100, 0);
    SpeedResult result = work.run(SpeedTest.generation(10).atDepth(64), 2, false);
    assertThat(result.nanos()).containsExactly(100 * MILLI, 100 * MILLI);
    assertThat(result.mean()).isCloseTo(100, within(1e-9));
    assertThat(work.calls)
        .containsExactly("r0", "r0", "p64", "r64", "p0", "g10", "r64", "p0", "g10", "r0");
  }

  @Test
  void theMeanIsOfSpeedsAndTheDeviationThatOfASample() {
    // 100 tokens in 100, 200 and 400 ms: 1000, 500 and 250 tokens a second.
    int[] percent = {100, 100, 200, 400, 100};
    SpeedResult result =
        new FakeWork(round -> percent[round], 0).run(SpeedTest.prompt(100), 3, false);
    assertThat(result.tokensPerSecond()).containsExactly(1000.0, 500.0, 250.0);
    assertThat(result.mean()).isCloseTo(1750 / 3.0, within(1e-9));
    assertThat(result.deviation()).isCloseTo(381.8813079129867, within(1e-9));
    assertThat(result.meanNanos()).isCloseTo(700 / 3.0 * MILLI, within(1e-3));
    assertThat(result.deviationNanos()).isCloseTo(152.75252316519467 * MILLI, within(1e-3));
  }

  @Test
  void warmsUpUntilItIsNoLongerFaster() {
    // Rounds take 100, 90, 80, 70, 70, 70: the last two tell that it is over.
    FakeWork work = new FakeWork(round -> Math.max(70, 110 - 10 * round), 0);
    assertThat(work.run(SpeedTest.prompt(20), 2, true).warmUps()).isEqualTo(6);
    work = new FakeWork(round -> Math.max(10, 110 - 10 * round), 0);
    assertThat(work.run(SpeedTest.prompt(20), 1, true).warmUps()).isEqualTo(12);
  }

  @Test
  void warmsUpWhileTheCompilerWorks() {
    FakeWork work = new FakeWork(round -> 100, 5); // in rounds 1 to 4 of the warm-up
    assertThat(work.run(SpeedTest.prompt(20), 1, true).warmUps()).isEqualTo(6);
  }

  @Test
  void aLongTestIsWarmedUpOnce() {
    FakeWork work = new FakeWork(round -> 100, 0);
    SpeedResult result = work.run(new SpeedTest(4000, 128, 0), 1, true);
    assertThat(result.warmUps()).isEqualTo(1);
    assertThat(work.calls.subList(0, 4)).containsExactly("r0", "r0", "p4000", "g32");
  }

  @Test
  void theListenerHearsOfEachRepetitionAndMayStop() {
    List<Double> shares = new ArrayList<>();
    FakeWork work = new FakeWork(round -> 100, 0);
    SpeedOptions options =
        SpeedOptions.defaults().withRepetitions(4).withWarmUp(false).withClock(work);
    SpeedBenchmark.run(work, SpeedTest.prompt(1), options.withProgress(shares::add));
    assertThat(shares).containsExactly(0.25, 0.5, 0.75, 1.0);
    assertThatThrownBy(
            () ->
                SpeedBenchmark.run(
                    work, SpeedTest.prompt(1), options.withProgress(share -> share < 0.5)))
        .isInstanceOf(CancellationException.class);
  }

  @Test
  void shortTestsAreRepeatedUntilEnoughWasTimed() {
    // 64 ms each, and 100 ms between them that don't count: the eighth reaches 500 ms.
    FakeWork work = new FakeWork(round -> 100, 0);
    List<Double> shares = new ArrayList<>();
    SpeedOptions options =
        SpeedOptions.defaults()
            .withRepetitions(3)
            .withWarmUp(false)
            .withClock(work)
            .withLeastTime(Duration.ofMillis(500));
    SpeedResult result =
        SpeedBenchmark.run(work, SpeedTest.prompt(64), options.withProgress(shares::add));
    assertThat(result.nanos()).hasSize(8).containsOnly(64 * MILLI);
    assertThat(result.mean()).isCloseTo(1000, within(1e-9));
    assertThat(shares).hasSize(8).isSorted().endsWith(1.0).startsWith(64 / 500.0);
    assertThat(SpeedBenchmark.run(work, SpeedTest.prompt(1000), options).nanos())
        .as("long ones are not repeated more often than was asked for")
        .hasSize(3);
    assertThat(SpeedBenchmark.run(work, SpeedTest.prompt(167), options).nanos()).hasSize(3);
    assertThat(SpeedBenchmark.run(work, SpeedTest.prompt(166), options).nanos()).hasSize(4);
    assertThatThrownBy(() -> options.withLeastTime(Duration.ofNanos(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leastTime");
  }

  @Test
  void testsAreNamedAsLlamaBenchNamesThem() {
    assertThat(SpeedTest.prompt(512).label()).isEqualTo("pp512");
    assertThat(SpeedTest.generation(128).label()).isEqualTo("tg128");
    assertThat(new SpeedTest(512, 128, 1024).label()).isEqualTo("pp512+tg128 @ d1024");
    assertThat(new SpeedTest(512, 128, 1024).nCtx()).isEqualTo(1664);
    assertThatThrownBy(() -> new SpeedTest(0, 0, 5)).hasMessageContaining("depth 5");
  }
}
