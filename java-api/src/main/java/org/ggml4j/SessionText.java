package org.ggml4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.ggml4j.decode.Evaluator;
import org.ggml4j.decode.RewindableSequence;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.SequenceMemory;
import org.ggml4j.sampling.Logits;
import org.jspecify.annotations.Nullable;

/**
 * The text of a session: its sequence in the cache, tokens behind it that are not in the cache yet,
 * and the logits after its last token. For who is using the session.
 */
final class SessionText implements RewindableSequence {
  static final int[] NO_TOKENS = {};

  private final Session session;
  private final SessionFamily family;
  private final SequenceMemory cache;
  private final Evaluator evaluator;
  private final int sequence;
  private final int nBatch;
  private final int nVocab;
  private final Optional<ContextShift> shift;
  private final Batch batch = new Batch();
  private int[] pending = NO_TOKENS;
  private boolean moved;

  /** Where the logits are: in the evaluator's first row, or kept here, or unknown. */
  private boolean hasRow;

  private float @Nullable [] kept;

  SessionText(Session session, SessionFamily family, int sequence) {
    this.session = session;
    this.family = family;
    this.sequence = sequence;
    cache = family.cache();
    evaluator = family.evaluator();
    nVocab = session.model().hparams().nVocab();
    OptionalInt keep = session.options().contextShift();
    shift =
        keep.isPresent()
            ? Optional.of(new ContextShift(cache, sequence, keep.getAsInt()))
            : Optional.empty();
    nBatch = shift.map(s -> s.longestBatch(evaluator.nBatch())).orElse(evaluator.nBatch());
  }

  /** The same text for a fork, whose sequence has the same tokens. */
  void copyTo(SessionText fork) {
    keepLogits();
    cache.copy(sequence, fork.sequence, 0, Integer.MAX_VALUE);
    fork.pending = pending.clone();
    fork.moved = moved;
    fork.kept = kept;
  }

  /** Makes {@code tokens} the text, of which the first {@code common} are those that it has. */
  void become(int[] tokens, int common) {
    rewind(common);
    pending = concat(pending, Arrays.copyOfRange(tokens, common, tokens.length));
  }

  // ---- tokens

  /** Tokens at the end of the text that are not in the cache yet. */
  int[] pending() {
    return pending;
  }

  void setPending(int[] tokens) {
    pending = tokens;
  }

  /** Position that the next token to be evaluated has. */
  int end() {
    return cache.maxPosition(sequence) + 1;
  }

  /**
   * Whether tokens may have been computed behind others than those that are before them now:
   * something between was forgotten, or it is not known where they come from.
   */
  boolean isMoved() {
    return moved;
  }

  /** Remembers that this may be so; see {@link #isMoved}. */
  void setMoved() {
    moved = true;
  }

  /** All tokens of the text. */
  int[] tokens() {
    return evaluatedAnd(pending);
  }

  /** The tokens that were evaluated, and more of them. */
  int[] evaluatedAnd(int[] more) {
    return concat(tokensInCache(), more);
  }

  /** Those that are not pending. */
  int[] tokensInCache() {
    int[] all = cache.tokens(sequence);
    return Arrays.copyOf(all, all.length - session.lookahead().ahead());
  }

  /** The tokens that are pending, and more of them. */
  int[] pendingAnd(int[] more) {
    return concat(pending, more);
  }

