package org.ggml4j.grammar;

import java.util.Arrays;
import java.util.List;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.TokenHistory;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * Lets only those tokens be picked that fit a grammar. Where the grammar may end, tokens that end
 * the generation fit; where it may not, they don't; so a text that ended by itself always follows
 * the grammar.
 *
 * <p>What was generated so far is read from {@link Logits#history()}. When it shrank or changed
 * since the last step, as with speculation, the constraint goes back to what is still the same. A
 * {@link #fork()} costs next to nothing.
 */
public final class GrammarConstraint implements LogitsProcessor {
  private static final int TAIL = 60;

  private final GrammarMasks masks;
  private final List<GrammarTrigger> triggers;
  private final long[] scratch;
  private TriggerScan scan;

  /** What was generated, as far as it was looked at. */
  private int[] tokens = new int[64];

  private int size;

  /** The state after as many tokens; from {@link #begin} on. */
  private GrammarState[] states = new GrammarState[65];

  /** How many tokens came before the grammar began; -1 if it has not. */
  private int begin;

  GrammarConstraint(GrammarMasks masks, List<GrammarTrigger> triggers) {
    this.masks = masks;
    this.triggers = List.copyOf(triggers);
    this.scratch = new long[masks.words()];
    this.scan = new TriggerScan(this.triggers);
    reset();
  }

  /**
   * A constraint for one generation. Makes the vocabulary's trie anew; who uses more than one
   * grammar keeps a {@link VocabTrie} and {@link GrammarMasks} instead.
   *
   * @throws GrammarException if the grammar names a token that the vocabulary does not have
   */
  public static GrammarConstraint of(Grammar grammar, Tokenizer tokenizer) {
    return GrammarMasks.of(grammar, VocabTrie.of(tokenizer)).newConstraint();
  }

  /** The grammar over its vocabulary. */
  public GrammarMasks masks() {
    return masks;
  }

  /**
   * Lets only tokens be picked that may follow what was generated so far.
   *
   * @throws GrammarDeadEndException if there is none, or if what was generated does not follow the
   *     grammar
   */
  @Override
  public void process(Logits logits) {
    follow(logits.history());
    if (begin < 0) {
      return;
    }
    TokenMask mask = masks.mask(states[size]);
    if (mask.count() == 0) {
      throw deadEnd();
    }
    long[] allowed = mask.bits(scratch);
    logits.keepIf(
        (token, logit) -> token >> 6 < allowed.length && (allowed[token >> 6] >>> token & 1) != 0);
  }

  /**
   * Whether a text that was generated may end there. A lazy grammar that has not begun lets it end
   * anywhere.
   *
   * @throws GrammarDeadEndException if what was generated does not follow the grammar
   */
  public boolean mayEnd(TokenHistory history) {
    follow(history);
    return begin < 0 || states[size].isAccepting();
  }

  @Override
  public void reset() {
    truncate(0);
    begin = triggers.isEmpty() ? 0 : -1;
    states[0] = masks.start();
  }

  @Override
  public GrammarConstraint fork() {
    GrammarConstraint fork = new GrammarConstraint(masks, triggers);
    fork.scan = scan.copy();
    fork.tokens = tokens.clone();
    fork.states = states.clone();
    fork.size = size;
    fork.begin = begin;
    return fork;
  }

  private void follow(TokenHistory history) {
    int prompt = history.promptSize();
    int generated = history.size() - prompt;
    int same = 0;
    while (same < size && same < generated && tokens[same] == history.get(prompt + same)) {
      same++;
    }
    truncate(same);
    while (size < generated) {
      add(history.get(prompt + size));
    }
  }

  private void truncate(int to) {
    size = to;
    scan.truncate(to);
    if (size < begin) {
      begin = -1;
    }
  }

  private void add(int token) {
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * size);
      states = Arrays.copyOf(states, 2 * size + 1);
    }
    tokens[size] = token;
    if (begin >= 0) {
      states[size + 1] = fitting(masks.accept(states[size], token));
    } else {
      int from = scan.add(token, textOf(token));
      if (from >= 0) {
        states[size + 1] = replay(from);
        begin = size + 1;
      }
    }
    size++;
  }

  /** A token's text; a trigger's also if it is hidden. */
  private byte[] textOf(int token) {
    return triggers.contains(new GrammarTrigger.Token(token))
        ? masks.trie().tokenizer().tokenBytes(token, true)
        : masks.trie().text(token);
  }

  /** The state after the text from a place in it on, which lies in the last tokens. */
  private GrammarState replay(int from) {
    GrammarState state = masks.start();
    for (int i = 0; i <= size; i++) {
      byte[] text = scan.textFrom(i, from);
      if (text.length > 0 || scan.start(i) >= from) {
        state = fitting(masks.accept(state, tokens[i], text));
      }
    }
    return state;
  }

  private GrammarState fitting(GrammarState state) {
    if (state.isDead()) {
      throw new GrammarDeadEndException(
          size,
          "the generated text does not follow the grammar: after "
              + size
              + " tokens, which end in "
              + tail()
              + ", comes token "
              + tokens[size]
              + "; a sampler or processor behind the grammar must not pick what it banned");
    }
    return state;
  }

  private GrammarDeadEndException deadEnd() {
    String where = "after " + size + " tokens, which end in " + tail() + ", ";
    return new GrammarDeadEndException(
        size,
        states[size].isAccepting()
            ? where + "the grammar is complete, but the vocabulary has no token that ends a text"
            : where
                + "the grammar goes on with nothing that a token of the vocabulary begins with;"
                + " let it end there or go on with other characters");
  }

  private String tail() {
    int from = Math.max(0, size - TAIL);
    String text = masks.trie().tokenizer().decode(Arrays.copyOfRange(tokens, from, size));
    int start = Math.max(0, text.length() - TAIL);
    return (from + start > 0 ? "'..." : "'") + text.substring(start) + "'";
  }
}
