package org.ggml4j.grammar;

import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * A grammar over a vocabulary: which tokens may come next in each of its states. Masks are found by
 * walking the vocabulary's trie once and remembered by state, within {@value #MAX_BYTES} bytes.
 * Thread-safe; make one for a grammar and a model, and any number of constraints from it.
 */
public final class GrammarMasks {
  private static final int MAX_BYTES = 8 << 20;

  private final Grammar grammar;
  private final VocabTrie trie;
  private final Automaton automaton;
  private final GrammarState ended;
  private final int[] tokenIds;
  private final Map<GrammarState, TokenMask> masks = new LinkedHashMap<>(16, 0.75f, true);
  private int bytes;

  private GrammarMasks(Grammar grammar, VocabTrie trie) {
    this.grammar = grammar;
    this.trie = trie;
    this.automaton = grammar.automaton();
    this.ended = automaton.ended();
    List<Expr.Token> tokens = grammar.tokens();
    this.tokenIds = tokens.stream().mapToInt(this::resolve).toArray();
  }

  /**
   * A grammar over a vocabulary.
   *
   * @throws GrammarException if the grammar names a token that the vocabulary does not have
   */
  public static GrammarMasks of(Grammar grammar, VocabTrie trie) {
    return new GrammarMasks(grammar, trie);
  }

  private int resolve(Expr.Token token) {
    int size = trie.nVocab();
    if (token.id() >= 0) {
      if (token.id() >= size) {
        throw grammar.error(
            token.position(),
            "there is no token " + token.text() + "; the vocabulary has 0 to " + (size - 1));
      }
      return token.id();
    }
    Tokenizer tokenizer = trie.tokenizer();
    int[] ids = tokenizer.encode(token.text(), EncodeOptions.plain().withParseSpecial(true));
    if (ids.length != 1) {
      throw grammar.error(
          token.position(),
          token.text()
              + " is not one token of this vocabulary but "
              + ids.length
              + "; write it as text in quotes");
    }
    return ids[0];
  }

  /** The grammar. */
  public Grammar grammar() {
    return grammar;
  }

  /** The vocabulary. */
  public VocabTrie trie() {
    return trie;
  }

  /** A constraint for one generation that follows the grammar from its first token on. */
  public GrammarConstraint newConstraint() {
    return new GrammarConstraint(this, List.of());
  }

  /**
   * A constraint for one generation that follows the grammar from the first of some triggers on.
   *
   * @throws IllegalArgumentException if there is no trigger, or a token is not in the vocabulary
   */
  public GrammarConstraint newLazyConstraint(List<GrammarTrigger> triggers) {
    if (triggers.isEmpty()) {
      throw new IllegalArgumentException("a lazy grammar without triggers never begins");
    }
    for (GrammarTrigger trigger : triggers) {
      if (trigger instanceof GrammarTrigger.Token token
          && (token.id() < 0 || token.id() >= trie.nVocab())) {
        throw new IllegalArgumentException(
            "there is no token "
                + token.id()
                + " to trigger the grammar; the vocabulary has 0 to "
                + (trie.nVocab() - 1));
      }
    }
    return new GrammarConstraint(this, triggers);
  }

  /** The state of the empty text. */
  public GrammarState start() {
    return automaton.start();
  }

  /**
   * The state after a token; a dead one if it does not fit.
   *
   * @param state one of {@link #grammar}'s
   * @throws IndexOutOfBoundsException if there is no such token
   */
  public GrammarState accept(GrammarState state, int token) {
    requireOwn(state);
    return accept(state, token, trie.text(token));
  }

  /** The state after a token that is this text. */
  GrammarState accept(GrammarState state, int token, byte[] text) {
    if (trie.isEnd(token)) {
      return mayEnd(state, token) ? ended : automaton.dead();
    }
    GrammarState byText = text.length == 0 ? automaton.dead() : state.accept(text);
    return tokenIds.length == 0 ? byText : automaton.union(byText, byReference(state, token));
  }

  private GrammarState byReference(GrammarState state, int token) {
    return automaton.step(state, reference -> matches(reference, token));
  }

  /** Whether a token that ends the generation fits: the grammar may end before or with it. */
  private boolean mayEnd(GrammarState state, int token) {
    return state.isAccepting() || byReference(state, token).isAccepting();
  }

  /** Whether what a grammar says about a token fits one. */
  private boolean matches(int reference, int token) {
    return grammar.tokens().get(reference).negated()
        ? token != tokenIds[reference] && trie.isAny(token)
        : token == tokenIds[reference];
  }

  /**
   * The tokens that may come next. Those that end a generation are among them where the grammar may
   * end.
   *
   * @param state one of {@link #grammar}'s
   */
  public BitSet allowed(GrammarState state) {
    return BitSet.valueOf(mask(state).bits(new long[words()]));
  }

  int words() {
    return (trie.nVocab() + 63) / 64;
  }

  TokenMask mask(GrammarState state) {
    requireOwn(state);
    synchronized (masks) {
      TokenMask known = masks.get(state);
      if (known != null) {
        return known;
      }
    }
    TokenMask made = compute(state);
    synchronized (masks) {
      if (masks.put(state, made) == null) {
        bytes += made.weight();
      }
      var eldest = masks.entrySet().iterator();
      while (bytes > MAX_BYTES && eldest.hasNext()) {
        bytes -= eldest.next().getValue().weight();
        eldest.remove();
      }
    }
    return made;
  }

  /** Bytes that remembered masks take. */
  int maskBytes() {
    synchronized (masks) {
      return bytes;
    }
  }

  private TokenMask compute(GrammarState state) {
    long[] bits = new long[words()];
    trie.fill(state, bits);
    for (int reference : automaton.tokens(state)) {
      if (grammar.tokens().get(reference).negated()) {
        for (int token = 0; token < trie.nVocab(); token++) {
          if (matches(reference, token)) {
            set(bits, token);
          }
        }
      } else if (!trie.isEnd(tokenIds[reference])) {
        set(bits, tokenIds[reference]);
      }
    }
    for (int token : trie.ends()) {
      if (mayEnd(state, token)) {
        set(bits, token);
      }
    }
    return TokenMask.of(bits);
  }

  private static void set(long[] bits, int token) {
    bits[token >> 6] |= 1L << token;
  }

  private void requireOwn(GrammarState state) {
    if (!state.automaton.equals(automaton)) {
      throw new IllegalArgumentException("a state of another grammar; begin with start()");
    }
  }
}
