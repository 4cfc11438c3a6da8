package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BinaryOperator;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Operands that GGML would answer with the end of the process: every operation refuses them first.
 */
class TensorErrorsTest {
  private Graph graph;

  @BeforeEach
  void open() {
    graph = new Graph(512, false);
  }

  @AfterEach
  void close() {
    graph.close();
  }

  private Tensor f32(long... ne) {
    return graph.input("x", GgmlType.F32, ne);
  }

  private Tensor of(GgmlType type, long... ne) {
    return graph.input("x", type, ne);
  }

  static RopeParameters rope(int nRot) {
    return new RopeParameters(Style.INTERLEAVED, nRot, 64, 1e4f, 1, 0, 1, 32, 1, Optional.empty());
  }

  /** For each operation, calls with operands that don't fit it. */
  private Map<String, List<Supplier<Tensor>>> wrong() {
    Map<String, List<Supplier<Tensor>>> w = new LinkedHashMap<>();
    elementwise(w);
    rows(w);
    products(w);
    attention(w);
    memory(w);
    WrongOperands.of(graph)
        .forEach(
            (operation, calls) ->
                w.merge(
                    operation, calls, (a, b) -> Stream.concat(a.stream(), b.stream()).toList()));
    w.put(
        "crossEntropyLoss",
        List.of(
            () -> f32(5, 3).crossEntropyLoss(f32(5, 2)),
            () -> f32(5, 3).crossEntropyLoss(of(GgmlType.F16, 5, 3)),
            () -> f32(5, 3).transpose().crossEntropyLoss(f32(3, 5)),
            () -> of(GgmlType.F16, 5, 3).crossEntropyLoss(f32(5, 3))));
    w.put(
        "optStepAdamw",
        List.of(
            () -> f32(5).optStepAdamw(f32(5), f32(5), f32(5), f32(7)), // not a parameter
            () -> f32(5).optStepAdamw(f32(4), f32(5), f32(5), f32(7)),
            () -> f32(5).optStepAdamw(f32(5), f32(5), f32(5), f32(6)),
            () -> f32(5).optStepAdamw(f32(5), of(GgmlType.F16, 5), f32(5), f32(7))));
    return w;
  }

  private void elementwise(Map<String, List<Supplier<Tensor>>> w) {
    Map<String, BinaryOperator<Tensor>> binary =
        Map.of("add", Tensor::add, "sub", Tensor::sub, "mul", Tensor::mul, "div", Tensor::div);
    binary.forEach(
        (name, op) ->
            w.put(
                name,
                List.of(
                    () -> op.apply(f32(4, 3), f32(3)),
                    () -> op.apply(f32(4), f32(4, 2)),
                    () -> op.apply(f32(4, 3), f32(4, 2)),
                    () -> op.apply(f32(4), of(GgmlType.I32, 4)),
                    () -> op.apply(of(GgmlType.I32, 4), of(GgmlType.I32, 4)),
                    () -> op.apply(of(GgmlType.Q8_0, 32), of(GgmlType.Q8_0, 32)),
                    () -> op.apply(f32(4), of(GgmlType.F16, 4)),
                    () -> op.apply(f32(4, 4).transpose(), f32(4, 4)))));
    w.put(
        "scale",
        List.of(
            () -> of(GgmlType.F16, 4).scale(2),
            () -> of(GgmlType.I32, 4).scale(2),
            () -> f32(4, 3).transpose().scale(2)));
    w.put(
        "clamp",
        List.of(() -> of(GgmlType.I32, 4).clamp(0, 1), () -> of(GgmlType.Q8_0, 32).clamp(0, 1)));
    w.put("silu", List.of(() -> of(GgmlType.I32, 4).silu(), () -> f32(4, 3).transpose().silu()));
    w.put("tanh", List.of(() -> of(GgmlType.Q8_0, 32).tanh(), () -> f32(4, 3).transpose().tanh()));
    w.put(
        "swiglu",
        List.of(
            () -> f32(4, 3).swiglu(f32(4, 2)),
            () -> f32(4).swiglu(of(GgmlType.F16, 4)),
            () -> of(GgmlType.I32, 4).swiglu(of(GgmlType.I32, 4)),
            () -> f32(4, 4).transpose().swiglu(f32(4, 4))));
  }

