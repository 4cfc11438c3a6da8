package org.ggml4j.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;

/**
 * Attention among the tokens of one batch, with nothing kept: for encoders, whose tokens look at
 * those behind them too. Tokens of different sequences do not see each other; llama.cpp's {@code
 * build_attn_inp_no_cache}.
 */
public final class BatchAttention implements KvCache {
  private static final short F16_MINUS_INFINITY = (short) 0xFC00;

  /**
   * Who sees whom.
   *
   * @param causal whether only tokens before are seen
   * @param flashAttn whether attention is computed as one operation
   */
  public record Options(boolean causal, boolean flashAttn) {}

  /** One token that looks at another. */
  private interface Distance {
    float of(int key, int query);
  }

  /** Which mask: that of a window, and what it holds where a token looks. */
  private record MaskKey(Optional<Window> window, boolean distances) {}

  private record KeysAndValues(Tensor k, Tensor v) {}

  private final Inputs in;
  private final IntFunction<LayerMemory> layers;
  private final Options options;
  private final Map<MaskKey, Tensor> masks = new HashMap<>();
  private final Map<RelativeBias, Tensor> biases = new HashMap<>();
  private final Map<Integer, KeysAndValues> appended = new HashMap<>();

  /**
   * @param in inputs of a graph of a batch
   * @param layers the window of each layer, or the layer whose keys and values it uses
   */
  public BatchAttention(Inputs in, IntFunction<LayerMemory> layers, Options options) {
    this.in = in;
    this.layers = layers;
    this.options = options;
  }

  @Override
  public Layer layer(int il) {
    int source = layers.apply(il) instanceof LayerMemory.Shared shared ? shared.il() : il;
    return new Layer() {
      @Override
      public Stored append(Tensor k, Tensor v) {
        appended.put(source, new KeysAndValues(k, v));
        return stored();
      }

      @Override
      public Stored stored() {
        KeysAndValues of = appended.get(source);
        if (of == null) {
          throw new IllegalStateException(
              "layer " + il + " looks at layer " + source + " too early");
        }
        return (q, scores) -> attend(il, q, of, scores);
      }
    };
  }

  private Tensor attend(int il, Tensor q, KeysAndValues kv, Scores scores) {
    Optional<Window> window =
        layers.apply(il) instanceof LayerMemory.Attention a ? a.window() : Optional.empty();
    Tensor mask = masks.computeIfAbsent(new MaskKey(window, scores.maxBias() > 0), this::newMask);
    Tensor k = kv.k.permute(0, 2, 1, 3); // [headDim, nTokens, nHeadKv]
    if (options.flashAttn && scores.relative().isEmpty()) {
      Tensor v = kv.v.permute(0, 2, 1, 3); // [headDimV, nTokens, nHeadKv]
      return Attention.flash(q, k, v, mask, scores, il);
    }
    Tensor v = kv.v.permute(1, 2, 0, 3).cont(); // [nTokens, headDimV, nHeadKv]
    return Attention.explicit(q, k, v, mask, scores, scores.relative().map(this::bias), il);
  }

  private Tensor bias(RelativeBias relative) {
    return biases.computeIfAbsent(relative, this::newBias);
  }

  private Tensor newBias(RelativeBias relative) {
    int n = in.nTokens();
    Tensor buckets =
        in.add(
            "pos_bucket",
            GgmlType.I32,
            (to, batch, scratch) -> relative.fill(to, batch, scratch, n, batch::position),
            (long) n * n);
    return relative.apply(buckets, n);
  }

  private Tensor newMask(MaskKey key) {
    Distance value = key.distances ? (k, q) -> -Math.abs(k - q) : (k, q) -> 0;
    GgmlType type = options.flashAttn ? GgmlType.F16 : GgmlType.F32;
    return in.add(
        "attn_inp_kq_mask",
        type,
        (to, batch, scratch) -> fill(to, batch, scratch, key.window, value),
        in.nTokens(),
        in.nTokens());
  }

  private void fill(
      Tensor to, Batch batch, Inputs.Scratch scratch, Optional<Window> window, Distance value) {
    boolean half = options.flashAttn;
    int n = batch.size();
    long rowBytes = (half ? 2L : 4L) * n;
    MemorySegment row = scratch.atLeast(rowBytes);
    for (int i = 0; i < n; i++) {
      int query = batch.position(i);
      for (int j = 0; j < n; j++) {
        int key = batch.position(j);
        boolean seen =
            batch.sequence(i) == batch.sequence(j)
                && !(options.causal && key > query)
                && (window.isEmpty() || !window.get().hides(key, query));
        if (half) {
          short bits = seen ? Float.floatToFloat16(value.of(key, query)) : F16_MINUS_INFINITY;
          row.setAtIndex(ValueLayout.JAVA_SHORT, j, bits);
        } else {
          float x = seen ? value.of(key, query) : Float.NEGATIVE_INFINITY;
          row.setAtIndex(ValueLayout.JAVA_FLOAT, j, x);
        }
      }
      to.set(row, i * rowBytes, rowBytes);
    }
  }
}