  private static int[] concat(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  /** Goes back to where the text had {@code nTokens} tokens; as {@link Session#rewind}. */
  void rewind(int nTokens) {
    int[] positions = cache.positions(sequence);
    int size = positions.length + pending.length;
    if (nTokens < 0 || nTokens > size) {
      throw new IllegalArgumentException(
          "rewind: expected 0 to " + size + " tokens, found " + nTokens);
    }
    if (nTokens >= positions.length) {
      pending = Arrays.copyOf(pending, nTokens - positions.length);
      return;
    }
    forgetLogits();
    pending = NO_TOKENS;
    if (cache.canRemove(sequence, positions[nTokens], Integer.MAX_VALUE)) {
      cache.remove(sequence, positions[nTokens], Integer.MAX_VALUE);
    } else { // layers with a window no longer have what came before
      pending = Arrays.copyOf(cache.tokens(sequence), nTokens);
      clear();
    }
  }

  /** Takes all tokens out of the cache. */
  void clear() {
    forgetLogits();
    moved = false;
    cache.remove(sequence, 0, Integer.MAX_VALUE);
  }

  /**
   * The text's last token, taken out of it, to be evaluated once more: where logits are needed and
   * nothing is new.
   *
   * @throws IllegalArgumentException if there is none
   */
  int[] lastAgain() {
    int[] all = tokens();
    if (all.length == 0) {
      throw new IllegalArgumentException("nothing to continue: the prompt has no tokens");
    }
    rewind(all.length - 1);
    pending = concat(pending, Arrays.copyOfRange(all, all.length - 1, all.length));
    return pending;
  }

  /** Throws if so many tokens don't fit, whatever is forgotten. */
  void checkRoom(int nTokens) {
    cache.makeRoom(nTokens);
    if (shift.isEmpty() && nTokens > free()) {
      throw new ContextFullException(cache.nCells(), cache.used(), nTokens);
    }
  }

  /** Evaluates the pending tokens and these; nothing changes if that fails. */
  void appendAll(int... tokens) {
    append(pendingAnd(tokens));
  }

  @Override
  public void append(int... tokens) {
    if (tokens.length == 0) {
      return;
    }
    checkRoom(tokens.length);
    int begin = end();
    forgetLogits();
    for (int at = 0, end; at < tokens.length; at = end) {
      end = Math.min(tokens.length, at + Math.min(nBatch, evaluator.nBatch(end())));
      try {
        begin = makeRoom(end - at, begin);
        int position = end();
        batch.clear();
        for (int i = at; i < end; i++) {
          batch.add(tokens[i], position++, sequence, i == tokens.length - 1);
        }
        family.evaluate(session, batch);
      } catch (Throwable e) {
        cache.remove(sequence, begin, Integer.MAX_VALUE);
        throw e;
      }
    }
    hasRow = true;
    pending = NO_TOKENS;
  }

  /**
   * Forgets tokens behind the first ones, if that is wanted and needed to take {@code nTokens}.
   *
   * @return where the token at {@code position}, or the one after it that is left, is then
   */
  private int makeRoom(int nTokens, int position) {
    cache.makeRoom(nTokens);
    int missing = nTokens - free();
    if (missing <= 0 || shift.isEmpty()) {
      return position;
    }
    int at = shift.get().free(missing, position);
    if (at < 0) {
      throw new ContextFullException(cache.nCells(), cache.used(), nTokens);
    }
    moved = true;
    return at;
  }

  private int free() {
    return cache.nCells() - cache.used();
  }

  @Override
  public void appendEach(int[] tokens, int n) {
    int begin = end();
    batch.clear();
    for (int i = 0; i < n; i++) {
      batch.add(tokens[i], begin + i, sequence, true);
    }
    forgetLogits();
    family.evaluate(session, batch);
    selectRow(0);
    pending = NO_TOKENS;
  }

  @Override
  public void selectRow(int row) {
    evaluator.selectRow(row);
    hasRow = true;
  }

  @Override
  public void dropLast(int n) {
    cache.remove(sequence, end() - n, Integer.MAX_VALUE);
  }

  @Override
  public int room() {
    int room = Math.min(cache.room(), free());
    boolean canShift = free() == 0 && shift.isPresent() && shift.get().canFree(1);
    return canShift ? 1 : room;
  }

  @Override
  public int maxBatch() {
    return nBatch;
  }

  // ---- files

  /** As {@link Session#save}. */
  void save(Path file) throws IOException {
    evaluator.applyShift();
    keepLogits();
    SessionFile.Text saved =
        new SessionFile.Text(cache.tokens(sequence), cache.positions(sequence), pending, kept);
    SessionFile.write(file, session.model(), cache, sequence, saved);
  }

  /** As {@link Session#restore}. */
  void restore(Path file) throws IOException {
    try (SessionFileReader reader = SessionFileReader.open(file)) {
      SessionFileReader.Saved saved = reader.check(session.model(), cache);
      List<int[]> positions = saved.positions();
      cache.checkAdopt(sequence, positions.stream().mapToInt(p -> p.length).toArray());
      clear();
      pending = NO_TOKENS;
      try {
        List<int[]> cells = new ArrayList<>();
        for (int table = 0; table < positions.size(); table++) {
          cells.add(cache.adopt(table, sequence, saved.tokens(table), positions.get(table)));
        }
        reader.readRows(cache, cells, sequence, saved.stateLast());
      } catch (Throwable e) { // the file changed after it was checked
        clear();
        throw e;
      }
      moved = true; // the file does not say
      pending = saved.text().pending();
      kept = saved.text().logits();
    }
  }

  // ---- logits

  boolean knowsLogits() {
    return kept != null || isRowMine();
  }

  private boolean isRowMine() {
    return hasRow && family.hasRows(session);
  }

  void forgetLogits() {
    kept = null;
    hasRow = false;
  }

  /** Somebody else will use the evaluator: keeps the logits if nothing follows the last token. */
  void leaveEvaluator() {
    keepLogits();
    hasRow = false;
  }

  /** Copies the logits, if they are known and nothing follows the last token. */
  void keepLogits() {
    if (kept == null && pending.length == 0 && isRowMine()) {
      float[] row = new float[nVocab];
      evaluator.readLogits(0, row);
      kept = row;
    }
  }

  /** The logits that were kept. */
  float @Nullable [] keptLogits() {
    return kept;
  }

  @Override
  public void readLogits(Logits to) {
    if (kept != null) {
      to.load(kept, 0);
    } else {
      evaluator.readLogits(0, to);
    }
  }
}
