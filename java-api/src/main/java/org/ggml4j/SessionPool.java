package org.ggml4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Sessions for many requests, of which none computes again what another one did: texts that were
 * given back are kept, and a new one begins with the longest begin of it that is known. What texts
 * have in common is stored once.
 *
 * {@snippet :
 * try (SessionPool pool = model.newSessionPool(SessionOptions.defaults().withContext(8192), 16)) {
 *   try (Session session = pool.acquire("Once upon a time")) {
 *     System.out.println(session.generate(GenerationConfig.defaults()).text());
 *   } // closing gives it back
 * }
 * }
 *
 * <p>Any number of threads, each with sessions of its own; they share one KV cache and what
 * computes, and take turns step by step, in the order in which they came. When there is no more
 * room in the cache, or more texts are kept than should be, the one that was not used for longest
 * is forgotten; sessions that are in use keep theirs.
 */
public final class SessionPool implements AutoCloseable {
  private final SessionFamily family;

  /** Has no text: what nothing is known about, begins with it. */
  private final Session root;

  private final int nKept;

  /** What was given back, the last used one last. Guarded by a use of the root, as all here. */
  private final List<Kept> kept = new ArrayList<>();

  private final List<Session> inUse = new ArrayList<>();
  private boolean closed;

  /** A text that waits for a request that begins as it does. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Kept(Session session, int[] tokens) {}

  /** A begin of a text that is known. */
  private record Match(Session session, Optional<Kept> kept, int length) {}

  SessionPool(Session root, int nKept) {
    if (nKept < 0) {
      throw new IllegalArgumentException("nKept: expected 0 or more, found " + nKept);
    }
    this.root = root;
    this.nKept = nKept;
    family = root.family();
    family.cache().setReclaimer(this::forgetOne);
  }

  /** {@link #acquire(int...)} with the tokens of a text, and those that the model wants first. */
  public Session acquire(String text) {
    return acquire(root.continuations().encode(text, true));
  }

  /**
   * A session whose text is this. What is new of it is evaluated with the session's next step, so
   * {@link GenerationStats#promptTokens} tells how much that was. Closing it gives it back.
   *
   * @throws IllegalArgumentException if a token is not in the vocabulary
   * @throws IllegalStateException if more sessions are in use than one cache can have, which are 63
   */
  public Session acquire(int... tokens) {
    root.enter();
    try {
      checkOpen();
      root.continuations().checkTokens(tokens);
      Match match = longest(tokens);
      match.kept.ifPresent(this::touch);
      if (family.cache().unusedSequences() == 0 && forgetOne()) {
        match = longest(tokens); // it may have been the last one that was kept
      }
      Session session = match.session.fork(this);
      inUse.add(session);
      try {
        session.text().become(tokens, match.length);
      } catch (Throwable e) {
        session.close();
        throw e;
      }
      return session;
    } finally {
      root.exit();
    }
  }

  private Match longest(int[] tokens) {
    Match best = new Match(root, Optional.empty(), 0);
    for (Kept k : kept) {
      int length = common(k.tokens, tokens);
      if (length >= best.length) {
        best = new Match(k.session, Optional.of(k), length);
      }
    }
    for (Session session : inUse) {
      int length = isUsable(session) ? common(session.text().tokensInCache(), tokens) : 0;
      if (length > best.length) {
        best = new Match(session, Optional.empty(), length);
      }
    }
    return best.length == 0 ? new Match(root, Optional.empty(), 0) : best;
  }

  private static boolean isUsable(Session session) {
    return !session.state().isClosed() && !session.text().isMoved();
  }

  private static int common(int[] a, int[] b) {
    int differs = Arrays.mismatch(a, b);
    return differs < 0 ? a.length : differs;
  }

  private void touch(Kept used) {
    kept.remove(used);
    kept.add(used);
  }

  /** A session is closed: its text stays, if there is room for it. */
  void giveBack(Session session) {
    session.cancel();
    if (!root.enterIfOpen()) {
      return;
    }
    try {
      if (inUse.remove(session) && !closed && nKept > 0) {
        keep(session);
      }
    } finally {
      root.exit();
    }
  }

  private void keep(Session session) {
    int[] tokens = session.text().tokensInCache();
    if (tokens.length == 0 || session.text().isMoved() || !root.model().isOpen()) {
      return;
    }
    for (Kept k : List.copyOf(kept)) {
      int length = common(k.tokens, tokens);
      if (length == tokens.length) {
        touch(k); // has all that the new one knows
        return;
      }
      if (length == k.tokens.length) {
        forget(k); // the new one has all that it knows
      }
    }
    while (kept.size() >= nKept || family.cache().unusedSequences() == 0) {
      if (!forgetOne()) {
        return;
      }
    }
    Session copy = session.fork(null);
    copy.text().rewind(tokens.length);
    copy.text().forgetLogits();
    kept.add(new Kept(copy, tokens));
  }

  /** Forgets the text that was not used for longest; false if there is none. */
  private boolean forgetOne() {
    if (kept.isEmpty()) {
      return false;
    }
    forget(kept.get(0));
    return true;
  }

  private void forget(Kept text) {
    kept.remove(text);
    text.session.close();
  }

  /** Tokens that the cache holds at most, of all sessions together. */
  public int nCtx() {
    return root.nCtx();
  }

  /** Texts that are kept and not in use. */
  public int kept() {
    root.enterToRead();
    try {
      return kept.size();
    } finally {
      root.exit();
    }
  }

  /** Cells of the cache that hold a token, of texts in use and kept ones; each is counted once. */
  public int usedCells() {
    root.enterToRead();
    try {
      return family.cache().used();
    } finally {
      root.exit();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this pool was closed");
    }
  }

  /** Forgets what is kept. Sessions that are in use stay so until they are closed. */
  @Override
  public void close() {
    if (!root.enterIfOpen()) {
      return;
    }
    try {
      closed = true;
      while (forgetOne()) {
        // on
      }
    } finally {
      root.exit();
    }
    root.close();
  }
}
