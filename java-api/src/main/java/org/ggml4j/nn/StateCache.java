package org.ggml4j.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.gguf.GgmlType;
import org.jspecify.annotations.Nullable;

/**
 * The states of recurrent layers: for each vector that a layer keeps of a sequence a table of rows,
 * of which each sequence has two, that of now and that before its last step; beside the KV cache,
 * as in llama.cpp's llama-memory-recurrent.cpp.
 *
 * <p>The rows that a step reads and writes are data of inputs, so a graph stays valid from token to
 * token. The tables grow with the number of sequences.
 *
 * <p>One thread at a time.
 */
public final class StateCache implements CloseStack.Closing {
  private static final int FIRST_SLOTS = 3;

  /**
   * What one layer keeps of a sequence.
   *
   * @param il the layer's number in the model
   * @param sizes of its vectors, in numbers
   * @param memory where they lie
   */
  public record LayerShape(int il, List<Integer> sizes, BufferType memory) {
    public LayerShape {
      sizes = List.copyOf(sizes);
    }
  }

  private final List<LayerShape> shapes;
  private final StateSlots slots = new StateSlots();
  private WeightStore store;
  private List<List<Weight>> tables;
  private long bytes;

  private final RunPlan plan = new RunPlan(); // of the batch that was prepared last
  private final int[] sources = new int[CellMap.MAX_SEQUENCES];

  /**
   * @param shapes the recurrent layers, which may be a part of the model's
   */
  public StateCache(List<LayerShape> shapes) {
    this.shapes = List.copyOf(shapes);
    store = new WeightStore(1);
    tables = List.of();
    allocate(FIRST_SLOTS);
  }

  /** Replaces the tables by larger ones. */
  private void allocate(int nSlots) {
    int n = shapes.stream().mapToInt(s -> s.sizes.size()).sum();
    WeightStore larger = new WeightStore(n + 1);
    List<List<Weight>> made = new ArrayList<>();
    long total = 0;
    try {
      for (LayerShape s : shapes) {
        List<Weight> ofLayer = new ArrayList<>();
        for (int part = 0; part < s.sizes.size(); part++) {
          String name = "cache_s" + part + "_l" + s.il;
          ofLayer.add(larger.declare(s.memory, name, GgmlType.F32, s.sizes.get(part), nSlots));
        }
        made.add(List.copyOf(ofLayer));
      }
      for (long size : larger.allocate(WeightStore.Usage.CACHE).values()) {
        total += size;
      }
      copyRows(larger, made);
    } catch (Throwable e) {
      larger.close();
      throw e;
    }
    store.close();
    store = larger;
    tables = List.copyOf(made);
    bytes = total;
    slots.grow(nSlots);
  }

  private void copyRows(WeightStore to, List<List<Weight>> made) {
    long largest = shapes.stream().flatMap(s -> s.sizes.stream()).mapToLong(n -> n).max().orElse(0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment row = arena.allocate(4 * largest, 64); // zeros, as the first row stays
      for (int slot = 0; slot < slots.size(); slot++) {
        for (int layer = 0; layer < shapes.size() && slots.isUsed(slot); layer++) {
          for (int part = 0; part < made.get(layer).size(); part++) {
            Weight table = made.get(layer).get(part);
            MemorySegment data = row.asSlice(0, 4 * table.ne(0));
            if (slot > 0) {
              store.get(tables.get(layer).get(part), slot * data.byteSize(), data);
            }
            to.set(table, slot * data.byteSize(), data);
          }
        }
      }
    }
  }

  /** Bytes of all tables. */
  public long bytes() {
    return bytes;
  }

  /** Position of the last token that a sequence's state has seen, -1 for none. */
  public int last(int sequence) {
    CellMap.checkSequence(sequence);
    return slots.last(sequence);
  }

  // ---- the states as bytes, to be saved and restored

  /** Vectors that are kept of a sequence, of all layers together. */
  public int nParts() {
    return shapes.stream().mapToInt(s -> s.sizes.size()).sum();
  }

  /** Bytes of one of them, for one sequence. */
  public long bytes(int part) {
    return 4 * table(part).ne(0);
  }

  private Weight table(int part) {
    return tables.stream().flatMap(List::stream).skip(part).findFirst().orElseThrow();
  }

