package org.ggml4j.decode;

/**
 * Decides when drafting pays, and how many drafted tokens a step should check. It learns what steps
 * of each size cost ({@link StepCosts}) and how often the drafter is right ({@link Calibration}),
 * and takes the number of tokens for which the expected tokens per second are most (the idea of
 * Leviathan, Kalman and Matias, "Fast Inference from Transformers via Speculative Decoding", 2023,
 * section 3.3, with learned figures for each length).
 *
 * <p>Estimates can be wrong, so there is also a budget. What would be lost if a whole draft were
 * wrong must be covered by what earlier ones won, plus a small share of the time that plain steps
 * took: whatever the text, a generation takes at most that share longer. Where drafting doesn't
 * pay, it so comes to an end by itself, and is tried again seldom.
 *
 * <p>A drafter that costs nearly nothing is asked before each step, and what would have become of
 * its drafts is noted without checking them. One that costs time is asked only while it pays, or
 * for a probe.
 *
 * <p>It knows no clock and no model: the caller says how long things took. Times are counted in
 * steps over one token.
 */
final class DraftPolicy {
  /** Of the time that plain decoding takes, the share that may be lost. */
  private static final double LOSS_SHARE = 0.03;

  /** Steps that may be lost before any were won. */
  private static final double FIRST_LOSS = 2;

  /** Steps that count as won at most, so that a text that turns is not drafted for long. */
  private static final double MOST_CREDIT = 16;

  /** A draft is checked only if it is expected to be so much faster than plain steps. */
  private static final double MARGIN = 1.1;

  /** Below this share of a step, drafting counts as free. */
  private static final double FREE = 0.01;

  /** Steps with drafts after which one without is made, to see what it costs now. */
  private static final int REFRESH = 64;

  /** Plain steps between two probes of a drafter that does not pay. */
  private static final int FIRST_PAUSE = 16;

  private static final int LONGEST_PAUSE = 1024;

  /** Tokens that a probe drafts. */
  private static final int PROBE = 4;

  private final StepCosts costs;
  private final Calibration calibration = new Calibration();
  private double balance = FIRST_LOSS;
  private double nanosPerDrafted = -1; // not known
  private double nanosPerRead;
  private double payoff = 2 * MARGIN; // worth a try
  private int pause = FIRST_PAUSE;
  private int sincePlain;
  private int sinceDraft;
  private boolean probing;

  /**
   * @param maxRows tokens of the largest step
   */
  DraftPolicy(int maxRows) {
    costs = new StepCosts(maxRows);
  }

  /**
   * A generation begins. What is known stays, and so does what was lost.
   *
   * @param promptTokens tokens that the drafter had to read
   * @param nanos how long that took
   */
  void begin(int promptTokens, long nanos) {
    balance = Math.min(balance, FIRST_LOSS);
    nanosPerRead = nanos / (double) promptTokens;
    pause = FIRST_PAUSE;
    sinceDraft = 0;
  }

  /** Whether the drafter should be asked for what the next step could check. */
  boolean wantsDraft() {
    probing = false;
    if (!costs.isKnown()) {
      return false;
    }
    double catchUp = sinceDraft * nanosPerRead / costs.plainNanos();
    double perToken = Math.max(0, nanosPerDrafted) / costs.plainNanos();
    if (catchUp + perToken < FREE) {
      return true;
    }
    if (catchUp + PROBE * perToken > balance) {
      return false;
    }
    probing = payoff <= MARGIN;
    return !probing || sinceDraft >= pause;
  }

  /** Whether one more drafted token is worth its cost, if those so far are right. */
  boolean wantsMore(Draft draft) {
    if (nanosPerDrafted < 0) {
      return false;
    }
    if (probing) {
      return draft.size() < PROBE;
    }
    double perToken = nanosPerDrafted / costs.plainNanos();
    int rows = draft.size() + 1;
    if (rows * perToken + costs.atMost(rows + 1) - 1 > balance) {
      return false;
    }
    double reach = 1;
    for (int i = 0; i < draft.size(); i++) {
      reach *= probability(draft, i);
    }
    double slope = (costs.of(2 * rows) - costs.of(rows)) / rows;
    return reach > perToken + slope;
  }

  private double probability(Draft draft, int i) {
    return calibration.probability(draft.confidence(i));
  }

  /**
   * How many tokens of a draft the next step should check.
   *
   * @param nanos what the draft cost
   * @return 0 for a plain step
   */
  int choose(Draft draft, long nanos) {
    double draftCost = nanos / costs.plainNanos();
    balance -= draftCost;
    double perToken = nanos / (double) Math.max(1, draft.size());
    if (nanosPerDrafted < 0) {
      nanosPerDrafted = perToken;
    } else if (sinceDraft <= draft.size()) { // else it is reading that took long
      nanosPerDrafted = (nanosPerDrafted + perToken) / 2;
    }
    int best = 0;
    double bestRate = MARGIN;
    double promised = 1 / (1 + draftCost);
    double reach = 1;
    double expected = 1;
    for (int n = 1; n <= draft.size(); n++) {
      reach *= probability(draft, n - 1);
      expected += reach;
      if (isStepSize(n + 1)) {
        double cost = costs.of(n + 1);
        promised = Math.max(promised, expected / (cost + draftCost));
        if (expected / cost > bestRate && costs.atMost(n + 1) - 1 <= balance) {
          bestRate = expected / cost;
          best = n;
        }
      }
    }
    learnPayoff(promised);
    sinceDraft = 0;
    return sincePlain < REFRESH ? best : 0;
  }

  /** Few sizes are used, so that each is seen often enough to know its cost. */
  private static boolean isStepSize(int rows) {
    return rows <= 8 || (rows <= 32 && rows % 4 == 0) || rows % 8 == 0;
  }

  private void learnPayoff(double promised) {
    if (!probing) {
      payoff = 0.8 * payoff + 0.2 * promised;
      pause = FIRST_PAUSE;
    } else if (promised > MARGIN) {
      payoff = promised;
    }
  }

  /**
   * A step was made.
   *
   * @param rows tokens that it evaluated: the last one of the text, and a draft
   */
  void evaluated(int rows, long nanos) {
    costs.record(rows, nanos);
    sinceDraft++;
    sincePlain = rows == 1 ? 0 : sincePlain + 1;
    if (rows == 1) {
      won(LOSS_SHARE);
    }
  }

  /** What became of a step that checked drafted tokens: so many of them were right. */
  void verified(int drafted, int accepted) {
    won((1 + LOSS_SHARE) * (1 + accepted) - costs.of(1 + drafted));
  }

  private void won(double steps) {
    balance = Math.min(MOST_CREDIT, balance + steps);
  }

  /** Whether a drafted token was right. */
  void seen(double confidence, boolean wasRight) {
    calibration.record(confidence, wasRight);
  }

  /**
   * Whether a drafted token was right that no step checked.
   *
   * @param i its place in the draft
   */
  void foreseen(int i, double confidence, boolean wasRight) {
    seen(confidence, wasRight);
    if (probing && i == 0) {
      pause = wasRight ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, 2 * pause);
    }
  }
}
