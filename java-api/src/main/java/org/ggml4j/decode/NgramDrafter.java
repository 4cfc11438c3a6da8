package org.ggml4j.decode;

import org.ggml4j.sampling.TokenHistory;

/**
 * Guesses that a text goes on as it did where its last tokens stood before: prompt lookup (Saxena,
 * "Prompt Lookup Decoding", 2023; llama.cpp's ngram-simple, {@code common/ngram-map.cpp}). No model
 * is asked, so a guess costs about a microsecond; it helps wherever a text repeats parts of its
 * prompt or of itself, as edits of code, extracts, and tables do.
 *
 * <p>Of the earlier places the one that agrees over the most tokens is taken, and the more tokens
 * agree, and other places with them, the surer is the guess. A text that repeats with a period
 * shorter than the draft is drafted over several periods.
 */
public final class NgramDrafter implements Drafter {
  private final NgramIndex index;

  /**
   * @param shortest how many of the text's last tokens must have stood somewhere before, at least 1
   * @param preferred places where so many agree are looked for first
   */
  public NgramDrafter(int shortest, int preferred) {
    check(shortest, preferred);
    index = new NgramIndex(shortest, preferred);
  }

  /**
   * Whether a drafter of these figures can be made.
   *
   * @throws IllegalArgumentException if not
   */
  public static void check(int shortest, int preferred) {
    if (shortest < 1) {
      throw new IllegalArgumentException("shortest: expected 1 or more, found " + shortest);
    }
    if (preferred < shortest || preferred > NgramIndex.MAX_MATCH) {
      throw new IllegalArgumentException(
          "preferred: expected "
              + shortest
              + " to "
              + NgramIndex.MAX_MATCH
              + ", found "
              + preferred);
    }
  }

  @Override
  public void begin(TokenHistory text) {
    int same = 0;
    int max = Math.min(index.size(), text.size());
    while (same < max && index.get(same) == text.get(same)) {
      same++;
    }
    index.truncate(same);
    follow(text);
  }

  private void follow(TokenHistory text) {
    for (int i = index.size(); i < text.size(); i++) {
      index.add(text.get(i));
    }
  }

  @Override
  public void draft(TokenHistory text, Draft draft) {
    follow(text);
    if (draft.limit() == 0 || !index.find()) {
      return;
    }
    int from = index.matchEnd();
    for (int i = 0; i < draft.limit(); i++) {
      int at = from + i;
      int token = at < index.size() ? index.get(at) : draft.token(at - index.size());
      if (!draft.add(token, confidence(i))) {
        return;
      }
    }
  }

  /**
   * Even odds when two tokens match, and in proportion to their number; more if other places went
   * on alike, less if they went on in another way.
   */
  private double confidence(int i) {
    double odds = (index.matchLength() + i) / 2.0;
    if (i == 0) {
      odds *= (1.0 + index.agreeing()) / (1.0 + index.disagreeing());
    }
    return odds / (1 + odds);
  }
}
