package org.ggml4j.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;

/**
 * One step's candidates for the next token: a mutable view that a session fills anew for each step
 * and hands to the processors and the sampler.
 *
 * <p>At first every token of the vocabulary is a candidate, and candidate i is token i. The first
 * filter turns that into a list, and from then on {@link #size()} is smaller than {@link
 * #nVocab()}, {@link #token(int)} says which token a candidate is, and a token that has been
 * filtered out stays out. What the model said is kept besides: {@link #logProbability(int)} and
 * {@link #topN(int)} answer from the logits as they were loaded, {@link #probability(int)} and
 * {@link #topCandidates(int)} from the candidates as they are now.
 *
 * <p>Nothing is allocated in a steady step but the lists of alternatives. For one thread at a time.
 */
public final class Logits {
  private static final int[] NO_TOKENS = {};

  private final int nVocab;
  final LogitState state;
  private TokenHistory history = TokenHistory.empty();

  /**
   * Creates a view whose logits are all 0 until some are loaded.
   *
   * @throws IllegalArgumentException if {@code nVocab} is less than 1
   */
  public Logits(int nVocab) {
    if (nVocab < 1) {
      throw new IllegalArgumentException("nVocab is " + nVocab + ", at least 1 was expected");
    }
    this.nVocab = nVocab;
    state = new LogitState(nVocab);
  }

  /** A view of these logits, token i having {@code logits[i]}. */
  public static Logits of(float... logits) {
    Logits result = new Logits(logits.length);
    result.load(logits, 0);
    return result;
  }

  /**
   * Starts a step with {@link #nVocab()} logits copied from {@code source}.
   *
   * @throws IndexOutOfBoundsException if {@code source} does not hold that many from {@code offset}
   */
  public void load(float[] source, int offset) {
    Objects.checkFromIndexSize(offset, nVocab, source.length);
    System.arraycopy(source, offset, state.original().logits(), 0, nVocab);
    state.start();
  }

  /**
   * Starts a step with {@link #nVocab()} logits (F32, native byte order) copied from {@code
   * source}.
   *
   * @throws IndexOutOfBoundsException if {@code source} does not hold that many from {@code
   *     byteOffset}
   */
  public void load(MemorySegment source, long byteOffset) {
    MemorySegment.copy(
        source, ValueLayout.JAVA_FLOAT_UNALIGNED, byteOffset, state.original().logits(), 0, nVocab);
    state.start();
  }

  /** The tokens so far, for processors that look back. */
  public TokenHistory history() {
    return history;
  }

  /** Sets the tokens so far; a view that grows need be set only once. */
  public void setHistory(TokenHistory history) {
    this.history = history;
  }

  /** How many tokens the vocabulary has. */
  public int nVocab() {
    return nVocab;
  }

  /** How many candidates there are. */
  public int size() {
    return state.size();
  }

  /** Whether the candidates are known to stand in descending order of their logits. */
  public boolean isSorted() {
    return state.isSorted();
  }

  /** The token of candidate {@code i}. */
  public int token(int i) {
    return state.token(i);
  }

  /** The logit of candidate {@code i}. */
  public float logit(int i) {
    return state.logit(i);
  }

  /**
   * Changes the logit of candidate {@code i}; -infinity bans it.
   *
   * @throws InvalidLogitsException if {@code logit} is NaN or +infinity
   */
  public void setLogit(int i, float logit) {
    state.set(i, state.token(i), logit);
  }

  /** The logit of a token; -infinity if it is no candidate any more. */
  public float get(int token) {
    int i = state.indexOf(token);
    return i < 0 ? Float.NEGATIVE_INFINITY : state.array().logit(i);
  }

  /**
   * Changes the logit of a token, if it is a candidate.
   *
   * @throws InvalidLogitsException if {@code logit} is NaN or +infinity
   */
  public void set(int token, float logit) {
    int i = state.indexOf(token);
    if (i >= 0) {
      state.set(i, token, logit);
    }
  }

