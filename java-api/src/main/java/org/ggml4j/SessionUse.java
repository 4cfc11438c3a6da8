package org.ggml4j;

import java.util.function.Supplier;
import org.ggml4j.decode.RewindableSequence;
import org.ggml4j.sampling.Logits;

/** A session's text for somebody who is not using the session: each call is a use of it. */
final class SessionUse implements RewindableSequence {
  private final Session session;
  private final RewindableSequence text;

  SessionUse(Session session, RewindableSequence text) {
    this.session = session;
    this.text = text;
  }

  private <T> T use(Supplier<T> call) {
    session.enter();
    try {
      return call.get();
    } finally {
      session.exit();
    }
  }

  private void run(Runnable call) {
    use(
        () -> {
          call.run();
          return true;
        });
  }

  @Override
  public void append(int... tokens) {
    run(() -> text.append(tokens));
  }

  @Override
  public void appendEach(int[] tokens, int n) {
    run(() -> text.appendEach(tokens, n));
  }

  @Override
  public void readLogits(Logits to) {
    run(() -> text.readLogits(to));
  }

  @Override
  public void selectRow(int row) {
    run(() -> text.selectRow(row));
  }

  @Override
  public void dropLast(int n) {
    run(() -> text.dropLast(n));
  }

  @Override
  public int room() {
    return use(text::room);
  }

  @Override
  public int maxBatch() {
    return text.maxBatch();
  }
}
