package org.ggml4j.nn;

import java.util.Optional;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.ggml.Weight;

/**
 * A convolution of each channel along the text, over a token and the few before it, each channel
 * with a filter of its own. The last inputs are kept as the state.
 *
 * @param filters F32 [nConv, n], or [nConv, 1, n]
 * @param bias F32 [n], if there is one
 */
public record ShortConv(Weight filters, Optional<Weight> bias) {
  /** Numbers that are kept of a sequence. */
  public int stateSize() {
    return Math.toIntExact((filters.ne(0) - 1) * n());
  }

  private long n() {
    return filters.ne(1) * filters.ne(2);
  }

  /**
   * @param x F32 [n, nTokens]
   * @return F32 [n, nTokens]
   */
  public Tensor apply(Tensor x, SequenceState state) {
    long nConv = filters.ne(0);
    long n = n();
    Tensor y =
        state.step(
            (run, in) -> {
              Tensor before = run.previous().reshape(nConv - 1, n, run.nSeq());
              Tensor all =
                  before.concat(in.get(0).transpose(), 0); // [nConv - 1 + nTokens, n, nSeq]
              long past = run.nTokens() * all.nb(0);
              run.keep(all.view3d(nConv - 1, n, run.nSeq(), all.nb(1), all.nb(2), past));
              return all.ssmConv(x.graph().use(filters).reshape(nConv, n)); // [n, nTokens, nSeq]
            },
            x);
    return bias.isPresent() ? y.add(y.graph().use(bias.get())) : y;
  }
}
