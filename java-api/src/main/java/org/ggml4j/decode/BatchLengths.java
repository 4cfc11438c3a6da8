package org.ggml4j.decode;

import java.util.stream.IntStream;
import org.ggml4j.arch.Hparams;

/**
 * How many tokens of a text are evaluated at once on the CPU.
 *
 * <p>A computation that is cancelled ends with its present operation, and the longest ones, the
 * products of the feed-forward networks and attention, take as long as a batch is: 110 ms and more
 * for 512 tokens of a model of 1B on two slow cores. So batches are kept so short that an operation
 * takes some 40 ms. They also stay in the processor's caches better. Plain numbers decide, not a
 * clock, so that the same text is always evaluated in the same way.
 */
final class BatchLengths {
  /** Additions and multiplications of an operation, for each thread. */
  private static final long OPERATIONS = 3L << 30;

  /** By so much flash attention is slower than a product, for the same number of them. */
  private static final long ATTENTION_COST = 4;

  /** Of weights that must be read for each batch, fewer tokens at once would make a prompt slow. */
  private static final long LEAST = 128;

  /** GGML's attention takes so many tokens at a time. */
  private static final long TILE = 64;

  private final long nBatch;
  private final long products;
  private final long attentionPerCell;
  private final long budget;

  /**
   * @param nBatch the most there can be
   * @param products additions and multiplications of the largest product with weights, of a token
   * @param attention those of attention, of a token for each that it sees
   */
  BatchLengths(int nBatch, int threads, long products, long attention) {
    this.nBatch = nBatch;
    this.products = Math.max(1, products);
    attentionPerCell = Math.max(1, ATTENTION_COST * attention);
    budget = OPERATIONS * threads;
  }

  static BatchLengths of(Hparams hparams, int nBatch, int threads) {
    long nFf = IntStream.range(0, hparams.nLayer()).map(hparams::nFf).max().orElse(0);
    long nHead = IntStream.range(0, hparams.nLayer()).map(hparams::nHead).max().orElse(0);
    long width = nHead == 0 ? 0 : nHead * hparams.headDim();
    return new BatchLengths(nBatch, threads, 2 * nFf * hparams.nEmbd(), 4 * width);
  }

  /** How many tokens of a text are evaluated at once behind others. */
  int after(int nPast) {
    long n = Math.min(nBatch, Math.max(LEAST, budget / products));
    long cells = nPast + n;
    long seen = budget / (attentionPerCell * cells);
    n = Math.min(n, Math.max(TILE, seen));
    return (int) (n < nBatch ? n / TILE * TILE : n);
  }
}
