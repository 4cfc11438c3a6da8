package org.ggml4j.eval;

/**
 * MT19937 (Matsumoto and Nishimura, 1998), and the two ways in which llama-perplexity picks with
 * it, so that the same tasks are picked.
 */
final class MersenneTwister {
  private static final int N = 624;
  private static final int M = 397;
  private static final int MATRIX = 0x9908b0df;
  private static final float RANGE = 0x1p32f;

  private final int[] state = new int[N];
  private int next = N;

  MersenneTwister(int seed) {
    state[0] = seed;
    for (int i = 1; i < N; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  /** The next 32 bits. */
  int nextInt() {
    if (next == N) {
      twist();
      next = 0;
    }
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  private void twist() {
    for (int i = 0; i < N; i++) {
      int y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
      state[i] = state[(i + M) % N] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : MATRIX);
    }
  }

  /**
   * A number below {@code n}, all alike, by Lemire's method (arXiv 1805.10941), as GNU's {@code
   * std::uniform_int_distribution} draws it.
   */
  int uniform(int n) {
    long product = Integer.toUnsignedLong(nextInt()) * n;
    int low = (int) product;
    if (Integer.compareUnsigned(low, n) < 0) {
      int threshold = Integer.remainderUnsigned(-n, n);
      while (Integer.compareUnsigned(low, threshold) < 0) {
        product = Integer.toUnsignedLong(nextInt()) * n;
        low = (int) product;
      }
    }
    return (int) (product >>> 32);
  }

  /** A number below {@code n}, by a product of floats. */
  int scaled(int n) {
    float share = 1 / RANGE * Integer.toUnsignedLong(nextInt());
    return Math.min((int) (share * n), n - 1); // the largest numbers are rounded up to 1
  }
}
