package org.ggml4j.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.CellCache.LayerShape;
import org.ggml4j.nn.CellCache.Options;

/**
 * The stored keys and values of a {@link CellCache}: for each layer a tensor with the keys of all
 * cells, and one with their values.
 *
 * <p>As in llama.cpp's llama-kv-cache.cpp, values are stored transposed when flash attention is
 * off, because the product with the probabilities then reads them row by row.
 */
final class CellTensors implements CloseStack.Closing {
  private final List<LayerShape> shapes;
  private final Options options;
  private final int nStored;
  private final WeightStore store;
  private final CellRows rows;
  private final List<Weight> keys = new ArrayList<>();
  private final List<Optional<Weight>> values = new ArrayList<>();
  private final long bytes;

  /** See {@link CellCache#CellCache}. */
  CellTensors(List<LayerShape> shapes, Options options) {
    this.shapes = List.copyOf(shapes);
    this.options = options;
    if (options.typeV().isQuantized() && !options.flashAttn()) {
      throw new IllegalArgumentException(
          "values of type " + options.typeV() + " need flash attention: turn it on or use F16");
    }
    for (LayerShape s : shapes) {
      checkBlocks("keys", options.typeK(), s.headDimK());
      checkBlocks("values", options.typeV(), s.headDimV());
    }
    nStored = (int) Math.min(Integer.MAX_VALUE, roundUp(options.nCells()));
    store = new WeightStore(2 * shapes.size() + 2);
    rows = new CellRows(store, nStored, CellCache.CELL_STEP);
    try {
      shapes.forEach(this::declare);
      bytes =
          store.allocate(WeightStore.Usage.CACHE).values().stream()
              .mapToLong(Long::longValue)
              .sum();
    } catch (Throwable e) {
      store.close();
      throw e;
    }
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

  private void declare(LayerShape s) {
    Weight k =
        store.declare(s.memory(), "cache_k_l" + s.il(), options.typeK(), s.nEmbdK(), nStored);
    keys.add(k);
    rows.add(k, false);
    if (s.latent()) {
      values.add(Optional.empty());
      return;
    }
    Weight v =
        store.declare(s.memory(), "cache_v_l" + s.il(), options.typeV(), s.nEmbdV(), nStored);
    values.add(Optional.of(v));
    rows.add(v, !options.flashAttn());
  }

  private static long roundUp(int n) {
    return Math.ceilDiv((long) n, CellCache.CELL_STEP) * CellCache.CELL_STEP;
  }

  Options options() {
    return options;
  }

  int nLayer() {
    return shapes.size();
  }

  LayerShape shape(int i) {
    return shapes.get(i);
  }

  /** Keys of a layer: [nEmbdK, nStored]. */
  Weight keys(int i) {
    return keys.get(i);
  }

  /** Values of a layer, [nEmbdV, nStored]; none where they are the begin of the keys. */
  Optional<Weight> values(int i) {
    return values.get(i);
  }

  /** All of them as bytes. */
  CellRows rows() {
    return rows;
  }

  /** Cells that there is memory for: whole steps, so at least those that are used. */
  int nStored() {
    return nStored;
  }

  long bytes() {
    return bytes;
  }

  /** How many cells a graph looks at which needs those before {@code end}; they hold numbers. */
  int lookAt(int end) {
    int nKv = (int) Math.min(nStored, roundUp(end));
    rows.clearUpTo(nKv);
    return nKv;
  }

  @Override
  public void close() {
    store.close();
  }
}
