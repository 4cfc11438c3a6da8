package org.ggml4j.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.jspecify.annotations.Nullable;

/**
 * The inputs of one graph. Each is made when an architecture first asks for it, and knows how to
 * fill itself from a batch; so the graph can be computed again for another batch of the same {@link
 * Sizes}.
 */
public final class Inputs {
  /**
   * What a graph's shapes depend on: graphs of equal sizes are interchangeable.
   *
   * @param nTokens tokens of the batch
   * @param nOutputs rows whose logits are wanted; with none only the cache is filled
   * @param nKv cells of the cache that are looked at
   * @param nKvWindow the same of the cache of layers with a window, 0 if there are none
   * @param runs how the batch is cut up for recurrent layers
   */
  public record Sizes(int nTokens, int nOutputs, int nKv, int nKvWindow, Runs runs) {
    /** Without layers that have a window, and without recurrent ones. */
    public Sizes(int nTokens, int nOutputs, int nKv) {
      this(nTokens, nOutputs, nKv, 0, Runs.NONE);
    }
  }

  /** Writes an input's data for a batch. */
  public interface Filler {
    /**
     * @param to the input
     * @param batch what is to be evaluated
     * @param scratch native memory to write to before it is copied into the tensor
     */
    void fill(Tensor to, Batch batch, Scratch scratch);
  }

  /** Native memory that is reused for filling inputs; grows as needed. */
  public static final class Scratch implements AutoCloseable {
    private Arena arena = Arena.ofShared();
    private MemorySegment memory = arena.allocate(4096, 64);

    /** At least {@code bytes} bytes with any content. */
    public MemorySegment atLeast(long bytes) {
      if (memory.byteSize() < bytes) {
        arena.close();
        arena = Arena.ofShared();
        memory = arena.allocate(Math.max(bytes, 2 * memory.byteSize()), 64);
      }
      return memory;
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }

  private record Input(Tensor tensor, Filler filler) {}

  private static final Batch NO_BATCH = new Batch(0);

  private final Graph graph;
  private final Sizes sizes;
  private final boolean allOutputs;
  private final int nCtx;
  private final List<Input> made = new ArrayList<>();
  private int positionLimit = Integer.MAX_VALUE;
  private @Nullable Tensor tokens;
  private @Nullable Tensor positions;
  private @Nullable Tensor sectionPositions;
  private @Nullable Tensor outputIds;
  private float[][] source = {};
  private @Nullable Tensor sourceStates;

  /**
   * @param allOutputs every token's logits are wanted, in order: {@link #selectOutputs} does
   *     nothing
   * @param nCtx tokens that the session has room for
   */
  public Inputs(Graph graph, Sizes sizes, boolean allOutputs, int nCtx) {
    this.graph = graph;
    this.sizes = sizes;
    this.allOutputs = allOutputs;
    this.nCtx = nCtx;
  }

  /** States of the source's tokens, for {@link #source}: they may be replaced by as many others. */
  public Inputs withSource(float[][] states) {
    source = states;
    return this;
  }

  /**
   * The states of another text that this one is written from: F32 [nEmbd, nSource].
   *
   * @throws IllegalStateException if there is none
   */
  public Tensor source() {
    if (source.length == 0) {
      throw new IllegalStateException("this model writes from a source: generate from a prompt");
    }
    if (sourceStates == null) {
      sourceStates =
          add("embd_enc", GgmlType.F32, this::fillSource, source[0].length, source.length);
    }
    return sourceStates;
  }

  private void fillSource(Tensor to, Batch batch, Scratch scratch) {
    long rowBytes = 4L * source[0].length;
    MemorySegment row = scratch.atLeast(rowBytes);
    for (int i = 0; i < source.length; i++) {
      MemorySegment.copy(source[i], 0, row, ValueLayout.JAVA_FLOAT, 0, source[i].length);
      to.set(row, i * rowBytes, rowBytes);
    }
  }

  public Graph graph() {
    return graph;
  }

  public Sizes sizes() {
    return sizes;
  }

  public int nTokens() {
    return sizes.nTokens();
  }

  /** Tokens that the session has room for. */
  public int nCtx() {
    return nCtx;
  }

  /** Ids of the tokens: I32 [nTokens]. */
  public Tensor tokens() {
    if (tokens == null) {
      tokens =
          add(
              "inp_tokens",
              GgmlType.I32,
              (to, batch, scratch) -> fillInts(to, batch, scratch, Batch::token),
              sizes.nTokens());
    }
    return tokens;
  }

  /** An integer of each token of a batch. */
  private interface IntOfToken {
    int get(Batch batch, int i);
  }

  private static void fillInts(Tensor tensor, Batch batch, Scratch scratch, IntOfToken value) {
    int n = batch.size();
    MemorySegment to = scratch.atLeast(4L * n);
    for (int i = 0; i < n; i++) {
      to.setAtIndex(ValueLayout.JAVA_INT, i, value.get(batch, i));
    }
    tensor.set(to, 0, 4L * n);
  }

