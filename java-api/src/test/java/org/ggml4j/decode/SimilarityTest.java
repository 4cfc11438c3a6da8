package org.ggml4j.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SimilarityTest {
  @Test
  void theNearestDirectionCounts() {
    Similarity similarity = new Similarity(2);
    assertThat(similarity.maxCosine(new float[] {1, 0})).isEqualTo(-1);
    similarity.add(new float[] {-3, 0});
    assertThat(similarity.maxCosine(new float[] {5, 0})).isCloseTo(-1, within(1e-6));
    similarity.add(new float[] {0, 0.1f});
    assertThat(similarity.maxCosine(new float[] {5, 0})).isCloseTo(0, within(1e-6));
    similarity.add(new float[] {2, 2});
    assertThat(similarity.maxCosine(new float[] {5, 0})).isCloseTo(Math.sqrt(0.5), within(1e-6));
    assertThat(similarity.maxCosine(new float[] {0, 0})).isZero();
  }

  @Test
  void manyVectorsAreKept() {
    Random random = new Random(1);
    int n = 300;
    float[][] vectors = new float[n][17];
    Similarity similarity = new Similarity(17);
    for (float[] v : vectors) {
      for (int d = 0; d < v.length; d++) {
        v[d] = (float) random.nextGaussian();
      }
      similarity.add(v);
    }
    for (float[] v : vectors) {
      assertThat(similarity.maxCosine(v)).isCloseTo(1, within(1e-5));
    }
  }
}
