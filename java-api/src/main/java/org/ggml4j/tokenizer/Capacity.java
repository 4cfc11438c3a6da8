package org.ggml4j.tokenizer;

/** How arrays grow. */
final class Capacity {
  /** The longest array that every JVM gives. */
  static final int MAX = Integer.MAX_VALUE - 9;

  private Capacity() {}

  /**
   * The next capacity for {@code needed} elements, about half more than now.
   *
   * @throws IllegalArgumentException if no array is that long
   */
  static int grown(int now, long needed) {
    if (needed > MAX) {
      throw new IllegalArgumentException(
          "a text of more than 2 GiB in memory: pass it on in parts");
    }
    return (int) Math.min(MAX, Math.max(needed, now + (now >> 1) + 16L));
  }
}
