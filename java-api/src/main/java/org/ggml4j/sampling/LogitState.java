package org.ggml4j.sampling;

import java.util.Arrays;
import java.util.Objects;

/**
 * The candidates of one {@link Logits} and how they are kept: as logits of the whole vocabulary, or
 * as a list of tokens with their logits once a filter has left few.
 */
final class LogitState {
  private static final int[] NO_TOKENS = {};

  final Workspace work = new Workspace();
  final Candidates candidates = new Candidates();
  private final int nVocab;
  private final LogitArray original = new LogitArray(work);
  private final LogitArray edited = new LogitArray(work);
  private final LogitArray listed = new LogitArray(work);
  private int[] tokens = NO_TOKENS; // of the listed ones
  private boolean isEdited;
  private boolean isListed;
  // Candidates were removed, but not listed yet: they are those of the edited that are not -inf.
  private boolean isMasked;
  private boolean isSorted;
  private boolean isAdaptedLater;

  LogitState(int nVocab) {
    this.nVocab = nVocab;
    original.resize(nVocab);
  }

  int nVocab() {
    return nVocab;
  }

  /** The logits as the model gave them. */
  LogitArray original() {
    return original;
  }

  /** Begins with new logits, which are in {@link #original}. */
  void start() {
    isEdited = false;
    isListed = false;
    isMasked = false;
    isSorted = false;
    isAdaptedLater = false;
    original.changed();
  }

  int size() {
    listMasked();
    return array().size();
  }

  boolean isSorted() {
    return isSorted;
  }

  /** The token of candidate i. */
  int token(int i) {
    Objects.checkIndex(i, size());
    return tokenOf(i);
  }

  /** The token of number i of {@link #array()}. */
  int tokenOf(int i) {
    return isListed ? tokens[i] : i;
  }

  float logit(int i) {
    Objects.checkIndex(i, size());
    return array().logit(i);
  }

  /** Sets the logit of number i of {@link #array()}, which is this token's. */
  void set(int i, int token, float logit) {
    if (!(logit < Float.POSITIVE_INFINITY)) {
      throw InvalidLogitsException.notANumber(token, logit);
    }
    writable().set(i, logit);
    isSorted = false;
  }

  void divide(float divisor) {
    LogitArray from = array();
    isEdited |= !isListed;
    array().divide(from, divisor);
  }

  void keepIf(Logits.Condition condition) {
    listMasked();
    LogitArray from = array();
    int size = from.size();
    growList(size);
    int kept = 0;
    for (int i = 0; i < size; i++) {
      int token = isListed ? tokens[i] : i;
      float logit = from.logits()[i];
      if (condition.test(token, logit)) {
        tokens[kept] = token;
        listed.logits()[kept++] = logit;
      }
    }
    isListed = true;
    listed.resize(kept);
  }

  /** The best candidate's token; the lowest id among equals. */
  int best() {
    requireCandidates();
    LogitArray array = array();
    int at = array.argMax(names());
    if (!isListed) {
      return at;
    }
    float highest = array.logits()[at];
    int token = tokens[at];
    for (int i = at + 1; i < array.size() && !isSorted; i++) {
      if (array.logits()[i] == highest) {
        token = Math.min(token, tokens[i]);
      }
    }
    return token;
  }

  /** The candidates' logits, or all of the vocabulary's with -infinity for what is none. */
  LogitArray array() {
    if (isAdaptedLater) {
      isAdaptedLater = false;
      adapt();
    }
    return isListed ? listed : isEdited ? edited : original;
  }

  /** The token of each of {@link #array()}, or an empty array while number i is token i. */
  int[] names() {
    return isListed ? tokens : NO_TOKENS;
  }

  void requireCandidates() {
    if (isListed && listed.size() == 0) {
      throw new InvalidLogitsException(
          "no token can be sampled: a processor removed every candidate; let it keep at least one");
    }
  }

  /** Whether the candidates are in a list, and not the whole vocabulary. */
  boolean isListed() {
    return isListed;
  }

