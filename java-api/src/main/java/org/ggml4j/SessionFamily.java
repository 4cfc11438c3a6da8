package org.ggml4j;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.ggml4j.arch.Hparams;
import org.ggml4j.decode.Evaluator;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.CellCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.SequenceMemory;
import org.jspecify.annotations.Nullable;

/**
 * What a session and its forks have in common: one KV cache, of which each has a sequence, one
 * evaluator, and the rule that one thread at a time uses any of them. The memory is given back when
 * the last of them is closed.
 */
final class SessionFamily {
  /** Nodes of a recurrent layer that goes through texts of many different lengths. */
  private static final int NODES_OF_STATES = 400;

  private final CloseStack owned = new CloseStack();
  private final SequenceMemory cache;
  private final Evaluator evaluator;
  private final Object lock = new Object();

  /** Who owns which sequence. */
  private final @Nullable Session[] members = new Session[Long.SIZE];

  /** Sequences whose session was closed while another one was in use. */
  private final List<Integer> leaving = new ArrayList<>();

  /** Sessions in use by the thread, innermost last: a sampler may use a fork of its session. */
  private final Deque<Session> uses = new ArrayDeque<>();

  /** Threads that wait for their turn; none wait unless {@link #byTurns}. */
  private final Deque<Thread> turns = new ArrayDeque<>();

  private final boolean byTurns;

  private @Nullable Thread user;

  /** Who used the evaluator last, and whether its rows of logits are from that. */
  private @Nullable Session usedLast;

  private boolean hasRows;
  private int nMembers;

