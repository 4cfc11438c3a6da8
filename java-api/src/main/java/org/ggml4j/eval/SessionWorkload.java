package org.ggml4j.eval;

import java.util.SplittableRandom;
import org.ggml4j.Session;
import org.ggml4j.nn.Batch;

/** Random tokens through a session. */
final class SessionWorkload implements SpeedBenchmark.Workload {
  private static final int SEED = 7;

  private final Session session;
  private final int nLogical;
  private final int nPhysical;
  private final int nVocab;
  private final Batch batch;
  private final SplittableRandom random = new SplittableRandom(SEED);
  private int nPast;

  /**
   * @param nBatch tokens after which logits are computed, in parts of the session's batch
   */
  SessionWorkload(Session session, int nBatch) {
    this.session = session;
    nLogical = nBatch;
    nPhysical = Math.min(nBatch, session.options().nBatch());
    nVocab = session.model().hparams().nVocab();
    batch = new Batch(nPhysical);
  }

  @Override
  public void rewind(int depth) {
    if (depth == 0) {
      session.reset();
      nPast = 0;
      return;
    }
    try {
      session.removeTokens(session.sequence(), depth, Integer.MAX_VALUE);
      nPast = depth;
    } catch (IllegalStateException e) { // what layers with a window would need is gone
      session.reset();
      nPast = 0;
      prompt(depth);
    }
  }

  @Override
  public void prompt(int tokens) {
    int left = tokens;
    while (left > 0) {
      int inLogical = Math.min(left, nLogical);
      left -= inLogical;
      while (inLogical > 0) {
        int n = Math.min(inLogical, nPhysical);
        inLogical -= n;
        batch.clear();
        for (int i = 0; i < n; i++) {
          add(inLogical == 0 && i == n - 1);
        }
        session.evaluate(batch);
      }
    }
  }

  @Override
  public void generate(int tokens) {
    for (int i = 0; i < tokens; i++) {
      batch.clear();
      add(true);
      session.evaluate(batch);
    }
  }

  private void add(boolean output) {
    batch.add(random.nextInt(nVocab), nPast, session.sequence(), output);
    nPast++;
  }
}
