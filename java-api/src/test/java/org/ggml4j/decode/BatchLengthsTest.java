package org.ggml4j.decode;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** With the sizes of Llama 3.2 1B: feed-forward networks of 8192, 32 heads of 64. */
class BatchLengthsTest {
  private static final long PRODUCTS = 2L * 2048 * 8192;
  private static final long ATTENTION = 4L * 32 * 64;

  private static int after(int nPast, int nBatch, int threads) {
    return new BatchLengths(nBatch, threads, PRODUCTS, ATTENTION).after(nPast);
  }

  @Test
  void fewerTokensAtOnceTheLongerTheTextIs() {
    assertThat(after(0, 512, 2)).isEqualTo(192);
    assertThat(after(832, 512, 2)).isEqualTo(192);
    assertThat(after(833, 512, 2)).isEqualTo(128);
    assertThat(after(1344, 512, 2)).isEqualTo(128);
    assertThat(after(1345, 512, 2)).isEqualTo(64);
    assertThat(after(100_000, 512, 2)).isEqualTo(64);
  }

  @Test
  void moreThreadsDoMoreAtOnce() {
    assertThat(after(0, 512, 1)).isEqualTo(128);
    assertThat(after(0, 512, 4)).isEqualTo(384);
    assertThat(after(0, 512, 8)).isEqualTo(512);
    assertThat(after(0, 512, 64)).isEqualTo(512);
    assertThat(after(0, 2048, 64)).isEqualTo(2048);
  }

  @Test
  void neverMoreThanABatch() {
    assertThat(after(0, 100, 2)).isEqualTo(100);
    assertThat(after(100_000, 10, 2)).isEqualTo(10);
    assertThat(after(100_000, 100, 2)).isEqualTo(64);
  }

  @Test
  void aModelThatHasNeither() {
    assertThat(new BatchLengths(512, 1, 0, 0).after(1000)).isEqualTo(512);
  }
}