  /** Adds {@code bias} to the logit of a token, if it is a candidate. */
  public void add(int token, float bias) {
    set(token, get(token) + bias);
  }

  /** Bans a token: its probability becomes 0. */
  public void ban(int token) {
    set(token, Float.NEGATIVE_INFINITY);
  }

  /** Divides every logit by {@code divisor}, which must be greater than 0; the order stays. */
  public void divide(float divisor) {
    if (!(divisor > 0)) {
      throw new IllegalArgumentException("divisor is " + divisor + ", more than 0 was expected");
    }
    state.divide(divisor);
  }

  /** Keeps the {@code k} best candidates, sorted; all of them, sorted, if there are no more. */
  public void keepTop(int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k is " + k + ", at least 1 was expected");
    }
    Filters.keepTop(state, k);
  }

  /**
   * Keeps the best candidates that together have at least the probability {@code p}, as few as
   * possible, but at least {@code minKeep}. They are sorted then, unless they are very many.
   */
  public void keepMass(float p, int minKeep) {
    Filters.keepMass(state, p, minKeep);
  }

  /**
   * Keeps the candidates whose probability is at least e^-{@code below} of the best one's: the
   * logits from the highest less {@code below} on. If these are fewer than {@code minKeep}, the
   * {@code minKeep} best are kept instead.
   */
  public void keepNearBest(float below, int minKeep) {
    if (!(below >= 0)) {
      throw new IllegalArgumentException("below is " + below + ", at least 0 was expected");
    }
    Filters.keepNearBest(state, below, minKeep);
  }

  /** Keeps the candidates that {@code condition} accepts, in their order. */
  public void keepIf(Condition condition) {
    state.keepIf(condition);
  }

  /** What {@link #keepIf} asks of a candidate. */
  @FunctionalInterface
  public interface Condition {
    /** Whether the token with this logit stays a candidate. */
    boolean test(int token, float logit);
  }

  /**
   * The best candidate's token; the lowest id among equals.
   *
   * @throws InvalidLogitsException if a logit is NaN, or all are -infinity
   */
  public int best() {
    return state.best();
  }

  /**
   * The candidate that the point {@code u} of [0, 1) falls on when the candidates share that
   * interval by their probabilities; its token. They lie there in their order if they are at most
   * 512, else in a fixed order that is quicker to search. Never one whose probability is 0.
   */
  public int tokenAt(double u) {
    state.requireCandidates();
    return state.tokenOf(state.array().indexAt(u, state.names()));
  }

  /** The probability of candidate {@code i} among the candidates as they are now. */
  public double probability(int i) {
    float logit = logit(i);
    return state.array().probability(logit, state.names());
  }

  /** The log-probability of a token among the candidates as they are now; -infinity for others. */
  public double candidateLogProbability(int token) {
    float logit = get(token);
    state.requireCandidates();
    return state.array().logProbability(logit, state.names());
  }

  /** The {@code n} best candidates as they are now, best first; fewer if there are fewer. */
  public List<TokenLogProbability> topCandidates(int n) {
    int count = Math.clamp(n, 0, size());
    state.requireCandidates();
    Filters.selectTop(state.array(), state.names(), count, state.candidates);
    return state.candidates.best(count, state.array(), state.names());
  }

  /**
   * The log-probability that the model gave a token: log-softmax over the logits as loaded.
   *
   * @throws InvalidLogitsException if a logit is NaN, or all are -infinity
   */
  public double logProbability(int token) {
    Objects.checkIndex(token, nVocab);
    LogitArray original = state.original();
    return original.logProbability(original.logits()[token], NO_TOKENS);
  }

  /** The {@code n} tokens that the model found most probable, before any processor; best first. */
  public List<TokenLogProbability> topN(int n) {
    int count = Math.clamp(n, 0, nVocab);
    Filters.selectTop(state.original(), NO_TOKENS, count, state.candidates);
    return state.candidates.best(count, state.original(), NO_TOKENS);
  }
}
