package org.ggml4j.nn;

/**
 * Which of the other tokens a token looks at in a layer that does not look at all of them;
 * llama.cpp's {@code is_masked_swa} in llama-hparams.h.
 *
 * @param kind how the window lies
 * @param size in tokens, 1 or more
 */
public record Window(Kind kind, int size) {
  /** How a window lies. */
  public enum Kind {
    /** The last {@code size} tokens, the token itself among them. */
    SLIDING,
    /** The text is cut into chunks of {@code size}: a token looks at those of its own. */
    CHUNKED,
    /** Half of {@code size} tokens on each side; for encoders. */
    SYMMETRIC
  }

  public Window {
    if (size < 1) {
      throw new IllegalArgumentException("window: expected 1 token or more, found " + size);
    }
  }

  /** The last {@code size} tokens. */
  public static Window sliding(int size) {
    return new Window(Kind.SLIDING, size);
  }

  /** Whether the token at position {@code key} is out of sight for one at {@code query}. */
  public boolean hides(int key, int query) {
    return switch (kind) {
      case SLIDING -> query - key >= size;
      case CHUNKED -> key < query / size * size;
      case SYMMETRIC -> Math.abs(query - key) > size / 2;
    };
  }
}
