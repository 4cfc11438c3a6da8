package org.ggml4j.nn;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * Multi-head latent attention, arXiv 2405.04434 (DeepSeek-V2): keys and values of all heads are
 * unfolded from a few numbers of each token, beside which a part of the key that all heads have in
 * common is turned by its position.
 *
 * <p>Folded, the cache keeps these numbers, and the queries and the results are unfolded instead,
 * which gives the same products; otherwise it keeps what was unfolded.
 *
 * @param sizes of its parts
 * @param qA [nEmbd, rankQ], if queries are unfolded from a few numbers too
 * @param qANorm of these
 * @param q [rankQ or nEmbd, headDim * nHead]
 * @param kvA [nEmbd, rank + nRot]
 * @param kvANorm of the first {@code rank} numbers
 * @param kB [headDim - nRot, rank, nHead], if folded
 * @param vB [rank, headDimV, nHead], if folded
 * @param kvB [rank, (headDim - nRot + headDimV) * nHead], if not folded
 * @param il index of the layer, for the nodes' names
 */
public record LatentAttention(
    Sizes sizes,
    Optional<Linear> qA,
    Optional<RmsNorm> qANorm,
    Linear q,
    Linear kvA,
    RmsNorm kvANorm,
    Optional<Weight> kB,
    Optional<Weight> vB,
    Optional<Linear> kvB,
    int il) {
  /**
   * @param nEmbd width of the model
   * @param nHead number of heads
   * @param headDim size of an unfolded query or key head
   * @param headDimV size of an unfolded value head
   * @param nRot how many of a head's last elements are turned by the position
   * @param rankQ numbers that queries are unfolded from, 0 if they are not
   * @param rank numbers that keys and values are unfolded from
   */
  public record Sizes(
      long nEmbd, int nHead, int headDim, int headDimV, int nRot, int rankQ, int rank) {
    /** Of queries that are not unfolded. */
    public Sizes withDirectQueries() {
      return new Sizes(nEmbd, nHead, headDim, headDimV, nRot, 0, rank);
    }

    /** Elements of a head that are not turned. */
    int nPlain() {
      return headDim - nRot;
    }
  }

  /**
   * {@code attn_q}, or {@code attn_q_a} and {@code attn_q_b}; {@code attn_kv_a_mqa}, and {@code
   * attn_k_b} with {@code attn_v_b} or {@code attn_kv_b}. Scales are not applied, as in llama.cpp.
   *
   * @param folded whether the cache keeps what keys and values are unfolded from
   */
  public static LatentAttention of(Weights w, Sizes s, float eps, boolean folded) {
    long nQ = (long) s.headDim * s.nHead;
    long nKvB = (long) (s.nPlain() + s.headDimV) * s.nHead;
    boolean direct = s.rankQ == 0;
    return new LatentAttention(
        s,
        direct
            ? Optional.empty()
            : Optional.of(w.linear("attn_q_a", s.nEmbd, s.rankQ).withoutScale()),
        direct ? Optional.empty() : Optional.of(w.rmsNorm("attn_q_a_norm", s.rankQ, eps)),
        direct
            ? w.linear("attn_q", s.nEmbd, nQ).withoutScale()
            : w.linear("attn_q_b", s.rankQ, nQ).withoutScale(),
        w.linear("attn_kv_a_mqa", s.nEmbd, (long) s.rank + s.nRot).withoutScale(),
        w.rmsNorm("attn_kv_a_norm", s.rank, eps),
        folded
            ? Optional.of(w.matrix("attn_k_b.weight", s.nPlain(), s.rank, s.nHead))
            : Optional.empty(),
        folded
            ? Optional.of(w.matrix("attn_v_b.weight", s.rank, s.headDimV, s.nHead))
            : Optional.empty(),
        folded ? Optional.empty() : Optional.of(w.linear("attn_kv_b", s.rank, nKvB).withoutScale()),
        w.il());
  }

  /** The same without biases, for files with some that llama.cpp does not add. */
  public LatentAttention withoutBiases() {
    return new LatentAttention(
        sizes,
        qA.map(Linear::withoutBias),
        qANorm,
        q.withoutBias(),
        kvA.withoutBias(),
        kvANorm,
        kB,
        vB,
        kvB.map(Linear::withoutBias),
        il);
  }

  /** What the layer keeps. */
  public LayerMemory.Attention memory() {
    return kvB.isEmpty()
        ? LayerMemory.Attention.latent(sizes.rank + sizes.nRot, sizes.rank)
        : LayerMemory.Attention.of(sizes.nHead, sizes.headDim, sizes.headDimV);
  }

  /**
   * What queries are unfolded from.
   *
   * @param x F32 [nEmbd, nTokens]
   * @return F32 [rankQ or nEmbd, nTokens]
   */
  public Tensor foldedQueries(Tensor x) {
    return qA.isPresent() ? qANorm.orElseThrow().apply(qA.get().apply(x)) : x;
  }

  /**
   * Attends with the usual queries.
   *
   * @param x F32 [nEmbd, nTokens]
   * @param turn turns [nRot, nHead or 1, nTokens] by the positions
   * @param scale factor of the products
   * @return F32 [headDimV * nHead, nTokens]
   */
  public Tensor apply(Tensor x, UnaryOperator<Tensor> turn, KvCache.Layer kv, float scale) {
    return apply(x, foldedQueries(x), turn, UnaryOperator.identity(), kv, scale);
  }

  /**
   * @param x F32 [nEmbd, nTokens]
   * @param folded what {@link #foldedQueries} gave
   * @param turn turns [nRot, nHead or 1, nTokens] by the positions
   * @param scaled is done to the queries last, F32 [.., nHead, nTokens]
   * @param scale factor of the products
   * @return F32 [headDimV * nHead, nTokens]
   */
  public Tensor apply(
      Tensor x,
      Tensor folded,
      UnaryOperator<Tensor> turn,
      UnaryOperator<Tensor> scaled,
      KvCache.Layer kv,
      float scale) {
    Tensor all = q.apply(folded).splitHeads(sizes.headDim); // [headDim, nHead, nTokens]
    Tensor kvAll = kvA.apply(x); // [rank + nRot, nTokens]
    Tensor kTurned = turn.apply(kvAll.heads(sizes.rank, sizes.nRot, 1)); // [nRot, 1, nTokens]
    Tensor latent = kvANorm.apply(kvAll.columns(0, sizes.rank)); // [rank, nTokens]
    if (kvB.isPresent()) {
      return unfolded(all, turn, latent, kTurned, kvB.get(), scaled, kv, scale);
    }
    Tensor kk = x.graph().use(kB.orElseThrow()); // [nPlain, rank, nHead]
    Tensor absorbed = kk.mulMat(all.columns(0, sizes.nPlain()).permute(0, 2, 1, 3));
    Tensor qTurned = turn.apply(all.columns(sizes.nPlain(), sizes.nRot));
    Tensor qq = absorbed.permute(0, 2, 1, 3).concat(qTurned, 0); // [rank + nRot, nHead, nTokens]
    Tensor v = latent.reshape(sizes.rank, 1, x.ne(1));
    Tensor k = v.concat(kTurned, 0); // [rank + nRot, 1, nTokens]
    Tensor y = kv.append(k, v).attend(scaled.apply(qq), scale); // [rank * nHead, nTokens]
    Tensor vv = x.graph().use(vB.orElseThrow()); // [rank, headDimV, nHead]
    Tensor heads = y.splitHeads(sizes.rank).permute(0, 2, 1, 3); // [rank, nTokens, nHead]
    return vv.mulMat(heads)
        .permute(0, 2, 1, 3) // [headDimV, nHead, nTokens]
        .cont2d((long) sizes.headDimV * sizes.nHead, y.ne(1))
        .named("kqv_mla", il);
  }

  private Tensor unfolded(
      Tensor all,
      UnaryOperator<Tensor> turn,
      Tensor latent,
      Tensor kTurned,
      Linear product,
      UnaryOperator<Tensor> scaled,
      KvCache.Layer kv,
      float scale) {
    int nPlain = sizes.nPlain();
    Tensor heads = product.apply(latent).splitHeads(nPlain + sizes.headDimV); // [.., nHead, …]
    Tensor v = heads.columns(nPlain, sizes.headDimV).cont(); // [headDimV, nHead, nTokens]
    Tensor k = kTurned.repeat(sizes.nRot, sizes.nHead, latent.ne(1));
    if (nPlain == 0) {
      return kv.append(k, v).attend(scaled.apply(turn.apply(all)), scale);
    }
    k = heads.columns(0, nPlain).concat(k, 0); // [headDim, nHead, nTokens]
    Tensor qTurned = turn.apply(all.columns(nPlain, sizes.nRot));
    Tensor qq = all.columns(0, nPlain).concat(qTurned, 0);
    return kv.append(k, v).attend(scaled.apply(qq), scale); // [headDimV * nHead, nTokens]
  }
}
