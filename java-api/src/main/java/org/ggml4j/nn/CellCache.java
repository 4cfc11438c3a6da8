package org.ggml4j.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.gguf.GgmlType;
import org.jspecify.annotations.Nullable;

/**
 * The KV cache: for each layer a table of cells, each with the key and the value of one token.
 *
 * <p>The cells that a batch writes are data of an input ({@code setRows}), so a graph stays valid
 * from token to token. Sequences share cells, so copying a sequence costs no memory. As in
 * llama.cpp's llama-kv-cache.cpp, values are stored transposed when flash attention is off, because
 * the product with the probabilities then reads them row by row.
 *
 * <p>One thread at a time.
 */
public final class CellCache implements CloseStack.Closing {
  /** A sequence's tokens are stored in pages of so many cells. */
  public static final int PAGE = Placement.PAGE;

  /**
   * Cells are stored and looked at in whole steps of so many: the graph is then rebuilt rarely, and
   * no operation works in another way on the last of them.
   */
  public static final int CELL_STEP = 256;

  /** From so many cells on GGML may divide them among threads, in flash attention of one token. */
  private static final int N_KV_SPLIT = 512;

  private static final short F16_MINUS_INFINITY = (short) 0xFC00;

  /**
   * What one layer stores for a token.
   *
   * @param il the layer's number in the model
   * @param headDimK size of a key head
   * @param headDimV size of a value head
   * @param nHeadKv number of heads
   * @param latent whether the values are the begin of the keys, and not stored
   * @param rope how its keys are turned, if they are
   * @param memory where it lies
   */
  public record LayerShape(
      int il,
      int headDimK,
      int headDimV,
      int nHeadKv,
      boolean latent,
      Optional<Rope> rope,
      BufferType memory) {
    int nEmbdK() {
      return headDimK * nHeadKv;
    }

    int nEmbdV() {
      return headDimV * nHeadKv;
    }
  }

  /**
   * @param nCells tokens that fit
   * @param typeK type of the stored keys
   * @param typeV type of the stored values; a quantized one needs flash attention
   * @param flashAttn whether attention is one operation
   */
  public record Options(int nCells, GgmlType typeK, GgmlType typeV, boolean flashAttn) {}

  private final List<LayerShape> shapes;
  private final Options options;
  private final Optional<Window> window;
  private final int nStored;
  private final CellMap cells;
  private final Placement placement;
  private final Discarding discarding;
  private final WeightStore store;
  private final CellRows rows;
  private final List<Weight> keys = new ArrayList<>();
  private final List<Optional<Weight>> values = new ArrayList<>();
  private long bytes;

  /**
   * @param shapes its layers, which may be a part of the model's
   * @param window what a token of these layers sees; cells outside of it are used again
   * @throws IllegalArgumentException if the types or sizes can't be combined
   */
  public CellCache(List<LayerShape> shapes, Options options, Optional<Window> window) {
    this.shapes = List.copyOf(shapes);
    this.options = options;
    this.window = window;
    if (options.nCells < 1) {
      throw new IllegalArgumentException("cells: expected 1 or more, found " + options.nCells);
    }
    if (options.typeV.isQuantized() && !options.flashAttn) {
      throw new IllegalArgumentException(
          "values of type " + options.typeV + " need flash attention: turn it on or use F16");
    }
    for (LayerShape s : shapes) {
      checkBlocks("keys", options.typeK, s.headDimK);
      checkBlocks("values", options.typeV, s.headDimV);
    }
    nStored = (int) Math.min(Integer.MAX_VALUE, roundUp(options.nCells));
    store = new WeightStore(2 * shapes.size() + 2);
    rows = new CellRows(store, nStored, CELL_STEP);
    try {
      for (LayerShape s : shapes) {
        Weight k = store.declare(s.memory, "cache_k_l" + s.il, options.typeK, s.nEmbdK(), nStored);
        keys.add(k);
        rows.add(k, false);
        if (s.latent) {
          values.add(Optional.empty());
          continue;
        }
        Weight v = store.declare(s.memory, "cache_v_l" + s.il, options.typeV, s.nEmbdV(), nStored);
        values.add(Optional.of(v));
        rows.add(v, !options.flashAttn);
      }
      for (long size : store.allocate(WeightStore.Usage.CACHE).values()) {
        bytes += size;
      }
      // After the native memory: too large a context is then a GgmlException, no OutOfMemoryError.
      cells = new CellMap(options.nCells, nStored);
      placement = new Placement(cells);
      discarding = new Discarding(cells, rows);
    } catch (Throwable e) {
      store.close();
      throw e;
    }
  }

