package org.ggml4j.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.Session;
import org.ggml4j.nn.Batch;

/**
 * Texts of several tasks in one KV cache: what the choices of a task have in common is evaluated
 * once, for all tasks together, then all that they don't.
 */
final class ChoiceRows {
  /** Sequences that a cache has. */
  static final int SEQUENCES = Long.SIZE;

  /**
   * Choices of a task that are evaluated together.
   *
   * @param first the first of them
   * @param end one after the last
   */
  record Part(ChoicePlan plan, int first, int end) {
    int nSequences() {
      return end - first;
    }

    /** Tokens that are evaluated, of all choices together. */
    int nTokens() {
      int n = plan.nCommon();
      for (int c = first; c < end; c++) {
        n += plan.text(c).length - plan.nCommon();
      }
      return n;
    }
  }

  private record Reading(ChoicePlan plan, ChoicePlan.Prediction prediction) {}

  private final Session session;
  private final Batch batch;
  private final int nBatch;
  private final float[] logits;
  private final List<List<Reading>> rows = new ArrayList<>();

  ChoiceRows(Session session) {
    this.session = session;
    nBatch = session.options().nBatch();
    batch = new Batch(nBatch);
    logits = new float[session.model().hparams().nVocab()];
  }

  /**
   * Evaluates parts that fit into the cache, and adds what was found to their plans.
   *
   * @param parts with at most {@link #SEQUENCES} choices together
   */
  void evaluate(List<Part> parts) {
    session.reset();
    List<Map<Long, List<Reading>>> wanted = parts.stream().map(ChoiceRows::wanted).toList();
    int sequence = 0;
    for (int p = 0; p < parts.size(); p++) {
      Part part = parts.get(p);
      add(part, part.first, 0, part.plan.nCommon(), sequence, wanted.get(p));
      sequence += part.nSequences();
    }
    flush();
    sequence = 0;
    for (int p = 0; p < parts.size(); p++) {
      Part part = parts.get(p);
      for (int c = part.first; c < part.end; c++) {
        if (c > part.first && part.plan.nCommon() > 0) {
          session.copySequence(sequence, sequence + c - part.first);
        }
      }
      sequence += part.nSequences();
    }
    sequence = 0;
    for (int p = 0; p < parts.size(); p++) {
      Part part = parts.get(p);
      for (int c = part.first; c < part.end; c++) {
        add(part, c, part.plan.nCommon(), part.plan.text(c).length, sequence++, wanted.get(p));
      }
    }
    flush();
  }

  /** What is read after which token; the common ones are those of the part's first choice. */
  private static Map<Long, List<Reading>> wanted(Part part) {
    Map<Long, List<Reading>> wanted = new HashMap<>();
    for (ChoicePlan.Prediction p : part.plan.predictions()) {
      if (p.choice() >= part.first && p.choice() < part.end) {
        int text = p.position() < part.plan.nCommon() ? part.first : p.sequence();
        wanted
            .computeIfAbsent(key(text, p.position()), k -> new ArrayList<>())
            .add(new Reading(part.plan, p));
      }
    }
    return wanted;
  }

  private static long key(int text, int position) {
    return (long) text << Integer.SIZE | position;
  }

  private void add(
      Part part, int text, int from, int to, int sequence, Map<Long, List<Reading>> wanted) {
    int last = to;
    while (last > from && from >= part.plan.nCommon() && !wanted.containsKey(key(text, last - 1))) {
      last--; // nothing depends on the last tokens
    }
    for (int i = from; i < last; i++) {
      List<Reading> readings = wanted.get(key(text, i));
      batch.add(part.plan.text(text)[i], i, sequence, readings != null);
      if (readings != null) {
        rows.add(readings);
      }
      if (batch.size() == nBatch) {
        flush();
      }
    }
  }

  private void flush() {
    if (batch.size() > 0) {
      session.evaluate(batch);
      for (int row = 0; row < rows.size(); row++) {
        session.readLogits(row, logits);
        double norm = LogSoftmax.logSumExp(logits);
        for (Reading r : rows.get(row)) {
          r.plan.add(r.prediction, logits[r.prediction.token()] - norm);
        }
      }
    }
    batch.clear();
    rows.clear();
  }
}
