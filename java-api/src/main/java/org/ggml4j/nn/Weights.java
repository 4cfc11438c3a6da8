package org.ggml4j.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.ggml.WeightStore.Operation;
import org.ggml4j.gguf.GgmlType;

/**
 * The weight map of a model: an architecture's constructor asks for each tensor by its GGUF name
 * and states its shape. Whatever is missing, misshapen or left over is collected and reported at
 * once by {@link #check}.
 *
 * <p>{@link #block} gives the same under a prefix, such as {@code blk.3.}.
 */
public final class Weights {
  /** Where tensors come from: a file, or nowhere yet, for a model that is to be trained. */
  public interface Source {
    /**
     * The type and sizes of a tensor.
     *
     * @param name as in the file, such as {@code blk.3.attn_k.weight}
     * @param ne the sizes that the architecture expects
     * @return empty if there is no such tensor
     */
    Optional<Found> find(String name, long[] ne);

    /** Names of all tensors, for finding those that nobody asked for. */
    Set<String> names();
  }

  /** A tensor as it is stored: its type and four sizes. */
  public record Found(GgmlType type, long ne0, long ne1, long ne2, long ne3) {
    /** From one to four sizes, fastest dimension first. */
    public static Found of(GgmlType type, long... ne) {
      long[] n = sizes(ne);
      return new Found(type, n[0], n[1], n[2], n[3]);
    }

    long[] ne() {
      return new long[] {ne0, ne1, ne2, ne3};
    }
  }

  /** Decides in which memory a weight goes. */
  public interface Placement {
    /**
     * @param il the layer, -1 for what comes before the first, nLayer for what comes after the last
     * @param operation what is done with the weight
     */
    BufferType bufferType(int il, Operation operation, GgmlType type, long[] ne);
  }

  private static final Set<GgmlType> NOT_FOR_WEIGHTS = Set.of(GgmlType.Q8_1, GgmlType.Q8_K);

  private final Source source;
  private final Placement placement;
  private final WeightStore store;
  private final int nLayer;
  private final String prefix;
  private final int il;
  private final State state;

  /** What all prefixes share. */
  private static final class State {
    final List<Weight> declared = new ArrayList<>();
    final Set<String> asked = new LinkedHashSet<>();
    final List<String> problems = new ArrayList<>();
  }

  /**
   * @param nLayer number of blocks
   */
  public Weights(Source source, Placement placement, WeightStore store, int nLayer) {
    this(source, placement, store, nLayer, "", -1, new State());
  }

  private Weights(
      Source source,
      Placement placement,
      WeightStore store,
      int nLayer,
      String prefix,
      int il,
      State state) {
    this.source = source;
    this.placement = placement;
    this.store = store;
    this.nLayer = nLayer;
    this.prefix = prefix;
    this.il = il;
    this.state = state;
  }

  /** The weights of block {@code i}: names get the prefix {@code blk.i.}. */
  public Weights block(int i) {
    return new Weights(source, placement, store, nLayer, "blk." + i + ".", i, state);
  }

