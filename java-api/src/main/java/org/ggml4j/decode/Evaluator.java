package org.ggml4j.decode;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ggml4j.arch.Architecture;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.Backend;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.GgmlException;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.NodeObserver;
import org.ggml4j.ggml.NodeTimer;
import org.ggml4j.ggml.Scheduler;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.Inputs.Sizes;
import org.ggml4j.nn.Matrix;
import org.ggml4j.nn.SequenceMemory;
import org.ggml4j.sampling.Logits;

/**
 * Runs batches through a model and a KV cache.
 *
 * <p>The graph is built for the sizes of a batch and used again while they stay the same, which in
 * a decoding loop is nearly always: a step then fills the inputs, computes, and reads the logits.
 * One thread at a time, except for {@link #abort()}.
 */
public final class Evaluator implements CloseStack.Closing {
  /**
   * @param nBatch largest number of tokens of one batch
   * @param threads CPU threads
   * @param reuseGraph whether a graph is kept for the next batch of the same sizes
   */
  public record Options(int nBatch, int threads, boolean reuseGraph) {}

  /** What is computed for the tokens of a batch whose output is wanted. */
  public enum Output {
    LOGITS,
    /** The last hidden state, which the logits are computed from; without them. */
    EMBEDDINGS,
    LOGITS_AND_EMBEDDINGS;

    boolean hasLogits() {
      return this != EMBEDDINGS;
    }

    boolean hasEmbeddings() {
      return this != LOGITS;
    }
  }

  /**
   * Graphs of one kind differ in the sizes of their nodes only.
   *
   * @param missed whether the tokens are in the cache, and only states of recurrent layers change
   * @param few whether the output layer may be computed from other memory than for many rows
   * @param topology of {@link org.ggml4j.nn.Runs}
   */
  private record Kind(Output output, boolean missed, boolean few, int topology) {
    static final Kind FIRST = new Kind(Output.LOGITS, false, true, 0);

    static Kind of(Output output, boolean missed, Sizes sizes) {
      return new Kind(output, missed, sizes.nOutputs() <= Matrix.FEW, sizes.runs().topology());
    }
  }

  private final Architecture.Decoder model;
  private final Hparams hparams;
  private final SequenceMemory cache;
  private final Options options;
  private final CloseStack owned = new CloseStack();
  private final List<Backend> backends = new ArrayList<>();
  private final Scheduler scheduler;
  private final Graph graph;
  private final Inputs.Scratch scratch = new Inputs.Scratch();
  private final Arena arena = Arena.ofShared();
  private final long reservedBytes;
  private final Optional<BatchLengths> lengths;
  private final Object abortLock = new Object();
  private boolean aborted;
  private boolean whole;
  private MemorySegment rows;
  private MemorySegment embeddingRows;
  private float[][] source = {};
  private Optional<Inputs> inputs = Optional.empty();
  private Kind built = Kind.FIRST;
  private Kind planned = Kind.FIRST;
  private Optional<Tensor> logits = Optional.empty();
  private Optional<Tensor> embeddings = Optional.empty();
  private int nOutputs;
  private int nEmbeddings;
  private int nRows;
  private int firstRow;
  private long builds;