  /** Whether a logit says that the token was removed, and is no candidate any more. */
  boolean isRemoved(float logit) {
    return isMasked && logit == Float.NEGATIVE_INFINITY;
  }

  private LogitArray writable() {
    if (!isListed && !isEdited) {
      edited.copyFrom(original);
      isEdited = true;
    }
    return array();
  }

  /** Where a token is in {@link #array()}; -1 if it is no candidate. */
  int indexOf(int token) {
    Objects.checkIndex(token, nVocab);
    if (!isListed) {
      return isMasked && edited.logit(token) == Float.NEGATIVE_INFINITY ? -1 : token;
    }
    for (int i = 0; i < listed.size(); i++) {
      if (tokens[i] == token) {
        return i;
      }
    }
    return -1;
  }

  /** Makes the first {@code count} of {@link #candidates} the candidates. */
  void list(int count, boolean sorted) {
    list(candidates, count, sorted);
  }

  /** Makes the first {@code count} of {@code kept} the candidates. */
  void list(Candidates kept, int count, boolean sorted) {
    growList(count);
    float[] logits = listed.logits();
    for (int i = 0; i < count; i++) {
      tokens[i] = kept.token(i);
      logits[i] = kept.logit(i);
    }
    listed.resize(count);
    isListed = true;
    isMasked = false;
    isSorted = sorted;
  }

  private void listMasked() {
    if (isMasked) {
      isMasked = false;
      isEdited = true;
      edited.max(NO_TOKENS);
      candidates.collectFrom(edited, NO_TOKENS, -Float.MAX_VALUE);
      list(candidates.size(), false);
    }
  }

  private void growList(int count) {
    if (tokens.length < count) {
      int capacity = Math.min(nVocab, Math.max(count, 2 * tokens.length));
      tokens = Arrays.copyOf(tokens, capacity);
      listed.ensure(capacity);
    }
  }

  /** Keeps the first {@code count} of the listed candidates. */
  void shrink(int count) {
    listed.resize(count);
  }

  /** Removes the candidates whose logit is below the limit; not for a list. */
  void maskBelow(float limit) {
    edited.dropBelow(array(), limit);
    isEdited = true;
    isMasked = true;
  }

  /** Removes the candidates whose logit is farther from the center than that; not for a list. */
  void maskFar(float center, float distance) {
    edited.dropFar(array(), center, distance);
    isEdited = true;
    isMasked = true;
  }

  /** Bans the candidates whose logit is below the limit; they stay candidates. */
  void banBelow(float limit) {
    listMasked();
    LogitArray from = array();
    isEdited |= !isListed;
    array().dropBelow(from, limit);
  }

  /** Removes the first {@code count} of {@link #candidates}, which are the best, sorted. */
  void removeBest(int count) {
    if (!isListed) {
      LogitArray array = writable();
      for (int i = 0; i < count; i++) {
        array.set(candidates.token(i), Float.NEGATIVE_INFINITY);
      }
      isMasked = true;
      return;
    }
    float cut = candidates.logit(count - 1);
    int last = candidates.token(count - 1);
    keepIf((token, logit) -> logit < cut || logit == cut && token > last);
  }

  /** Makes one token the only candidate. */
  void keepOnly(int token, float logit) {
    Objects.checkIndex(token, nVocab);
    candidates.clear();
    candidates.add(token, logit);
    list(1, true);
  }

  /** Puts the listed candidate {@code from} at the place of an earlier one. */
  void move(int from, int to) {
    tokens[to] = tokens[from];
    listed.set(to, listed.logits()[from]);
  }

  /** Sets the logits that {@link Workspace#adapted} gives, where they are not -infinity. */
  void adapt() {
    LogitArray from = array();
    isEdited |= !isListed;
    array().adapt(from, names(), work.adapted());
    isSorted = false;
  }

  /** {@link #adapt} when the logits are next asked for, if they are before the next step. */
  void adaptLater() {
    isAdaptedLater = true;
  }
}
