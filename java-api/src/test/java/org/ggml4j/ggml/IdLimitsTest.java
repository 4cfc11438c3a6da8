package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Numbers of rows and matrices that are set from Java, for which GGML would end the process. */
class IdLimitsTest {
  private final CloseStack owned = new CloseStack();
  private final Arena arena = Arena.ofConfined();
  private Graph graph;
  private Scheduler scheduler;

  @BeforeEach
  void open() {
    Backend backend = owned.own(Backend.open(Device.cpu(), 1));
    graph = owned.own(new Graph(64, false));
    scheduler = owned.own(new Scheduler(List.of(backend), 64));
  }

  @AfterEach
  void close() {
    owned.close();
    arena.close();
  }

  private Tensor f32(long... ne) {
    return graph.input("x", GgmlType.F32, ne);
  }

  private MemorySegment ints(int... values) {
    return arena.allocateFrom(ValueLayout.JAVA_INT, values);
  }

  private void allocate(Tensor... results) {
    for (Tensor result : results) {
      graph.expand(result.output());
    }
    scheduler.allocate(graph);
  }

  /** Operations that take two ids, each below 5. */
  private Map<String, UnaryOperator<Tensor>> operations() {
    Map<String, UnaryOperator<Tensor>> all = new LinkedHashMap<>();
    all.put("getRows", ids -> f32(4, 5).getRows(ids));
    all.put("mulMatId", ids -> f32(4, 3, 5).mulMatId(f32(4, 1, 1), ids));
    all.put("addId", ids -> f32(4, 2, 1).addId(f32(4, 5), ids));
    all.put("setRows", ids -> f32(4, 5).setRows(f32(4, 2), ids));
    all.put(
        "ssmScan",
        ids ->
            f32(4, 3, 2, 5)
                .ssmScan(
                    f32(3, 2, 1, 2),
                    f32(2, 1, 2),
                    f32(4, 2),
                    f32(4, 1, 1, 2),
                    f32(4, 1, 1, 2),
                    ids));
    return all;
  }

  @TestFactory
  List<DynamicTest> idsThatNameNothingAreRefused() {
    List<DynamicTest> tests = new ArrayList<>();
    operations()
        .keySet()
        .forEach(name -> tests.add(DynamicTest.dynamicTest(name, () -> refused(name))));
    return tests;
  }

  private void refused(String name) {
    graph.clear();
    Tensor ids = graph.input("numbers", GgmlType.I32, 2);
    allocate(operations().get(name).apply(ids));
    for (int bad : new int[] {5, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> ids.set(ints(0, bad)))
          .withMessageContaining("numbers")
          .withMessageContaining(name + " expected 0 to 4, found " + bad + " as element 1");
    }
    ids.set(ints(0, 4));
    scheduler.compute(graph);
  }

  @Test
  void longNumbersToo() {
    Tensor ids = graph.input("cells", GgmlType.I64, 2);
    allocate(f32(4, 5).setRows(f32(4, 2), ids));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ids.set(arena.allocateFrom(ValueLayout.JAVA_LONG, 1L << 32, 1)))
        .withMessageContaining("found 4294967296 as element 0");
    ids.set(arena.allocateFrom(ValueLayout.JAVA_LONG, 3, 0));
  }

  @Test
  void onlyThePartOfAnInputThatIsTakenForIds() {
    Tensor all = graph.input("all", GgmlType.I32, 40);
    Tensor part = all.view2d(2, 1, 8, 12).reshape(2);
    Tensor result = f32(4, 5).getRows(part);
    allocate(result, all.cast(GgmlType.F32));
    int[] values = new int[40];
    Arrays.fill(values, 99);
    values[3] = 4;
    values[4] = 0;
    all.set(ints(values));
    all.set(ints(99, 2, 1, 99), 8, 16);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> all.set(ints(99, 2, 5, 99), 8, 16))
        .withMessageContaining("found 5 as element 1");
    assertThatIllegalArgumentException().isThrownBy(() -> part.set(ints(5), 4, 4));
    part.set(ints(3), 4, 4);
    assertThatIllegalArgumentException()
        .as("half a number")
        .isThrownBy(() -> all.set(ints(0), 14, 4))
        .withMessageContaining("4 bytes");
  }

  @Test
  void ofTwoOperationsTheNarrowerCounts() {
    Tensor ids = graph.input("ids", GgmlType.I32, 2);
    allocate(f32(4, 5).getRows(ids), f32(4, 3).getRows(ids));
    ids.set(ints(2, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> ids.set(ints(2, 3)));
  }

  @Test
  void idsWithGapsCanNotBeChecked() {
    Tensor ids = graph.input("ids", GgmlType.I32, 4, 2).view2d(2, 2, 16, 0);
    Tensor experts = f32(4, 3, 5);
    Tensor x = f32(4, 1, 2);
    assertThatThrownBy(() -> experts.mulMatId(x, ids))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("gaps");
  }

  @Test
  void whatIsComputedIsNotLimited() {
    Tensor scores = f32(5, 1);
    Tensor table = f32(1, 5);
    Tensor result = table.getRows(scores.argsortTopK(2));
    allocate(result);
    scores.set(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 9, -3, 700, 1, 0));
    table.set(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 10, 11, 12, 13, 14));
    scheduler.compute(graph);
    MemorySegment rows = arena.allocate(8, 8);
    result.get(rows, 0, 8);
    assertThat(rows.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(12, 10);
  }

  @Test
  void aNewGraphHasLimitsOfItsOwn() {
    Tensor first = graph.input("ids", GgmlType.I32, 16);
    allocate(f32(4, 5).getRows(first));
    graph.clear();
    Tensor second = graph.input("ids", GgmlType.I32, 16);
    allocate(f32(4, 500).getRows(second));
    int[] values = new int[16];
    values[7] = 499;
    second.set(ints(values));
    scheduler.compute(graph);
  }
}
