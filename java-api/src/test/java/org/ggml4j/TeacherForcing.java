package org.ggml4j;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a model says of given texts, each evaluated from its begin: the plainest way there is. */
final class TeacherForcing {
  private final Session session;
  private final Map<List<Integer>, double[]> known = new HashMap<>();

  TeacherForcing(Session session) {
    this.session = session;
  }

  /** The log-probability of each token of the vocabulary after a text. */
  double[] next(int... text) {
    return known.computeIfAbsent(Arrays.stream(text).boxed().toList(), t -> compute(text));
  }

  private double[] compute(int... text) {
    session.reset();
    session.append(text);
    float[] logits = new float[session.model().hparams().nVocab()];
    session.readLogits(0, logits);
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    double[] result = new double[logits.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = logits[i] - Math.log(sum);
    }
    return result;
  }

  /** The log-probability of each token of a continuation. */
  double[] of(int[] prompt, int... continuation) {
    double[] result = new double[continuation.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = next(concat(prompt, Arrays.copyOf(continuation, i)))[continuation[i]];
    }
    return result;
  }

  static int[] concat(int[] a, int... b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