  private static long roundUp(int n) {
    return ((long) n + CELL_STEP - 1) / CELL_STEP * CELL_STEP;
  }

  private static void checkBlocks(String what, GgmlType type, int headDim) {
    if (headDim % type.blockSize() != 0) {
      throw new IllegalArgumentException(
          "heads of "
              + headDim
              + " don't fit "
              + what
              + " of type "
              + type
              + ", which has blocks of "
              + type.blockSize());
    }
  }

  public int nCells() {
    return options.nCells;
  }

  /** Cells that the largest graph looks at: all there are, rounded up. */
  int maxKv() {
    return nStored;
  }

  /** Cells in use. */
  public int used() {
    return cells.used();
  }

  public boolean flashAttn() {
    return options.flashAttn;
  }

  public Options options() {
    return options;
  }

  public int nLayer() {
    return shapes.size();
  }

  /** Bytes of all keys and values. */
  public long bytes() {
    return bytes;
  }

  /** Lets go of what no later token sees, if there are not so many free cells. */
  private void makeRoom(int n) {
    if (window.isPresent() && cells.used() + n > options.nCells) {
      cells.dropHidden(window.get());
    }
  }

  /** Tokens that fit, be they of as many sequences as there can be. */
  int room() {
    makeRoom(CellMap.MAX_SEQUENCES);
    return options.nCells - cells.used();
  }

  /** The cells of a sequence in the order of their positions. */
  public int[] cells(int sequence) {
    CellMap.checkSequence(sequence);
    return cells.cells(sequence);
  }

  /** As {@link #cells(int)}, but only those that the sequence's next token sees. */
  public int[] seenCells(int sequence) {
    int next = maxPosition(sequence) + 1;
    return Arrays.stream(cells(sequence))
        .filter(c -> window.isEmpty() || !window.get().hides(cells.position(c), next))
        .toArray();
  }

  /** The position of the token in a cell. */
  public int position(int cell) {
    return cells.position(cell);
  }

  /** The token in a cell. */
  public int token(int cell) {
    return cells.token(cell);
  }

  /** The stored keys and values as bytes. */
  public CellRows rows() {
    return rows;
  }

  /** Largest position in a sequence, -1 if it is empty. */
  public int maxPosition(int sequence) {
    CellMap.checkSequence(sequence);
    return cells.maxPosition(sequence);
  }

  /** Smallest position in a sequence, -1 if it is empty. */
  public int minPosition(int sequence) {
    CellMap.checkSequence(sequence);
    return cells.minPosition(sequence);
  }

  /**
   * Removes a range of positions, {@code to} excluded, from a sequence; its memory becomes free.
   */
  public void remove(int sequence, int from, int to) {
    CellMap.checkSequence(sequence);
    cells.remove(sequence, from, to);
  }

  /** Lets {@code target} share a range of positions of {@code source}; no memory is copied. */
  public void copy(int source, int target, int from, int to) {
    CellMap.checkSequence(source);
    CellMap.checkSequence(target);
    cells.copy(source, target, from, to);
  }

  /** As {@link SequenceMemory#reassign}. */
  void reassign(int[] targets, int[] sources) {
    cells.reassign(targets, sources);
  }

