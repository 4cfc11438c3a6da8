package org.ggml4j.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.nn.Inputs.Sizes;

/**
 * The tables that a model's layers share, and which layer has its part in which: one of all tokens,
 * one for the layers that look at a window, and one of the states of recurrent layers.
 */
final class LayerTables implements CloseStack.Closing {
  /** So many sequences find room for their windows at once. */
  private static final int WINDOWED_SEQUENCES = 4;

  /** Where a layer's keys and values are: in a table, at a place in its list of layers. */
  private record Place(CellCache cache, int index) {}

  private final List<LayerMemory> layers;
  private final CellCache all;
  private final Optional<CellCache> windowed;
  private final Optional<Window> window;
  private final Optional<StateCache> states;
  private final int[] stateIndex; // of each layer, its place among the recurrent ones
  private final List<Optional<Place>> places = new ArrayList<>();
  private final CloseStack owned = new CloseStack();

  /** See {@link SequenceMemory}. */
  LayerTables(
      List<LayerMemory> layers, List<BufferType> memory, CellCache.Options options, int nBatch) {
    this.layers = List.copyOf(layers);
    window = commonWindow(layers);
    stateIndex = new int[layers.size()];
    List<StateCache.LayerShape> recurrent = new ArrayList<>();
    List<CellCache.LayerShape> full = new ArrayList<>();
    List<CellCache.LayerShape> narrow = new ArrayList<>();
    for (int il = 0; il < layers.size(); il++) {
      Optional<LayerMemory.Recurrent> state = recurrent(layers.get(il));
      stateIndex[il] = state.isPresent() ? recurrent.size() : -1;
      if (state.isPresent()) {
        recurrent.add(new StateCache.LayerShape(il, state.get().sizes(), memory.get(il)));
      }
      Optional<LayerMemory.Attention> attention = attention(layers.get(il));
      if (attention.isPresent()) {
        LayerMemory.Attention a = attention.get();
        (a.window().isPresent() ? narrow : full)
            .add(
                new CellCache.LayerShape(
                    il,
                    a.headDim(),
                    a.headDimV(),
                    a.nHeadKv(),
                    a.latent(),
                    a.rope(),
                    memory.get(il)));
      }
    }
    try {
      all = owned.own(new CellCache(full, options, Optional.empty()));
      windowed =
          window.map(
              w -> owned.own(new CellCache(narrow, windowOptions(options, w, nBatch), window)));
      states =
          recurrent.isEmpty()
              ? Optional.empty()
              : Optional.of(owned.own(new StateCache(recurrent)));
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
    int[] next = {0, 0};
    for (LayerMemory layer : layers) {
      places.add(place(layer, next));
    }
  }

  private static Optional<Window> commonWindow(List<LayerMemory> layers) {
    List<Window> windows =
        layers.stream()
            .flatMap(l -> attention(l).stream())
            .flatMap(a -> a.window().stream())
            .distinct()
            .toList();
    if (windows.size() > 1) {
      throw new IllegalArgumentException("layers with different windows: " + windows);
    }
    return windows.stream().findFirst();
  }

  private static Optional<LayerMemory.Attention> attention(LayerMemory layer) {
    if (layer instanceof LayerMemory.Both both) {
      return Optional.of(both.attention());
    }
    return layer instanceof LayerMemory.Attention a ? Optional.of(a) : Optional.empty();
  }

  private static Optional<LayerMemory.Recurrent> recurrent(LayerMemory layer) {
    if (layer instanceof LayerMemory.Both both) {
      return Optional.of(both.recurrent());
    }
    return layer instanceof LayerMemory.Recurrent state ? Optional.of(state) : Optional.empty();
  }

  private static CellCache.Options windowOptions(CellCache.Options o, Window w, int nBatch) {
    long wanted = (long) WINDOWED_SEQUENCES * w.size() + nBatch;
    long rounded = Math.ceilDiv(wanted, CellCache.CELL_STEP) * CellCache.CELL_STEP;
    int nCells = (int) Math.min(o.nCells(), rounded);
    return new CellCache.Options(nCells, o.typeK(), o.typeV(), o.flashAttn());
  }

  private Optional<Place> place(LayerMemory layer, int[] next) {
    if (layer instanceof LayerMemory.Shared shared) {
      return places.get(shared.il());
    }
    return attention(layer)
        .map(
            a ->
                a.window().isPresent()
                    ? new Place(windowed.orElseThrow(), next[1]++)
                    : new Place(all, next[0]++));
  }

  /** The table of all tokens. */
  CellCache all() {
    return all;
  }

  /** That of the layers with a window, if there are any. */
  Optional<CellCache> windowed() {
    return windowed;
  }

  /** Their window. */
  Optional<Window> window() {
    return window;
  }

  /** The states of recurrent layers, if there are any. */
  Optional<StateCache> states() {
    return states;
  }

  /** Bytes of all of them. */
  long bytes() {
    return all.bytes()
        + windowed.map(CellCache::bytes).orElse(0L)
        + states.map(StateCache::bytes).orElse(0L);
  }

  /**
   * The tables as the layers of one graph see them.
   *
   * @param threads CPU threads that will compute the graph
   * @param missed whether the graph is for tokens whose keys and values are stored
   */
  KvCache in(Inputs inputs, int threads, boolean missed) {
    Sizes sizes = inputs.sizes();
    KvCache wide = all.in(inputs, sizes.nKv(), threads, !missed);
    Optional<KvCache> narrow = windowed.map(c -> c.in(inputs, sizes.nKvWindow(), threads, !missed));
    Optional<StateCache.View> recurrent = states.map(s -> s.in(inputs));
    return new KvCache() {
      @Override
      public Layer layer(int il) {
        Place place = places.get(il).orElseThrow(() -> other(il));
        return (place.cache == all ? wide : narrow.orElseThrow()).layer(place.index);
      }

      @Override
      public SequenceState state(int il, int part) {
        if (stateIndex[il] < 0) {
          throw other(il);
        }
        return recurrent.orElseThrow().state(stateIndex[il], part);
      }
    };
  }

  private IllegalStateException other(int il) {
    return new IllegalStateException("layer " + il + " has " + layers.get(il));
  }

  @Override
  public void close() {
    owned.close();
  }
}
