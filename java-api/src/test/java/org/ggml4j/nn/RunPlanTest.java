package org.ggml4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RunPlanTest {
  /** A batch in which the sequences' tokens come in turns. */
  private static Batch interleaved(List<Integer> lengths) {
    Batch batch = new Batch();
    for (int t = 0; t < 64; t++) {
      for (int s = 0; s < lengths.size(); s++) {
        if (t < lengths.get(s)) {
          batch.add(7, t, s, false);
        }
      }
    }
    return batch;
  }

  private static Runs plan(RunPlan plan, Batch batch) {
    return plan.of(batch, s -> -1, 5);
  }

  @Test
  void oneTextIsOneRun() {
    assertThat(plan(new RunPlan(), interleaved(List.of(9))))
        .isEqualTo(new Runs(List.of(new Runs.Run(9, 1)), true, 5));
  }

  @Test
  void oneTokenOfEachIsOneRun() {
    assertThat(plan(new RunPlan(), interleaved(List.of(1, 1, 1))))
        .isEqualTo(new Runs(List.of(new Runs.Run(1, 3)), true, 5));
  }

  @Test
  void textsThatComeInTurnsAreNotInOrder() {
    RunPlan plan = new RunPlan();
    Runs runs = plan(plan, interleaved(List.of(2, 2)));
    assertThat(runs).isEqualTo(new Runs(List.of(new Runs.Run(2, 2)), false, 5));
    assertThat(List.of(plan.order(0), plan.order(1), plan.order(2), plan.order(3)))
        .containsExactly(0, 2, 1, 3);
    assertThat(plan.place(1)).isEqualTo(2);
  }

  @Test
  void manyLengthsAreFewRuns() {
    List<Integer> lengths = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      lengths.add(n);
    }
    Runs runs = plan(new RunPlan(), interleaved(lengths));
    assertThat(runs.runs()).extracting(Runs.Run::nTokens).containsExactly(32, 16, 8, 4, 2, 1);
    assertThat(runs.topology()).isNotEqualTo(Runs.NONE.topology());
  }

  @Property(tries = 100, seed = "20")
  void everyTokenHasItsPlaceBehindThoseBeforeIt(
      @ForAll @Size(min = 1, max = 30) List<@IntRange(min = 1, max = 40) Integer> lengths) {
    RunPlan plan = new RunPlan();
    Batch batch = interleaved(lengths);
    Runs runs = plan(plan, batch);
    Map<Integer, Integer> read = new HashMap<>();
    int place = 0;
    int piece = 0;
    for (Runs.Run run : runs.runs()) {
      for (int i = 0; i < run.nSeq(); i++) {
        RunPlan.Piece p = plan.pieces().get(piece++);
        assertThat(p.from()).isEqualTo(read.getOrDefault(p.sequence(), 0));
        for (int t = 0; t < run.nTokens(); t++) {
          int token = plan.order(place);
          assertThat(plan.place(token)).isEqualTo(place++);
          assertThat(batch.sequence(token)).isEqualTo(p.sequence());
          assertThat(batch.position(token)).isEqualTo(p.from() + t);
        }
        read.put(p.sequence(), p.from() + run.nTokens());
      }
    }
    assertThat(place).isEqualTo(batch.size());
  }

  @Test
  void aTextIsReadInOrder() {
    Batch batch = new Batch();
    batch.add(1, 4, 0, false);
    RunPlan plan = new RunPlan();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> plan.of(batch, s -> 4, 3))
        .withMessageContaining("more than 4 in sequence 0");
    batch.add(1, 3, 0, false);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> plan(plan, batch))
        .withMessageContaining("found 3");
  }
}