  /** Throws unless {@link #shift} has room for the copies that it needs. */
  void checkShift(int sequence, int from, int to, int delta) {
    CellMap.checkSequence(sequence);
    cells.checkShift(sequence, from, to, delta);
    cells.checkRoom(discarding.copiesToOwn(sequence, from, to));
  }

  /** As {@link SequenceMemory#shift}. */
  void shift(int sequence, int from, int to, int delta) {
    checkShift(sequence, from, to, delta);
    discarding.own(sequence, from, to);
    cells.shift(sequence, from, to, delta);
  }

  /** As {@link SequenceMemory#discard}. */
  Discarding discarding() {
    return discarding;
  }

  /** Throws unless a sequence of so many tokens finds room when it gives up those it has. */
  void checkAdopt(int sequence, int n) {
    makeRoom(n);
    int others = cells.used() - cells.usedAlone(sequence);
    if (n > options.nCells - others) {
      throw new ContextFullException(options.nCells, others, n);
    }
  }

  /**
   * Gives a sequence tokens whose keys and values are yet to be written, by {@link #rows}.
   *
   * @param positions of the tokens, ascending
   * @return their cells
   * @throws ContextFullException if there are not enough; nothing was changed
   */
  int[] adopt(int sequence, int[] tokens, int[] positions) {
    CellMap.checkSequence(sequence);
    cells.checkRoom(tokens.length);
    int[] taken = new int[tokens.length];
    Batch run = new Batch(tokens.length);
    for (int i = 0; i < tokens.length; ) {
      run.clear();
      int begin = i;
      do {
        run.add(tokens[i], positions[i], sequence, false);
        i++;
      } while (i < tokens.length && positions[i] == positions[i - 1] + 1);
      prepare(run);
      commit(run);
      for (int j = begin; j < i; j++) {
        taken[j] = placement.cell(j - begin);
      }
    }
    return taken;
  }

  /** Whether keys must be turned before the next batch. */
  public boolean isShiftPending() {
    return cells.isShiftPending();
  }

  /** The keys have been turned. */
  public void shiftDone() {
    cells.shiftDone();
  }

  /**
   * Finds cells for a batch; what {@link #commit} then takes.
   *
   * @return how many cells the batch's graph has to look at
   * @throws ContextFullException if there are not enough
   */
  public int prepare(Batch batch) {
    for (int i = 0; i < batch.size(); i++) {
      CellMap.checkSequence(batch.sequence(i));
    }
    makeRoom(batch.size());
    if (!placement.find(batch, true)) {
      window.ifPresent(cells::dropHidden);
      placement.slide(this::movePage);
      placement.find(batch, false);
    }
    int end = cells.end();
    for (int i = 0; i < batch.size(); i++) {
      end = Math.max(end, placement.cell(i) + 1);
    }
    return lookAt(end);
  }

  /** How many cells a graph has to look at that stores nothing new. */
  int nKv() {
    return lookAt(cells.end());
  }

  private int lookAt(int end) {
    int nKv = (int) Math.min(nStored, roundUp(end));
    rows.clearUpTo(nKv);
    return nKv;
  }

  private void movePage(int from, int to) {
    int n = Math.min(PAGE, cells.nCells() - from);
    rows.copy(range(from, n), range(to, n), n);
    cells.slide(from, to, n);
  }

  private static int[] range(int from, int n) {
    return IntStream.range(from, from + n).toArray();
  }

  /** Takes the cells that {@link #prepare} found, before the graph's inputs are filled. */
  public void commit(Batch batch) {
    int n = placement.nMoves();
    if (n > 0) {
      rows.copy(placement.movesFrom(), placement.movesTo(), n);
      for (int i = 0; i < n; i++) {
        cells.move(placement.movesFrom()[i], placement.movesTo()[i], placement.mover());
      }
    }
    for (int i = 0; i < batch.size(); i++) {
      cells.take(placement.cell(i), batch.token(i), batch.position(i), batch.sequence(i));
    }
  }

