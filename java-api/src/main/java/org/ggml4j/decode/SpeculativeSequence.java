package org.ggml4j.decode;

import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.ggml4j.sampling.Logits;

/**
 * A sequence that looks ahead: speculative decoding beneath a decoding loop that knows nothing of
 * it.
 *
 * <p>When a token is appended, a {@link Drafter} guesses the ones after it, and all are evaluated
 * as one batch; on a machine where reading the weights is what a step costs, that takes little
 * longer than one token. The loop gets the logits after the first, picks, and appends its pick: if
 * that is what was guessed, it is there already and its logits are too. If not, the rest of the
 * guess is forgotten. So every token is picked from the model's own logits by the loop's own
 * processors and sampler, in the order and with the random numbers of plain decoding: the text is
 * the same, for any sampler. (Leviathan, Kalman and Matias, "Fast Inference from Transformers via
 * Speculative Decoding", 2023, and Chen et al., "Accelerating Large Language Model Decoding with
 * Speculative Sampling", 2023, accept or reject drafted tokens so that the distribution stays the
 * same; here the sample itself does, as in llama.cpp's {@code common/sampling.cpp}.) The one
 * difference: a backend may use other kernels for a batch than for one token, and then logits
 * differ in their last bits.
 *
 * <p>How long a draft is and whether there is one, {@link DraftPolicy} decides. What the cache
 * holds beyond the text is {@link #ahead} tokens, and {@link #drop} takes them away. One thread at
 * a time, except for {@link #cancel}.
 */
public final class SpeculativeSequence implements Sequence {
  /**
   * Drafted tokens of one step at most. From 64 tokens on, GGML's flash attention on the CPU is
   * another one, which rounds in another way; below it, a token's logits don't depend on how many
   * others its batch has.
   */
  public static final int MAX_DRAFT = 55;

  private final RewindableSequence target;
  private final Drafter drafter;
  private final IntPredicate endOfGeneration;
  private final LongSupplier clock;
  private final DraftPolicy policy = new DraftPolicy(MAX_DRAFT + 1);
  private final Draft.Demand demand = policy::wantsMore;
  private final Draft draft;
  private final int[] tokens = new int[MAX_DRAFT + 1];
  private final TokenLog text = new TokenLog();
  private Tally tally = new Tally();
  private int remaining;
  private boolean begun;
  private int checked; // tokens of the draft that the last step evaluated
  private int accepted; // those of them that were appended since
  private int foreseen; // tokens of a draft that was not evaluated and has been right so far

  /**
   * @param nVocab size of the target's vocabulary
   * @param endOfGeneration tokens after which nothing need be drafted
   * @param clock nanoseconds
   */
  public SpeculativeSequence(
      RewindableSequence target,
      Drafter drafter,
      int nVocab,
      IntPredicate endOfGeneration,
      LongSupplier clock) {
    this.target = target;
    this.drafter = drafter;
    this.endOfGeneration = endOfGeneration;
    this.clock = clock;
    draft = new Draft(nVocab, 0);
  }

  /**
   * A generation begins: the next tokens to be appended are its prompt.
   *
   * @param continues whether the target still holds the text of the generation before
   * @param maxTokens tokens that will be generated at most
   * @return gives the figures of this generation, also when a later one has begun
   */
  public Supplier<SpeculationStats> begin(boolean continues, int maxTokens) {
    drop();
    if (!continues) {
      text.truncate(0);
    }
    remaining = maxTokens;
    begun = false;
    Tally mine = new Tally();
    tally = mine;
    return mine::stats;
  }

  @Override
  public void append(int... appended) {
    if (!begun) {
      prompt(appended);
      return;
    }
    for (int token : appended) {
      appendOne(token);
    }
  }

  private void prompt(int[] prompt) {
    int size = text.size();
    text.addPrompt(prompt);
    try {
      long before = clock.getAsLong();
      drafter.begin(text);
      policy.begin(text.size(), clock.getAsLong() - before);
      target.append(prompt);
    } catch (Throwable e) {
      text.truncate(size);
      throw e;
    }
    begun = true;
  }

  private void appendOne(int token) {
    remaining--;
    if (accepted < checked && draft.token(accepted) == token) {
      policy.seen(draft.confidence(accepted), true);
      text.add(token);
      accepted++;
      tally.accepted++;
      target.selectRow(accepted);
      return;
    }
    if (accepted < checked) {
      policy.seen(draft.confidence(accepted), false);
    } else if (checked == 0) {
      compare(token);
    }
    drop();
    step(token);
  }

  /** What became of a draft that was not evaluated. */
  private void compare(int token) {
    if (foreseen < draft.size()) {
      boolean right = draft.token(foreseen) == token;
      policy.foreseen(foreseen, draft.confidence(foreseen), right);
      foreseen = right ? foreseen + 1 : draft.size();
    }
  }

  private void step(int token) {
    text.add(token);
    try {
      int n = draftAfter(token);
      long before = clock.getAsLong();
      if (n == 0) {
        target.append(token);
      } else {
        target.appendEach(tokens, n + 1);
      }
      policy.evaluated(n + 1, clock.getAsLong() - before);
      checked = n;
      tally.steps++;
      tally.drafted += n;
      tally.batches += n > 0 ? 1 : 0;
    } catch (Throwable e) {
      text.truncate(text.size() - 1);
      throw e;
    }
  }

  /** Fills {@link #tokens} with a token and what may follow it; returns how many follow. */
  private int draftAfter(int token) {
    int room = Math.min(target.room(), target.maxBatch()) - 1;
    int limit = Math.min(Math.min(MAX_DRAFT, room), remaining - 1);
    if (limit < 1 || !policy.wantsDraft()) {
      return 0;
    }
    draft.start(limit, demand);
    foreseen = 0;
    long before = clock.getAsLong();
    drafter.draft(text, draft);
    long nanos = clock.getAsLong() - before;
    cutAtEnd();
    int n = policy.choose(draft, nanos);
    tokens[0] = token;
    for (int i = 0; i < n; i++) {
      tokens[i + 1] = draft.token(i);
    }
    return n;
  }

  private void cutAtEnd() {
    for (int i = 0; i < draft.size(); i++) {
      if (endOfGeneration.test(draft.token(i))) {
        draft.truncate(i);
      }
    }
  }

  @Override
  public void readLogits(Logits to) {
    target.readLogits(to);
  }

  @Override
  public int room() {
    return target.room() + ahead();
  }

  /** Tokens at the end of the target that are not part of the text. */
  public int ahead() {
    return checked - accepted;
  }

  /** Takes away what is not part of the text: the target is then as plain decoding leaves it. */
  public void drop() {
    if (checked > 0) {
      policy.verified(checked, accepted);
      if (ahead() > 0) {
        target.dropLast(ahead());
      }
      checked = 0;
      accepted = 0;
      draft.truncate(0);
    }
  }

  /** Makes a running draft end soon; from any thread. */
  public void cancel() {
    drafter.cancel();
  }

  private static final class Tally {
    private long drafted;
    private long accepted;
    private long batches;
    private long steps;

    SpeculationStats stats() {
      return new SpeculationStats(drafted, accepted, batches, steps);
    }
  }
}