  private void rows(Map<String, List<Supplier<Tensor>>> w) {
    w.put(
        "rmsNorm",
        List.of(
            () -> of(GgmlType.F16, 4).rmsNorm(1e-5f),
            () -> f32(4, 4).transpose().rmsNorm(1e-5f),
            () -> f32(4).rmsNorm(-1),
            () -> f32(4).rmsNorm(Float.NaN),
            () -> f32(4).rmsNorm(Float.POSITIVE_INFINITY)));
    w.put(
        "softMax",
        List.of(() -> of(GgmlType.F16, 4).softMax(), () -> f32(4, 3).transpose().softMax()));
    w.put(
        "softMaxExt",
        List.of(
            () -> f32(4, 3).softMaxExt(f32(3, 3), 1, 0),
            () -> f32(4, 3).softMaxExt(f32(4, 2), 1, 0),
            () -> f32(4, 3).softMaxExt(of(GgmlType.I32, 4, 3), 1, 0),
            () -> f32(4, 3, 3).softMaxExt(f32(4, 3, 2), 1, 0),
            () -> f32(4, 4).softMaxExt(f32(4, 4).transpose(), 1, 0),
            () -> of(GgmlType.F16, 4, 3).softMaxExt(f32(4, 3), 1, 0)));
    w.put(
        "sumRows",
        List.of(() -> of(GgmlType.F16, 4).sumRows(), () -> f32(4, 3).transpose().sumRows()));
    w.put("sum", List.of(() -> of(GgmlType.I32, 4).sum(), () -> f32(4, 3).transpose().sum()));
    w.put(
        "argsortTopK",
        List.of(
            () -> f32(4).argsortTopK(5),
            () -> f32(4).argsortTopK(0),
            () -> f32(4).argsortTopK(-1),
            () -> of(GgmlType.I32, 4).argsortTopK(1)));
    w.put(
        "getRows",
        List.of(
            () -> f32(4, 3).getRows(f32(2)),
            () -> f32(4, 3).getRows(of(GgmlType.I64, 2)),
            () -> f32(4, 3, 2).getRows(of(GgmlType.I32, 2)),
            () -> f32(4, 3).getRows(of(GgmlType.I32, 2, 2)),
            () -> f32(4, 3).transpose().getRows(of(GgmlType.I32, 2))));
    Supplier<Tensor> ids = () -> of(GgmlType.I64, 2);
    w.put(
        "setRows",
        List.of(
            () -> f32(4, 8).setRows(f32(3, 2), ids.get()),
            () -> f32(4, 8).setRows(f32(4, 3), ids.get()),
            () -> f32(4, 8).setRows(f32(4, 2), f32(2)),
            () -> f32(4, 8).setRows(of(GgmlType.F16, 4, 2), ids.get()),
            () -> f32(4, 8, 2).setRows(f32(4, 2), ids.get()),
            () -> of(GgmlType.I32, 4, 8).setRows(f32(4, 2), ids.get()),
            () -> of(GgmlType.Q4_K, 256, 8).setRows(f32(256, 2), ids.get()),
            () -> f32(8, 4).transpose().setRows(f32(4, 2), ids.get())));
  }

  private void products(Map<String, List<Supplier<Tensor>>> w) {
    w.put(
        "mulMat",
        List.of(
            () -> f32(4, 3).mulMat(f32(5, 3)),
            () -> f32(4, 3, 2).mulMat(f32(4, 3, 3)),
            () -> f32(4, 3, 2).mulMat(f32(4, 3)),
            () -> f32(4, 4).transpose().mulMat(f32(4, 4)),
            () -> f32(4, 4).mulMat(f32(4, 4).transpose()),
            () -> of(GgmlType.I32, 4, 3).mulMat(f32(4, 3)),
            () -> of(GgmlType.F64, 4, 3).mulMat(f32(4, 3)),
            () -> of(GgmlType.Q8_0, 32, 3).mulMat(of(GgmlType.Q8_0, 32, 3)),
            () -> f32(4, 3).mulMat(of(GgmlType.F16, 4, 3)),
            () -> f32(4, 3).mulMat(of(GgmlType.I32, 4, 3))));
    Supplier<Tensor> experts = () -> f32(8, 4, 3);
    Supplier<Tensor> ids = () -> of(GgmlType.I32, 2, 5);
    w.put(
        "mulMatId",
        List.of(
            () -> experts.get().mulMatId(f32(7, 1, 5), ids.get()),
            () -> experts.get().mulMatId(f32(8, 1, 4), ids.get()),
            () -> experts.get().mulMatId(f32(8, 3, 5), ids.get()),
            () -> experts.get().mulMatId(f32(8, 1, 5), f32(2, 5)),
            () -> experts.get().mulMatId(of(GgmlType.F16, 8, 1, 5), ids.get()),
            () -> f32(8, 4, 3, 2).mulMatId(f32(8, 1, 5), ids.get()),
            () -> of(GgmlType.I32, 8, 4, 3).mulMatId(f32(8, 1, 5), ids.get())));
  }

