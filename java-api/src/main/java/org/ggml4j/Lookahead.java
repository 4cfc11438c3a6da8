package org.ggml4j;

import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.ggml4j.decode.Drafter;
import org.ggml4j.decode.ModelDrafter;
import org.ggml4j.decode.NgramDrafter;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.SpeculativeSequence;
import org.jspecify.annotations.Nullable;

/**
 * A session's speculation: kept from generation to generation while the same one is asked for, with
 * what it has learned and with its draft model's session.
 */
final class Lookahead {
  private final Session session;
  private @Nullable Speculation kind;
  private @Nullable Session draftSession;
  private volatile @Nullable SpeculativeSequence sequence;
  private LongSupplier clock = System::nanoTime;
  private long revision = -1;

  Lookahead(Session session) {
    this.session = session;
  }

  /** Lets time pass in another way, for tests. */
  void setClock(LongSupplier nanoseconds) {
    clock = nanoseconds;
  }

  /**
   * A generation with speculation begins.
   *
   * @param now the session's revision, which then goes up by one
   * @throws VocabularyMismatchException if the draft model has another vocabulary
   */
  Supplier<SpeculationStats> begin(Speculation asked, long now, int maxTokens) {
    SpeculativeSequence made = sequence;
    if (made == null || !asked.equals(kind)) {
      close();
      made =
          new SpeculativeSequence(
              session.text(),
              drafter(asked),
              session.model().hparams().nVocab(),
              session.model().tokenizer().special()::isEndOfGeneration,
              clock);
      sequence = made;
      kind = asked;
    }
    boolean continues = now == revision;
    revision = now + 1;
    return made.begin(continues, maxTokens);
  }

  private Drafter drafter(Speculation asked) {
    if (asked instanceof Speculation.Ngram n) {
      return new NgramDrafter(n.shortest(), n.preferred());
    }
    if (asked instanceof Speculation.DraftModel d) {
      return drafter(d);
    }
    return ((Speculation.Custom) asked).drafter();
  }

  private Drafter drafter(Speculation.DraftModel asked) {
    Model target = session.model();
    Model draft = asked.model();
    VocabularyMismatchException.check(target.tokenizer(), draft.tokenizer());
    SessionOptions like = session.options().withContext(session.nCtx());
    // The drafter counts on every token being where it was evaluated.
    Session opened = draft.newSession(asked.options().orElse(like).withoutContextShift());
    draftSession = opened;
    return new ModelDrafter(
        opened.forDrafts(), draft.hparams().nVocab(), asked.pMin(), opened::cancel);
  }

  /** The session's text as one that looks ahead, if a generation asked for it. */
  Optional<SpeculativeSequence> sequence() {
    return Optional.ofNullable(sequence);
  }

  /** Tokens in the cache that are not part of the text. */
  int ahead() {
    SpeculativeSequence s = sequence;
    return s == null ? 0 : s.ahead();
  }

  /** Takes them out. */
  void drop() {
    SpeculativeSequence s = sequence;
    if (s != null) {
      s.drop();
    }
  }

  /** Makes a running draft end; from any thread. */
  void cancel() {
    SpeculativeSequence s = sequence;
    if (s != null) {
      s.cancel();
    }
  }

  /** Forgets what was learned, and closes the draft model's session. */
  void close() {
    sequence = null;
    kind = null;
    Session opened = draftSession;
    draftSession = null;
    if (opened != null) {
      opened.close();
    }
  }
}
