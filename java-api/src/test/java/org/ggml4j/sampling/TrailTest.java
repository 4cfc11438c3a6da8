package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import org.ggml4j.sampling.RecordedCases.History;
import org.junit.jupiter.api.Test;

class TrailTest {

  private static void pick(Trail trail, History history, int token, float next) {
    trail.picked(token);
    trail.set(0, next);
    history.add(token);
    trail.follow(history);
  }

  @Test
  void followsATextThatIsCutAndGoesOnDifferently() {
    Trail trail = new Trail(5, 7);
    History history = new History(1, 2, 3);
    trail.follow(history);
    assertThat(trail.get(0)).isEqualTo(5);
    pick(trail, history, 10, 6);
    pick(trail, history, 11, 8);
    pick(trail, history, 12, 9);
    assertThat(trail.get(0)).isEqualTo(9);
    assertThat(trail.get(1)).isEqualTo(7);
    history.cut(5); // 10 and 11 stay
    trail.follow(history);
    assertThat(trail.get(0)).isEqualTo(8);
    history.cut(4);
    history.add(99); // nobody's pick
    history.add(98);
    trail.follow(history);
    assertThat(trail.get(0)).isEqualTo(6);
    pick(trail, history, 13, 4);
    history.cut(2); // before the first pick
    trail.follow(history);
    assertThat(trail.get(0)).isEqualTo(5);
  }

  @Test
  void aPickThatDidNotComeIntoTheTextDoesNotCount() {
    Trail trail = new Trail(1);
    History history = new History(4);
    trail.follow(history);
    trail.picked(7);
    trail.set(0, 2);
    trail.follow(history); // picked again
    assertThat(trail.get(0)).isEqualTo(1);
    trail.picked(8);
    trail.set(0, 3);
    history.add(9);
    trail.follow(history);
    assertThat(trail.get(0)).isEqualTo(1);
  }

  @Test
  void withoutAHistoryEveryPickCounts() {
    Trail trail = new Trail(1);
    for (int i = 0; i < 200; i++) {
      trail.follow(TokenHistory.empty());
      assertThat(trail.get(0)).isEqualTo(1 + i);
      trail.picked(3);
      trail.set(0, 2 + i);
    }
  }

  @Test
  void aCopyGoesItsOwnWay() {
    Trail trail = new Trail(1);
    History history = new History(4);
    trail.follow(history);
    pick(trail, history, 5, 2);
    Trail copy = trail.copy();
    History other = new History(4, 5);
    copy.follow(other);
    assertThat(copy.get(0)).isEqualTo(2);
    pick(copy, other, 6, 30);
    pick(trail, history, 7, 3);
    assertThat(copy.get(0)).isEqualTo(30);
    assertThat(trail.get(0)).isEqualTo(3);
    trail.clear();
    trail.follow(history);
    assertThat(trail.get(0)).isEqualTo(1);
    assertThat(copy.get(0)).isEqualTo(30);
  }

  @Test
  void aLongTextIsRemembered() {
    Trail trail = new Trail(0);
    History history = new History(4);
    trail.follow(history);
    for (int i = 1; i <= 1000; i++) {
      pick(trail, history, i, i);
    }
    for (int size : new int[] {1000, 501, 37, 1}) {
      history.cut(size);
      trail.follow(history);
      assertThat(trail.get(0)).isEqualTo(size - 1);
    }
  }
}
