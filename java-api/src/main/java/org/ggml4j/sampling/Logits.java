package org.ggml4j.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
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
  private final float[] original;
  private float[] edited = {};
  private boolean isEdited;
  private boolean isFiltered;
  private int[] tokens = NO_TOKENS;
  private float[] listed = {};
  private int size;
  private boolean isSorted;
  private final Softmax before = new Softmax();
  private final Softmax now = new Softmax();
  final Candidates candidates = new Candidates();
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
    this.original = new float[nVocab];
    this.size = nVocab;
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
    System.arraycopy(source, offset, original, 0, nVocab);
    start();
  }

  /**
   * Starts a step with {@link #nVocab()} logits (F32, native byte order) copied from {@code
   * source}.
   *
   * @throws IndexOutOfBoundsException if {@code source} does not hold that many from {@code
   *     byteOffset}
   */
  public void load(MemorySegment source, long byteOffset) {
    MemorySegment.copy(source, ValueLayout.JAVA_FLOAT_UNALIGNED, byteOffset, original, 0, nVocab);
    start();
  }

  private void start() {
    isEdited = false;
    isFiltered = false;
    isSorted = false;
    size = nVocab;
    before.forget();
    now.forget();
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
    return size;
  }

  /** Whether the candidates are known to stand in descending order of their logits. */
  public boolean isSorted() {
    return isSorted;
  }

  /** The token of candidate {@code i}. */
  public int token(int i) {
    Objects.checkIndex(i, size);
    return isFiltered ? tokens[i] : i;
  }

  /** The logit of candidate {@code i}. */
  public float logit(int i) {
    Objects.checkIndex(i, size);
    return current()[i];
  }

  /**
   * Changes the logit of candidate {@code i}; -infinity bans it.
   *
   * @throws InvalidLogitsException if {@code logit} is NaN or +infinity
   */
  public void setLogit(int i, float logit) {
    Objects.checkIndex(i, size);
    if (!(logit < Float.POSITIVE_INFINITY)) {
      throw InvalidLogitsException.notANumber(token(i), logit);
    }
    writable()[i] = logit;
    isSorted = false;
    now.forget();
  }

  /** The logit of a token; -infinity if it is no candidate any more. */
  public float get(int token) {
    int i = indexOf(token);
    return i < 0 ? Float.NEGATIVE_INFINITY : current()[i];
  }

  /** Changes the logit of a token, if it is a candidate. */
  public void set(int token, float logit) {
    int i = indexOf(token);
    if (i >= 0) {
      setLogit(i, logit);
    }
  }

  /** Adds {@code bias} to the logit of a token, if it is a candidate. */
  public void add(int token, float bias) {
    int i = indexOf(token);
    if (i >= 0) {
      setLogit(i, current()[i] + bias);
    }
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
    float[] from = current();
    float[] to = isFiltered || isEdited ? from : editable();
    for (int i = 0; i < size; i++) {
      to[i] = from[i] / divisor;
    }
    isEdited |= !isFiltered;
    now.forget();
  }

  /** Keeps the {@code k} best candidates, sorted; all of them, sorted, if there are no more. */
  public void keepTop(int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k is " + k + ", at least 1 was expected");
    }
    Filters.keepTop(this, k);
  }

  /**
   * Keeps the best candidates that together have at least the probability {@code p}, as few as
   * possible, but at least {@code minKeep}; they are sorted then.
   */
  public void keepMass(float p, int minKeep) {
    requireCandidates();
    Filters.keepMass(this, p, Math.clamp(minKeep, 1, size));
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
    requireCandidates();
    Filters.keepNearBest(this, below, Math.clamp(minKeep, 1, size));
  }

  /** Keeps the candidates that {@code condition} accepts, in their order. */
  public void keepIf(Condition condition) {
    float[] from = current();
    growList(size);
    int kept = 0;
    for (int i = 0; i < size; i++) {
      int token = isFiltered ? tokens[i] : i;
      if (condition.test(token, from[i])) {
        tokens[kept] = token;
        listed[kept++] = from[i];
      }
    }
    isFiltered = true;
    shrink(kept);
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
    requireCandidates();
    int at = Softmax.argMax(current(), isSorted ? 1 : size, names());
    if (!isFiltered) {
      return at;
    }
    for (int i = at + 1; i < size && !isSorted; i++) {
      if (listed[i] == listed[at] && tokens[i] < tokens[at]) {
        at = i;
      }
    }
    return tokens[at];
  }

  /**
   * The candidate that the point {@code u} of [0, 1) falls on when the candidates, in their order,
   * share that interval by their probabilities; its token. Never one whose probability is 0.
   */
  public int tokenAt(double u) {
    Softmax softmax = softmax();
    double target = u * softmax.sum();
    double sum = 0;
    int last = 0;
    for (int i = 0; i < size; i++) {
      float share = softmax.exponential(i);
      if (share > 0) {
        last = i;
        sum += share;
        if (sum > target) {
          break;
        }
      }
    }
    return isFiltered ? tokens[last] : last;
  }

  /** The probability of candidate {@code i} among the candidates as they are now. */
  public double probability(int i) {
    float logit = logit(i);
    return softmax().probability(logit);
  }

  /** The log-probability of a token among the candidates as they are now; -infinity for others. */
  public double candidateLogProbability(int token) {
    float logit = get(token);
    return softmax().logProbability(logit);
  }

  /** The {@code n} best candidates as they are now, best first; fewer if there are fewer. */
  public List<TokenLogProbability> topCandidates(int n) {
    Softmax softmax = softmax();
    Filters.selectTop(this, Math.clamp(n, 1, size));
    return candidates.best(Math.clamp(n, 0, size), softmax);
  }

  /**
   * The log-probability that the model gave a token: log-softmax over the logits as loaded.
   *
   * @throws InvalidLogitsException if a logit is NaN, or all are -infinity
   */
  public double logProbability(int token) {
    Objects.checkIndex(token, nVocab);
    before.over(original, nVocab, NO_TOKENS);
    return before.logProbability(original[token]);
  }

  /** The {@code n} tokens that the model found most probable, before any processor; best first. */
  public List<TokenLogProbability> topN(int n) {
    before.over(original, nVocab, NO_TOKENS);
    candidates.collectTop(original, nVocab, Math.clamp(n, 1, nVocab));
    return candidates.best(Math.clamp(n, 0, nVocab), before);
  }

  /** The sums over the candidates as they are now; those of the model while nothing changed. */
  Softmax softmax() {
    requireCandidates();
    Softmax softmax = isFiltered || isEdited ? now : before;
    softmax.over(current(), size, names());
    return softmax;
  }

  private void requireCandidates() {
    if (size == 0) {
      throw new InvalidLogitsException(
          "no token can be sampled: a processor removed every candidate; let it keep at least one");
    }
  }

  /** The token of each candidate, or an empty array while candidate i is token i. */
  int[] names() {
    return isFiltered ? tokens : NO_TOKENS;
  }

  /** The logit of each candidate. */
  float[] current() {
    return isFiltered ? listed : isEdited ? edited : original;
  }

  private float[] writable() {
    if (!isFiltered && !isEdited) {
      System.arraycopy(original, 0, editable(), 0, nVocab);
      isEdited = true;
    }
    return current();
  }

  private float[] editable() {
    if (edited.length == 0) {
      edited = new float[nVocab];
    }
    return edited;
  }

  private int indexOf(int token) {
    Objects.checkIndex(token, nVocab);
    if (!isFiltered) {
      return token;
    }
    for (int i = 0; i < size; i++) {
      if (tokens[i] == token) {
        return i;
      }
    }
    return -1;
  }

  /** Makes the first {@code count} of {@link #candidates} the candidates. */
  void list(int count, boolean sorted) {
    growList(count);
    for (int i = 0; i < count; i++) {
      tokens[i] = candidates.token(i);
      listed[i] = candidates.logit(i);
    }
    isFiltered = true;
    shrink(count);
    isSorted = sorted;
  }

  private void growList(int count) {
    if (tokens.length < count) {
      int capacity = Math.min(nVocab, Math.max(count, 2 * tokens.length));
      tokens = Arrays.copyOf(tokens, capacity);
      listed = Arrays.copyOf(listed, capacity);
    }
  }

  /** Keeps the first {@code count} candidates. */
  void shrink(int count) {
    size = count;
    now.forget();
  }
}
