package org.ggml4j;

import java.util.Optional;
import org.ggml4j.decode.Evaluator;
import org.ggml4j.ggml.NodeObserver;
import org.ggml4j.ggml.NodeTimer;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.SequenceMemory;

/**
 * What a session does with any sequences of its cache, and with rows of logits; see the methods of
 * {@link Session} of the same names.
 */
final class SessionSequences {
  private final Session session;
  private final SessionFamily family;
  private final SequenceMemory cache;
  private final Evaluator evaluator;
  private final SessionText text;

  SessionSequences(Session session, SessionFamily family, SessionText text) {
    this.session = session;
    this.family = family;
    this.text = text;
    cache = family.cache();
    evaluator = family.evaluator();
  }

  void evaluate(Batch tokens) {
    session.enter();
    try {
      for (int i = 0; i < tokens.size(); i++) {
        family.checkFree(tokens.sequence(i), session);
      }
      changed();
      family.evaluate(session, tokens);
    } finally {
      session.exit();
    }
  }

  /** The text is not what a generation in progress, kept logits, or a pool may count on. */
  private void changed() {
    session.invalidate();
    text.forgetLogits();
    text.setMoved();
  }

  int nOutputs() {
    session.enterToRead();
    try {
      return text.keptLogits() != null ? 1 : family.hasRows(session) ? evaluator.nOutputs() : 0;
    } finally {
      session.exit();
    }
  }

  void readLogits(int row, float[] to) {
    session.enterToRead();
    try {
      float[] kept = text.keptLogits();
      if (kept != null && row == 0) {
        System.arraycopy(kept, 0, to, 0, kept.length);
      } else if (kept == null && family.hasRows(session)) {
        evaluator.readLogits(row, to);
      } else {
        throw new IndexOutOfBoundsException("row " + row + " of " + nOutputs());
      }
    } finally {
      session.exit();
    }
  }

  void removeTokens(int ofSequence, int from, int to) {
    session.enter();
    try {
      family.checkFree(ofSequence, session);
      changed();
      cache.remove(ofSequence, from, to);
    } finally {
      session.exit();
    }
  }

  void copySequence(int source, int target) {
    session.enter();
    try {
      family.checkFree(source, session);
      family.checkFree(target, session);
      cache.copy(source, source, 0, 0); // refuses a number that is none, before anything changes
      if (source != target) {
        changed();
        cache.remove(target, 0, Integer.MAX_VALUE);
        cache.copy(source, target, 0, Integer.MAX_VALUE);
      }
    } finally {
      session.exit();
    }
  }

  void shiftTokens(int ofSequence, int from, int to, int delta) {
    session.enter();
    try {
      family.checkFree(ofSequence, session);
      ContextShift.checkCanShift(session.model());
      changed();
      cache.shift(ofSequence, from, to, delta);
    } finally {
      session.exit();
    }
  }

  void reset() {
    session.enter();
    try {
      changed();
      text.setPending(SessionText.NO_TOKENS);
      text.clear();
      for (int s = 0; s < Long.SIZE; s++) {
        if (family.isFree(s, session)) {
          cache.remove(s, 0, Integer.MAX_VALUE);
        }
      }
    } finally {
      session.exit();
    }
  }

  void observe(Optional<NodeObserver> observer) {
    session.enter();
    try {
      evaluator.observe(observer);
    } finally {
      session.exit();
    }
  }

  void time(Optional<NodeTimer> timer) {
    session.enter();
    try {
      evaluator.time(timer);
    } finally {
      session.exit();
    }
  }
}
