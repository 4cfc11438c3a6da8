package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.ggml4j.ggml.Calculation.numbers;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.BinaryOperator;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The gradient of each operation that a training uses, against central differences.
 *
 * <p>The loss is the sum of the result times fixed factors, of size about one, so its F32 value has
 * an error of about 3e-7; over a difference of 2 * 0.02 that is 1e-5 in the slope, and the third
 * derivatives of these functions add some 1e-4. Twenty times that is accepted; a wrong factor or
 * index gives errors of the slopes' own size, 0.01 to 1.
 */
class BackwardTest {
  private static final float STEP = 0.02f;
  private static final double TOLERANCE = 2e-3;

  /** Two parameters, [6, 4] and [6, 4], and what else an operation needs. */
  private static final class Bench implements AutoCloseable {
    final CloseStack owned = new CloseStack();
    final Arena arena = Arena.ofConfined();
    final Graph graph = owned.own(new Graph(256, true));
    final WeightStore store = owned.own(new WeightStore(16));
    final Map<Tensor, MemorySegment> inputs = new LinkedHashMap<>();

    Tensor floats(int seed, long... ne) {
      long n = GgmlType.F32.sizeOf(ne) / 4;
      Tensor t = graph.input("in" + inputs.size(), GgmlType.F32, ne);
      inputs.put(t, arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers(seed, (int) n)));
      return t;
    }

    Tensor ints(int... values) {
      Tensor t = graph.input("in" + inputs.size(), GgmlType.I32, values.length);
      inputs.put(t, arena.allocateFrom(ValueLayout.JAVA_INT, values));
      return t;
    }

