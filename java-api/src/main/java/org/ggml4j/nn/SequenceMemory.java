package org.ggml4j.nn;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.nn.Inputs.Sizes;

/**
 * What a session keeps of its sequences: the keys and values of all layers. Those that look at all
 * tokens share one table of cells; those that look at a window share a smaller one, whose cells are
 * used again when no later token can see them (llama.cpp's llama-kv-cache-iswa.cpp).
 *
 * <p>One thread at a time.
 */
public final class SequenceMemory implements CloseStack.Closing {
  private final LayerTables layerTables;
  private final CellCache all;
  private final Optional<CellCache> windowed;
  private final Optional<Window> window;
  private final Optional<StateCache> states;
  private long sequencesInUse = 1; // sequence 0 is the session's text
  private BooleanSupplier reclaimer = () -> false;

  /**
   * @param layers what each layer keeps
   * @param memory where each layer's part lies
   * @param options nCells: tokens that fit, of all sequences together
   * @param nBatch largest number of tokens of one batch
   * @throws IllegalArgumentException if the types or sizes can't be combined
   */
  public SequenceMemory(
      List<LayerMemory> layers, List<BufferType> memory, CellCache.Options options, int nBatch) {
    layerTables = new LayerTables(layers, memory, options, nBatch);
    all = layerTables.all();
    windowed = layerTables.windowed();
    window = layerTables.window();
    states = layerTables.states();
  }

  /** Tokens that fit. */
  public int nCells() {
    return all.nCells();
  }

  /** Cells of the layers with a window, 0 if there are none. */
  public int nWindowCells() {
    return windowed.map(CellCache::nCells).orElse(0);
  }

  /** Cells in use. */
  public int used() {
    return all.used();
  }

  /**
   * Asks somebody to give up what is kept and not needed, when there is no room for more.
   *
   * @param reclaimer frees a sequence; false if there is none to be freed
   */
  public void setReclaimer(BooleanSupplier reclaimer) {
    this.reclaimer = reclaimer;
  }

  /** Lets go of what is kept and not needed, until {@code n} tokens fit or there is no more. */
  public void makeRoom(int n) {
    while (n > all.nCells() - all.used() && reclaimer.getAsBoolean()) {
      // on
    }
  }

  /** Tokens that fit into a next step, in which sequences of any number may take part. */
  public int room() {
    makeRoom(Math.min(CellMap.MAX_SEQUENCES, all.nCells()));
    return Math.min(all.room(), windowed.map(CellCache::room).orElse(Integer.MAX_VALUE));
  }

  /**
   * Sets a sequence number aside that nobody uses.
   *
   * @throws IllegalStateException if all 64 are in use
   */
  public int newSequence() {
    for (int s = 0; s < CellMap.MAX_SEQUENCES; s++) {
      if (isUnused(s)) {
        sequencesInUse |= 1L << s;
        return s;
      }
    }
    throw new IllegalStateException(
        "all "
            + CellMap.MAX_SEQUENCES
            + " sequences of this cache are in use: close a fork, or open another session");
  }

  private boolean isUnused(int sequence) {
    return (sequencesInUse & 1L << sequence) == 0 && maxPosition(sequence) < 0;
  }

  /** How many sequences {@link #newSequence} can still set aside. */
  public int unusedSequences() {
    return (int) IntStream.range(0, CellMap.MAX_SEQUENCES).filter(this::isUnused).count();
  }

  /** Removes the tokens of a sequence and gives back its number. */
  public void freeSequence(int sequence) {
    remove(sequence, 0, Integer.MAX_VALUE);
    sequencesInUse &= ~(1L << sequence);
  }

  /** Bytes of all keys and values and states. */
  public long bytes() {
    return layerTables.bytes();
  }

  /**
   * The states of recurrent layers, if there are any. Those of a sequence are made up for, by
   * evaluating its tokens again, where they are not those after its last token.
   */
  public Optional<StateCache> states() {
    return states;
  }

