package org.ggml4j.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** What steps are said to cost, from those that were made. */
class StepCostsTest {
  private static final int MAX_ROWS = 32;

  private final StepCosts costs = new StepCosts(MAX_ROWS);

  private void plain(int times) {
    for (int i = 0; i < times; i++) {
      costs.record(1, 1000);
    }
  }

  private void steps(int rows, int times, double cost) {
    for (int i = 0; i < times; i++) {
      costs.record(rows, (long) (1000 * cost));
    }
  }

  @Test
  void knowsNothingUntilItSawAFewSteps() {
    plain(2);
    assertThat(costs.isKnown()).isFalse();
    plain(1);
    assertThat(costs.isKnown()).isTrue();
    assertThat(costs.plainNanos()).isEqualTo(1000);
    assertThat(costs.of(1)).isEqualTo(1);
    assertThat(costs.of(16)).isBetween(1.5, 4.0);
  }

  @Test
  void aSizeCostsTheMedianOfItsLastSteps() {
    plain(3);
    steps(8, 5, 2.5);
    steps(8, 1, 40); // a pause
    assertThat(costs.of(8)).isCloseTo(2.5, within(1e-9));
    steps(8, 5, 3);
    assertThat(costs.of(8)).isCloseTo(3, within(1e-9));
  }

  @Test
  void theFirstStepOfASizeCountsHalf() {
    plain(3);
    double before = costs.of(8);
    steps(8, 1, 10);
    assertThat(costs.of(8)).isCloseTo((before + 10) / 2, within(1e-9));
  }

  @Test
  void sizesBetweenAndBeyondFollowTheirNeighbours() {
    plain(3);
    double rule4 = costs.of(4);
    double rule6 = costs.of(6);
    double rule8 = costs.of(8);
    double rule2 = costs.of(2);
    double rule32 = costs.of(32);
    steps(4, 5, 2 * rule4);
    steps(8, 5, 4 * rule8);
    assertThat(costs.of(6)).isCloseTo(3 * rule6, within(0.01));
    assertThat(costs.of(2)).isCloseTo(2 * rule2, within(0.01));
    assertThat(costs.of(32)).isCloseTo(4 * rule32, within(0.01));
    assertThat(costs.of(2 * MAX_ROWS)).isGreaterThan(costs.of(MAX_ROWS));
  }

  @Test
  void aMuchLargerSizeMayCostAsMuchPerToken() {
    plain(3);
    assertThat(costs.atMost(2)).isEqualTo(costs.of(2));
    assertThat(costs.atMost(16)).isEqualTo(16);
    steps(8, 5, 3);
    assertThat(costs.atMost(16)).isEqualTo(costs.of(16));
    assertThat(costs.atMost(24)).isCloseTo(9, within(1e-9));
  }

  @Test
  void nothingCostsLessThanAStepOverOneToken() {
    plain(3);
    steps(4, 5, 0.2);
    assertThat(costs.of(4)).isEqualTo(1);
  }

  @Test
  void whatWasSeenLongAgoIsForgotten() {
    plain(3);
    double before = costs.of(8);
    steps(8, 5, 50);
    assertThat(costs.of(8)).isCloseTo(50, within(1e-9));
    plain(1024);
    assertThat(costs.of(8)).isEqualTo(before);
  }
}
