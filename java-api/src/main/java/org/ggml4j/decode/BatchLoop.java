package org.ggml4j.decode;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.ggml4j.decode.Evaluator.Output;
import org.ggml4j.ggml.GgmlException;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * Several continuations of a text that are generated at the same time: one batch takes a step of
 * each. One that has ended leaves the batch, and one that waits takes its place (continuous
 * batching, as in Yu et al., "Orca", 2022); prompts are evaluated in the same batches as the tokens
 * of others.
 *
 * <p>Each is what a {@link TokenLoop} alone would generate, as long as there are cells. When they
 * run out, the continuation that was added last ends with {@link StopReason#CONTEXT_FULL} and makes
 * room for the others; one that does not fit yet waits.
 *
 * <p>One thread at a time.
 */
public final class BatchLoop implements AutoCloseable {
  /** Learns of each token. */
  @FunctionalInterface
  public interface Listener {
    /**
     * @param id of the continuation
     * @param loop that has just taken a token
     */
    void onToken(int id, TokenLoop loop);
  }

  /** The branch that holds the text that all go on from. */
  private static final int BASE = 0;

  private final Branches branches;
  private final Tokenizer tokenizer;
  private final Logits logits;
  private final float[] baseLogits;
  private final int baseEnd;
  private final int baseUsed;
  private final List<Continuation> all = new ArrayList<>();
  private final Deque<Continuation> waiting = new ArrayDeque<>();
  private final List<Continuation> running = new ArrayList<>();
  private final Deque<Integer> slots = new ArrayDeque<>();

  /**
   * @param branches of the text that all go on from
   * @param prompt tokens to append to it first; may be empty
   * @param parallel how many may run at the same time
   * @param logits to work on, of the model's vocabulary
   * @throws ContextFullException if the prompt does not fit; the text is as before
   * @throws GgmlException if it was cancelled; the text is as before
   * @throws IllegalStateException if the cache has not two sequences left; the text is as before
   */
  public BatchLoop(
      Branches branches, Tokenizer tokenizer, int[] prompt, int parallel, Logits logits) {
    this.branches = branches;
    this.tokenizer = tokenizer;
    this.logits = logits;
    int most = Math.min(parallel, branches.evaluator().nBatch());
    branches.open(1 + Math.max(1, Math.min(most, branches.available() - 1)));
    for (int slot = 1; slot < branches.size(); slot++) {
      slots.add(slot);
    }
    baseLogits = new float[prompt.length == 0 ? 0 : logits.nVocab()];
    try {
      if (prompt.length > 0) {
        branches.appendToTrunk(prompt);
        branches.evaluator().readLogits(0, baseLogits);
      }
      branches.copy(Branches.TRUNK, BASE);
      baseEnd = branches.end(BASE);
      baseUsed = branches.used();
    } catch (Throwable e) {
      branches.close();
      throw e;
    }
  }

  /**
   * Adds a continuation, which begins as soon as there is room.
   *
   * @param history tokens that samplers and processors see as the prompt
   * @param prompt the last of them, which are not part of the common text; may be empty if that got
   *     a prompt itself
   * @param sampler used by this one only, as are the processors
   * @return its number, from 0
   * @throws ContextFullException if the prompt could not fit even alone
   * @throws IllegalArgumentException if there is no token to go on from
   */
  public int add(int[] history, int[] prompt, Sampler sampler, TokenLoop.Options options) {
    if (prompt.length == 0 && baseLogits.length == 0) {
      throw new IllegalArgumentException("nothing to continue: the prompt has no tokens");
    }
    branches.checkFits(prompt, baseUsed);
    Continuation c = new Continuation(all.size(), prompt);
    c.loop = Optional.of(new TokenLoop(c, tokenizer, history, prompt, sampler, options, logits));
    all.add(c);
    waiting.add(c);
    return c.id;
  }

  /** How many were added. */
  public int size() {
    return all.size();
  }

  /** Whether all have ended. */
  public boolean isDone() {
    return waiting.isEmpty() && running.isEmpty();
  }

  /**
   * Takes a step of all that run. If computations are aborted during it, all end.
   *
   * @return whether any is left that has not ended
   * @throws IllegalStateException if somebody removed their tokens from the cache
   */
  public boolean step(Listener listener) {
    admit(listener);
    if (running.isEmpty()) {
      return false;
    }
    try {
      evaluate();
      pick(running.stream().filter(c -> c.row >= 0).toList(), listener);
    } catch (GgmlException e) {
      if (e.status() != GgmlException.Status.ABORTED) {
        throw e;
      }
    }
    if (branches.evaluator().isAborted()) {
      all.forEach(c -> cancel(c.id));
    }
    return !isDone();
  }

  /** Lets waiting ones begin, in their order, while there is room for their prompts. */
  private void admit(Listener listener) {
    List<Continuation> ready = new ArrayList<>();
    while (!waiting.isEmpty() && !slots.isEmpty()) {
      Continuation c = waiting.element();
      if (!running.isEmpty() && c.due() > freeCells()) {
        break;
      }
      waiting.remove();
      c.begin(slots.remove());
      running.add(c);
      if (!c.inPrompt()) {
        ready.add(c);
      }
    }
    pick(ready, listener);
  }

  /** Cells that are left when all that run have taken a step or their whole prompt. */
  private int freeCells() {
    return branches.room() - running.stream().mapToInt(Continuation::due).sum();
  }

  private void evaluate() {
    branches.beginStep();
    addTokens(false);
    addTokens(true); // as many as still fit
    branches.evaluate(Output.LOGITS);
    running.forEach(Continuation::evaluated);
  }

  private void addTokens(boolean ofPrompts) {
    for (Continuation c : running) {
      if (c.inPrompt() == ofPrompts) {
        c.addTo(branches.evaluator().nBatch() - branches.stepSize());
      }
    }
  }

  /** Lets each take a token; the last ones end with it if there are no cells to go on. */
  private void pick(List<Continuation> ready, Listener listener) {
    int left = ready.size();
    while (left > 0 && freeCells() < 0) {
      left--;
      ready.get(left).pick(0, listener);
    }
    for (int i = 0; i < left; i++) {
      ready.get(i).pick(1, listener);
    }
  }

  /** Ends a continuation, if it has not ended. */
  public void cancel(int id) {
    Continuation c = all.get(id);
    c.loop().cancel();
    waiting.remove(c);
    c.leaveIfEnded();
  }

  /** What a continuation has generated so far; its normalized score is the mean. */
  public Hypothesis result(int id) {
    Continuation c = all.get(id);
    double score = c.tokens.stream().mapToDouble(ScoredToken::logProbability).sum();
    double mean = c.tokens.isEmpty() ? 0 : score / c.tokens.size();
    return new Hypothesis(c.tokens, c.text.toString(), score, mean, c.loop().reason());
  }

  /** Gives back the cells; the common text stays. */
  @Override
  public void close() {
    waiting.clear();
    running.clear();
    branches.close();
  }

  /** One of the texts, as its loop sees it: what it appends has been evaluated in the batch. */
  private final class Continuation implements Sequence {
    private final int id;
    private final int[] prompt;
    private final List<ScoredToken> tokens = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private Optional<TokenLoop> loop = Optional.empty();
    private int branch = -1;
    private int promptDone;
    private int added;
    private int position;
    private int room;
    private int row = -1; // none

    Continuation(int id, int[] prompt) {
      this.id = id;
      this.prompt = prompt.clone();
    }

    TokenLoop loop() {
      return loop.orElseThrow();
    }

    void begin(int slot) {
      branch = slot;
      position = baseEnd;
      branches.copy(BASE, slot);
    }

    boolean inPrompt() {
      return promptDone < prompt.length;
    }

    /** Tokens that have to be evaluated before the next one can be picked. */
    int due() {
      return inPrompt() ? prompt.length - promptDone : 1;
    }

    /** Adds what is due to the step, at most {@code limit} tokens. */
    void addTo(int limit) {
      if (branches.end(branch) != position) {
        throw new IllegalStateException(
            "tokens of a continuation were removed from the session while it was generated");
      }
      added = Math.min(due(), limit);
      boolean complete = added == due();
      row = complete ? branches.stepOutputs() : -1;
      for (int i = 0; i < added; i++) {
        int token = inPrompt() ? prompt[promptDone + i] : loop().token();
        branches.add(branch, token, position + i, complete && i == added - 1);
      }
    }

    void evaluated() {
      position += added;
      promptDone = Math.min(prompt.length, promptDone + added);
    }

    void pick(int roomLeft, Listener listener) {
      room = roomLeft;
      TokenLoop taken = loop();
      taken.next();
      tokens.add(new ScoredToken(taken.token(), taken.logProbability(), taken.logProbs()));
      text.append(taken.text());
      leaveIfEnded();
      listener.onToken(id, taken);
    }

    void leaveIfEnded() {
      if (branch >= 0 && loop().reason().isPresent()) {
        branches.clear(branch);
        slots.add(branch);
        running.remove(this);
        branch = -1;
      }
    }

    @Override
    public void append(int... evaluatedTokens) {}

    @Override
    public void readLogits(Logits to) {
      if (row < 0) {
        to.load(baseLogits, 0);
      } else {
        branches.evaluator().readLogits(row, to);
      }
    }

    @Override
    public int room() {
      return room;
    }
  }
}