  /** Largest position in a sequence, -1 if it is empty. */
  public int maxPosition(int sequence) {
    return all.maxPosition(sequence);
  }

  /** The tokens of a sequence in the order of their positions. */
  public int[] tokens(int sequence) {
    return Arrays.stream(all.cells(sequence)).map(all::token).toArray();
  }

  /** The positions of a sequence's tokens, ascending. */
  public int[] positions(int sequence) {
    return Arrays.stream(all.cells(sequence)).map(all::position).toArray();
  }

  /**
   * The tables of cells: that of all tokens, then, if there are layers with a window, theirs. The
   * first knows all tokens, even if no layer looks at all of them.
   */
  public List<CellCache> tables() {
    return windowed.map(w -> List.of(all, w)).orElse(List.of(all));
  }

  /** Smallest position in a sequence, -1 if it is empty. */
  public int minPosition(int sequence) {
    return all.minPosition(sequence);
  }

  /**
   * Removes a range of positions, {@code to} excluded, from a sequence; its memory becomes free.
   *
   * @throws IllegalStateException if what would be left needs tokens that the layers with a window
   *     no longer have, or tokens are to be removed before others that recurrent layers have read;
   *     nothing was changed
   */
  public void remove(int sequence, int from, int to) {
    CellMap.checkSequence(sequence);
    if (!isEnd(sequence, from, to)) {
      checkNoStates("tokens can be removed at the end only");
    }
    checkComplete(sequence, cells -> cells.remove(sequence, from, to));
    all.remove(sequence, from, to);
    windowed.ifPresent(c -> c.remove(sequence, from, to));
    states.ifPresent(s -> s.truncate(sequence, maxPosition(sequence)));
  }

  /** Whether {@link #remove} would not throw. */
  public boolean canRemove(int sequence, int from, int to) {
    CellMap.checkSequence(sequence);
    return isEnd(sequence, from, to)
        && isComplete(sequence, cells -> cells.remove(sequence, from, to));
  }

  /** Lets {@code target} share a range of positions of {@code source}; no memory is copied. */
  public void copy(int source, int target, int from, int to) {
    all.copy(source, target, from, to);
    windowed.ifPresent(c -> c.copy(source, target, from, to));
    if (states.isPresent() && source != target) {
      states.get().copy(source, target);
      states.get().truncate(target, maxPosition(target));
    }
  }

  /**
   * Lets each of some sequences hold what another one holds before this call, all at once: how the
   * beams of a search go on from each other. No memory is copied; what no sequence holds any more
   * becomes free.
   *
   * @param targets the sequences that change
   * @param sources for each of them whose tokens it gets; may be a target too
   */
  public void reassign(int[] targets, int[] sources) {
    if (targets.length != sources.length) {
      throw new IllegalArgumentException(
          targets.length + " sequences can't get the tokens of " + sources.length);
    }
    for (int i = 0; i < targets.length; i++) {
      CellMap.checkSequence(targets[i]);
      CellMap.checkSequence(sources[i]);
    }
    all.reassign(targets, sources);
    windowed.ifPresent(c -> c.reassign(targets, sources));
    states.ifPresent(s -> s.reassign(targets, sources));
  }

  /**
   * Moves a range of positions, {@code to} excluded, of a sequence by {@code delta}. The keys are
   * turned when {@link #buildShift}'s graph is computed next.
   *
   * @throws ContextFullException if there is no room for copies of those that another sequence has
   *     too; nothing was changed
   * @throws IllegalStateException if what would be seen needs tokens that the layers with a window
   *     no longer have; nothing was changed
   */
  public void shift(int sequence, int from, int to, int delta) {
    checkNoStates("tokens can't be moved");
    all.checkShift(sequence, from, to, delta);
    windowed.ifPresent(c -> c.checkShift(sequence, from, to, delta));
    checkComplete(sequence, cells -> cells.shift(sequence, from, to, delta));
    all.shift(sequence, from, to, delta);
    windowed.ifPresent(c -> c.shift(sequence, from, to, delta));
  }