  /** Positions of the tokens in their sequences: I32 [nTokens]. */
  public Tensor positions() {
    if (positions == null) {
      positions = add("inp_pos", GgmlType.I32, this::fillPositions, sizes.nTokens());
    }
    return positions;
  }

  /**
   * Positions of the tokens, for a table of {@code n} learned ones: I32 [nTokens].
   *
   * @throws ContextFullException when it is filled with a position that the table does not have
   */
  public Tensor positionsBelow(int n) {
    Tensor all = positions();
    positionLimit = Math.min(positionLimit, n);
    return all;
  }

  private void fillPositions(Tensor to, Batch batch, Scratch scratch) {
    for (int i = 0; i < batch.size(); i++) {
      if (batch.position(i) >= positionLimit) {
        throw new ContextFullException(positionLimit, batch.position(i), 1);
      }
    }
    fillInts(to, batch, scratch, Batch::position);
  }

  /**
   * Four positions of each token, for rotary positions with sections: I32 [4 * nTokens]. In a text
   * the first three are equal and the last is 0, as in llama.cpp.
   */
  public Tensor sectionPositions() {
    if (sectionPositions == null) {
      sectionPositions =
          add("inp_pos", GgmlType.I32, Inputs::fillSectionPositions, 4L * sizes.nTokens());
    }
    return sectionPositions;
  }

  private static void fillSectionPositions(Tensor tensor, Batch batch, Scratch scratch) {
    int n = batch.size();
    MemorySegment to = scratch.atLeast(16L * n);
    for (int section = 0; section < 4; section++) {
      for (int i = 0; i < n; i++) {
        int position = section == 3 ? 0 : batch.position(i);
        to.setAtIndex(ValueLayout.JAVA_INT, (long) section * n + i, position);
      }
    }
    tensor.set(to, 0, 16L * n);
  }

  /**
   * A factor of each token's queries that grows with its position: F32 [1, 1, nTokens], {@code 1 +
   * scale * ln(1 + floor((position + offset) / length))}. arXiv 2501.19399 (scalable softmax), as
   * in Llama 4 and Ministral 3.
   */
  public Tensor attentionTemperature(float scale, int length, float offset) {
    return add(
        "inp_attn_scale",
        GgmlType.F32,
        (to, batch, scratch) -> {
          int n = batch.size();
          MemorySegment memory = scratch.atLeast(4L * n);
          for (int i = 0; i < n; i++) {
            double steps = Math.floor((batch.position(i) + offset) / length);
            float factor = (float) (Math.log(steps + 1) * scale + 1);
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, factor);
          }
          to.set(memory, 0, 4L * n);
        },
        1,
        1,
        sizes.nTokens());
  }

  /**
   * The rows of x whose logits are wanted; the last layer calls it as early as it can.
   *
   * @param x F32 [n, nTokens]
   * @return F32 [n, nOutputs], one row if none are wanted
   */
  public Tensor selectOutputs(Tensor x) {
    if (allOutputs) {
      return x;
    }
    if (outputIds == null) {
      outputIds =
          add("inp_out_ids", GgmlType.I32, Inputs::fillOutputIds, Math.max(1, sizes.nOutputs()));
    }
    return x.getRows(outputIds);
  }

  private static void fillOutputIds(Tensor tensor, Batch batch, Scratch scratch) {
    int n = (int) tensor.ne(0);
    MemorySegment to = scratch.atLeast(4L * n);
    to.setAtIndex(ValueLayout.JAVA_INT, 0, 0); // with no row wanted, any row that there is
    int row = 0;
    for (int i = 0; i < batch.size(); i++) {
      if (batch.isOutput(i)) {
        to.setAtIndex(ValueLayout.JAVA_INT, row++, i);
      }
    }
    tensor.set(to, 0, 4L * n);
  }

  /** Makes an input of one's own. */
  public Tensor add(String name, GgmlType type, Filler filler, long... ne) {
    Tensor tensor = graph.input(name, type, ne);
    made.add(new Input(tensor, filler));
    return tensor;
  }

  /** Fills every input that is part of the graph; the batch must have these sizes. */
  public void fill(Batch batch, Scratch scratch) {
    if (batch.size() != sizes.nTokens() || batch.nOutputs() != sizes.nOutputs()) {
      throw new IllegalStateException(
          "a batch of " + batch.size() + " tokens for a graph of " + sizes);
    }
    fillAll(batch, scratch);
  }

  /** Fills the inputs of a graph that takes no batch. */
  public void fillOwn(Scratch scratch) {
    fillAll(NO_BATCH, scratch);
  }

  private void fillAll(Batch batch, Scratch scratch) {
    for (int i = 0; i < made.size(); i++) {
      Input input = made.get(i);
      if (input.tensor.isAllocated()) {
        input.filler.fill(input.tensor, batch, scratch);
      }
    }
  }
}
