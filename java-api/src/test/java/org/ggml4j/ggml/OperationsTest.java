package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.ggml4j.ggml.Calculation.numbers;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The operations that some architectures need compute what a plain loop computes. */
class OperationsTest {
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
    double at(int i);
  }

  private static void check(float[] actual, int n, double tolerance, Element expected) {
    assertThat(actual).hasSize(n);
    for (int i = 0; i < n; i++) {
      double e = expected.at(i);
      assertThat((double) actual[i])
          .as("element %d", i)
          .isCloseTo(e, within(tolerance * Math.max(1, Math.abs(e))));
    }
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double gelu(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  /** By its series, which converges quickly for small arguments. */
  private static double erf(double x) {
    double sum = 0;
    double term = x;
    for (int n = 0; n < 30; n++) {
      sum += term / (2 * n + 1);
      term *= -x * x / (n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  private static double geluErf(double x) {
    return 0.5 * x * (1 + erf(x / Math.sqrt(2)));
  }

  @Test
  void functions() {
    Map<UnaryOperator<Tensor>, DoubleUnaryOperator> functions = new LinkedHashMap<>();
    functions.put(Tensor::gelu, OperationsTest::gelu);
    functions.put(Tensor::geluErf, OperationsTest::geluErf);
    functions.put(Tensor::geluQuick, x -> x * sigmoid(1.702 * x));
    functions.put(Tensor::relu, x -> Math.max(0, x));
    functions.put(Tensor::sigmoid, OperationsTest::sigmoid);
    functions.put(Tensor::softplus, x -> Math.log(1 + Math.exp(x)));
    functions.put(Tensor::exp, Math::exp);
    functions.put(x -> x.sqr().log(), x -> Math.log(x * x));
    functions.put(Tensor::neg, x -> -x);
    functions.put(Tensor::sqr, x -> x * x);
    functions.put(x -> x.sqr().sqrt(), Math::abs);
    functions.put(Tensor::sin, Math::sin);
    functions.put(Tensor::cos, Math::cos);
    functions.put(x -> x.scale(2, 3), x -> 2 * x + 3);
    functions.put(x -> x.fill(7), x -> 7);
    functions.put(x -> x.softcap(0.5f), x -> 0.5 * Math.tanh(x / 0.5));
    functions.put(
        x -> x.xielu(0.5f, 0.25f, 2, -1e-6f),
        x ->
            x > 0
                ? Math.log(1 + Math.exp(0.25)) * x * x + 2 * x
                : (Math.expm1(Math.min(x, -1e-6)) - x) * (2 + Math.log(1 + Math.exp(0.5))) + 2 * x);
    float[] a = numbers(1, 24);
    functions.forEach(
        (f, expected) -> {
          try (Calculation c = new Calculation()) {
            // GELU of the CPU looks its values up in a table of halves.
            check(
                c.floats(f.apply(c.floats(a, 6, 4))), 24, 2e-3, i -> expected.applyAsDouble(a[i]));
          }
        });
  }

  @Test
  void gatedUnits() {
    Map<String, DoubleUnaryOperator> functions =
        Map.of(
            "swiglu", x -> x * sigmoid(x),
            "geglu", OperationsTest::gelu,
            "gegluErf", OperationsTest::geluErf,
            "gegluQuick", x -> x * sigmoid(1.702 * x),
            "reglu", x -> Math.max(0, x));
    float[] gate = numbers(1, 12);
    float[] up = numbers(2, 12);
    functions.forEach(
        (name, f) -> {
          try (Calculation c = new Calculation()) {
            Tensor g = c.floats(gate, 4, 3);
            Tensor u = c.floats(up, 4, 3);
            Tensor both = g.concat(u, 0); // [8, 3]
            Tensor y =
                switch (name) {
                  case "swiglu" -> g.swiglu(u).concat(both.swiglu(), 1);
                  case "geglu" -> g.geglu(u).concat(both.geglu(), 1);
                  case "gegluErf" -> g.gegluErf(u).concat(both.gegluErf(), 1);
                  case "gegluQuick" -> g.gegluQuick(u).concat(g.gegluQuick(u), 1);
                  default -> g.reglu(u).concat(both.reglu(), 1);
                };
            check(c.floats(y), 24, 2e-3, i -> f.applyAsDouble(gate[i % 12]) * up[i % 12]);
          }
        });
  }

  @Test
  void clampedGatedUnits() {
    float[] gate = numbers(1, 12);
    float[] up = numbers(2, 12);
    Tensor g = calc.floats(gate, 4, 3);
    Tensor u = calc.floats(up, 4, 3);
    Tensor y = g.swigluOai(u, 1.5f, 0.5f).concat(g.swigluClamp(u, 0.5f), 1);
    check(
        calc.floats(y),
        24,
        1e-5,
        i -> {
          double x = Math.min(gate[i % 12], 0.5);
          double v = Math.clamp(up[i % 12], -0.5, 0.5);
          return i < 12 ? x * sigmoid(1.5 * x) * (v + 1) : x * sigmoid(x) * v;
        });
  }

  @Test
  void norms() {
    float[] a = numbers(1, 24);
    double[] mean = new double[4];
    double[] square = new double[4];
    for (int i = 0; i < 24; i++) {
      mean[i / 6] += a[i] / 6;
      square[i / 6] += a[i] * a[i];
    }
    Tensor x = calc.floats(a, 6, 4);
    Tensor y = x.norm(1e-3f).concat(x.l2Norm(1e-3f), 1);
    check(
        calc.floats(y),
        48,
        1e-5,
        i -> {
          int r = i % 24 / 6;
          double variance = square[r] / 6 - mean[r] * mean[r];
          return i < 24
              ? (a[i] - mean[r]) / Math.sqrt(variance + 1e-3)
              : a[i - 24] / Math.sqrt(square[r]);
        });
  }

  @Test
  void groupNorm() {
    float[] a = numbers(1, 24);
    check(
        calc.floats(calc.floats(a, 3, 2, 4).groupNorm(2, 1e-3f)),
        24,
        1e-5,
        i -> {
          double sum = 0;
          double squares = 0;
          for (int j = i / 12 * 12; j < i / 12 * 12 + 12; j++) {
            sum += a[j] / 12;
            squares += a[j] * a[j] / 12;
          }
          return (a[i] - sum) / Math.sqrt(squares - sum * sum + 1e-3);
        });
  }

  @Test
  void sumsAndOrder() {
    float[] a = numbers(1, 12);
    Tensor x = calc.floats(a, 4, 3);
    Tensor y = x.cumsum().concat(x.mean(), 0); // [5, 3]
    check(
        calc.floats(y),
        15,
        1e-6,
        i -> {
          double sum = 0;
          for (int j = 0; j <= Math.min(i % 5, 3); j++) {
            sum += a[i / 5 * 4 + j];
          }
          return i % 5 == 4 ? sum / 4 : sum;
        });
    try (Calculation c = new Calculation()) {
      int[] order = c.ints(c.floats(new float[] {3, 1, 4, 2, -1, 5}, 3, 2).argsort());
      assertThat(order).containsExactly(1, 0, 2, 1, 0, 2);
    }
    try (Calculation c = new Calculation()) {
      int[] top = c.ints(c.floats(new float[] {3, 1, 4, 2}, 4).topK(2));
      Arrays.sort(top);
      assertThat(top).containsExactly(0, 2);
    }
  }

  @Test
  void triangles() {
    float[] a = numbers(1, 9);
    Tensor x = calc.floats(a, 3, 3);
    Tensor y = x.tri(MatrixOps.Triangle.LOWER).concat(x.tri(MatrixOps.Triangle.UPPER), 1);
    y = y.concat(calc.floats(new float[] {1, 2, 3}, 3).diag(), 1);
    check(
        calc.floats(y),
        27,
        0,
        i -> {
          int column = i % 3;
          int row = i % 9 / 3;
          return switch (i / 9) {
            case 0 -> column < row ? a[i % 9] : 0;
            case 1 -> column > row ? a[i % 9] : 0;
            default -> column == row ? row + 1 : 0;
          };
        });
  }

  @Test
  void solveTri() {
    float[] a = {2, 0, 0, 1, 4, 0, 3, -1, 0.5f}; // rows of a lower triangle
    float[] x = {1, 2, -3, 0.5f, 2, 4}; // [2, 3]
    float[] b = new float[6];
    for (int r = 0; r < 3; r++) {
      for (int c = 0; c < 2; c++) {
        for (int k = 0; k < 3; k++) {
          b[r * 2 + c] += a[r * 3 + k] * x[k * 2 + c];
        }
      }
    }
    check(calc.floats(calc.floats(a, 3, 3).solveTri(calc.floats(b, 2, 3))), 6, 1e-5, i -> x[i]);
  }

  @Test
  void addIdAddsTheRowsOfTheChosen() {
    float[] a = numbers(1, 24);
    float[] table = numbers(2, 20);
    int[] ids = {4, 0, 1, 1, 3, 2};
    Tensor y = calc.floats(a, 4, 2, 3).addId(calc.floats(table, 4, 5), calc.ints(ids, 2, 3));
    check(calc.floats(y), 24, 1e-6, i -> a[i] + table[ids[i / 4] * 4 + i % 4]);
  }

  @Test
  void padsAndParts() {
    float[] a = numbers(1, 6);
    Tensor x = calc.floats(a, 3, 2);
    check(
        calc.floats(x.padBoth(1, 2, 0, 1, 0, 0, 0, 0)), // [6, 3]
        18,
        0,
        i -> i / 6 < 2 && i % 6 >= 1 && i % 6 < 4 ? a[i / 6 * 3 + i % 6 - 1] : 0);
    try (Calculation c = new Calculation()) {
      Tensor y = c.floats(numbers(3, 20), 10, 2);
      Tensor parts = y.heads(2, 2, 3).cont().reshape(6, 2).concat(y.columns(8, 2).cont(), 0);
      float[] all = numbers(3, 20);
      check(c.floats(parts), 16, 0, i -> all[i / 8 * 10 + 2 + i % 8]);
    }
    try (Calculation c = new Calculation()) {
      float[] all = numbers(3, 20);
      Tensor y = c.floats(all, 20).view4d(2, 2, 2, 1, 16, 40, 80, 8).cont();
      check(c.floats(y), 8, 0, i -> all[2 + i % 2 + i / 2 % 2 * 4 + i / 4 * 10]);
    }
    try (Calculation c = new Calculation()) {
      assertThat(c.floats(c.floats(a, 6).view1d(2, 8).cont())).containsExactly(a[2], a[3]);
    }
  }

  /** In a text, where a token's positions are equal, sections turn as halves do. */
  @Test
  void ropeWithSections() {
    float[] a = numbers(1, 48);
    RopeParameters halves =
        new RopeParameters(Style.HALVES, 8, 64, 1e4f, 1, 0, 1, 32, 1, Optional.empty());
    int[] positions = {5, 6, 7};
    int[] four = {5, 6, 7, 5, 6, 7, 5, 6, 7, 0, 0, 0};
    float[] expected =
        calc.floats(calc.floats(a, 8, 2, 3).ropeExt(calc.ints(positions, 3), halves));
    for (Style style : new Style[] {Style.SECTIONS, Style.INTERLEAVED_SECTIONS}) {
      try (Calculation c = new Calculation()) {
        RopeParameters p = halves.withStyle(style).withSections(List.of(2, 1, 1, 0));
        float[] actual = c.floats(c.floats(a, 8, 2, 3).ropeExt(c.ints(four, 12), p));
        check(actual, 48, 1e-6, i -> expected[i]);
      }
    }
    try (Calculation c = new Calculation()) {
      RopeParameters p =
          halves.withStyle(Style.VISION).withRot(4).withSections(List.of(2, 2, 0, 0));
      int[] two = {5, 6, 7, 1, 2, 3, 0, 0, 0, 0, 0, 0};
      float[] actual = c.floats(c.floats(a, 8, 2, 3).ropeExt(c.ints(two, 12), p));
      check(
          actual,
          48,
          1e-5,
          i -> {
            int pair = i % 4; // pairs (i, i + 4): two turn by the first position, two by the second
            double angle = two[i / 16 + (pair < 2 ? 0 : 3)] * Math.pow(1e4, -2.0 * (pair % 2) / 4);
            double x = a[i / 8 * 8 + pair];
            double y = a[i / 8 * 8 + pair + 4];
            return i % 8 < 4
                ? x * Math.cos(angle) - y * Math.sin(angle)
                : x * Math.sin(angle) + y * Math.cos(angle);
          });
    }
  }

  /** A sink takes its share of the probability and adds nothing. */
  @Test
  void sinks() {
    float[] a = numbers(1, 24);
    float[] sinks = {0.5f, -1};
    float[] p = calc.floats(calc.floats(a, 4, 3, 2).softMax().addSinks(calc.floats(sinks, 2)));
    check(
        p,
        24,
        1e-5,
        i -> {
          double sum = Math.exp(sinks[i / 12]);
          for (int j = i / 4 * 4; j < i / 4 * 4 + 4; j++) {
            sum += Math.exp(a[j]);
          }
          return Math.exp(a[i]) / sum;
        });
    float[] q = numbers(2, 32);
    float[] kv = numbers(3, 32 * 3);
    try (Calculation c = new Calculation()) {
      Tensor k = c.converted(GgmlType.F16, kv, 32, 3);
      Tensor mask = c.converted(GgmlType.F16, new float[3], 3, 1);
      Tensor y = c.floats(q, 32, 1).flashAttnExt(k, k, mask, 0.2f, 0, 2);
      float[] actual = c.floats(y.addSinks(c.floats(new float[] {0.5f}, 1)));
      double[] weight = new double[3];
      double sum = Math.exp(0.5);
      for (int t = 0; t < 3; t++) {
        double dot = 0;
        for (int i = 0; i < 32; i++) {
          dot += q[i] * kv[t * 32 + i];
        }
        weight[t] = Math.exp(2 * Math.tanh(0.2 * dot / 2));
        sum += weight[t];
      }
      double total = sum;
      check(
          actual,
          32,
          3e-3,
          i -> (weight[0] * kv[i] + weight[1] * kv[32 + i] + weight[2] * kv[64 + i]) / total);
    }
  }

  /** The mask of ALiBi is multiplied by a slope of each head: powers of 2^(-8 / nHead). */
  @Test
  void alibi() {
    float[] a = numbers(1, 24);
    float[] mask = {-3, -2, -1, 0, -4, -3, -2, -1, 0, -1, -2, -3};
    float[] p = calc.floats(calc.floats(a, 4, 3, 2).softMaxExt(calc.floats(mask, 4, 3), 0.5f, 8));
    check(
        p,
        24,
        1e-5,
        i -> {
          double slope = Math.pow(2, -4.0 * (i / 12 + 1));
          double sum = 0;
          for (int j = 0; j < 4; j++) {
            int at = i / 4 * 4 + j;
            sum += Math.exp(0.5 * a[at] + slope * mask[at % 12]);
          }
          return Math.exp(0.5 * a[i] + slope * mask[i % 12]) / sum;
        });
  }

  @Test
  void convolutions() {
    float[] x = numbers(1, 36); // [6, 3, 2]: 4 tokens of 3 channels after 2 earlier ones
    float[] filters = numbers(2, 9);
    check(
        calc.floats(calc.floats(x, 6, 3, 2).ssmConv(calc.floats(filters, 3, 3))), // [3, 4, 2]
        24,
        1e-5,
        i -> {
          double sum = 0;
          for (int k = 0; k < 3; k++) {
            sum += x[i / 12 * 18 + i % 3 * 6 + i / 3 % 4 + k] * filters[i % 3 * 3 + k];
          }
          return sum;
        });
    float[] input = numbers(3, 16); // [8, 2]
    float[] kernel = numbers(4, 24); // [3, 2, 4]
    try (Calculation c = new Calculation()) {
      Tensor y = c.converted(GgmlType.F16, kernel, 3, 2, 4).conv1d(c.floats(input, 8, 2), 2, 1, 1);
      check(
          c.floats(y), // [4, 4]
          16,
          2e-3,
          i -> {
            double sum = 0;
            for (int channel = 0; channel < 2; channel++) {
              for (int k = 0; k < 3; k++) {
                int at = i % 4 * 2 - 1 + k;
                if (at >= 0 && at < 8) {
                  sum += input[channel * 8 + at] * kernel[i / 4 * 6 + channel * 3 + k];
                }
              }
            }
            return sum;
          });
    }
    try (Calculation c = new Calculation()) {
      Tensor z = c.floats(new float[] {1, 5, 2, 8, 3, 4}, 6);
      Tensor both =
          z.pool1d(StateOps.Pool.MAX, 2, 2, 0).concat(z.pool1d(StateOps.Pool.AVERAGE, 2, 2, 0), 0);
      assertThat(c.floats(both)).containsExactly(5, 8, 4, 3, 5, 3.5f);
    }
  }

  @Test
  void ssmScan() {
    int nState = 4;
    float[] state = numbers(1, nState * 3 * 2);
    float[] x = numbers(2, 3 * 2 * 5);
    float[] dt = numbers(3, 2 * 5);
    float[] a = {-0.5f, -1.5f};
    float[] b = numbers(4, nState * 5);
    float[] c = numbers(5, nState * 5);
    Tensor y =
        calc.floats(state, nState, 3, 2, 1)
            .ssmScan(
                calc.floats(x, 3, 2, 5, 1),
                calc.floats(dt, 2, 5, 1),
                calc.floats(a, 1, 2),
                calc.floats(b, nState, 1, 5, 1),
                calc.floats(c, nState, 1, 5, 1),
                calc.ints(new int[] {0}, 1));
    double[] s = new double[state.length];
    double[] expected = new double[30 + state.length];
    for (int i = 0; i < state.length; i++) {
      s[i] = state[i];
    }
    for (int t = 0; t < 5; t++) {
      for (int h = 0; h < 2; h++) {
        double step = Math.log(1 + Math.exp(dt[t * 2 + h]));
        for (int d = 0; d < 3; d++) {
          double sum = 0;
          for (int n = 0; n < nState; n++) {
            int at = (h * 3 + d) * nState + n;
            s[at] =
                s[at] * Math.exp(step * a[h]) + b[t * nState + n] * x[(t * 2 + h) * 3 + d] * step;
            sum += s[at] * c[t * nState + n];
          }
          expected[(t * 2 + h) * 3 + d] = sum;
        }
      }
    }
    System.arraycopy(s, 0, expected, 30, s.length);
    check(calc.floats(y), expected.length, 1e-5, i -> expected[i]);
  }

  @Test
  void gatedDeltaNet() {
    int n = 4;
    float[] state = numbers(1, n * n);
    float[] q = numbers(2, n * 3);
    float[] k = numbers(3, n * 3);
    float[] v = numbers(4, n * 3);
    float[] g = {-0.1f, -0.7f, -0.3f};
    float[] beta = {0.9f, 0.2f, 0.5f};
    Tensor y =
        calc.floats(state, n, n, 1, 1)
            .gatedDeltaNet(
                calc.floats(q, n, 1, 3, 1),
                calc.floats(k, n, 1, 3, 1),
                calc.floats(v, n, 1, 3, 1),
                calc.floats(g, 1, 1, 3, 1),
                calc.floats(beta, 1, 1, 3, 1));
    // The state is stored transposed: row i holds what value i is made of.
    double[] s = new double[n * n];
    double[] expected = new double[n * 3 + n * n];
    for (int i = 0; i < s.length; i++) {
      s[i] = state[i];
    }
    for (int t = 0; t < 3; t++) {
      for (int i = 0; i < n; i++) {
        double known = 0;
        for (int j = 0; j < n; j++) {
          s[i * n + j] *= Math.exp(g[t]);
          known += s[i * n + j] * k[t * n + j];
        }
        double delta = (v[t * n + i] - known) * beta[t];
        double sum = 0;
        for (int j = 0; j < n; j++) {
          s[i * n + j] += k[t * n + j] * delta;
          sum += s[i * n + j] * q[t * n + j];
        }
        expected[t * n + i] = sum / Math.sqrt(n);
      }
    }
    System.arraycopy(s, 0, expected, n * 3, s.length);
    check(calc.floats(y), expected.length, 1e-5, i -> expected[i]);
  }

  private static final int S = 4;

  /** Rows of [S, 1, 3] for each of the recurrences with a matrix as state. */
  private float[][] inputs(int n) {
    float[][] all = new float[n][];
    for (int i = 0; i < n; i++) {
      all[i] = numbers(20 + i, S * 3);
    }
    return all;
  }

  private Tensor rows(float... values) {
    return calc.floats(values, S, 1, 3);
  }

  private Tensor heads(float... values) {
    return calc.floats(values, values.length / 3, 1, 3);
  }

  private void checkRecurrence(Tensor y, double[] outputs, double[] state) {
    double[] expected = Arrays.copyOf(outputs, outputs.length + state.length);
    System.arraycopy(state, 0, expected, outputs.length, state.length);
    check(calc.floats(y), expected.length, 1e-5, i -> expected[i]);
  }

  private static double[] widened(float... values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  @Test
  void gatedLinearAttention() {
    float[][] in = inputs(4);
    float[] start = numbers(1, S * S);
    Tensor y =
        calc.floats(start, S * S, 1)
            .gatedLinearAttn(rows(in[0]), rows(in[1]), rows(in[2]), rows(in[3]), 0.5f);
    double[] s = widened(start);
    double[] out = new double[S * 3];
    for (int t = 0; t < 3; t++) {
      for (int i = 0; i < S; i++) {
        for (int j = 0; j < S; j++) {
          int at = i * S + j;
          s[at] = s[at] * in[3][t * S + i] + in[0][t * S + i] * in[1][t * S + j];
          out[t * S + j] += s[at] * in[2][t * S + i] * 0.5;
        }
      }
    }
    checkRecurrence(y, out, s);
  }

  @Test
  void rwkv6() {
    float[][] in = inputs(4);
    float[] start = numbers(1, S * S);
    float[] first = numbers(2, S);
    Tensor y =
        calc.floats(start, S * S, 1)
            .rwkvWkv6(rows(in[0]), rows(in[1]), rows(in[2]), calc.floats(first, S, 1), rows(in[3]));
    double[] s = widened(start);
    double[] out = new double[S * 3];
    for (int t = 0; t < 3; t++) {
      for (int i = 0; i < S; i++) {
        for (int j = 0; j < S; j++) {
          int at = i * S + j;
          double kv = in[0][t * S + i] * in[1][t * S + j];
          out[t * S + j] += (kv * first[i] + s[at]) * in[2][t * S + i];
          s[at] = s[at] * in[3][t * S + i] + kv;
        }
      }
    }
    checkRecurrence(y, out, s);
  }

  @Test
  void rwkv7() {
    float[][] in = new float[6][]; // r, w, k, v, a, b
    int n = 64;
    for (int i = 0; i < 6; i++) {
      in[i] = numbers(20 + i, n * 3);
    }
    float[] start = numbers(1, n * n);
    Tensor y =
        calc.floats(start, n * n, 1)
            .rwkvWkv7(
                heads(in[0]), heads(in[1]), heads(in[2]), heads(in[3]), heads(in[4]), heads(in[5]));
    double[] s = widened(start);
    double[] out = new double[n * 3];
    for (int t = 0; t < 3; t++) {
      for (int i = 0; i < n; i++) {
        double sa = 0;
        for (int j = 0; j < n; j++) {
          sa += in[4][t * n + j] * s[i * n + j];
        }
        for (int j = 0; j < n; j++) {
          int at = i * n + j;
          s[at] =
              s[at] * in[1][t * n + j]
                  + in[2][t * n + j] * in[3][t * n + i]
                  + sa * in[5][t * n + j];
          out[t * n + i] += s[at] * in[0][t * n + j];
        }
      }
    }
    checkRecurrence(y, out, s);
  }
}
