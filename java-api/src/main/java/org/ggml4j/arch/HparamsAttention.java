package org.ggml4j.arch;

import java.util.Optional;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

/** Sizes of attention, and the parts that follow from them. */
public sealed interface HparamsAttention permits Hparams {
  /** The file's keys. */
  Keys keys();

  /** Width of the model. */
  int nEmbd();

  /** Query heads of a layer. */
  int nHead();

  /** Query heads of layer {@code il}, 0 if it has no attention. */
  int nHead(int il);

  /** Key heads of a layer. */
  int nHeadKv();

  /** Key heads of layer {@code il}, 0 if it has no attention. */
  int nHeadKv(int il);

  /** Size of a query or key head. */
  int headDim();

  /** Size of a value head. */
  int headDimV();

  /** Width of all queries together. */
  default int nEmbdQ() {
    return headDim() * nHead();
  }

  /** Width of all keys together. */
  default int nEmbdKv() {
    return headDim() * nHeadKv();
  }

  /** Factor of the products of queries and keys. */
  default float attnScale() {
    return (float) (1 / Math.sqrt(headDim()));
  }

  /** {@code ARCH.attention.scale}, or {@link #attnScale()} if the file says nothing or 0. */
  default float givenAttnScale() {
    float scale = keys().number("attention.scale", 0);
    return scale == 0 ? attnScale() : scale;
  }

  /** The queries, keys and values of layer {@code w.il()}, from one tensor or from three. */
  default Qkv qkv(Weights w) {
    int n = HparamsReader.some(keys(), "attention.head_count", nHead(w.il()));
    int nKv = HparamsReader.some(keys(), "attention.head_count_kv", nHeadKv(w.il()));
    return w.qkv(nEmbd(), headDim(), headDimV(), n, nKv);
  }

  /** Keys and values of all tokens, which layer {@code il} keeps. */
  default LayerMemory.Attention attention(int il, Rope rope) {
    return LayerMemory.Attention.of(nHeadKv(il), headDim(), headDimV()).turnedBy(rope);
  }

  /** Layer {@code il} of an encoder, which keeps nothing: what it sees. */
  default LayerMemory seen(int il, Optional<Window> window) {
    LayerMemory.Attention all = attention(il);
    return window.isPresent() ? all.within(window.get()) : all;
  }

  /** As {@link #attention(int, Rope)}, for keys that are not turned. */
  default LayerMemory.Attention attention(int il) {
    return LayerMemory.Attention.of(nHeadKv(il), headDim(), headDimV());
  }
}
