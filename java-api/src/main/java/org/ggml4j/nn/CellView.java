package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.CellCache.LayerShape;

/**
 * A {@link CellCache} as the layers of one graph see it: they write the batch's keys and values
 * into its cells, and attend to what the cells hold.
 */
final class CellView implements KvCache {
  /** From so many cells on GGML may divide them among threads, in flash attention of one token. */
  private static final int N_KV_SPLIT = 512;

  private final Inputs in;
  private final CellTensors tensors;
  private final CellCache.Options options;
  private final CellInputs cells;
  private final int nKv;
  private final int threads;
  private final boolean writes;

  /**
   * @param cells the inputs of that graph which say where things are
   * @param nKv cells that are looked at
   * @param threads CPU threads that will compute the graph
   * @param writes whether keys and values are stored; if not, they are there already
   */
  CellView(Inputs in, CellTensors tensors, CellInputs cells, int nKv, int threads, boolean writes) {
    this.in = in;
    this.tensors = tensors;
    options = tensors.options();
    this.cells = cells;
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
    LayerShape s = tensors.shape(i);
    long n = k.ne(2);
    k.shaped(s.headDimK(), s.nHeadKv(), in.nTokens());
    v.shaped(s.headDimV(), s.nHeadKv(), in.nTokens());
    // Expanded at once: nothing in the graph says that attention must come after the writes.
    g.expand(k);
    g.expand(v);
    Tensor kAll = g.use(tensors.keys(i)); // [nEmbdK, nCells]
    g.expand(kAll.setRows(flat(k, s.nEmbdK(), n), cells.cellIds()));
    if (s.latent()) {
      return;
    }
    Tensor vAll = g.use(tensors.values(i).orElseThrow()); // [nEmbdV, nCells]
    if (options.flashAttn()) {
      g.expand(vAll.setRows(flat(v, s.nEmbdV(), n), cells.cellIds()));
    } else {
      Tensor elements = v.contiguous().reshape(1, s.nEmbdV() * n);
      g.expand(vAll.reshape(1, vAll.nElements()).setRows(elements, cells.valueIds(s.nEmbdV())));
    }
  }

  /** Heads of tokens as rows of tokens, which may be parts of a product of more. */
  private Tensor flat(Tensor x, long nEmbd, long n) {
    boolean together = x.nb(1) == x.nb(0) * x.ne(0);
    return together ? x.view2d(nEmbd, n, x.nb(2), 0) : x.contiguous().reshape(nEmbd, n);
  }

  /** The begin of each key, as values are stored. */
  private Tensor transposed(Tensor k, int headDimV) {
    Tensor all = k.type().isQuantized() ? k.cast(GgmlType.F32) : k;
    return all.columns(0, headDimV).transpose().cont();
  }

  private Tensor values(int i) {
    return in.graph().use(tensors.values(i).orElseThrow());
  }

  private Tensor attend(int i, Tensor q, Scores scores) {
    LayerShape s = tensors.shape(i);
    Tensor kAll = in.graph().use(tensors.keys(i));
    boolean byGroups = isSplit(s, q, scores);
    int maskRows = byGroups ? (int) (q.ne(1) / s.nHeadKv()) : in.nTokens();
    Tensor mask = scores.maxBias() > 0 ? cells.distances() : cells.mask(maskRows);
    GgmlType tk = options.typeK();
    GgmlType tv = options.typeV();
    Tensor k =
        kAll.view3d(
            s.headDimK(), nKv, s.nHeadKv(), tk.rowSize(s.nEmbdK()), tk.rowSize(s.headDimK()), 0);
    if (options.flashAttn()) {
      Tensor v =
          s.latent()
              ? kAll.view3d(s.headDimV(), nKv, 1, k.nb(1), k.nb(2), 0)
              : values(i)
                  .view3d(
                      s.headDimV(),
                      nKv,
                      s.nHeadKv(),
                      tv.rowSize(s.nEmbdV()),
                      tv.rowSize(s.headDimV()),
                      0);
      return in.graph()
          .expand(
              byGroups
                  ? Attention.flashByGroups(q, k, v, mask, scores, s.il())
                  : Attention.flash(q, k, v, mask, scores, s.il()));
    }
    long row = tv.rowSize(tensors.nStored());
    Tensor v =
        s.latent()
            ? transposed(k, s.headDimV())
            : values(i).view3d(nKv, s.headDimV(), s.nHeadKv(), row, row * s.headDimV(), 0);
    Optional<Tensor> bias = scores.relative().map(cells::bias);
    return in.graph().expand(Attention.explicit(q, k, v, mask, scores, bias, s.il()));
  }

  /**
   * Whether GGML would divide the cells among threads, though the heads can be divided evenly. It
   * would make a result depend on the number of threads, and on cells that are not looked at.
   */
  private boolean isSplit(LayerShape s, Tensor q, Scores scores) {
    return options.flashAttn()
        && in.nTokens() == 1
        && nKv >= N_KV_SPLIT
        && threads > 1
        && q.ne(1) % threads == 0
        && q.ne(1) > s.nHeadKv()
        && scores.maxBias() == 0
        && scores.sinks().isEmpty()
        && s.memory().isHost()
        && options.typeK() == options.typeV()
        && (options.typeK() == GgmlType.F16 || options.typeK() == GgmlType.F32);
  }
}
