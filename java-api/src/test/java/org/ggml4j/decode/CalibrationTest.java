package org.ggml4j.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** From a drafter's confidence to a probability. */
class CalibrationTest {
  private final Calibration calibration = new Calibration();

  private void record(double confidence, int times, int rightOf) {
    for (int i = 0; i < times; i++) {
      calibration.record(confidence, i % rightOf == 0);
    }
  }

  @Test
  void beginsWithTheDraftersWord() {
    for (double c : new double[] {0, 0.01, 0.5, 0.9, 1}) {
      assertThat(calibration.probability(c)).isCloseTo(c, within(1e-9));
    }
  }

  @Test
  void learnsHowOftenItWasRight() {
    record(0.9, 300, 3);
    assertThat(calibration.probability(0.9)).isCloseTo(1 / 3.0, within(0.1));
    record(1, 300, 2);
    assertThat(calibration.probability(1)).isCloseTo(0.5, within(0.1));
    record(0, 300, 1);
    assertThat(calibration.probability(0)).isGreaterThan(0.85);
  }

  @Test
  void tellsLevelsOfConfidenceApart() {
    record(0.9, 300, 1000);
    assertThat(calibration.probability(0.5)).isEqualTo(0.5);
    assertThat(calibration.probability(0.98)).isEqualTo(0.98);
    assertThat(calibration.probability(0.89)).isLessThan(0.2); // much the same confidence
  }

  @Test
  void followsATextThatChanges() {
    record(0.9, 300, 1000);
    record(0.9, 60, 1);
    assertThat(calibration.probability(0.9)).isGreaterThan(0.7);
  }
}