  /** Copies a vector of a sequence's state to the begin of {@code to}. */
  public void read(int sequence, int part, MemorySegment to) {
    long size = bytes(part);
    store.get(table(part), slots.slot(sequence) * size, to.asSlice(0, size));
  }

  /**
   * Gives a sequence a state of its own, that after the token at position {@code last}, whose
   * vectors are to be written with {@link #write}.
   */
  public void restore(int sequence, int last) {
    CellMap.checkSequence(sequence);
    slots.clear(sequence);
    makeRoom(1);
    slots.advance(sequence, last);
  }

  /** Overwrites a vector of a state that was {@link #restore}d. */
  public void write(int sequence, int part, MemorySegment from) {
    if (slots.slot(sequence) == 0) {
      throw new IllegalStateException("sequence " + sequence + " has no state: restore it first");
    }
    long size = bytes(part);
    store.set(table(part), slots.slot(sequence) * size, from.asSlice(0, size));
  }

  // ---- sequences

  /** Goes back to a state that has seen nothing behind the position {@code last}. */
  void truncate(int sequence, int last) {
    slots.truncate(sequence, last);
  }

  /** As {@link StateSlots#lastUpTo}. */
  int lastUpTo(int sequence, int last) {
    return slots.lastUpTo(sequence, last);
  }

  void clear(int sequence) {
    slots.clear(sequence);
  }

  void copy(int source, int target) {
    slots.copy(source, target);
  }

  void reassign(int[] targets, int[] sources) {
    slots.reassign(targets, sources);
  }

  // ---- batches

  /** The runs of one text. */
  Runs ofText(int nTokens) {
    return new Runs(List.of(new Runs.Run(nTokens, 1)), true, slots.size());
  }

  /**
   * Cuts a batch into runs, and sees that there are rows for the states after it.
   *
   * @throws IllegalArgumentException if tokens of a sequence do not come in the order of their
   *     positions
   */
  Runs prepare(Batch batch) {
    Runs runs = plan.of(batch, slots::last, slots.size());
    plan.sequences().forEach(slots::forgetBefore);
    makeRoom(plan.sequences().size());
    return new Runs(runs.runs(), runs.inOrder(), slots.size());
  }

  private void makeRoom(int n) {
    if (slots.free() < n) {
      allocate(Math.max(2 * slots.size() + 1, slots.size() + n));
    }
  }

  /** Takes rows for the states after the batch that was prepared. */
  void commit() {
    for (int s : plan.sequences()) {
      sources[s] = slots.slot(s);
      slots.advance(s, plan.last(s));
    }
  }

  /** Gives the rows of a batch back whose computation failed, before anything else happens. */
  void rollback() {
    plan.sequences().forEach(slots::back);
  }

  /** The states as the layers of one graph see them, by their place in the list of shapes. */
  View in(Inputs inputs) {
    return new View(inputs);
  }

  /** The states in one graph. */
  final class View {
    private final Inputs in;
    private final Runs runs;
    private final List<Tensor> sourceIds = new ArrayList<>();
    private final List<Tensor> targetIds = new ArrayList<>();
    private final List<Tensor> orders = new ArrayList<>();
    private @Nullable Tensor places;

    View(Inputs in) {
      this.in = in;
      runs = in.sizes().runs();
      int token = 0;
      int piece = 0;
      for (Runs.Run run : runs.runs()) {
        int firstToken = token;
        int firstPiece = piece;
        sourceIds.add(
            in.add(
                "state_sources",
                GgmlType.I32,
                (to, batch, scratch) -> fillSources(to, firstPiece, scratch),
                run.nSeq()));
        targetIds.add(
            in.add(
                "state_targets",
                GgmlType.I64,
                (to, batch, scratch) -> fillTargets(to, firstPiece, scratch),
                run.nSeq()));
        if (!runs.inOrder()) {
          orders.add(
              in.add(
                  "state_order",
                  GgmlType.I32,
                  (to, batch, scratch) -> fill(to, i -> plan.order(firstToken + i), scratch),
                  (long) run.nSeq() * run.nTokens()));
        }
        token += run.nTokens() * run.nSeq();
        piece += run.nSeq();
      }
    }