  /** Gives the cells of a batch back whose computation failed, before anything else happens. */
  public void rollback(Batch batch) {
    for (int i = 0; i < batch.size(); i++) {
      cells.release(placement.cell(i));
    }
  }

  /** Bookkeeping of the cells. */
  CellMap cells() {
    return cells;
  }

  /**
   * This cache as the layers of one graph see it, by their place in the list of shapes.
   *
   * @param nKv cells that are looked at
   * @param threads CPU threads that will compute the graph
   * @param writes whether keys and values are stored; if not, they are there already
   */
  KvCache in(Inputs inputs, int nKv, int threads, boolean writes) {
    return new View(inputs, nKv, threads, writes);
  }

  /**
   * Appends to a graph what turns the keys of all layers as {@link #shift} asked for; llama.cpp's
   * {@code build_graph_shift}, except that YaRN's magnitude is not applied a second time.
   */
  public void buildShift(Inputs inputs) {
    Graph g = inputs.graph();
    Tensor shifts = inputs.add("K_shift", GgmlType.I32, this::fillShifts, nStored);
    for (int i = 0; i < shapes.size(); i++) {
      LayerShape s = shapes.get(i);
      if (s.rope.isPresent()) {
        Tensor k = g.use(keys.get(i)).reshape(s.headDimK, s.nHeadKv, nStored);
        Tensor wide = options.typeK == GgmlType.F32 ? k : k.cast(GgmlType.F32);
        g.expand(s.rope.get().turn(wide, shifts, inputs.nCtx()).cpy(k));
      }
    }
  }

  private void fillShifts(Tensor shifts, Batch batch, Inputs.Scratch scratch) {
    MemorySegment to = scratch.atLeast(4L * nStored);
    for (int c = 0; c < nStored; c++) {
      to.setAtIndex(ValueLayout.JAVA_INT, c, cells.pendingShift(c));
    }
    shifts.set(to, 0, 4L * nStored);
  }

  private final class View implements KvCache {
    private final Inputs in;
    private final int nKv;
    private final int threads;
    private final boolean writes;
    private @Nullable Tensor cellIds;
    private final Map<Integer, Tensor> valueIds = new HashMap<>();
    private final Map<Integer, Tensor> masks = new HashMap<>();
    private @Nullable Tensor distances;
    private final Map<RelativeBias, Tensor> biases = new HashMap<>();

    View(Inputs in, int nKv, int threads, boolean writes) {
      this.in = in;
      this.nKv = nKv;
      this.threads = threads;
      this.writes = writes;
    }

    @Override
    public Layer layer(int i) {
      return new Layer() {
        @Override
        public Stored append(Tensor k, Tensor v) {
          if (writes) {
            write(i, k, v);
          }
          return stored();
        }

        @Override
        public Stored stored() {
          return (q, scores) -> attend(i, q, scores);
        }
      };
    }

    private void write(int i, Tensor k, Tensor v) {
      Graph g = in.graph();
      LayerShape s = shapes.get(i);
      long n = k.ne(2);
      k.shaped(s.headDimK, s.nHeadKv, in.nTokens());
      v.shaped(s.headDimV, s.nHeadKv, in.nTokens());
      // Expanded at once: nothing in the graph says that attention must come after the writes.
      g.expand(k);
      g.expand(v);
      Tensor kAll = g.use(keys.get(i)); // [nEmbdK, nCells]
      g.expand(kAll.setRows(flat(k, s.nEmbdK(), n), cellIds()));
      if (s.latent) {
        return;
      }
      Tensor vAll = g.use(values.get(i).orElseThrow()); // [nEmbdV, nCells]
      if (options.flashAttn) {
        g.expand(vAll.setRows(flat(v, s.nEmbdV(), n), cellIds()));
      } else {
        Tensor elements = v.contiguous().reshape(1, s.nEmbdV() * n);
        g.expand(vAll.reshape(1, vAll.nElements()).setRows(elements, valueIds(s.nEmbdV())));
      }
    }