  private void attention(Map<String, List<Supplier<Tensor>>> w) {
    Supplier<Tensor> positions = () -> of(GgmlType.I32, 3);
    w.put(
        "ropeExt",
        List.of(
            () -> f32(8, 2, 4).ropeExt(positions.get(), rope(8)),
            () -> f32(8, 2, 3).ropeExt(f32(3), rope(8)),
            () -> f32(8, 2, 3).ropeExt(of(GgmlType.I32, 3, 2), rope(8)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), rope(10)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), rope(7)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), rope(0)),
            () -> of(GgmlType.I32, 8, 2, 3).ropeExt(positions.get(), rope(8)),
            () -> of(GgmlType.Q8_0, 32, 2, 3).ropeExt(positions.get(), rope(8)),
            () -> f32(2, 8, 3).permute(1, 0, 2, 3).ropeExt(positions.get(), rope(8))));
    Supplier<Tensor> q = () -> f32(32, 3, 4);
    Supplier<Tensor> k = () -> of(GgmlType.F16, 32, 16, 2);
    Supplier<Tensor> mask = () -> of(GgmlType.F16, 16, 3);
    w.put(
        "flashAttnExt",
        List.of(
            () -> q.get().flashAttnExt(of(GgmlType.F16, 64, 16, 2), k.get(), mask.get(), 1, 0, 0),
            () -> q.get().flashAttnExt(k.get(), of(GgmlType.F16, 32, 8, 2), mask.get(), 1, 0, 0),
            () -> q.get().flashAttnExt(k.get(), of(GgmlType.F16, 32, 16, 1), mask.get(), 1, 0, 0),
            () -> f32(32, 3, 3).flashAttnExt(k.get(), k.get(), mask.get(), 1, 0, 0),
            () -> q.get().flashAttnExt(k.get(), k.get(), f32(16, 3), 1, 0, 0),
            () -> q.get().flashAttnExt(k.get(), k.get(), of(GgmlType.F16, 16, 2), 1, 0, 0),
            () -> q.get().flashAttnExt(k.get(), k.get(), of(GgmlType.F16, 8, 3), 1, 0, 0),
            () -> of(GgmlType.F16, 32, 3, 4).flashAttnExt(k.get(), k.get(), mask.get(), 1, 0, 0),
            () -> q.get().flashAttnExt(of(GgmlType.I32, 32, 16, 2), k.get(), mask.get(), 1, 0, 0)));
  }

  private void memory(Map<String, List<Supplier<Tensor>>> w) {
    w.put("shaped", List.of(() -> f32(4, 3).shaped(3, 4), () -> f32(4).shaped(4, 1, 1, 2)));
    w.put(
        "reshape",
        List.of(
            () -> f32(4, 3).reshape(5, 2),
            () -> f32(4, 3).reshape(),
            () -> f32(4, 3).reshape(1, 1, 1, 1, 12),
            () -> f32(4, 3).reshape(-4, -3),
            () -> f32(4, 3).reshape(0, 12),
            () -> f32(4, 3).transpose().reshape(12),
            () -> of(GgmlType.Q8_0, 32, 3).reshape(48, 2)));
    w.put(
        "repeat",
        List.of(
            () -> f32(4, 3).repeat(6, 3),
            () -> f32(4, 3).repeat(4),
            () -> f32(4, 3).repeat(4, 0),
            () -> of(GgmlType.F16, 4).repeat(8)));
    w.put(
        "splitHeads",
        List.of(
            () -> f32(12, 2).splitHeads(5),
            () -> f32(12, 2).splitHeads(0),
            () -> f32(12, 2).splitHeads(-4)));
    w.put("mergeHeads", List.of(() -> f32(4, 3, 2, 2).mergeHeads()));
    w.put(
        "view2d",
        List.of(
            () -> f32(6, 4).view2d(6, 5, 24, 0),
            () -> f32(6, 4).view2d(6, 4, 24, 4),
            () -> f32(6, 4).view2d(6, 4, 24, -4),
            () -> f32(6, 4).view2d(6, 4, -24, 0),
            () -> f32(6, 4).view2d(6, 4, Long.MAX_VALUE, 0),
            () -> f32(6, 4).view2d(6, 2, Long.MAX_VALUE - 10, 0),
            () -> f32(6, 4).view2d(1, 1, 0, Long.MAX_VALUE),
            () -> f32(6, 4).view2d(0, 4, 24, 0),
            () -> f32(6, 4).view2d(1, 1, 4, 2), // within an element
            () -> f32(6, 4).view2d(2, 2, 10, 0)));
    w.put(
        "view3d",
        List.of(
            () -> f32(24).view3d(2, 3, 4, 8, 24, 4),
            () -> f32(24).view3d(2, 3, 5, 8, 24, 0),
            () -> f32(24).view3d(2, 3, 2, 8, Long.MAX_VALUE, 0),
            () -> f32(24).view3d(2, 1 << 30, 1 << 30, 1L << 34, 1L << 34, 0),
            () -> f32(24).view3d(2, 3, 4, 8, 24, Long.MIN_VALUE),
            () -> of(GgmlType.Q8_0, 64).view3d(16, 2, 2, 34, 34, 0)));
    w.put(
        "permute",
        List.of(
            () -> f32(4).permute(0, 1, 2, 2),
            () -> f32(4).permute(0, 1, 2, 4),
            () -> f32(4).permute(-1, 1, 2, 3),
            () -> f32(4).permute(32, 1, 2, 3)));
    w.put(
        "transpose",
        List.of(
            () -> of(GgmlType.Q8_0, 64, 64).transpose(),
            () -> of(GgmlType.Q8_0, 32, 32).transpose(),
            () -> of(GgmlType.Q8_0, 32, 32).permute(1, 0, 2, 3)));
    w.put(
        "cont2d",
        List.of(
            () -> f32(4, 3).cont2d(4, 4),
            () -> f32(4, 3).cont2d(-4, -3),
            () -> f32(4, 3).cont2d(0, 0),
            () -> of(GgmlType.Q8_0, 32, 2).cont2d(16, 4)));
    w.put(
        "cast",
        List.of(
            () -> f32(4).cast(GgmlType.I64),
            () -> of(GgmlType.I32, 4).cast(GgmlType.Q8_0),
            () -> f32(31).cast(GgmlType.Q8_0),
            () -> f32(256).cast(GgmlType.Q4_K),
            () -> of(GgmlType.Q8_0, 32).cast(GgmlType.F16)));
    w.put(
        "cpy",
        List.of(
            () -> f32(4).cpy(f32(5)),
            () -> f32(4).cpy(of(GgmlType.I64, 4)),
            () -> of(GgmlType.Q8_0, 32).cpy(of(GgmlType.F16, 32))));
  }

  @TestFactory
  List<DynamicTest> wrongOperandsAreRefused() {
    return wrong().entrySet().stream()
        .flatMap(
            e -> {
              int[] n = {0};
              return e.getValue().stream()
                  .map(
                      call ->
                          DynamicTest.dynamicTest(
                              e.getKey() + " " + n[0]++,
                              () -> {
                                graph.clear();
                                assertThatThrownBy(call::get)
                                    .isExactlyInstanceOf(ShapeException.class);
                              }));
            })
        .toList();
  }

  @Test
  void noOperationIsForgotten() {
    Set<String> operations = new TreeSet<>();
    for (Method m : Tensor.class.getMethods()) {
      if (Modifier.isPublic(m.getModifiers()) && m.getReturnType().equals(Tensor.class)) {
        operations.add(m.getName());
      }
    }
    operations.removeAll(
        Set.of("named", "precise", "output", "cont", "contiguous", "self")); // they fit any
    operations.remove("affine"); // of others
    assertThat(wrong().keySet()).containsAll(operations);
  }

  @Test
  void aTensorOfAnotherGraph() {
    try (Graph other = new Graph(16, false)) {
      Tensor x = f32(4, 4);
      Tensor y = other.input("y", GgmlType.F32, 4, 4);
      Tensor ids = other.input("ids", GgmlType.I32, 4);
      List<Supplier<Tensor>> calls =
          List.of(
              () -> x.add(y),
              () -> x.mulMat(y),
              () -> x.getRows(ids),
              () -> x.setRows(f32(4, 4), ids),
              () -> x.reshape(4, 4, 1).mulMatId(f32(4, 1, 4), ids.reshape(1, 4)),
              () -> x.softMaxExt(y, 1, 0),
              () -> graph.expand(y));
      for (Supplier<Tensor> call : calls) {
        assertThatThrownBy(call::get).isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void aStaleTensor() {
    Tensor x = f32(4, 4);
    Tensor ids = of(GgmlType.I32, 4);
    graph.clear();
    Tensor fresh = f32(4, 4);
    List<Runnable> uses =
        List.of(
            () -> x.add(x),
            () -> fresh.add(x),
            () -> fresh.getRows(ids),
            () -> x.rmsNorm(1e-5f),
            () -> x.named("x"),
            () -> x.precise(),
            () -> x.output(),
            () -> x.isAllocated(),
            () -> x.set(MemorySegment.ofArray(new byte[64])),
            () -> graph.expand(x),
            () -> fresh.setRows(f32(4, 4), ids),
            () -> fresh.softMaxExt(x, 1, 0));
    for (Runnable use : uses) {
      assertThatIllegalStateException().isThrownBy(use::run).withMessageContaining("cleared");
    }
    graph.close();
    assertThatIllegalStateException().isThrownBy(() -> fresh.add(fresh));
    assertThatIllegalStateException().isThrownBy(() -> f32(4));
    assertThatIllegalStateException().isThrownBy(graph::nNodes);
    graph.close();
  }

  @Test
  void inputsOfSizesThereAreNot() {
    for (long[] ne :
        new long[][] {
          {},
          {0},
          {-1},
          {4, 0},
          {1L << 31},
          {1 << 30, 1 << 30},
          {1, 2, 3, 4, 5},
          {Long.MAX_VALUE},
          {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE}
        }) {
      assertThatThrownBy(() -> f32(ne))
          .as(Arrays.toString(ne))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> of(GgmlType.Q8_0, 33)).isExactlyInstanceOf(ShapeException.class);
  }

  @Test
  void moreNodesThanThereIsRoomFor() {
    try (Graph small = new Graph(20, false)) {
      Tensor x = small.input("x", GgmlType.F32, 4);
      assertThatIllegalStateException()
          .isThrownBy(
              () -> {
                Tensor y = x;
                for (int i = 0; i < 1000; i++) {
                  y = y.add(x);
                }
              })
          .withMessageContaining("20");
    }
  }

  @Test
  void dataOutsideOfATensor() {
    try (Calculation calc = new Calculation();
        Arena arena = Arena.ofConfined()) {
      Tensor x = calc.floats(new float[8], 8);
      MemorySegment data = arena.allocate(64);
      assertThatIllegalStateException()
          .isThrownBy(() -> x.set(data, 0, 4))
          .withMessageContaining("no memory");
      Tensor y = x.scale(2);
      calc.floats(y);
      long[][] bad = {{-4, 4}, {0, 36}, {32, 4}, {0, -1}, {Long.MAX_VALUE, 4}};
      for (long[] b : bad) {
        assertThatThrownBy(() -> y.get(data, b[0], b[1]))
            .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> x.set(data, b[0], b[1]))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
      assertThatThrownBy(() -> y.get(data.asSlice(0, 4), 0, 8))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> x.set(data.asSlice(0, 4), 0, 8))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatIllegalStateException().isThrownBy(() -> calc.floats(y));
    }
  }

  @Test
  void whatHasNoBackwardPass() {
    try (WeightStore store = new WeightStore(8);
        Graph training = new Graph(64, true)) {
      BufferType memory = Device.cpu().bufferType();
      Weight w = store.declare(memory, "w", GgmlType.F32, 4, 4);
      Weight gradient = store.declare(memory, "g", GgmlType.F32, 4, 4);
      Weight one = store.declare(memory, "one", GgmlType.F32, 1);
      store.setParameter(w);
      store.allocate(WeightStore.Usage.WEIGHTS);
      Tensor loss = training.use(w).tanh().sum();
      training.expand(loss);
      assertThatThrownBy(() -> training.expandBackward(loss, Map.of(w, gradient), one))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("TANH");
      Weight half = store.declare(memory, "h", GgmlType.F16, 4);
      assertThatThrownBy(() -> store.setParameter(half))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