    private void fill(Tensor to, IntUnaryOperator value, Inputs.Scratch scratch) {
      int n = (int) to.ne(0);
      MemorySegment memory = scratch.atLeast(4L * n);
      for (int i = 0; i < n; i++) {
        memory.setAtIndex(ValueLayout.JAVA_INT, i, value.applyAsInt(i));
      }
      to.set(memory, 0, 4L * n);
    }

    /** A sequence's later pieces go on from what its first ones have written. */
    private void fillSources(Tensor to, int firstPiece, Inputs.Scratch scratch) {
      IntUnaryOperator source =
          i -> {
            RunPlan.Piece p = plan.pieces().get(firstPiece + i);
            return p.from() == 0 ? sources[p.sequence()] : slots.slot(p.sequence());
          };
      fill(to, source, scratch);
    }

    private void fillTargets(Tensor to, int firstPiece, Inputs.Scratch scratch) {
      int n = (int) to.ne(0);
      MemorySegment memory = scratch.atLeast(8L * n);
      for (int i = 0; i < n; i++) {
        int sequence = plan.pieces().get(firstPiece + i).sequence();
        memory.setAtIndex(ValueLayout.JAVA_LONG, i, slots.slot(sequence));
      }
      to.set(memory, 0, 8L * n);
    }

    private Tensor places() {
      Tensor made = places;
      if (made == null) {
        made =
            in.add(
                "state_places",
                GgmlType.I32,
                (to, batch, scratch) -> fill(to, plan::place, scratch),
                in.nTokens());
        places = made;
      }
      return made;
    }

    /** One of the vectors of a layer, by its place in the list of shapes. */
    SequenceState state(int layer, int part) {
      Weight weight = tables.get(layer).get(part);
      return (step, x) -> {
        Graph g = in.graph();
        OneRun run = new OneRun(g, g.use(weight));
        Optional<Tensor> all = Optional.empty();
        long token = 0;
        for (int r = 0; r < runs.runs().size(); r++) {
          run.begin(r);
          long n = (long) run.nTokens() * run.nSeq();
          List<Tensor> inputs = new ArrayList<>();
          for (Tensor one : x) {
            inputs.add(tokensOf(one, r, token));
          }
          Tensor y = step.apply(run, List.copyOf(inputs));
          Tensor columns = y.reshape(y.nElements() / n, n);
          all = Optional.of(all.isPresent() ? all.get().concat(columns, 1) : columns);
          token += n;
        }
        Tensor y = all.orElseThrow();
        return runs.inOrder() ? y : y.getRows(places());
      };
    }

    /** The columns of a run's tokens, as [n, nTokens, nSeq]. */
    private Tensor tokensOf(Tensor x, int r, long from) {
      x.shaped(x.ne(0), in.nTokens());
      Runs.Run run = runs.runs().get(r);
      Tensor ordered = runs.inOrder() ? x : x.getRows(orders.get(r));
      long offset = runs.inOrder() ? from * x.nb(1) : 0;
      long stride = ordered.nb(1);
      return ordered.view3d(
          x.ne(0), run.nTokens(), run.nSeq(), stride, stride * run.nTokens(), offset);
    }

    private final class OneRun implements SequenceState.Run {
      private final Graph graph;
      private Tensor table;
      private int r;

      OneRun(Graph graph, Tensor table) {
        this.graph = graph;
        this.table = table;
      }

      void begin(int number) {
        r = number;
      }

      @Override
      public int nTokens() {
        return runs.runs().get(r).nTokens();
      }

      @Override
      public int nSeq() {
        return runs.runs().get(r).nSeq();
      }

      @Override
      public Tensor previous() {
        return table.getRows(ids());
      }

      @Override
      public Tensor table() {
        return table;
      }

      @Override
      public Tensor ids() {
        return sourceIds.get(r);
      }

      @Override
      public void keep(Tensor next) {
        boolean gaps =
            next.nb(3) * next.ne(3) != 4 * next.nElements() || next.nb(1) != 4 * next.ne(0);
        Tensor rows = gaps ? next.cont2d(table.ne(0), nSeq()) : next.reshape(table.ne(0), nSeq());
        // Later runs read the table as it is then.
        table = graph.expand(table.setRows(rows, targetIds.get(r)));
      }
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
