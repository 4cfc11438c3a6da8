package org.ggml4j.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.Backend;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Scheduler;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.RowAttention;

/**
 * The model over a batch of rows and its loss: the cross-entropy of each token's successor. With
 * gradients, one computation adds them to the parameters' accumulators. Built once, computed for
 * every batch.
 */
final class TrainingGraph implements CloseStack.Closing {
  private final int nCtx;
  private final int nRows;
  private final int nVocab;
  private final CloseStack owned = new CloseStack();
  private final Graph graph;
  private final Scheduler scheduler;
  private final Inputs inputs;
  private final Tensor labels;
  private final Tensor loss;
  private final Inputs.Scratch scratch = new Inputs.Scratch();
  private final Batch batch;
  private final int[] next;
  private final MemorySegment result;

  /**
   * @param weight factor of the loss, 1 / number of batches that are added up
   */
  TrainingGraph(
      Parameters parameters,
      Hparams hparams,
      Backend backend,
      int nCtx,
      int nRows,
      float weight,
      boolean gradients) {
    this.nCtx = nCtx;
    this.nRows = nRows;
    nVocab = hparams.nVocab();
    int n = nCtx * nRows;
    batch = new Batch(n);
    next = new int[n];
    Arena arena = Arena.ofShared();
    owned.push(arena::close);
    owned.push(scratch::close);
    result = arena.allocate(ValueLayout.JAVA_FLOAT);
    try {
      int maxNodes = 96 * parameters.list().size() + 1024;
      graph = owned.own(new Graph(maxNodes, gradients));
      scheduler = owned.own(new Scheduler(List.of(backend), maxNodes));
      inputs = new Inputs(graph, new Inputs.Sizes(n, n, nCtx), true, nCtx);
      Tensor logits =
          parameters.architecture().forward(inputs, new RowAttention(inputs, nCtx)); // [nVocab, n]
      labels = inputs.add("labels", GgmlType.F32, (t, b, s) -> fillLabels(t, s), nVocab, n);
      Tensor entropy = logits.crossEntropyLoss(labels);
      loss = (weight == 1 ? entropy : entropy.scale(weight)).named("loss").output();
      graph.expand(loss);
      if (gradients) {
        graph.expandBackward(loss, parameters.accumulators(), parameters.lossGradient());
      }
      scheduler.allocate(graph);
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  /**
   * Computes the loss of a batch of rows, and adds to the gradients if the graph has them.
   *
   * @param rows nRows rows of nCtx + 1 tokens
   * @return the loss times the weight, in nats per token
   */
  float compute(int[][] rows) {
    batch.clear();
    for (int r = 0; r < nRows; r++) {
      for (int i = 0; i < nCtx; i++) {
        next[batch.size()] = rows[r][i + 1];
        batch.add(rows[r][i], i, r, true);
      }
    }
    inputs.fill(batch, scratch);
    scheduler.compute(graph);
    loss.get(result, 0, Float.BYTES);
    return result.get(ValueLayout.JAVA_FLOAT, 0);
  }

  /** One-hot rows: GGML's loss wants probabilities. */
  private void fillLabels(Tensor tensor, Inputs.Scratch memory) {
    long bytes = 4L * nVocab * next.length;
    MemorySegment to = memory.atLeast(bytes).asSlice(0, bytes).fill((byte) 0);
    for (int i = 0; i < next.length; i++) {
      to.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * nVocab + next[i], 1f);
    }
    tensor.set(to, 0, bytes);
  }

  @Override
  public void close() {
    owned.close();
  }
}
