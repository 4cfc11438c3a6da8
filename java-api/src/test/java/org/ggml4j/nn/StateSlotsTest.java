package org.ggml4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StateSlotsTest {
  private final StateSlots slots = new StateSlots();

  StateSlotsTest() {
    slots.grow(6);
  }

  @Test
  void aTextUsesTwoRowsInTurns() {
    assertThat(slots.last(0)).isEqualTo(-1);
    int a = slots.advance(0, 4);
    int b = slots.advance(0, 5);
    assertThat(slots.advance(0, 6)).isEqualTo(a);
    assertThat(slots.advance(0, 7)).isEqualTo(b);
    assertThat(slots.free()).isEqualTo(3);
  }

  @Test
  void aStepThatFailedLeavesTheStateBeforeIt() {
    int a = slots.advance(0, 4);
    slots.advance(0, 9);
    slots.back(0);
    assertThat(slots.slot(0)).isEqualTo(a);
    assertThat(slots.last(0)).isEqualTo(4);
    assertThat(slots.free()).isEqualTo(4);
  }

  @Test
  void tokensTakenBackLeaveTheStateBeforeThemOrNone() {
    slots.advance(0, 4);
    slots.advance(0, 9);
    assertThat(slots.lastUpTo(0, 9)).isEqualTo(9);
    assertThat(slots.lastUpTo(0, 8)).isEqualTo(4);
    assertThat(slots.lastUpTo(0, 3)).isEqualTo(-1);
    slots.truncate(0, 9);
    assertThat(slots.last(0)).isEqualTo(9);
    slots.truncate(0, 8);
    assertThat(slots.last(0)).isEqualTo(4);
    slots.truncate(0, 3);
    assertThat(slots.last(0)).isEqualTo(-1);
    assertThat(slots.slot(0)).isZero();
    assertThat(slots.free()).isEqualTo(5);
  }

  @Test
  void copiesShareRowsUntilTheyGoOn() {
    int a = slots.advance(0, 4);
    slots.copy(0, 7);
    assertThat(slots.slot(7)).isEqualTo(a);
    slots.clear(0);
    assertThat(slots.isUsed(a)).isTrue();
    assertThat(slots.advance(7, 5)).isNotEqualTo(a);
    slots.clear(7);
    assertThat(slots.free()).isEqualTo(5);
  }

  @Test
  void reassignedAllAtOnce() {
    int a = slots.advance(1, 4);
    int b = slots.advance(2, 4);
    slots.reassign(new int[] {1, 2, 3}, new int[] {2, 1, 2});
    assertThat(slots.slot(1)).isEqualTo(b);
    assertThat(slots.slot(2)).isEqualTo(a);
    assertThat(slots.slot(3)).isEqualTo(b);
    slots.clear(1);
    slots.clear(3);
    assertThat(slots.isUsed(b)).isFalse();
    assertThat(slots.isUsed(a)).isTrue();
    slots.clear(2);
    assertThat(slots.free()).isEqualTo(5);
  }
}