  /**
   * Removes {@code n} positions of a sequence from {@code keep} on, and moves what follows into
   * their place. Tokens that are moved are copied first where another sequence has them too.
   *
   * @throws ContextFullException if there is no room for these copies; nothing was changed
   * @throws IllegalStateException if what would be seen needs tokens that the layers with a window
   *     no longer have; nothing was changed
   */
  public void discard(int sequence, int keep, int n) {
    CellMap.checkSequence(sequence);
    checkNoStates("tokens can't be moved");
    checkComplete(sequence, cells -> discard(cells, sequence, keep, n));
    windowed.ifPresent(c -> c.discarding().checkRoom(sequence, keep, n));
    all.discarding().discard(sequence, keep, n);
    windowed.ifPresent(c -> c.discarding().discard(sequence, keep, n));
  }

  private static void discard(CellMap cells, int sequence, int keep, int n) {
    cells.remove(sequence, keep, keep + n);
    cells.shift(sequence, keep + n, Integer.MAX_VALUE, -n);
  }

  /**
   * How many cells {@link #discard} would free, negative if it needs more for copies; the smallest
   * int if it can't be done because of layers with a window.
   */
  public int discardGain(int sequence, int keep, int n) {
    CellMap.checkSequence(sequence);
    if (states.isPresent() || !isComplete(sequence, cells -> discard(cells, sequence, keep, n))) {
      return Integer.MIN_VALUE;
    }
    return all.discarding().gain(sequence, keep, n);
  }

  /** Whether the next token would see all that it should, after a change that is only tried. */
  private boolean isComplete(int sequence, Consumer<CellMap> change) {
    if (windowed.isEmpty()) {
      return true;
    }
    CellMap wide = all.cells().alone(sequence);
    CellMap narrow = windowed.get().cells().alone(sequence);
    change.accept(wide);
    change.accept(narrow);
    Window w = window.orElseThrow();
    int last = wide.maxPosition(sequence);
    int next = states.map(s -> s.lastUpTo(sequence, last)).orElse(last) + 1;
    return narrow.visible(sequence, w, next) >= wide.visible(sequence, w, next);
  }

  /** A state can't forget a token and know those behind it. */
  private boolean isEnd(int sequence, int from, int to) {
    int last = maxPosition(sequence);
    return states.isEmpty() || to > last || from > last || from >= to;
  }

  private void checkNoStates(String what) {
    if (states.isPresent()) {
      throw new IllegalStateException(
          what + ": recurrent layers have read the tokens; evaluate them again");
    }
  }

  private void checkComplete(int sequence, Consumer<CellMap> change) {
    if (!isComplete(sequence, change)) {
      throw new IllegalStateException(
          "sequence "
              + sequence
              + ": layers with a window of "
              + window.orElseThrow().size()
              + " tokens have only positions from "
              + windowed.orElseThrow().minPosition(sequence)
              + " on; empty the sequence and evaluate its tokens again");
    }
  }

  /**
   * Throws unless {@link #adopt} would find room in place of what the sequence has.
   *
   * @param counts of tokens, for each of {@link #tables}
   * @throws ContextFullException if it would not
   */
  public void checkAdopt(int sequence, int... counts) {
    for (int i = 0; i < counts.length; i++) {
      tables().get(i).checkAdopt(sequence, counts[i]);
    }
  }

  /**
   * Gives an empty sequence tokens in one of the {@link #tables}; their keys and values are yet to
   * be written, by {@link CellCache#rows}.
   *
   * @param positions of the tokens, ascending
   * @return their cells
   */
  public int[] adopt(int table, int sequence, int[] tokens, int[] positions) {
    states.ifPresent(s -> s.clear(sequence));
    return tables().get(table).adopt(sequence, tokens, positions);
  }

  /** Whether keys must be turned before the next batch. */
  public boolean isShiftPending() {
    return all.isShiftPending();
  }