  /**
   * Opens a cache and what computes with it.
   *
   * @param byTurns whether a thread waits while another one uses a session; else it is refused
   * @throws IllegalArgumentException if the options don't fit the model
   * @throws org.ggml4j.ggml.GgmlException if there is not enough memory
   */
  SessionFamily(Model model, SessionOptions options, boolean byTurns) {
    this.byTurns = byTurns;
    Hparams hp = model.hparams();
    ModelLoader.Summary summary = model.summary();
    int nCtx = options.nCtx() > 0 ? options.nCtx() : model.defaultContext();
    options.contextShift().ifPresent(nKeep -> ContextShift.check(model, nKeep, nCtx));
    int threads = options.threads() > 0 ? options.threads() : model.defaultThreads();
    try {
      List<LayerMemory> layers = new ArrayList<>();
      List<BufferType> memory = new ArrayList<>();
      for (int il = 0; il < hp.nLayer(); il++) {
        layers.add(model.architecture().memory(il));
        memory.add(summary.layerDevices().get(il).bufferType());
      }
      int nBatch = Math.min(options.nBatch(), nCtx);
      boolean flash = options.flashAttn() && model.architecture().canFlash();
      if (!flash && options.typeV().isQuantized()) {
        throw new IllegalArgumentException(
            "'"
                + hp.architecture()
                + "' computes attention in separate operations: use F16 for the cached values, not "
                + options.typeV());
      }
      CellCache.Options cells =
          new CellCache.Options(nCtx, options.typeK(), options.typeV(), flash);
      cache = owned.own(new SequenceMemory(layers, memory, cells, nBatch));
      int maxNodes =
          maxNodes(model) + NODES_OF_STATES * (cache.states().isPresent() ? hp.nLayer() : 0);
      evaluator =
          owned.own(
              new Evaluator(
                  model.architecture(),
                  hp,
                  cache,
                  summary.devices(),
                  maxNodes,
                  new Evaluator.Options(nBatch, threads, options.reuseGraph())));
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  /** More nodes than the graph of a model has. */
  static int maxNodes(Model model) {
    return Math.max(1024, 16 * model.summary().nWeights() + 64 * model.hparams().nLayer());
  }

  SequenceMemory cache() {
    return cache;
  }

  Evaluator evaluator() {
    return evaluator;
  }

  /** Gives a new session a sequence of its own. */
  int join(Session session) {
    int sequence = nMembers == 0 ? 0 : cache.newSequence();
    members[sequence] = session;
    nMembers++;
    return sequence;
  }

  /** Whether there is more than one session. */
  boolean isShared() {
    return nMembers > 1;
  }

  /** Throws for a sequence that belongs to another session. */
  void checkFree(int sequence, Session session) {
    if (sequence >= 0 && sequence < members.length) {
      Session owner = members[sequence];
      if (owner != null && !owner.equals(session)) {
        throw new IllegalArgumentException(
            "sequence " + sequence + " belongs to another session that shares this one's cache");
      }
    }
  }

  /** Whether {@code sequence} may be changed by a session: it is its own, or nobody's. */
  boolean isFree(int sequence, Session session) {
    return members[sequence] == null || session.equals(members[sequence]);
  }

  /** Evaluates a batch for a session; the rows of logits are then its. */
  void evaluate(Session session, Batch batch) {
    takeEvaluator(session);
    evaluator.evaluate(batch);
    hasRows = true;
  }

  /** A session is going to use the evaluator: another one keeps what it still needs of it. */
  void takeEvaluator(Session session) {
    Session before = usedLast;
    if (!session.equals(before)) {
      if (before != null) {
        before.leaveEvaluator();
      }
      hasRows = false;
      usedLast = session;
    }
  }

  /** Whether the rows of logits that can be read are a session's. */
  boolean hasRows(Session session) {
    return hasRows && session.equals(usedLast);
  }

  /** Begins a use by this thread; may be nested. */
  void enter(Session session) {
    synchronized (lock) {
      awaitUse();
      session.state().checkOpen();
      begin(session);
    }
  }

  /** As {@link #enter}, but does nothing for a closed session. */
  boolean enterIfOpen(Session session) {
    synchronized (lock) {
      awaitUse();
      if (session.state().isClosed()) {
        return false;
      }
      begin(session);
      return true;
    }
  }

  private void awaitUse() {
    Thread current = Thread.currentThread();
    if (current.equals(user)) {
      return;
    }
    if (byTurns && (user != null || !turns.isEmpty())) {
      turns.add(current);
      await(() -> user != null || !current.equals(turns.peek()));
      turns.remove();
      lock.notifyAll(); // should the session be closed meanwhile, it is the next one's turn
    } else if (isStopping(current)) {
      await(() -> isStopping(current)); // a step that was cancelled ends soon
    }
  }

  private void begin(Session session) {
    Thread current = Thread.currentThread();
    if (user != null && !user.equals(current)) {
      throw new IllegalStateException(
          "this session is in use by thread "
              + user.getName()
              + "; a session and its forks serve one at a time");
    }
    if (!uses.contains(session)) {
      session.state().setCancelled(false);
    }
    user = current;
    uses.push(session);
    if (!session.state().isCancelled()) {
      evaluator.resume();
    }
  }

  /** Waits while something is so that the end of a use may change; holds the lock. */
  private void await(BooleanSupplier condition) {
    boolean interrupted = false;
    while (condition.getAsBoolean()) {
      try {
        lock.wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isStopping(Thread current) {
    Session used = uses.peek();
    return used != null && !current.equals(user) && used.state().isCancelled();
  }

  void exit() {
    synchronized (lock) {
      uses.pop();
      Session outer = uses.peek();
      if (outer == null) {
        user = null;
        leaving.forEach(cache::freeSequence);
        leaving.clear();
      } else if (outer.state().isCancelled()) {
        evaluator.abort();
      } else {
        evaluator.resume(); // what was cancelled inside is over
      }
      lock.notifyAll();
    }
  }

  /** Says which generation a session works for, null for none. */
  void setRunning(Session session, @Nullable Generation generation) {
    synchronized (lock) {
      session.state().setRunning(generation);
    }
  }

  /**
   * Stops what a session computes now, if it computes.
   *
   * @param only and if it does so for this generation; null for any
   */
  void stop(Session session, @Nullable Generation only) {
    synchronized (lock) {
      Generation running = session.state().running();
      if (only != null && !only.equals(running)) {
        return;
      }
      if (running != null) {
        running.markCancelled();
      }
      stopNow(session);
    }
  }

  private void stopNow(Session session) {
    if (uses.contains(session)) {
      session.state().setCancelled(true);
      if (session.equals(uses.peek())) {
        evaluator.abort();
        session.lookahead().cancel();
      }
    }
  }

  /**
   * Takes a session out, waiting until it is not in use by another thread. Its tokens go at once,
   * or when whoever uses another session of the family has finished a step.
   *
   * @return false if it was out already
   */
  boolean leave(Session session) {
    boolean last;
    synchronized (lock) {
      if (!session.state().markClosed()) {
        return false;
      }
      stopNow(session);
      await(() -> uses.contains(session) && !Thread.currentThread().equals(user));
      members[session.sequence()] = null;
      nMembers--;
      last = nMembers == 0;
      if (session.equals(usedLast)) {
        usedLast = null;
      }
      if (user == null || Thread.currentThread().equals(user)) {
        cache.freeSequence(session.sequence());
      } else {
        leaving.add(session.sequence());
      }
    }
    if (last) {
      owned.close();
    }
    return true;
  }
}