  /** One record of weights for each block. */
  public <B> List<B> blocks(int n, Function<Weights, B> block) {
    List<B> blocks = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      blocks.add(block.apply(block(i)));
    }
    return List.copyOf(blocks);
  }

  /**
   * The same with a longer prefix, such as {@code enc.} for {@code enc.blk.3.attn_q}.
   *
   * @param part what comes before the names of blocks
   */
  public <B> List<B> blocks(String part, int n, Function<Weights, B> block) {
    List<B> blocks = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      String name = prefix + part + "blk." + i + ".";
      blocks.add(block.apply(new Weights(source, placement, store, nLayer, name, i, state)));
    }
    return List.copyOf(blocks);
  }

  /** Index of the block, -1 outside of blocks. */
  public int il() {
    return il;
  }

  /** Whether there is such a tensor. */
  public boolean has(String name) {
    return source.names().contains(prefix + name);
  }

  /**
   * {@code name.weight} [in, out], and {@code name.scale} [1] and {@code name.bias} [out] if there
   * are.
   */
  public Linear linear(String name, long in, long out) {
    Found found = matrixFound(name + ".weight", in, out);
    BufferType memory = placement.bufferType(il, Operation.MUL_MAT, found.type, found.ne());
    return linear(apart(name + ".weight", memory, found), name, out);
  }

  private Linear linear(Matrix matrix, String name, long out) {
    ignore(name + ".input_scale");
    return new Linear(matrix, optional(name + ".scale", 1), optional(name + ".bias", out), false);
  }

  /** Like {@link #output}, if there is such a tensor. */
  public Optional<Linear> optionalLinear(String name, long in, long out) {
    return has(name + ".weight") ? Optional.of(output(name, in, out)) : Optional.empty();
  }

  /** Whether there is a tensor of exactly this shape. */
  public boolean isOfShape(String name, long... ne) {
    return has(name)
        && source.find(prefix + name, ne).filter(f -> Arrays.equals(f.ne(), sizes(ne))).isPresent();
  }

  /**
   * A scale of activations, stored for hardware that computes in 4 bits; GGML's products don't need
   * it.
   */
  private void ignore(String name) {
    state.asked.add(prefix + name);
  }

  /**
   * Like {@link #linear}, for a layer behind the last block; without such a tensor, the embedding
   * serves.
   */
  public Linear outputOrTied(String name, Embedding embedding) {
    Weight e = embedding.weight();
    return has(name + ".weight") ? output(name, e.ne(0), e.ne(1)) : tied(embedding);
  }

  /** Like {@link #linear}, for a layer behind the last block. */
  public Linear output(String name, long in, long out) {
    Weights end = new Weights(source, placement, store, nLayer, prefix, nLayer, state);
    Found found = end.matrixFound(name + ".weight", in, out);
    OutputPlace place = end.outputPlace(found);
    if (place.rows > out) {
      Found padded = Found.of(found.type, in, place.rows);
      Weight weight = end.place(name + ".weight", place.memory, padded);
      return end.linear(new Matrix(weight, out, Optional.empty()), name, out);
    }
    return end.linear(end.apart(name + ".weight", place.memory, found), name, out);
  }

  /** The embedding as the matrix of a product behind the last block. */
  public Linear tied(Embedding embedding) {
    Weight e = embedding.weight();
    Weights end = new Weights(source, placement, store, nLayer, "", nLayer, state);
    OutputPlace place = end.outputPlace(Found.of(e.type(), e.ne(0), e.ne(1)));
    Matrix matrix = Matrix.of(e);
    if (!place.memory.equals(store.bufferType(e))) {
      // A second declaration of the same tensor, as the matrix of a product.
      Weight copy = end.place(e.name(), place.memory, Found.of(e.type(), e.ne(0), place.rows));
      matrix = new Matrix(copy, e.ne(1), Optional.empty());
    }
    return new Linear(matrix, Optional.empty(), Optional.empty(), false);
  }

  /** Where an output layer goes, and how many rows it has there. */
  private record OutputPlace(BufferType memory, long rows) {}

  /** Memory of fast kernels also for a number of rows that they do not take, if more are added. */
  private OutputPlace outputPlace(Found found) {
    BufferType memory = placement.bufferType(il, Operation.MUL_MAT, found.type, found.ne());
    long rows = Matrix.padded(found.ne1);
    if (rows != found.ne1 && memory.equals(plain(found))) {
      long[] ne = sizes(found.ne0, rows);
      BufferType padded = placement.bufferType(il, Operation.MUL_MAT, found.type, ne);
      if (!padded.equals(memory)) {
        return new OutputPlace(padded, rows);
      }
    }
    return new OutputPlace(memory, found.ne1);
  }

  private BufferType plain(Found found) {
    return placement.bufferType(il, Operation.OTHER, found.type, found.ne());
  }

  /** {@code name.weight} [nEmbd, nVocab], read by rows. */
  public Embedding embedding(String name, long nEmbd, long nVocab) {
    return new Embedding(declare(name + ".weight", Operation.OTHER, nEmbd, nVocab));
  }

  /** {@code name.weight} F32 [n]. */
  public RmsNorm rmsNorm(String name, long n, float eps) {
    Weight weight = vector(name + ".weight", n);
    return new RmsNorm(weight, eps, il < 0 ? name : name + "-" + il);
  }

  /** {@code name.weight} F32 [n], if there is one. */
  public Optional<RmsNorm> optionalRmsNorm(String name, long n, float eps) {
    return has(name + ".weight") ? Optional.of(rmsNorm(name, n, eps)) : Optional.empty();
  }

  /** {@code name.weight} F32 [n], and {@code name.bias} [n] if there is one. */
  public LayerNorm layerNorm(String name, long n, float eps) {
    return new LayerNorm(
        Optional.of(vector(name + ".weight", n)),
        optional(name + ".bias", n),
        eps,
        il < 0 ? name : name + "-" + il);
  }

  /**
   * {@code name.weight} F32 [ne…] and a bias of the same shape, each if there is one: for heads
   * with norms of their own, [headDim, nHead].
   */
  public Optional<LayerNorm> optionalLayerNorm(String name, float eps, long... ne) {
    return has(name + ".weight")
        ? Optional.of(
            new LayerNorm(
                Optional.of(table(name + ".weight", ne)),
                optionalTable(name + ".bias", ne),
                eps,
                il < 0 ? name : name + "-" + il))
        : Optional.empty();
  }

  /**
   * {@code attn_qkv}, or {@code attn_q}, {@code attn_k} and {@code attn_v}; biases if there are.
   *
   * @param headDim size of a head of queries, keys and values
   */
  public Qkv qkv(long nEmbd, int headDim, int headDimV, int nHead, int nHeadKv) {
    long nQ = (long) headDim * nHead;
    long nK = (long) headDim * nHeadKv;
    long nV = (long) headDimV * nHeadKv;
    List<Linear> products =
        has("attn_qkv.weight")
            ? List.of(linear("attn_qkv", nEmbd, nQ + nK + nV))
            : List.of(
                linear("attn_q", nEmbd, nQ),
                linear("attn_k", nEmbd, nK),
                linear("attn_v", nEmbd, nV));
    return new Qkv(products, headDim, headDimV, nHead, nHeadKv, 0);
  }

  /** A feed-forward network without a gate: {@code ffn_up} and {@code ffn_down}. */
  public FeedForward feedForward(Activation f, long nEmbd, long nFf) {
    return feedForward("", f, nEmbd, nFf);
  }

  /**
   * A feed-forward network without a gate.
   *
   * @param suffix of the tensors' names, such as {@code _shexp} for {@code ffn_up_shexp}
   */
  public FeedForward feedForward(String suffix, Activation f, long nEmbd, long nFf) {
    Linear up = linear("ffn_up" + suffix, nEmbd, nFf).scalingBias();
    Linear down = linear("ffn_down" + suffix, nFf, nEmbd).scalingBias();
    return new FeedForward(Optional.empty(), up, down, false, f, il);
  }

  /** A feed-forward network with a gate: {@code ffn_gate}, {@code ffn_up} and {@code ffn_down}. */
  public FeedForward gatedFeedForward(Activation f, long nEmbd, long nFf) {
    return gatedFeedForward("", f, nEmbd, nFf);
  }

  /**
   * A feed-forward network with a gate.
   *
   * @param suffix of the tensors' names, such as {@code _shexp} for {@code ffn_gate_shexp}
   */
  public FeedForward gatedFeedForward(String suffix, Activation f, long nEmbd, long nFf) {
    Linear gate = linear("ffn_gate" + suffix, nEmbd, nFf).scalingBias();
    Linear up = linear("ffn_up" + suffix, nEmbd, nFf).scalingBias();
    Linear down = linear("ffn_down" + suffix, nFf, nEmbd).scalingBias();
    return new FeedForward(Optional.of(gate), up, down, false, f, il);
  }

  /** A feed-forward network whose {@code ffn_up} [nEmbd, 2 nFf] begins with the gate. */
  public FeedForward fusedFeedForward(Activation f, long nEmbd, long nFf) {
    Linear up = linear("ffn_up", nEmbd, 2 * nFf).scalingBias();
    Linear down = linear("ffn_down", nFf, nEmbd).scalingBias();
    return new FeedForward(Optional.empty(), up, down, true, f, il);
  }

  /** {@code name.weight} F32 [nConv, n], and {@code name.bias} [n] if there is one. */
  public ShortConv shortConv(String name, long nConv, long n) {
    return new ShortConv(table(name + ".weight", nConv, n), optional(name + ".bias", n));
  }

  /**
   * A mixture of experts: {@code ffn_gate_inp}, {@code ffn_up_exps}, {@code ffn_down_exps}, {@code
   * ffn_gate_exps} or {@code ffn_gate_up_exps}, and {@code exp_probs_b} if there is one.
   *
   * @param nFf width of one expert
   * @param gated whether the experts have a gate
   */
  public Moe moe(
      Activation f, Moe.Routing routing, boolean gated, long nEmbd, long nFf, long nExpert) {
    Linear router = linear("ffn_gate_inp", nEmbd, nExpert);
    return moe(router, f, routing, gated, nEmbd, nFf, nExpert);
  }

  /** As {@link #moe(Activation, Moe.Routing, boolean, long, long, long)}, with another router. */
  public Moe moe(
      Linear router,
      Activation f,
      Moe.Routing routing,
      boolean gated,
      long nEmbd,
      long nFf,
      long nExpert) {
    Optional<Weight> bias = optional("exp_probs_b.bias", nExpert);
    boolean fused = gated && has("ffn_gate_up_exps.weight");
    Optional<Experts> gate =
        gated && !fused
            ? Optional.of(experts("ffn_gate_exps", nEmbd, nFf, nExpert))
            : Optional.empty();
    Experts up =
        fused
            ? experts("ffn_gate_up_exps", nEmbd, 2 * nFf, nExpert)
            : experts("ffn_up_exps", nEmbd, nFf, nExpert);
    Experts down = experts("ffn_down_exps", nFf, nEmbd, nExpert);
    return new Moe(router, bias, gate, up, down, fused, f, routing, il);
  }

  /**
   * A stack of expert matrices, {@code name.weight} [in, out, nExpert], and {@code name.scale}
   * [nExpert] and {@code name.bias} [out, nExpert] if there are.
   */
  public Experts experts(String name, long in, long out, long nExpert) {
    ignore(name + ".input_scale");
    return new Experts(
        declare(name + ".weight", Operation.MUL_MAT_ID, in, out, nExpert),
        optional(name + ".scale", nExpert),
        has(name + ".bias") ? Optional.of(table(name + ".bias", out, nExpert)) : Optional.empty());
  }

  /** An F32 table under its full name. */
  public Weight table(String name, long... ne) {
    find(name, ne)
        .filter(f -> f.type() != GgmlType.F32)
        .ifPresent(f -> problem(name, "expected F32, found " + f.type()));
    return place(name, Operation.OTHER, Found.of(GgmlType.F32, ne));
  }

  /** An F32 table under its full name, if there is one. */
  public Optional<Weight> optionalTable(String name, long... ne) {
    return has(name) ? Optional.of(table(name, ne)) : Optional.empty();
  }

  /**
   * A matrix under its full name, or one for each head, to be used with operations of one's own.
   *
   * @param ne [in, out] or [in, out, n]
   */
  public Weight matrix(String name, long... ne) {
    return declare(name, Operation.MUL_MAT, ne);
  }

  /**
   * States that tensors of the file are not needed, such as those of blocks that predict further
   * tokens.
   *
   * @param start what their names begin with, after the prefix
   */
  public void ignoreAll(String start) {
    for (String name : source.names()) {
      if (name.startsWith(prefix + start)) {
        state.asked.add(name);
      }
    }
  }

  /**
   * States that blocks are not needed: those from {@code from} on, which predict further tokens.
   */
  public void ignoreBlocks(int from, int to) {
    for (int i = from; i < to; i++) {
      block(i).ignoreAll("");
    }
  }

  /** An F32 vector under its full name; what element-wise operations can read. */
  public Weight vector(String name, long n) {
    return table(name, n);
  }

  /** An F32 vector under its full name, if there is one. */
  public Optional<Weight> optional(String name, long n) {
    return has(name) ? Optional.of(vector(name, n)) : Optional.empty();
  }

  /**
   * A vector outside of blocks that every block may use, declared once, such as {@code
   * rope_freqs.weight}.
   */
  public Optional<Weight> shared(String name, long n) {
    return new Weights(source, placement, store, nLayer, "", 0, state).optional(name, n);
  }

  private Weight declare(String name, Operation operation, long... ne) {
    return place(name, operation, matrixFound(name, ne));
  }

  /** Type and sizes that a matrix is declared with; problems are noted. */
  private Found matrixFound(String name, long... ne) {
    Optional<Found> found = find(name, ne);
    found
        .filter(f -> !isMatrixType(f.type()))
        .ifPresent(f -> problem(name, "no kernel reads " + f.type()));
    GgmlType type =
        found.map(Found::type).filter(t -> ne[0] % t.blockSize() == 0).orElse(GgmlType.F32);
    return Found.of(type, ne);
  }

  private static boolean isMatrixType(GgmlType type) {
    return switch (type) {
      case F32, F16, BF16 -> true;
      default -> type.isQuantized() && !NOT_FOR_WEIGHTS.contains(type);
    };
  }

  private Optional<Found> find(String name, long... ne) {
    String full = prefix + name;
    state.asked.add(full);
    Optional<Found> found = source.find(full, ne);
    if (found.isEmpty()) {
      problem(name, "missing, expected " + Arrays.toString(ne));
    }
    found
        .filter(f -> !Arrays.equals(f.ne(), sizes(ne)))
        .ifPresent(
            f ->
                problem(name, "declared " + Arrays.toString(ne) + ", file has " + trimmed(f.ne())));
    return found;
  }

  private void problem(String name, String text) {
    state.problems.add(prefix + name + ": " + text);
  }

  /**
   * Without problems the tensor is declared in the store; with them nothing will be loaded anyway.
   */
  private Weight place(String name, Operation operation, Found found) {
    return place(name, placement.bufferType(il, operation, found.type(), found.ne()), found);
  }

  private Weight place(String name, BufferType memory, Found found) {
    Weight weight = store.declare(memory, prefix + name, found.type(), found.ne());
    state.declared.add(weight);
    return weight;
  }

  /** A matrix, with rows added if that makes products with many vectors faster. */
  private Matrix apart(String name, BufferType memory, Found found) {
    long rows = Matrix.apart(found.type, memory, found.ne1);
    Weight weight = place(name, memory, Found.of(found.type, found.ne0, rows));
    return new Matrix(
        weight,
        found.ne1,
        rows > found.ne1 ? Optional.of(store.firstRows(weight, found.ne1)) : Optional.empty());
  }

  private static long[] sizes(long... ne) {
    long[] sizes = {1, 1, 1, 1};
    System.arraycopy(ne, 0, sizes, 0, ne.length);
    return sizes;
  }

  private static String trimmed(long[] ne) {
    int n = 4;
    while (n > 1 && ne[n - 1] == 1) {
      n--;
    }
    return Arrays.toString(Arrays.copyOf(ne, n));
  }

  /** Everything that was declared, in order; a tied output may be here a second time. */
  public List<Weight> declared() {
    return List.copyOf(state.declared);
  }

  /**
   * @throws WeightException if a tensor was missing or misshapen, or one was not asked for
   */
  public void check() {
    List<String> problems = new ArrayList<>(state.problems);
    for (String name : source.names()) {
      if (!state.asked.contains(name)) {
        problems.add(name + ": the file has this tensor, the architecture does not read it");
      }
    }
    if (!problems.isEmpty()) {
      throw new WeightException(problems);
    }
  }
}
