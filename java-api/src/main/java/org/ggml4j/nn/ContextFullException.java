package org.ggml4j.nn;

/** More tokens than the KV cache has room for. */
public final class ContextFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int nCtx;
  private final int nPast;

  /**
   * @param nCtx cells of the cache
   * @param nPast cells in use
   * @param nNew tokens that were to be added
   */
  public ContextFullException(int nCtx, int nPast, int nNew) {
    super(
        "the context holds "
            + nCtx
            + " tokens and "
            + nPast
            + " are in it, no room for "
            + nNew
            + " more: use a larger context or remove tokens");
    this.nCtx = nCtx;
    this.nPast = nPast;
  }

  /** Tokens that the context can hold. */
  public int nCtx() {
    return nCtx;
  }

  /** Tokens that it holds now. */
  public int nPast() {
    return nPast;
  }
}