    /** Heads of tokens as rows of tokens, which may be parts of a product of more. */
    private Tensor flat(Tensor x, long nEmbd, long n) {
      boolean together = x.nb(1) == x.nb(0) * x.ne(0);
      return together ? x.view2d(nEmbd, n, x.nb(2), 0) : x.contiguous().reshape(nEmbd, n);
    }

    private Tensor bias(RelativeBias relative) {
      return biases.computeIfAbsent(relative, this::newBias);
    }

    private Tensor newBias(RelativeBias relative) {
      Tensor buckets =
          in.add(
              "pos_bucket",
              GgmlType.I32,
              (to, batch, scratch) -> relative.fill(to, batch, scratch, nKv, cells::position),
              (long) nKv * in.nTokens());
      return relative.apply(buckets, nKv);
    }

    /** The begin of each key, as values are stored. */
    private Tensor transposed(Tensor k, int headDimV) {
      Tensor all = k.type().isQuantized() ? k.cast(GgmlType.F32) : k;
      return all.columns(0, headDimV).transpose().cont();
    }

    private Tensor values(int i) {
      return in.graph().use(values.get(i).orElseThrow());
    }

    private Tensor attend(int i, Tensor q, Scores scores) {
      LayerShape s = shapes.get(i);
      Tensor kAll = in.graph().use(keys.get(i));
      boolean byGroups = isSplit(s, q, scores);
      int maskRows = byGroups ? (int) (q.ne(1) / s.nHeadKv) : in.nTokens();
      Tensor mask = scores.maxBias() > 0 ? distances() : mask(maskRows);
      GgmlType tk = options.typeK;
      GgmlType tv = options.typeV;
      Tensor k =
          kAll.view3d(
              s.headDimK, nKv, s.nHeadKv, tk.rowSize(s.nEmbdK()), tk.rowSize(s.headDimK), 0);
      if (options.flashAttn) {
        Tensor v =
            s.latent
                ? kAll.view3d(s.headDimV, nKv, 1, k.nb(1), k.nb(2), 0)
                : values(i)
                    .view3d(
                        s.headDimV,
                        nKv,
                        s.nHeadKv,
                        tv.rowSize(s.nEmbdV()),
                        tv.rowSize(s.headDimV),
                        0);
        return in.graph()
            .expand(
                byGroups
                    ? Attention.flashByGroups(q, k, v, mask, scores, s.il)
                    : Attention.flash(q, k, v, mask, scores, s.il));
      }
      long row = tv.rowSize(nStored);
      Tensor v =
          s.latent
              ? transposed(k, s.headDimV)
              : values(i).view3d(nKv, s.headDimV, s.nHeadKv, row, row * s.headDimV, 0);
      Optional<Tensor> bias = scores.relative().map(this::bias);
      return in.graph().expand(Attention.explicit(q, k, v, mask, scores, bias, s.il));
    }

    /**
     * Whether GGML would divide the cells among threads, though the heads can be divided evenly. It
     * would make a result depend on the number of threads, and on cells that are not looked at.
     */
    private boolean isSplit(LayerShape s, Tensor q, Scores scores) {
      return options.flashAttn
          && in.nTokens() == 1
          && nKv >= N_KV_SPLIT
          && threads > 1
          && q.ne(1) % threads == 0
          && q.ne(1) > s.nHeadKv
          && scores.maxBias() == 0
          && scores.sinks().isEmpty()
          && s.memory.isHost()
          && options.typeK == options.typeV
          && (options.typeK == GgmlType.F16 || options.typeK == GgmlType.F32);
    }

    private Tensor cellIds() {
      if (cellIds == null) {
        cellIds = in.add("k_idxs", GgmlType.I64, this::fillCellIds, in.nTokens());
      }
      return cellIds;
    }

