package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which nodes are timed, by a clock that goes on by one whenever it is looked at. */
class NodeTimerTest {
  private final CloseStack owned = new CloseStack();
  private final Backend backend = owned.own(Backend.open(Device.cpu(), 2));
  private final Graph graph = owned.own(new Graph(64, false));
  private final Scheduler scheduler = owned.own(new Scheduler(List.of(backend), 64));
  private final List<String> told = new ArrayList<>();
  private final List<Object> lists = new ArrayList<>();
  private final Ticking ticking = new Ticking();

  private class Ticking implements NodeTimer {
    long now;

    @Override
    public long nanos() {
      return now++;
    }

    @Override
    public void computed(List<List<Tensor>> parts, long[] nanos) {
      lists.add(parts);
      assertThat(nanos).hasSize(parts.size());
      for (int i = 0; i < nanos.length; i++) {
        told.add(
            String.join("+", parts.get(i).stream().map(Tensor::operation).toList()) + nanos[i]);
      }
    }
  }

  @AfterEach
  void close() {
    owned.close();
  }

  private Tensor input(String name, long... ne) {
    return graph.input(name, GgmlType.F32, ne);
  }

  private void allocate(Tensor result) {
    graph.expand(result.output());
    scheduler.allocate(graph);
  }

  /** A norm and its product, views between, an addition. */
  private Tensor small() {
    Tensor normed = input("x", 16, 4).rmsNorm(1e-5f).mul(input("w", 16));
    return input("m", 16, 3).mulMat(normed).reshape(12, 1).add(input("b", 12));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void eachPartIsTimedOnceAndViewsAreNone(boolean apart) {
    allocate(small());
    scheduler.time(Optional.of(ticking), apart);
    scheduler.compute(graph);
    assertThat(told).containsExactly("RMS_NORM+MUL1", "MUL_MAT1", "ADD1");
    scheduler.compute(graph);
    assertThat(told).hasSize(6);
    assertThat(lists.get(1)).isSameAs(lists.get(0));
    graph.clear();
    allocate(input("x", 4).scale(2).scale(3));
    scheduler.compute(graph);
    assertThat(told.subList(6, told.size())).containsExactly("SCALE1", "SCALE1");
    scheduler.time(Optional.empty(), apart);
    long now = ticking.now;
    scheduler.compute(graph);
    assertThat(told).hasSize(8);
    assertThat(ticking.now).isEqualTo(now);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aNormThatSomethingElseReadsIsAPartOfItsOwn(boolean apart) {
    Tensor norm = input("x", 16, 4).rmsNorm(1e-5f);
    allocate(norm.mul(input("w", 16)).add(norm));
    scheduler.time(Optional.of(ticking), apart);
    scheduler.compute(graph);
    assertThat(told).containsExactly("RMS_NORM1", "MUL1", "ADD1");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void resultsAreTheSame(boolean apart) {
    Tensor result = small();
    allocate(result);
    try (Arena arena = Arena.ofConfined()) {
      float[] before = computed(result, arena);
      scheduler.time(Optional.of(ticking), apart);
      assertThat(computed(result, arena)).isEqualTo(before);
      assertThat(before[0]).isNotZero();
    }
  }

  /** With inputs whose data follow from their names. */
  private float[] computed(Tensor result, Arena arena) {
    for (String name : List.of("x", "w", "m", "b")) {
      Tensor in = leaf(result, name).orElseThrow();
      float[] values = Calculation.numbers(name.hashCode(), (int) in.nElements());
      in.set(arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
    }
    scheduler.compute(graph);
    return read(result, arena);
  }

  private static Optional<Tensor> leaf(Tensor node, String name) {
    if (node.name().equals(name)) {
      return Optional.of(node);
    }
    for (int i = 0; node.source(i).isPresent(); i++) {
      Optional<Tensor> found = leaf(node.source(i).get(), name);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private static float[] read(Tensor t, Arena arena) {
    MemorySegment to = arena.allocate(t.nBytes(), 64);
    t.get(to, 0, to.byteSize());
    return to.toArray(ValueLayout.JAVA_FLOAT);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatTheTimerThrowsComesOutOfCompute(boolean apart) {
    allocate(small());
    scheduler.time(
        Optional.of(
            new NodeTimer() {
              private int looks;

              @Override
              public long nanos() {
                if (++looks == 3) {
                  throw new IllegalStateException("no time");
                }
                return 0;
              }

              @Override
              public void computed(List<List<Tensor>> parts, long[] nanos) {
                throw new UnsupportedOperationException("not this far");
              }
            }),
        apart);
    assertThatThrownBy(() -> scheduler.compute(graph)).hasMessage("no time");
    assertThatThrownBy(() -> scheduler.compute(graph)).hasMessage("not this far");
    scheduler.time(Optional.empty(), apart);
    scheduler.compute(graph);
  }

  @Test
  void aTimedComputationCanBeAborted() {
    allocate(small());
    scheduler.time(Optional.of(ticking));
    backend.abort();
    assertThatThrownBy(() -> scheduler.compute(graph)).isInstanceOf(GgmlException.class);
    assertThat(told).isEmpty();
    backend.resume();
    scheduler.compute(graph);
    assertThat(told).hasSize(3);
    scheduler.time(Optional.empty());
    backend.abort();
    assertThatThrownBy(() -> scheduler.compute(graph)).isInstanceOf(GgmlException.class);
  }
}
