package org.ggml4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.train.Parameters.Parameter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * The gradients of the whole two-layer model, grouped queries included, against central
 * differences.
 *
 * <p>The slope along a direction of length one is taken from four losses at distances H and 2H, so
 * that the third derivative cancels. The loss, about 3, is an F32 number with an error of some
 * 3e-7, which makes 3e-7 * 1.5 / H, about 6e-5, in the slope. Accepted is {@link #NOISE} of that
 * kind and {@link #RELATIVE} of the slope, a few times what is measured. A gradient that lacks a
 * term or has it twice is wrong by a large part of itself.
 */
class GradientTest {
  private static final double H = 0.008;
  private static final double NOISE = 3e-4;
  private static final double RELATIVE = 5e-3;
  private static final int N_ROWS = 2;

  private Trainer trainer;
  private WeightStore store;
  private List<Parameter> parameters;
  private final int[][] rows = ToyTraining.rows(N_ROWS);
  private final Map<Weight, float[]> values = new HashMap<>();
  private final Map<Weight, float[]> gradients = new HashMap<>();

  /** Larger weights than a training begins with, so that attention is not nearly uniform. */
  @BeforeEach
  void open() {
    trainer = ToyTraining.trainer(ToyTraining.config(N_ROWS, 1, 10));
    store = trainer.parameters().store();
    parameters = trainer.parameters().list();
    for (Parameter p : parameters) {
      float[] v = read(p.weight());
      for (int i = 0; i < v.length; i++) {
        double uniform = (TokenDataset.mix(p.weight().name().hashCode(), i) >> 11) * 0x1p-52;
        v[i] = (float) (p.isMatrix() ? 0.4 * uniform : 1 + 0.3 * uniform);
      }
      values.put(p.weight(), v);
      write(p.weight(), v);
    }
    trainer.parameters().clearGradients();
    loss();
    for (Parameter p : parameters) {
      gradients.put(p.weight(), read(p.gradient()));
    }
  }

  @AfterEach
  void close() {
    trainer.close();
  }

  private double loss() {
    return trainer.trainingGraph().compute(rows);
  }

  private float[] read(Weight w) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(w.nBytes());
      store.get(w, 0, data);
      return data.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private void write(Weight w, float[] v) {
    try (Arena arena = Arena.ofConfined()) {
      store.set(w, arena.allocateFrom(ValueLayout.JAVA_FLOAT, v));
    }
  }

  /** The loss at a distance along a direction. */
  private double lossAt(Map<Weight, double[]> direction, double distance) {
    direction.forEach(
        (w, d) -> {
          float[] moved = values.get(w).clone();
          for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (distance * d[i]);
          }
          write(w, moved);
        });
    double loss = loss();
    direction.keySet().forEach(w -> write(w, values.get(w)));
    return loss;
  }

  private double slope(Map<Weight, double[]> direction) {
    double near = lossAt(direction, H) - lossAt(direction, -H);
    double far = lossAt(direction, 2 * H) - lossAt(direction, -2 * H);
    return (8 * near - far) / (12 * H);
  }

  private double expected(Map<Weight, double[]> direction) {
    double sum = 0;
    for (Map.Entry<Weight, double[]> e : direction.entrySet()) {
      float[] g = gradients.get(e.getKey());
      for (int i = 0; i < g.length; i++) {
        sum += g[i] * e.getValue()[i];
      }
    }
    return sum;
  }

  private static Map<Weight, double[]> normalized(Map<Weight, double[]> direction) {
    double sum = 0;
    for (double[] d : direction.values()) {
      for (double x : d) {
        sum += x * x;
      }
    }
    double norm = Math.sqrt(sum);
    direction.values().forEach(d -> Arrays.setAll(d, i -> d[i] / norm));
    return direction;
  }

  /** Near the gradient or anywhere, depending on {@code along}. */
  private double[] direction(Weight w, long seed, boolean along) {
    float[] g = gradients.get(w);
    double[] d = new double[g.length];
    for (int i = 0; i < d.length; i++) {
      double uniform = (TokenDataset.mix(seed, i) >> 11) * 0x1p-52;
      d[i] = along ? g[i] * (1 + 0.5 * uniform) : uniform;
    }
    return d;
  }

  private double check(String name, Map<Weight, double[]> direction) {
    double slope = slope(direction);
    double expected = expected(direction);
    assertThat(expected).as(name).isCloseTo(slope, within(NOISE + RELATIVE * Math.abs(slope)));
    return Math.abs(slope - expected) / (NOISE + RELATIVE * Math.abs(slope));
  }

  @Test
  void alongTheGradientOfEachWeight(TestReporter reporter) {
    double worst = 0;
    for (Parameter p : parameters) {
      Weight w = p.weight();
      for (long seed = 1; seed <= 2; seed++) {
        Map<Weight, double[]> d = new HashMap<>();
        d.put(w, direction(w, seed, true));
        normalized(d);
        assertThat(expected(d)).as(w.name() + " has a gradient").isGreaterThan(0.02);
        worst = Math.max(worst, check(w.name(), d));
      }
    }
    reporter.publishEntry("largest share of the tolerance", "" + worst);
  }

  @Test
  void alongRandomDirectionsOfAllWeights(TestReporter reporter) {
    double worst = 0;
    for (long seed = 1; seed <= 10; seed++) {
      Map<Weight, double[]> d = new HashMap<>();
      for (Parameter p : parameters) {
        long stream = TokenDataset.mix(seed, p.weight().name().hashCode());
        d.put(p.weight(), direction(p.weight(), stream, seed % 2 == 0));
      }
      worst = Math.max(worst, check("direction " + seed, normalized(d)));
    }
    reporter.publishEntry("largest share of the tolerance", "" + worst);
  }

  /** Of each weight the elements with the largest gradients and some others. */
  @Test
  void singleElementsOfEachWeight(TestReporter reporter) {
    double worst = 0;
    for (Parameter p : parameters) {
      Weight w = p.weight();
      float[] g = gradients.get(w);
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < g.length; i++) {
        order.add(i);
      }
      order.sort((a, b) -> Float.compare(Math.abs(g[b]), Math.abs(g[a])));
      for (int i : List.of(order.get(0), order.get(1), order.get(2), 0, g.length / 2)) {
        Map<Weight, double[]> d = new HashMap<>();
        d.put(w, new double[g.length]);
        d.get(w)[i] = 1;
        worst = Math.max(worst, check(w.name() + "[" + i + "]", d));
      }
    }
    reporter.publishEntry("largest share of the tolerance", "" + worst);
  }

  @Test
  void everyWeightOfTheModelIsTrained() {
    assertThat(parameters.stream().map(p -> p.weight().name()))
        .contains("token_embd.weight", "output_norm.weight") // the embedding is the output too
        .contains("blk.0.attn_q.weight", "blk.1.attn_k.weight", "blk.1.ffn_down.weight")
        .hasSize(2 + 2 * 9);
    assertThat(trainer.nParameters())
        .isEqualTo(24 * 32 + 32 + 2 * (2 * 32 + 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 64));
  }

  /** Another computation adds to the gradients; that is how batches are accumulated. */
  @Test
  void gradientsAreAddedUp() {
    loss();
    for (Parameter p : parameters) {
      float[] twice = read(p.gradient());
      float[] once = gradients.get(p.weight());
      for (int i = 0; i < once.length; i++) {
        assertThat(twice[i]).isCloseTo(2 * once[i], within(1e-6f + 1e-5f * Math.abs(once[i])));
      }
    }
  }
}