    private void fillCellIds(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
      int n = batch.size();
      MemorySegment to = scratch.atLeast(8L * n);
      for (int i = 0; i < n; i++) {
        to.setAtIndex(ValueLayout.JAVA_LONG, i, placement.cell(i));
      }
      tensor.set(to, 0, 8L * n);
    }

    /** Every element of a transposed value goes to a row of its own. */
    private Tensor valueIds(int nEmbdV) {
      return valueIds.computeIfAbsent(
          nEmbdV, n -> in.add("v_idxs", GgmlType.I64, this::fillValueIds, (long) in.nTokens() * n));
    }

    private void fillValueIds(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
      long nEmbdV = tensor.ne(0) / batch.size();
      MemorySegment to = scratch.atLeast(8 * nEmbdV * batch.size());
      long at = 0;
      for (int i = 0; i < batch.size(); i++) {
        for (long j = 0; j < nEmbdV; j++) {
          to.setAtIndex(ValueLayout.JAVA_LONG, at++, j * nStored + placement.cell(i));
        }
      }
      tensor.set(to, 0, 8 * at);
    }

    /**
     * 0 where a token may look at a cell: of its own sequence, not of its future, and in its
     * window; else minus infinity.
     */
    private Tensor mask(int rows) {
      return masks.computeIfAbsent(rows, n -> newMask("attn_inp_kq_mask", this::fillMask, n));
    }

    /** As {@link #mask}, but minus the distance where a token may look: for ALiBi. */
    private Tensor distances() {
      if (distances == null) {
        distances = newMask("attn_inp_kq_distances", this::fillDistances, in.nTokens());
      }
      return distances;
    }

    private Tensor newMask(String name, Inputs.Filler filler, int rows) {
      GgmlType type = options.flashAttn ? GgmlType.F16 : GgmlType.F32;
      return in.add(name, type, filler, nKv, rows);
    }

    private boolean sees(int cell, long bit, int position) {
      return (cells.owners(cell) & bit) != 0
          && cells.position(cell) <= position
          && (window.isEmpty() || !window.get().hides(cells.position(cell), position));
    }

    private void fillMask(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
      boolean half = options.flashAttn;
      long rowBytes = (half ? 2L : 4L) * nKv;
      MemorySegment row = scratch.atLeast(rowBytes);
      for (int i = 0; i < batch.size(); i++) {
        long bit = 1L << batch.sequence(i);
        int position = batch.position(i);
        if (half) {
          for (int c = 0; c < nKv; c++) {
            boolean seen = sees(c, bit, position);
            row.setAtIndex(ValueLayout.JAVA_SHORT, c, seen ? (short) 0 : F16_MINUS_INFINITY);
          }
        } else {
          for (int c = 0; c < nKv; c++) {
            boolean seen = sees(c, bit, position);
            row.setAtIndex(ValueLayout.JAVA_FLOAT, c, seen ? 0f : Float.NEGATIVE_INFINITY);
          }
        }
        tensor.set(row, i * rowBytes, rowBytes);
      }
      for (int i = batch.size(); i < tensor.ne(1); i++) {
        tensor.set(row, i * rowBytes, rowBytes); // one token, the heads of a group in its place
      }
    }

    private void fillDistances(Tensor tensor, Batch batch, Inputs.Scratch scratch) {
      long rowBytes = (options.flashAttn ? 2L : 4L) * nKv;
      MemorySegment row = scratch.atLeast(rowBytes);
      for (int i = 0; i < batch.size(); i++) {
        long bit = 1L << batch.sequence(i);
        int position = batch.position(i);
        for (int c = 0; c < nKv; c++) {
          float value =
              sees(c, bit, position) ? cells.position(c) - position : Float.NEGATIVE_INFINITY;
          if (options.flashAttn) {
            row.setAtIndex(ValueLayout.JAVA_SHORT, c, Float.floatToFloat16(value));
          } else {
            row.setAtIndex(ValueLayout.JAVA_FLOAT, c, value);
          }
        }
        tensor.set(row, i * rowBytes, rowBytes);
      }
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