  /** The keys have been turned. */
  public void shiftDone() {
    all.shiftDone();
    windowed.ifPresent(CellCache::shiftDone);
  }

  /** Appends to a graph what turns the keys of all layers as {@link #shift} asked for. */
  public void buildShift(Inputs inputs) {
    all.buildShift(inputs);
    windowed.ifPresent(c -> c.buildShift(inputs));
  }

  /**
   * Tokens that recurrent layers must read before a batch, as they have not read them or have
   * forgotten them: those of one sequence at the most.
   *
   * @param most how many tokens it has at most
   * @return them, or nothing if the batch can be evaluated
   */
  public Optional<Batch> missed(Batch batch, int most) {
    if (states.isEmpty()) {
      return Optional.empty();
    }
    long looked = 0;
    for (int i = 0; i < batch.size(); i++) {
      int sequence = batch.sequence(i);
      boolean again = (looked & 1L << sequence) != 0;
      looked |= 1L << sequence;
      int read = states.get().last(sequence);
      if (!again && read < all.maxPosition(sequence)) {
        Batch missed = new Batch();
        for (int cell : all.cells(sequence)) {
          if (all.position(cell) > read && missed.size() < most) {
            missed.add(all.token(cell), all.position(cell), sequence, false);
          }
        }
        return Optional.of(missed);
      }
    }
    return Optional.empty();
  }

  /**
   * Prepares the evaluation of tokens that are {@link #missed}: it changes states only.
   *
   * @return the sizes of the batch's graph
   */
  public Sizes prepareMissed(Batch missed) {
    return new Sizes(
        missed.size(),
        0,
        all.nKv(),
        windowed.map(CellCache::nKv).orElse(0),
        states.orElseThrow().prepare(missed));
  }

  /** Takes the rows for the states after tokens that were missed. */
  public void commitMissed() {
    states.orElseThrow().commit();
  }

  /** Gives them back after a failure. */
  public void rollbackMissed() {
    states.orElseThrow().rollback();
  }

  /**
   * Finds cells for a batch, and rows for its states; what {@link #commit} then takes.
   *
   * @return the sizes of the batch's graph
   * @throws ContextFullException if there are not enough cells
   * @throws IllegalArgumentException if the model has recurrent layers, and tokens of a sequence do
   *     not come in the order of their positions
   */
  public Sizes prepare(Batch batch) {
    makeRoom(batch.size());
    int nKv = all.prepare(batch);
    int nKvWindow = windowed.isPresent() ? windowed.get().prepare(batch) : 0;
    Runs runs = states.isPresent() ? states.get().prepare(batch) : Runs.NONE;
    return new Sizes(batch.size(), batch.nOutputs(), nKv, nKvWindow, runs);
  }

  /** The sizes of a graph that looks at all cells. */
  public Sizes largest(int nTokens, int nOutputs) {
    return new Sizes(
        nTokens,
        nOutputs,
        all.maxKv(),
        windowed.map(CellCache::maxKv).orElse(0),
        states.map(s -> s.ofText(nTokens)).orElse(Runs.NONE));
  }

  /** Takes the cells that {@link #prepare} found, before the graph's inputs are filled. */
  public void commit(Batch batch) {
    all.commit(batch);
    windowed.ifPresent(c -> c.commit(batch));
    states.ifPresent(StateCache::commit);
  }

  /** Gives the cells of a batch back whose computation failed, before anything else happens. */
  public void rollback(Batch batch) {
    all.rollback(batch);
    windowed.ifPresent(c -> c.rollback(batch));
    states.ifPresent(StateCache::rollback);
  }

  /**
   * This memory as the layers of one graph see it.
   *
   * @param threads CPU threads that will compute the graph
   * @param missed whether the graph is for tokens that were {@link #missed}, whose keys and values
   *     are stored
   */
  public KvCache in(Inputs inputs, int threads, boolean missed) {
    return layerTables.in(inputs, threads, missed);
  }

  @Override
  public void close() {
    layerTables.close();
  }
}