  /**
   * @param devices where weights lie, the CPU last
   * @param maxNodes upper bound of the nodes of the model's graph
   */
  public Evaluator(
      Architecture.Decoder model,
      Hparams hparams,
      SequenceMemory cache,
      List<Device> devices,
      int maxNodes,
      Options options) {
    this.model = model;
    this.hparams = hparams;
    this.cache = cache;
    this.options = options;
    if (options.nBatch < 1) {
      throw new IllegalArgumentException("batch: expected 1 or more, found " + options.nBatch);
    }
    lengths =
        devices.size() == 1 // others are made for long batches
            ? Optional.of(BatchLengths.of(hparams, options.nBatch, options.threads))
            : Optional.empty();
    owned.push(arena::close);
    owned.push(scratch::close);
    rows = arena.allocate(4L * hparams.nVocab(), 64);
    embeddingRows = arena.allocate(4L * hparams.nEmbd(), 64);
    try {
      for (Device device : devices) {
        backends.add(owned.own(Backend.open(device, options.threads)));
      }
      graph = owned.own(new Graph(maxNodes, false));
      scheduler = owned.own(new Scheduler(backends, maxNodes));
      reservedBytes = reserve();
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  /**
   * Makes room for the largest batch over the whole cache, so that no step can run out of memory
   * later: the nodes of smaller ones are smaller.
   */
  private long reserve() {
    int n = Math.min(options.nBatch, cache.nCells());
    if (model instanceof Architecture.EncoderDecoder) {
      source = new float[cache.nCells()][hparams.nEmbd()]; // the longest there may be
    }
    build(cache.largest(n, n), Output.LOGITS, false);
    scheduler.reserve(graph);
    planned = built;
    source = new float[0][];
    forgetGraph();
    return scheduler.bufferBytes();
  }

  /**
   * Gives the text another one to be written from, for an {@link Architecture.EncoderDecoder}.
   *
   * @param states a row of nEmbd values for each of its tokens
   */
  public void setSource(float[][] states) {
    source = states;
    forgetGraph();
  }

  private void forgetGraph() {
    inputs = Optional.empty();
    logits = Optional.empty();
    embeddings = Optional.empty();
  }

  private Inputs build(Sizes sizes, Output output, boolean missed) {
    graph.clear();
    forgetGraph();
    Inputs in = new Inputs(graph, sizes, false, cache.nCells()).withSource(source);
    Tensor out = model.forward(in, cache.in(in, options.threads, missed));
    if (sizes.nOutputs() > 0) { // else only what the cache's writes depend on is computed
      if (output.hasEmbeddings()) {
        embeddings = Optional.of(graph.expand(hiddenState(out).output()));
      }
      if (output.hasLogits()) {
        logits = Optional.of(graph.expand(out.output()));
      }
    }
    inputs = Optional.of(in);
    built = Kind.of(output, missed, sizes);
    builds++;
    return in;
  }

  /** What the output layer is applied to, which llama.cpp calls {@code result_norm}. */
  private Tensor hiddenState(Tensor out) {
    return out.factor()
        .filter(state -> state.ne(0) == hparams.nEmbd() && state.ne(1) == out.ne(1))
        .orElseThrow(
            () ->
                new UnsupportedOperationException(
                    model.getClass().getSimpleName()
                        + " gives no hidden states of "
                        + hparams.nEmbd()
                        + " values: its logits are not the product of a weight and one"));
  }

  /**
   * Evaluates a batch: its tokens enter the cache, and {@link #readLogits} then gives the rows it
   * asked for.
   *
   * @see #evaluate(Batch, Output)
   */
  public void evaluate(Batch batch) {
    evaluate(batch, Output.LOGITS);
  }

  /**
   * Evaluates a batch: its tokens enter the cache, and {@link #readLogits} and {@link
   * #readEmbedding} then give the rows it asked for.
   *
   * @throws IllegalArgumentException if a token id is not in the vocabulary, or the batch is empty
   *     or too large
   * @throws org.ggml4j.nn.ContextFullException if the cache has no room; nothing was changed
   * @throws org.ggml4j.ggml.GgmlException if it was aborted or memory ran out; the cache is as
   *     before
   * @throws UnsupportedOperationException if embeddings are wanted of an architecture that gives
   *     none
   */
  public void evaluate(Batch batch, Output output) {
    check(batch);
    applyShift();
    nOutputs = 0;
    nEmbeddings = 0;
    nRows = 0;
    firstRow = 0;
    Inputs in = graphOf(prepare(batch), output, false);
    cache.commit(batch);
    try {
      in.fill(batch, scratch);
      scheduler.useFreeThreads();
      scheduler.compute(graph);
    } catch (Throwable e) {
      cache.rollback(batch);
      throw e;
    }
    nOutputs = output.hasLogits() ? batch.nOutputs() : 0;
    nEmbeddings = output.hasEmbeddings() ? batch.nOutputs() : 0;
    nRows = nOutputs;
    if (nOutputs > 0) {
      rows = read(logits.orElseThrow(), rows);
    }
    if (nEmbeddings > 0) {
      embeddingRows = read(embeddings.orElseThrow(), embeddingRows);
    }
  }

  /** Finds room for a batch, and lets recurrent layers read what they must have read before. */
  private Sizes prepare(Batch batch) {
    Sizes sizes = cache.prepare(batch);
    Optional<Batch> missed = cache.missed(batch, options.nBatch);
    while (missed.isPresent()) {
      catchUp(missed.get());
      missed = cache.missed(batch, options.nBatch);
      sizes = cache.prepare(batch);
    }
    return sizes;
  }

  private void catchUp(Batch missed) {
    Inputs in = graphOf(cache.prepareMissed(missed), Output.LOGITS, true);
    cache.commitMissed();
    try {
      in.fill(missed, scratch);
      scheduler.compute(graph);
    } catch (Throwable e) {
      cache.rollbackMissed();
      throw e;
    }
  }

  /** The last graph if it fits, or a new one. */
  private Inputs graphOf(Sizes sizes, Output output, boolean missed) {
    if (options.reuseGraph
        && inputs.isPresent()
        && inputs.get().sizes().equals(sizes)
        && built.output == output
        && built.missed == missed) {
      return inputs.get();
    }
    Inputs in = build(sizes, output, missed);
    allocate(built);
    return in;
  }

  private void allocate(Kind kind) {
    try {
      // GGML keeps its plan of the memory if the nodes have the sizes they had. It does not see
      // that
      // another tensor is an output now, or that the leaves stand in another order.
      if (!planned.equals(kind)) {
        scheduler.reserve(graph);
        planned = kind;
      }
      scheduler.allocate(graph);
    } catch (Throwable e) {
      forgetGraph();
      throw e;
    }
  }

  private void check(Batch batch) {
    if (batch.size() < 1 || batch.size() > options.nBatch) {
      throw new IllegalArgumentException(
          "batch: expected 1 to " + options.nBatch + " tokens, found " + batch.size());
    }
    for (int i = 0; i < batch.size(); i++) {
      if (batch.token(i) < 0 || batch.token(i) >= hparams.nVocab()) {
        throw new IllegalArgumentException(
            "token: expected 0 to " + (hparams.nVocab() - 1) + ", found " + batch.token(i));
      }
    }
  }

  /**
   * Turns the keys of tokens that were moved, if there are any; otherwise the next batch does it.
   *
   * @throws GgmlException if it was aborted before it began
   */
  public void applyShift() {
    if (!cache.isShiftPending()) {
      return;
    }
    graph.clear();
    forgetGraph();
    Inputs in = new Inputs(graph, cache.largest(1, 0), false, cache.nCells());
    cache.buildShift(in);
    allocate(planned); // has other nodes than any
    in.fillOwn(scratch);
    beginWhole();
    try {
      scheduler.useFreeThreads();
      scheduler.compute(graph);
      cache.shiftDone();
    } finally {
      endWhole();
    }
  }

  /** What follows is not to be aborted: half of the keys turned could not be told from all. */
  private void beginWhole() {
    synchronized (abortLock) {
      if (aborted) {
        throw new GgmlException(GgmlException.Status.ABORTED, 0, "the computation was cancelled");
      }
      whole = true;
    }
  }

  private void endWhole() {
    synchronized (abortLock) {
      whole = false;
      if (aborted) {
        backends.forEach(Backend::abort);
      }
    }
  }

  /** Copies a tensor to {@code to}, or to larger memory. */
  private MemorySegment read(Tensor from, MemorySegment to) {
    long bytes = from.nBytes();
    MemorySegment enough =
        to.byteSize() >= bytes ? to : arena.allocate(Math.max(bytes, 2 * to.byteSize()), 64);
    from.get(enough, 0, bytes);
    return enough;
  }

  /** Rows of logits that the last batch asked for; 1 after {@link #selectRow}. */
  public int nOutputs() {
    return nOutputs;
  }

  /**
   * Leaves one row of logits of the last batch; as row 0, as if no other had been asked for.
   *
   * @param row 0 to one less than the rows that the batch asked for, in its order
   */
  public void selectRow(int row) {
    if (row < 0 || row >= nRows) {
      throw new IndexOutOfBoundsException("row " + row + " of " + nRows);
    }
    firstRow = row;
    nOutputs = 1;
  }

  /**
   * Copies one row of logits of the last batch.
   *
   * @param row 0 to nOutputs - 1, in the order of the batch
   * @param to receives nVocab values
   */
  public void readLogits(int row, float[] to) {
    if (row < 0 || row >= nOutputs) {
      throw new IndexOutOfBoundsException("row " + row + " of " + nOutputs);
    }
    int n = hparams.nVocab();
    MemorySegment.copy(rows, ValueLayout.JAVA_FLOAT, 4L * n * (firstRow + row), to, 0, n);
  }

  /** Loads one row of logits of the last batch. */
  public void readLogits(int row, Logits to) {
    if (row < 0 || row >= nOutputs) {
      throw new IndexOutOfBoundsException("row " + row + " of " + nOutputs);
    }
    to.load(rows, 4L * hparams.nVocab() * (firstRow + row));
  }

  /**
   * Copies one row of the last hidden states of the last batch.
   *
   * @param row 0 to nOutputs - 1, in the order of the batch
   * @param to receives nEmbd values
   */
  public void readEmbedding(int row, float[] to) {
    if (row < 0 || row >= nEmbeddings) {
      throw new IndexOutOfBoundsException("row " + row + " of " + nEmbeddings);
    }
    int n = hparams.nEmbd();
    MemorySegment.copy(embeddingRows, ValueLayout.JAVA_FLOAT, 4L * n * row, to, 0, n);
  }

  /** Makes the running and all later computations fail as aborted, until {@link #resume()}. */
  public void abort() {
    synchronized (abortLock) {
      aborted = true;
      if (!whole) {
        backends.forEach(Backend::abort);
      }
    }
  }

  /** Whether computations fail, as somebody aborted them. */
  public boolean isAborted() {
    synchronized (abortLock) {
      return aborted;
    }
  }

  /** Lets computations run again. */
  public void resume() {
    synchronized (abortLock) {
      aborted = false;
      backends.forEach(Backend::resume);
    }
  }

  /** Who is told of each node that is computed from now on; empty for nobody. */
  public void observe(Optional<NodeObserver> observer) {
    scheduler.observe(observer);
  }

  /** Who is told how long nodes take that are computed from now on; empty for nobody. */
  public void time(Optional<NodeTimer> timer) {
    scheduler.time(timer);
  }

  /** Tokens that one batch has at most. */
  public int nBatch() {
    return options.nBatch;
  }

  /**
   * Tokens of a text that are evaluated at once behind others, so that cancelling takes no time.
   */
  public int nBatch(int nPast) {
    return lengths.isPresent() ? lengths.get().after(nPast) : options.nBatch;
  }

  /** Values of a hidden state. */
  public int nEmbd() {
    return hparams.nEmbd();
  }

  /** How often a graph was built. */
  public long builds() {
    return builds;
  }

  /** Bytes of the buffers for intermediate results. */
  public long computeBytes() {
    return reservedBytes;
  }

  @Override
  public void close() {
    owned.close();
  }
}
