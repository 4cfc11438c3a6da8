package org.ggml4j.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;

/**
 * The KV cache: for each layer a table of cells, each with the key and the value of one token.
 *
 * <p>The cells that a batch writes are data of an input ({@code setRows}), so a graph stays valid
 * from token to token. Sequences share cells, so copying a sequence costs no memory. This class
 * keeps the books of what is where; {@code CellTensors} has the memory, {@code CellView} the
 * operations of a graph on it.
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

  private final Options options;
  private final Optional<Window> window;
  private final CellTensors tensors;
  private final CellMap cells;
  private final Placement placement;
  private final Discarding discarding;

  /**
   * @param shapes its layers, which may be a part of the model's
   * @param window what a token of these layers sees; cells outside of it are used again
   * @throws IllegalArgumentException if the types or sizes can't be combined
   */
  public CellCache(List<LayerShape> shapes, Options options, Optional<Window> window) {
    this.options = options;
    this.window = window;
    if (options.nCells < 1) {
      throw new IllegalArgumentException("cells: expected 1 or more, found " + options.nCells);
    }
    tensors = new CellTensors(shapes, options);
    try {
      // After the native memory: too large a context is then a GgmlException, no OutOfMemoryError.
      cells = new CellMap(options.nCells, tensors.nStored());
      placement = new Placement(cells);
      discarding = new Discarding(cells, tensors.rows());
    } catch (Throwable e) {
      tensors.close();
      throw e;
    }
  }

  public int nCells() {
    return options.nCells;
  }

  /** Cells that the largest graph looks at: all there are, rounded up. */
  int maxKv() {
    return tensors.nStored();
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
    return tensors.nLayer();
  }

  /** Bytes of all keys and values. */
  public long bytes() {
    return tensors.bytes();
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
    return tensors.rows();
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
    return tensors.lookAt(end);
  }

  /** How many cells a graph has to look at that stores nothing new. */
  int nKv() {
    return tensors.lookAt(cells.end());
  }

  private void movePage(int from, int to) {
    int n = Math.min(PAGE, cells.nCells() - from);
    tensors.rows().copy(range(from, n), range(to, n), n);
    cells.slide(from, to, n);
  }

  private static int[] range(int from, int n) {
    return IntStream.range(from, from + n).toArray();
  }

  /** Takes the cells that {@link #prepare} found, before the graph's inputs are filled. */
  public void commit(Batch batch) {
    int n = placement.nMoves();
    if (n > 0) {
      tensors.rows().copy(placement.movesFrom(), placement.movesTo(), n);
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
    CellInputs ids = new CellInputs(inputs, cells, placement, window, tensors, nKv);
    return new CellView(inputs, tensors, ids, nKv, threads, writes);
  }

  /**
   * Appends to a graph what turns the keys of all layers as {@link #shift} asked for; llama.cpp's
   * {@code build_graph_shift}, except that YaRN's magnitude is not applied a second time.
   */
  public void buildShift(Inputs inputs) {
    Graph g = inputs.graph();
    int n = tensors.nStored();
    Tensor shifts = inputs.add("K_shift", GgmlType.I32, this::fillShifts, n);
    for (int i = 0; i < tensors.nLayer(); i++) {
      LayerShape s = tensors.shape(i);
      if (s.rope.isPresent()) {
        Tensor k = g.use(tensors.keys(i)).reshape(s.headDimK, s.nHeadKv, n);
        Tensor wide = options.typeK == GgmlType.F32 ? k : k.cast(GgmlType.F32);
        g.expand(s.rope.get().turn(wide, shifts, inputs.nCtx()).cpy(k));
      }
    }
  }

  private void fillShifts(Tensor shifts, Batch batch, Inputs.Scratch scratch) {
    int n = tensors.nStored();
    MemorySegment to = scratch.atLeast(4L * n);
    for (int c = 0; c < n; c++) {
      to.setAtIndex(ValueLayout.JAVA_INT, c, cells.pendingShift(c));
    }
    shifts.set(to, 0, 4L * n);
  }

  @Override
  public void close() {
    tensors.close();
  }
}
