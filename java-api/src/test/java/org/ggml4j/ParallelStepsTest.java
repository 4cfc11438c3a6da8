package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ParallelStepsTest {
  @Test
  void allStepsAreDoneAndEachIsReported() {
    List<Integer> done = Collections.synchronizedList(new ArrayList<>());
    List<Integer> reports = new ArrayList<>();
    List<Runnable> steps = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      int step = i;
      steps.add(() -> done.add(step));
    }
    ParallelSteps.run(steps, 3, () -> reports.add(done.size()));
    assertThat(done).hasSize(50).doesNotHaveDuplicates();
    assertThat(reports).hasSize(50).isSorted().endsWith(50);
    for (int i = 0; i < 50; i++) {
      assertThat(reports.get(i)).isGreaterThan(i);
    }
    ParallelSteps.run(List.of(), 2, () -> reports.add(0));
    assertThat(reports).hasSize(50);
  }

  @Test
  void stepsRunAtTheSameTime() {
    CyclicBarrier both = new CyclicBarrier(2);
    Runnable meets =
        () -> {
          try {
            both.await();
          } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
          }
        };
    ParallelSteps.run(List.of(meets, meets, meets, meets), 2, () -> {});
    assertThat(both.getNumberWaiting()).isZero();
  }

  @Test
  void aFailureEndsTheWork() {
    AtomicInteger done = new AtomicInteger();
    List<Runnable> steps = new ArrayList<>(Collections.nCopies(10, done::incrementAndGet));
    steps.set(
        3,
        () -> {
          throw new IllegalArgumentException("third");
        });
    AtomicInteger reports = new AtomicInteger();
    assertThatThrownBy(() -> ParallelSteps.run(steps, 2, reports::incrementAndGet))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("third");
    assertThat(reports).hasValue(3);
    int before = done.get();
    assertThatThrownBy(
            () ->
                ParallelSteps.run(
                    steps,
                    1,
                    () -> {
                      throw new CancellationException("enough");
                    }))
        .hasMessage("enough");
    assertThat(done.get() - before).isBetween(1, 9);
  }

  @Test
  void anInterruptIsToldAfterwards() {
    AtomicInteger done = new AtomicInteger();
    Thread.currentThread().interrupt();
    ParallelSteps.run(List.of(done::incrementAndGet, done::incrementAndGet), 2, () -> {});
    assertThat(Thread.interrupted()).isTrue();
    assertThat(done).hasValue(2);
  }
}
