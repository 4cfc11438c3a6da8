package org.ggml4j.nn;

import org.ggml4j.ggml.Tensor;

/** What the token before each token was: RWKV's token shift, arXiv 2305.13048. */
public final class TokenShift {
  private TokenShift() {}

  /**
   * @param x F32 [n, nTokens]
   * @param state n numbers, the last token so far
   * @return F32 [n, nTokens], for each token what x has for the one before it in its text
   */
  public static Tensor of(Tensor x, SequenceState state) {
    long n = x.ne(0);
    return state.step(
        (run, in) -> {
          Tensor all = in.get(0); // [n, nTokens, nSeq]
          long past = (run.nTokens() - 1) * all.nb(1);
          Tensor before = run.previous().reshape(n, 1, run.nSeq());
          run.keep(all.view3d(n, 1, run.nSeq(), all.nb(1), all.nb(2), past));
          return run.nTokens() == 1
              ? before
              : before.concat(
                  all.view3d(n, run.nTokens() - 1, run.nSeq(), all.nb(1), all.nb(2), 0), 1);
        },
        x);
  }
}
