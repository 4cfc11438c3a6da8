package org.ggml4j.eval;

/**
 * What is timed: a prompt, the generation of tokens, or one after the other; behind tokens that are
 * in the context already, which are not timed.
 *
 * <p>Defined and named as llama.cpp's llama-bench does it ({@code tools/llama-bench}).
 *
 * @param nPrompt tokens that are evaluated in batches
 * @param nGen tokens that are evaluated one by one
 * @param nDepth tokens that are in the context before
 */
public record SpeedTest(int nPrompt, int nGen, int nDepth) {
  /** Checks the sizes. */
  public SpeedTest {
    if (nPrompt < 0 || nGen < 0 || nDepth < 0 || (nPrompt == 0 && nGen == 0)) {
      throw new IllegalArgumentException(
          "expected a prompt or tokens to generate, found "
              + nPrompt
              + " and "
              + nGen
              + " at depth "
              + nDepth);
    }
    if ((long) nPrompt + nGen + nDepth > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("expected fewer tokens, found " + Integer.MAX_VALUE + "+");
    }
  }

  /** A prompt of so many tokens. */
  public static SpeedTest prompt(int tokens) {
    return new SpeedTest(tokens, 0, 0);
  }

  /** The generation of so many tokens. */
  public static SpeedTest generation(int tokens) {
    return new SpeedTest(0, tokens, 0);
  }

  /** The same behind so many tokens. */
  public SpeedTest atDepth(int tokens) {
    return new SpeedTest(nPrompt, nGen, tokens);
  }

  /** Tokens that are timed. */
  public int nTokens() {
    return nPrompt + nGen;
  }

  /** Cells of the KV cache that it takes. */
  public int nCtx() {
    return nPrompt + nGen + nDepth;
  }

  /** As llama-bench writes it: {@code pp512}, {@code tg128}, {@code pp512+tg128 @ d1024}. */
  public String label() {
    String prompt = nPrompt > 0 ? "pp" + nPrompt : "";
    String generation = nGen > 0 ? "tg" + nGen : "";
    return prompt
        + (nPrompt > 0 && nGen > 0 ? "+" : "")
        + generation
        + (nDepth > 0 ? " @ d" + nDepth : "");
  }
}
