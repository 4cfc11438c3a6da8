package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LogitsTest {

  @Test
  void logitsComeFromNativeMemoryToo() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 9, 1, 4, 2);
      Logits logits = new Logits(3);
      logits.load(segment, Float.BYTES);
      assertThat(logits.logit(0)).isEqualTo(1);
      assertThat(logits.best()).isEqualTo(1);
      assertThatThrownBy(() -> logits.load(segment, 2 * Float.BYTES))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(() -> new Logits(3).load(new float[3], 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatIllegalArgumentException().isThrownBy(() -> new Logits(0));
  }

  @Test
  void editsGoToTokensThatAreStillCandidates() {
    Logits logits = Logits.of(1, 2, 3, 4);
    logits.add(0, 5);
    logits.ban(3);
    logits.set(1, 2.5f);
    assertThat(logits.get(0)).isEqualTo(6);
    assertThat(logits.best()).isZero();
    logits.keepTop(3);
    assertThat(List.of(logits.token(0), logits.token(1), logits.token(2))).containsExactly(0, 2, 1);
    logits.keepTop(2);
    logits.set(1, 100);
    logits.add(3, 100);
    assertThat(logits.get(1)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(logits.best()).isZero();
    logits.add(2, 100);
    assertThat(logits.isSorted()).isFalse();
    assertThat(logits.best()).isEqualTo(2);
    assertThatThrownBy(() -> logits.set(0, Float.NaN)).isInstanceOf(InvalidLogitsException.class);
    assertThatThrownBy(() -> logits.get(4)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> logits.logit(2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatIllegalArgumentException().isThrownBy(() -> logits.keepTop(0));
    assertThatIllegalArgumentException().isThrownBy(() -> logits.divide(0));
    assertThatIllegalArgumentException().isThrownBy(() -> logits.keepNearBest(Float.NaN, 1));
  }

  @Test
  void loadingForgetsTheLastStep() {
    Logits logits = Logits.of(1, 2, 3);
    logits.ban(2);
    logits.keepTop(1);
    logits.load(new float[] {5, 6, 7}, 0);
    assertThat(logits.size()).isEqualTo(3);
    assertThat(logits.best()).isEqualTo(2);
    assertThat(logits.probability(2)).isCloseTo(0.66524, within(1e-5));
    assertThat(logits.logProbability(2)).isCloseTo(-0.40760, within(1e-5));
  }

  @Test
  void probabilitiesBeforeAndAfterTheChainStandSideBySide() {
    Logits logits = Logits.of(0, 1, 2, 3, 4);
    logits.ban(4);
    logits.keepTop(2);
    logits.divide(0.5f);
    assertThat(logits.topN(3)).extracting(TokenLogProbability::token).containsExactly(4, 3, 2);
    assertThat(logits.topN(1).get(0).logProbability()).isCloseTo(-0.451914, within(1e-6));
    assertThat(logits.logProbability(3)).isCloseTo(-1.451914, within(1e-6));
    List<TokenLogProbability> after = logits.topCandidates(9);
    assertThat(after).extracting(TokenLogProbability::token).containsExactly(3, 2);
    assertThat(after.get(0).logit()).isEqualTo(6);
    assertThat(after.get(0).logProbability()).isCloseTo(Math.log(0.8807971), within(1e-6));
    assertThat(logits.candidateLogProbability(4)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(logits.topN(0)).isEmpty();
    assertThat(logits.topN(99)).hasSize(5);
    logits.setHistory(TokenHistory.of(1, 7, 8));
    assertThat(logits.history().size()).isEqualTo(2);
    assertThat(logits.history().promptSize()).isOne();
    assertThat(logits.history().get(1)).isEqualTo(8);
  }

  @Test
  void logProbabilitiesOfAWideVocabularyAreExact() {
    float[] values = normal(262_144, 5, 3);
    Logits logits = new Logits(values.length);
    logits.load(values, 0);
    double max = Double.NEGATIVE_INFINITY;
    for (float value : values) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (float value : values) {
      sum += StrictMath.exp(value - max);
    }
    for (int token : new int[] {0, 77, 262_143, logits.best()}) {
      assertThat(logits.logProbability(token))
          .isCloseTo(values[token] - max - StrictMath.log(sum), within(1e-7));
    }
  }

  @Test
  void aSteadyStepOnAWideVocabularyAllocatesNextToNothing() {
    int n = 262_144;
    float[] values = normal(n, 8, 3);
    List<List<LogitsProcessor>> chains =
        List.of(
            List.of(Samplers.topK(40), Samplers.topP(0.95f), Samplers.minP(0.05f)),
            List.of(logits -> logits.ban(17), Samplers.temperature(0.8f), Samplers.topP(0.999f)),
            List.of(Samplers.minP(0.001f), Samplers.topK(5000), Samplers.temperature(1.5f)),
            List.of());
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (List<LogitsProcessor> processors : chains) {
      Sampler sampler = Samplers.chain(processors, Samplers.distribution(1));
      Logits logits = new Logits(n);
      for (int i = 0; i < 30; i++) {
        logits.load(values, 0);
        logits.logProbability(sampler.sample(logits));
      }
      int steps = 30;
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < steps; i++) {
        logits.load(values, 0);
        logits.logProbability(sampler.sample(logits));
      }
      long perStep = (threads.getCurrentThreadAllocatedBytes() - before) / steps;
      assertThat(perStep).isLessThan(1024);
    }
  }

  static float[] normal(int n, long seed, double deviation) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return values;
  }
}
