package org.ggml4j;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.Batch;

/** Computing rows of logits in several ways, and comparing them. */
final class Logit {
  /**
   * As exact as can be: cache in F32, attention in separate operations. One thread: two that wait
   * for each other are slow on a busy machine.
   */
  static final SessionOptions EXACT =
      SessionOptions.defaults()
          .withContext(256)
          .withThreads(1)
          .withKvType(GgmlType.F32)
          .withFlashAttn(false);

  private Logit() {}

  /** Token ids that depend on their index only. */
  static int[] tokens(int n) {
    return tokens(n, TinyGguf.VOCAB);
  }

  /** Token ids of a vocabulary that depend on their index only. */
  static int[] tokens(int n, int nVocab) {
    int[] tokens = new int[n];
    for (int i = 0; i < n; i++) {
      tokens[i] = (i * 37 + i * i * 5 + 11) % nVocab;
    }
    return tokens;
  }

  /** Appends tokens to a sequence as one batch; a row of logits for each. */
  static float[][] batch(Session session, int sequence, int... tokens) {
    Batch batch = new Batch();
    int position = session.nPast(sequence);
    for (int token : tokens) {
      batch.add(token, position++, sequence, true);
    }
    session.evaluate(batch);
    return rows(session);
  }

  /** All rows that the last evaluation gave. */
  static float[][] rows(Session session) {
    float[][] rows = new float[session.nOutputs()][session.model().hparams().nVocab()];
    for (int i = 0; i < rows.length; i++) {
      session.readLogits(i, rows[i]);
    }
    return rows;
  }

  /** Appends tokens to a sequence one after the other; a row of logits for each. */
  static float[][] single(Session session, int sequence, int... tokens) {
    float[][] rows = new float[tokens.length][];
    for (int i = 0; i < tokens.length; i++) {
      rows[i] = batch(session, sequence, tokens[i])[0];
    }
    return rows;
  }

  /** Rows of a session of its own. */
  static float[][] alone(Model model, SessionOptions options, int... tokens) {
    try (Session session = model.newSession(options)) {
      return batch(session, 0, tokens);
    }
  }

  static float[][] last(float[][] rows, int n) {
    return Arrays.copyOfRange(rows, rows.length - n, rows.length);
  }

  /** Sum of squared differences over the sum of the expected values' squares. */
  static double nmse(float[][] actual, float[][] expected) {
    if (actual.length != expected.length) {
      throw new AssertionError("expected " + expected.length + " rows, found " + actual.length);
    }
    double difference = 0;
    double size = 0;
    for (int r = 0; r < expected.length; r++) {
      for (int i = 0; i < expected[r].length; i++) {
        double d = (double) actual[r][i] - expected[r][i];
        difference += d * d;
        size += (double) expected[r][i] * expected[r][i];
      }
    }
    return difference / size;
  }

  /** Rows of a fixture. */
  static float[][] fixture(Toy toy) throws IOException {
    try (InputStream in = Logit.class.getResourceAsStream("/arch/" + toy.name() + ".f32")) {
      byte[] bytes = Objects.requireNonNull(in, "no fixture " + toy).readAllBytes();
      return Reference.read(bytes, toy.nVocab());
    }
  }
}