    /** A mask that hides what comes later. */
    Tensor mask(int n0, int n1) {
      Tensor t = graph.input("mask", GgmlType.F32, n0, n1);
      MemorySegment data = arena.allocate(4L * n0 * n1);
      for (int i = 0; i < n0 * n1; i++) {
        data.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % n0 > i / n0 ? Float.NEGATIVE_INFINITY : 0);
      }
      inputs.put(t, data);
      return t;
    }

    @Override
    public void close() {
      owned.close();
      arena.close();
    }
  }

  private interface Operation {
    Tensor of(Bench bench, Tensor a, Tensor b);
  }

  private static Map<String, Operation> operations() {
    RopeParameters rope =
        new RopeParameters(Style.INTERLEAVED, 6, 64, 100f, 1, 0, 1, 32, 1, Optional.empty());
    RopeParameters halves =
        new RopeParameters(Style.HALVES, 4, 64, 100f, 0.5f, 0, 1, 32, 1, Optional.empty());
    Map<String, Operation> o = new LinkedHashMap<>();
    o.put("add", (c, a, b) -> a.add(b));
    o.put("add repeated", (c, a, b) -> a.add(b.sumRows()));
    o.put("sub", (c, a, b) -> a.sub(b));
    o.put("mul", (c, a, b) -> a.mul(b));
    o.put("mul repeated", (c, a, b) -> a.mul(b.sumRows()));
    o.put("mul with itself", (c, a, b) -> a.mul(a).add(b));
    o.put(
        "div",
        (c, a, b) ->
            a.div(
                b.mul(b)
                    .add(c.floats(3, 6, 4).mul(c.floats(3, 6, 4)))
                    .add(c.floats(4, 1).mul(c.floats(4, 1)))));
    o.put("scale", (c, a, b) -> a.scale(-3).add(b));
    o.put("silu", (c, a, b) -> a.silu().add(b));
    o.put("swiglu", (c, a, b) -> a.swiglu(b));
    o.put("sum", (c, a, b) -> a.mul(b).sum());
    o.put("sumRows", (c, a, b) -> a.mul(b).sumRows());
    o.put("repeat", (c, a, b) -> a.repeat(12, 4, 2).add(b));
    o.put("rmsNorm", (c, a, b) -> a.rmsNorm(1e-2f).mul(b));
    o.put("softMax", (c, a, b) -> a.softMax().mul(b));
    o.put("softMaxExt", (c, a, b) -> a.softMaxExt(c.mask(6, 4), 2, 0).mul(b));
    o.put("ropeExt", (c, a, b) -> a.reshape(6, 2, 2).ropeExt(c.ints(1, 5), rope));
    o.put(
        "ropeExt of halves",
        (c, a, b) -> a.reshape(6, 1, 4).ropeExt(c.ints(0, 1, 5, 9), halves).add(b.sum()));
    o.put("mulMat", (c, a, b) -> a.mulMat(b));
    o.put("mulMat of an input", (c, a, b) -> c.floats(5, 6, 3).mulMat(a).add(b.sum()));
    o.put("mulMat by an input", (c, a, b) -> a.mulMat(c.floats(5, 6, 3)).add(b.sum()));
    o.put(
        "mulMat repeated over heads",
        (c, a, b) -> a.reshape(3, 4, 2).mulMat(b.repeat(6, 4, 2).reshape(3, 4, 4)));
    o.put("getRows", (c, a, b) -> a.getRows(c.ints(3, 0, 3, 1)).mul(b));
    o.put(
        "permute and cont",
        (c, a, b) ->
            a.reshape(3, 2, 4)
                .permute(1, 2, 0, 3)
                .cont()
                .mul(b.reshape(4, 3, 2).permute(0, 1, 2, 3).cont()));
    o.put("transpose and cont", (c, a, b) -> a.transpose().cont().reshape(6, 4).mul(b));
    o.put("cont2d", (c, a, b) -> a.transpose().cont2d(8, 3).reshape(6, 4).mul(b));
    o.put("view2d", (c, a, b) -> a.view2d(3, 4, 24, 8).cont().mul(b.view2d(3, 4, 24, 0).cont()));
    o.put("cpy", (c, a, b) -> a.mul(b).cpy(c.floats(6, 24)));
    o.put(
        "crossEntropyLoss",
        (c, a, b) -> a.mul(b).scale(3).crossEntropyLoss(c.floats(7, 6, 4).softMax()));
    return o;
  }

  @TestFactory
  List<DynamicTest> equalsCentralDifferences() {
    return operations().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getValue())))
        .toList();
  }

  /** GGML's backward pass of these asserts that the shapes are equal. */
  @Test
  void subAndDivOfARepeatedOperandAreRefused() {
    Map<String, BinaryOperator<Tensor>> refused = Map.of("sub", Tensor::sub, "div", Tensor::div);
    refused.forEach(
        (name, operation) ->
            assertThatThrownBy(() -> check((c, a, b) -> operation.apply(a, b.sumRows())))
                .as(name)
                .isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining(name.toUpperCase(Locale.ROOT)));
  }

  private static void check(Operation operation) {
    try (Bench bench = new Bench()) {
      BufferType memory = Device.cpu().bufferType();
      BiFunction<String, Integer, Weight> declare =
          (name, n) ->
              n == 1
                  ? bench.store.declare(memory, name, GgmlType.F32, 1)
                  : bench.store.declare(memory, name, GgmlType.F32, 6, 4);
      Weight[] w = {declare.apply("a", 24), declare.apply("b", 24)};
      Weight[] g = {declare.apply("grad a", 24), declare.apply("grad b", 24)};
      Weight one = declare.apply("one", 1);
      bench.store.setParameter(w[0]);
      bench.store.setParameter(w[1]);
      bench.store.allocate(WeightStore.Usage.CACHE);
      bench.store.set(one, bench.arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f));
      MemorySegment[] values = {
        bench.arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers(31, 24)),
        bench.arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers(32, 24))
      };
      for (int i = 0; i < 2; i++) {
        bench.store.set(w[i], values[i]);
        bench.store.clear(g[i]);
      }
      Backend backend = bench.owned.own(Backend.open(Device.cpu(), 1));
      Scheduler scheduler = bench.owned.own(new Scheduler(List.of(backend), 256));
      Tensor y = operation.of(bench, bench.graph.use(w[0]), bench.graph.use(w[1]));
      Tensor factors = bench.floats(33, y.ne(0), y.ne(1), y.ne(2));
      Tensor loss = y.mul(factors).sum().output();
      bench.graph.expand(loss);
      bench.graph.expandBackward(loss, Map.of(w[0], g[0], w[1], g[1]), one);
      scheduler.allocate(bench.graph);

      compute(bench, scheduler, loss);
      MemorySegment[] gradients = {bench.arena.allocate(96), bench.arena.allocate(96)};
      bench.store.get(g[0], 0, gradients[0]); // before later computations add to them
      bench.store.get(g[1], 0, gradients[1]);
      double largest = 0;
      for (int p = 0; p < 2; p++) {
        for (int i = 0; i < 24; i++) {
          float x = values[p].getAtIndex(ValueLayout.JAVA_FLOAT, i);
          values[p].setAtIndex(ValueLayout.JAVA_FLOAT, i, x + STEP);
          bench.store.set(w[p], values[p]);
          double up = compute(bench, scheduler, loss);
          values[p].setAtIndex(ValueLayout.JAVA_FLOAT, i, x - STEP);
          bench.store.set(w[p], values[p]);
          double down = compute(bench, scheduler, loss);
          values[p].setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
          bench.store.set(w[p], values[p]);
          double slope = (up - down) / ((double) (x + STEP) - (x - STEP));
          largest = Math.max(largest, Math.abs(slope));
          assertThat((double) gradients[p].getAtIndex(ValueLayout.JAVA_FLOAT, i))
              .as(w[p].name() + "[" + i + "]")
              .isCloseTo(slope, within(TOLERANCE * (1 + Math.abs(slope))));
        }
      }
      assertThat(largest).as("there is something to compare").isGreaterThan(0.05);
    }
  }

  private static double compute(Bench bench, Scheduler scheduler, Tensor loss) {
    bench.inputs.forEach(
        (tensor, data) -> {
          if (tensor.isAllocated()) {
            tensor.set(data);
          }
        });
    scheduler.compute(bench.graph);
    MemorySegment to = bench.arena.allocate(4);
    loss.get(to, 0, 4);
    return to.get(ValueLayout.JAVA_FLOAT, 0);
  }
}
