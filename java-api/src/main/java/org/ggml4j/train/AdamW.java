package org.ggml4j.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.ggml4j.ggml.Backend;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Scheduler;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;

/**
 * The optimizer's step, arXiv 1711.05101: a graph of one GGML operation for each parameter, over
 * the gradients that were added up. It is ggml-opt's own step; but ggml-opt keeps its moments and
 * its count of steps to itself, and a checkpoint that is to go on bit for bit needs both.
 */
final class AdamW implements CloseStack.Closing {
  private static final float EPS = 1e-8f;
  private static final int N_PARAMETERS = 7;

  private final TrainingConfig config;
  private final CloseStack owned = new CloseStack();
  private final Graph graph;
  private final Scheduler scheduler;
  private final Tensor matrixParameters;
  private final Tensor vectorParameters;
  private final Tensor gradientFactor;
  private final MemorySegment memory;

  AdamW(Parameters parameters, Backend backend, TrainingConfig config) {
    this.config = config;
    Arena arena = Arena.ofShared();
    owned.push(arena::close);
    memory = arena.allocate(ValueLayout.JAVA_FLOAT, N_PARAMETERS);
    try {
      int maxNodes = 8 * parameters.list().size() + 64;
      graph = owned.own(new Graph(maxNodes, false));
      scheduler = owned.own(new Scheduler(List.of(backend), maxNodes));
      matrixParameters = graph.input("AdamW matrices", GgmlType.F32, N_PARAMETERS);
      vectorParameters = graph.input("AdamW vectors", GgmlType.F32, N_PARAMETERS);
      gradientFactor = graph.input("gradient factor", GgmlType.F32, 1);
      for (Parameters.Parameter p : parameters.list()) {
        Tensor gradient = graph.use(p.gradient()).mul(gradientFactor);
        Tensor step =
            graph
                .use(p.weight())
                .optStepAdamw(
                    gradient,
                    graph.use(p.m()),
                    graph.use(p.v()),
                    p.isMatrix() ? matrixParameters : vectorParameters);
        graph.expand(step.named("AdamW step for " + p.weight().name()));
      }
      scheduler.allocate(graph);
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  /**
   * Changes the parameters.
   *
   * @param step counted from 0
   * @param factor of the gradients, below 1 when they are clipped
   */
  void step(int step, float factor) {
    set(matrixParameters, step, config.weightDecay());
    if (vectorParameters.isAllocated()) {
      set(vectorParameters, step, 0);
    }
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, 0, factor);
    gradientFactor.set(memory, 0, Float.BYTES);
    scheduler.compute(graph);
  }

  private void set(Tensor tensor, int step, float weightDecay) {
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, 0, config.learningRate(step));
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, 1, config.beta1());
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, 2, config.beta2());
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, 3, EPS);
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, 4, weightDecay);
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, 5, correction(config.beta1(), step));
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, 6, correction(config.beta2(), step));
    tensor.set(memory);
  }

  private static float correction(float beta, int step) {
    return (float) (1 / (1 - StrictMath.pow(beta, step + 1.0)));
  }

  @Override
  public void close() {
    owned.close();
  }
}
