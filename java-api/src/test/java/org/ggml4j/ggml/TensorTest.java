package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.ggml4j.ggml.Calculation.numbers;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every operation computes what a plain loop computes. */
class TensorTest {
  private Calculation calc;

  @BeforeEach
  void open() {
    calc = new Calculation();
  }

  @AfterEach
  void close() {
    calc.close();
  }

  private interface Element {
    double at(int i0, int i1, int i2);
  }

  /** Compares with a function of the indices, relative to the largest value. */
  private static void check(float[] actual, int n0, int n1, int n2, double tolerance, Element e) {
    assertThat(actual).hasSize(n0 * n1 * n2);
    double largest = 1e-30;
    for (float x : actual) {
      largest = Math.max(largest, Math.abs(x));
    }
    for (int i2 = 0; i2 < n2; i2++) {
      for (int i1 = 0; i1 < n1; i1++) {
        for (int i0 = 0; i0 < n0; i0++) {
          assertThat((double) actual[(i2 * n1 + i1) * n0 + i0])
              .as("[%d, %d, %d]", i0, i1, i2)
              .isCloseTo(e.at(i0, i1, i2), within(tolerance * largest));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"5, 3, 2", "1, 3, 2", "5, 1, 1", "5, 3, 1", "1, 1, 1"})
  void elementwiseRepeatsTheSecond(int m0, int m1, int m2) {
    float[] a = numbers(1, 30);
    float[] b = numbers(2, m0 * m1 * m2);
    for (int i = 0; i < b.length; i++) {
      b[i] += 2; // no division by nearly nothing
    }
    for (String op : new String[] {"add", "sub", "mul", "div"}) {
      try (Calculation c = new Calculation()) {
        Tensor x = c.floats(a, 5, 3, 2);
        Tensor y = c.floats(b, m0, m1, m2);
        Tensor z =
            switch (op) {
              case "add" -> x.add(y);
              case "sub" -> x.sub(y);
              case "mul" -> x.mul(y);
              default -> x.div(y);
            };
        check(
            c.floats(z),
            5,
            3,
            2,
            1e-6,
            (i, j, k) -> {
              double u = a[(k * 3 + j) * 5 + i];
              double v = b[((k % m2) * m1 + j % m1) * m0 + i % m0];
              return switch (op) {
                case "add" -> u + v;
                case "sub" -> u - v;
                case "mul" -> u * v;
                default -> u / v;
              };
            });
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"scale", "clamp", "silu", "tanh"})
  void elementByElement(String op) {
    float[] a = numbers(1, 12);
    Tensor x = calc.floats(a, 4, 3);
    Tensor y =
        switch (op) {
          case "scale" -> x.scale(2.5f);
          case "clamp" -> x.clamp(-0.25f, 0.5f);
          case "silu" -> x.silu();
          default -> x.tanh();
        };
    check(
        calc.floats(y),
        4,
        3,
        1,
        1e-5,
        (i, j, k) -> {
          double v = a[j * 4 + i];
          return switch (op) {
            case "scale" -> 2.5 * v;
            case "clamp" -> Math.clamp(v, -0.25, 0.5);
            case "silu" -> silu(v);
            default -> Math.tanh(v);
          };
        });
  }

  private static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  @Test
  void swiglu() {
    float[] gate = numbers(1, 21);
    float[] up = numbers(2, 21);
    check(
        calc.floats(calc.floats(gate, 7, 3).swiglu(calc.floats(up, 7, 3))),
        7,
        3,
        1,
        1e-5,
        (i, j, k) -> silu(gate[j * 7 + i]) * up[j * 7 + i]);
  }

  @Test
  void rmsNorm() {
    float[] a = numbers(3, 40);
    check(
        calc.floats(calc.floats(a, 10, 4).rmsNorm(1e-3f)),
        10,
        4,
        1,
        1e-6,
        (i, j, k) -> {
          double sum = 0;
          for (int n = 0; n < 10; n++) {
            sum += a[j * 10 + n] * a[j * 10 + n];
          }
          return a[j * 10 + i] / Math.sqrt(sum / 10 + 1e-3);
        });
  }

  @Test
  void softMaxExtWithAMask() {
    int n = 6;
    int rows = 4;
    int heads = 2;
    float[] a = numbers(4, n * rows * heads);
    float[] mask = new float[n * rows];
    for (int j = 0; j < rows; j++) {
      for (int i = 0; i < n; i++) {
        mask[j * n + i] = i > j + 1 ? Float.NEGATIVE_INFINITY : 0.1f * i;
      }
    }
    Tensor p = calc.floats(a, n, rows, heads).softMaxExt(calc.floats(mask, n, rows), 3f, 0);
    check(
        calc.floats(p),
        n,
        rows,
        heads,
        1e-5,
        (i, j, k) -> {
          double sum = 0;
          for (int m = 0; m < n; m++) {
            sum += Math.exp(3 * a[(k * rows + j) * n + m] + mask[j * n + m]);
          }
          return Math.exp(3 * a[(k * rows + j) * n + i] + mask[j * n + i]) / sum;
        });
  }

  @Test
  void softMaxOfRows() {
    float[] a = numbers(5, 12);
    float[] p = calc.floats(calc.floats(a, 6, 2).softMax());
    for (int j = 0; j < 2; j++) {
      double sum = 0;
      for (int i = 0; i < 6; i++) {
        sum += p[j * 6 + i];
        assertThat(Math.log(p[j * 6 + i] / p[j * 6]))
            .isCloseTo(a[j * 6 + i] - a[j * 6], within(1e-5));
      }
      assertThat(sum).isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void sums() {
    float[] a = numbers(6, 24);
    check(
        calc.floats(calc.floats(a, 4, 3, 2).sumRows()),
        1,
        3,
        2,
        1e-6,
        (i, j, k) -> {
          double sum = 0;
          for (int n = 0; n < 4; n++) {
            sum += a[(k * 3 + j) * 4 + n];
          }
          return sum;
        });
    double all = 0;
    for (float x : a) {
      all += x;
    }
    try (Calculation c = new Calculation()) {
      assertThat((double) c.floats(c.floats(a, 4, 3, 2).sum())[0]).isCloseTo(all, within(1e-5));
    }
  }

  @Test
  void argsortTopKSortsDown() {
    float[] a = {3, 1, 4, 1.5f, 9, -2, 6, 5, 0, -1, -3, -0.5f, 7, 8, -9, 2};
    int[] top = calc.ints(calc.floats(a, 8, 2).argsortTopK(8).cont());
    assertThat(top).containsExactly(4, 6, 7, 2, 0, 3, 1, 5, 5, 4, 7, 0, 3, 1, 2, 6);
    try (Calculation c = new Calculation()) {
      Tensor ids = c.floats(a, 8, 2).argsortTopK(2);
      assertThat(ids.ne(0)).isEqualTo(2);
      Tensor values = c.floats(a, 1, 8, 2).getRows(ids);
      assertThat(c.floats(values)).containsExactly(9, 6, 8, 7);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = GgmlType.class,
      names = {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL"})
  void mulMatOfEveryKindOfWeight(GgmlType type) {
    int k = 64;
    float[] w = numbers(7, k * 9);
    float[] x = numbers(8, k * 5);
    Tensor product = calc.converted(type, w, k, 9).mulMat(calc.floats(x, k, 5));
    double tolerance =
        switch (type) {
          case F32 -> 1e-5;
          case F16 -> 2e-3;
          case BF16, Q8_0 -> 2e-2;
          default -> 0.25; // 16 or 32 steps between the extremes of a block
        };
    check(calc.floats(product), 9, 5, 1, tolerance, (i, j, b) -> dot(w, i * k, x, j * k, k));
  }

  private static double dot(float[] a, int at, float[] b, int bt, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += (double) a[at + i] * b[bt + i];
    }
    return sum;
  }

  @Test
  void mulMatRepeatsTheFirstOverHeads() {
    float[] a = numbers(9, 8 * 3 * 2);
    float[] b = numbers(10, 8 * 5 * 6);
    Tensor product = calc.floats(a, 8, 3, 2).mulMat(calc.floats(b, 8, 5, 6)).precise();
    check(
        calc.floats(product),
        3,
        5,
        6,
        1e-5,
        (i, j, h) -> dot(a, ((h / 3) * 3 + i) * 8, b, (h * 5 + j) * 8, 8));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void mulMatIdTakesEachTokensExperts(int shared) {
    int k = 32;
    int n = 4;
    int[] ids = {0, 3, 2, 1, 3, 3};
    float[] w = numbers(11, k * n * 4);
    float[] x = numbers(12, k * shared * 3);
    Tensor y = calc.floats(w, k, n, 4).mulMatId(calc.floats(x, k, shared, 3), calc.ints(ids, 2, 3));
    check(
        calc.floats(y),
        n,
        2,
        3,
        1e-5,
        (i, u, t) -> dot(w, (ids[t * 2 + u] * n + i) * k, x, (t * shared + u % shared) * k, k));
  }

  @Test
  void getRowsAndSetRows() {
    float[] table = numbers(13, 6 * 10);
    float[] rows = numbers(14, 6 * 3);
    Tensor t = calc.floats(table, 6, 10);
    check(
        calc.floats(t.getRows(calc.ints(new int[] {7, 0, 7}, 3))),
        6,
        3,
        1,
        0,
        (i, j, k) -> table[(j == 1 ? 0 : 7) * 6 + i]);
    try (Calculation c = new Calculation()) {
      Tensor written =
          c.floats(table, 6, 10).setRows(c.floats(rows, 6, 3), c.longs(new long[] {4, 9, 0}, 3));
      int[] from = {2, -1, -1, -1, 0, -1, -1, -1, -1, 1};
      check(
          c.floats(written),
          6,
          10,
          1,
          0,
          (i, j, k) -> from[j] < 0 ? table[j * 6 + i] : rows[from[j] * 6 + i]);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = GgmlType.class,
      names = {"F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "IQ4_NL"})
  void setRowsConverts(GgmlType type) {
    float[] rows = numbers(15, 64 * 2);
    Tensor cells = calc.converted(type, new float[64 * 4], 64, 4);
    Tensor written = cells.setRows(calc.floats(rows, 64, 2), calc.longs(new long[] {3, 1}, 2));
    double tolerance = type == GgmlType.F16 ? 1e-3 : type.isQuantized() ? 0.13 : 1e-2;
    check(
        calc.floats(written.cast(GgmlType.F32)),
        64,
        4,
        1,
        tolerance,
        (i, j, k) -> j == 3 ? rows[i] : j == 1 ? rows[64 + i] : 0);
  }

  @ParameterizedTest
  @CsvSource({
    "INTERLEAVED, 1, 0, false",
    "HALVES, 1, 0, false",
    "INTERLEAVED, 0.25, 0, true",
    "INTERLEAVED, 0.25, 1, false",
    "HALVES, 0.5, 1, true"
  })
  void ropeExt(Style style, float freqScale, float ext, boolean withFactors) {
    int dim = 16;
    int[] positions = {0, 3, 100};
    float[] x = numbers(16, dim * 2 * 3);
    try (WeightStore store = new WeightStore(1)) {
      float[] f = new float[dim / 2];
      Optional<Weight> factors = Optional.empty();
      if (withFactors) {
        Weight w = store.declare(Device.cpu().bufferType(), "f", GgmlType.F32, dim / 2);
        store.allocate(WeightStore.Usage.WEIGHTS);
        for (int i = 0; i < f.length; i++) {
          f[i] = 1 + 0.5f * i;
        }
        store.set(w, copy(f));
        factors = Optional.of(w);
      } else {
        Arrays.fill(f, 1);
      }
      RopeParameters p =
          new RopeParameters(style, dim, 32, 10000f, freqScale, ext, 1.5f, 32, 1, factors);
      Tensor y = calc.floats(x, dim, 2, 3).ropeExt(calc.ints(positions, 3), p);
      check(
          calc.floats(y),
          dim,
          2,
          3,
          1e-4,
          (i, h, t) -> {
            int pair = style == Style.INTERLEAVED ? i / 2 : i % (dim / 2);
            boolean first = style == Style.INTERLEAVED ? i % 2 == 0 : i < dim / 2;
            int other = style == Style.INTERLEAVED ? i ^ 1 : (i + dim / 2) % dim;
            int at = (t * 2 + h) * dim;
            double base = positions[t] * Math.pow(10000, -2.0 * pair / dim) / f[pair];
            double angle = base * freqScale;
            double size = 1.5;
            if (ext != 0) {
              double mix = ramp(pair, dim) * ext;
              angle = angle * (1 - mix) + base * mix;
              size *= 1 + 0.1 * Math.log(1 / freqScale);
            }
            return size
                * (x[at + i] * Math.cos(angle)
                    + (first ? -1 : 1) * x[at + other] * Math.sin(angle));
          });
    }
  }

  /**
   * YaRN's share of extrapolation: 1 for the fastest pairs, 0 for the slowest; arXiv 2309.00071.
   */
  private static double ramp(int pair, int dim) {
    double low = Math.max(0, Math.floor(turns(32, dim)));
    double high = Math.min(dim - 1, Math.ceil(turns(1, dim)));
    return 1 - Math.clamp((pair - low) / Math.max(0.001, high - low), 0, 1);
  }

  private static double turns(double n, int dim) {
    return dim * Math.log(32 / (n * 2 * Math.PI)) / (2 * Math.log(10000));
  }

  private static MemorySegment copy(float[] values) {
    return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }

  @Test
  void turnOnlyUndoesAllMagnitude() {
    float[] x = numbers(17, 32);
    RopeParameters yarn =
        new RopeParameters(
            Style.INTERLEAVED, 32, 16, 10000f, 0.25f, 1, 1.7f, 32, 1, Optional.empty());
    Tensor still = calc.floats(x, 32, 1, 1).ropeExt(calc.ints(new int[] {0}, 1), yarn.turnOnly());
    check(calc.floats(still), 32, 1, 1, 1e-6, (i, j, k) -> x[i]);
  }

  @ParameterizedTest
  @CsvSource({"F16, F16", "Q8_0, Q8_0", "Q4_0, F16"})
  void flashAttnExt(GgmlType typeK, GgmlType typeV) {
    int dim = 32;
    int nKv = 32;
    int n = 3;
    float[] q = numbers(18, dim * n * 4);
    float[] k = numbers(19, dim * nKv * 2);
    float[] v = numbers(20, dim * nKv * 2);
    float[] mask = new float[nKv * n];
    for (int j = 0; j < n; j++) {
      for (int c = 0; c < nKv; c++) {
        mask[j * nKv + c] = c > 20 + j ? Float.NEGATIVE_INFINITY : 0;
      }
    }
    Tensor y =
        calc.floats(q, dim, n, 4)
            .flashAttnExt(
                calc.converted(typeK, k, dim, nKv, 2),
                calc.converted(typeV, v, dim, nKv, 2),
                calc.converted(GgmlType.F16, mask, nKv, n),
                0.3f,
                0,
                0);
    double tolerance = typeK == GgmlType.F16 ? 2e-3 : typeK == GgmlType.Q8_0 ? 2e-2 : 0.3;
    check(
        calc.floats(y),
        dim,
        4,
        n,
        tolerance,
        (i, h, t) -> {
          double sum = 0;
          double value = 0;
          for (int c = 0; c <= 20 + t; c++) {
            int cell = ((h / 2) * nKv + c) * dim;
            double p = Math.exp(0.3 * dot(q, (h * n + t) * dim, k, cell, dim));
            sum += p;
            value += p * v[cell + i];
          }
          return value / sum;
        });
  }

  @Test
  void shapesAndMemory() {
    float[] a = numbers(21, 24);
    Tensor x = calc.floats(a, 2, 3, 4);
    check(calc.floats(x.reshape(6, 4)), 6, 4, 1, 0, (i, j, k) -> a[j * 6 + i]);
    try (Calculation c = new Calculation()) {
      Tensor t = c.floats(a, 2, 3, 4).permute(2, 0, 1, 3); // [3, 4, 2]
      check(c.floats(t.cont()), 3, 4, 2, 0, (i, j, k) -> a[(j * 3 + i) * 2 + k]);
    }
    try (Calculation c = new Calculation()) {
      Tensor t = c.floats(a, 6, 4).transpose();
      check(c.floats(t.cont2d(4, 6)), 4, 6, 1, 0, (i, j, k) -> a[i * 6 + j]);
    }
    try (Calculation c = new Calculation()) {
      Tensor t = c.floats(a, 6, 4).view2d(3, 2, 48, 8);
      check(c.floats(t.cont()), 3, 2, 1, 0, (i, j, k) -> a[2 + j * 12 + i]);
    }
    try (Calculation c = new Calculation()) {
      Tensor t = c.floats(a, 24).view3d(2, 2, 2, 16, 40, 4);
      check(c.floats(t.cont()), 2, 2, 2, 0, (i, j, k) -> a[1 + j * 4 + k * 10 + i]);
    }
    try (Calculation c = new Calculation()) {
      Tensor t = c.floats(numbers(21, 6), 3, 1, 2).repeat(6, 2, 2);
      float[] small = numbers(21, 6);
      check(c.floats(t), 6, 2, 2, 0, (i, j, k) -> small[k * 3 + i % 3]);
    }
    try (Calculation c = new Calculation()) {
      Tensor t = c.floats(a, 12, 2).splitHeads(4);
      assertThat(new long[] {t.ne(0), t.ne(1), t.ne(2), t.ne(3)}).containsExactly(4, 3, 2, 1);
    }
  }

  @Test
  void castAndCpy() {
    float[] a = numbers(22, 64);
    check(
        calc.floats(calc.floats(a, 32, 2).cast(GgmlType.F16).cast(GgmlType.F32)),
        32,
        2,
        1,
        1e-3,
        (i, j, k) -> a[j * 32 + i]);
    try (Calculation c = new Calculation()) {
      Tensor target = c.floats(new float[64], 64);
      check(c.floats(c.floats(a, 32, 2).cpy(target)), 64, 1, 1, 0, (i, j, k) -> a[i]);
    }
  }

  @Test
  void crossEntropyLoss() {
    float[] logits = numbers(23, 5 * 3);
    float[] labels = {0, 1, 0, 0, 0, 0.5f, 0, 0.5f, 0, 0, 0, 0, 0, 0, 1};
    double expected = 0;
    for (int j = 0; j < 3; j++) {
      double sum = 0;
      for (int i = 0; i < 5; i++) {
        sum += Math.exp(logits[j * 5 + i]);
      }
      for (int i = 0; i < 5; i++) {
        expected -= labels[j * 5 + i] * (logits[j * 5 + i] - Math.log(sum)) / 3;
      }
    }
    Tensor loss = calc.floats(logits, 5, 3).crossEntropyLoss(calc.floats(labels, 5, 3));
    assertThat((double) calc.floats(loss)[0]).isCloseTo(expected, within(1e-5));
  }
}
