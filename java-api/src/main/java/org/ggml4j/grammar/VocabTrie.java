package org.ggml4j.grammar;

import java.util.Arrays;
import org.ggml4j.tokenizer.TokenType;
import org.ggml4j.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a vocabulary by the bytes that they print: tokens that begin alike share their way,
 * so that a grammar is asked once for all of them. Built once for a vocabulary (some ten
 * milliseconds per 100,000 tokens) and used with any number of grammars. Immutable.
 *
 * <p>A token that prints nothing fits no text and is only picked where a grammar names it. Tokens
 * that end a generation are never text.
 */
public final class VocabTrie {
  /** For so many tokens below a node it is worth knowing their characters. */
  private static final int MANY = 16;

  private static final byte[] NOTHING = {};

  private final Tokenizer tokenizer;
  private final boolean showSpecial;
  private final int[] ends;
  private final int maxDepth;

  // Nodes in depth-first order, each one byte further than its parent.
  private final byte[] label;
  private final short[] depth;
  private final int[] skip; // the next node that is not below this one
  private final int[] firstToken; // index into tokens; those of node i end where i + 1's begin
  private final int[] tokens;

  /** Per node the characters below it; none for few tokens, or if they are no text. */
  private final Run.@Nullable Set[] below;

  private VocabTrie(Tokenizer tokenizer, boolean showSpecial) {
    this.tokenizer = tokenizer;
    this.showSpecial = showSpecial;
    this.ends = tokenizer.special().endOfGeneration();
    SortedTexts texts = new SortedTexts(nVocab(), this::text);
    Builder builder = new Builder(texts);
    tokens = texts.ids();
    label = Arrays.copyOf(builder.label, builder.size);
    depth = Arrays.copyOf(builder.depth, builder.size);
    skip = Arrays.copyOf(builder.skip, builder.size);
    firstToken = Arrays.copyOf(builder.firstToken, builder.size + 1);
    maxDepth = builder.maxDepth;
    below = new Run.Set[builder.size];
    for (int i = 0; i < below.length; i++) {
      if (firstToken[skip[i]] - firstToken[i] >= MANY) {
        below[i] = charactersBelow(i, texts);
      }
    }
  }

  private Run.@Nullable Set charactersBelow(int node, SortedTexts texts) {
    Run.Collector collector = new Run.Collector();
    for (int t = firstToken[node]; t < firstToken[skip[node]]; t++) {
      collector.add(texts, tokens[t], depth[node]);
    }
    return collector.isWellFormed() ? collector.toSet() : null;
  }

  /** A trie of a tokenizer's vocabulary in which control tokens print nothing, as usual. */
  public static VocabTrie of(Tokenizer tokenizer) {
    return of(tokenizer, false);
  }

  /**
   * A trie of a tokenizer's vocabulary.
   *
   * @param showSpecial whether control tokens print their text, as with {@link
   *     org.ggml4j.tokenizer.DecodeOptions#showSpecial}; as the text is decoded, so must it be
   *     matched
   */
  public static VocabTrie of(Tokenizer tokenizer, boolean showSpecial) {
    return new VocabTrie(tokenizer, showSpecial);
  }

  /** The tokenizer whose vocabulary this is. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Whether control tokens print their text. */
  public boolean showSpecial() {
    return showSpecial;
  }

  int nVocab() {
    return tokenizer.vocab().size();
  }

  /** Tokens that end a generation. */
  int[] ends() {
    return ends;
  }

  boolean isEnd(int token) {
    return Arrays.binarySearch(ends, token) >= 0;
  }

  /** The bytes of text that a token is; none if it is none. */
  byte[] text(int token) {
    byte[] text = isEnd(token) ? NOTHING : tokenizer.tokenBytes(token, showSpecial);
    return text.length <= Short.MAX_VALUE ? text : NOTHING;
  }

  /** Whether a token is one of "any but this one": it has a text, though it may be hidden. */
  boolean isAny(int token) {
    TokenType type = tokenizer.vocab().type(token);
    return type != TokenType.UNUSED && type != TokenType.UNDEFINED && !isEnd(token);
  }

  /** Sets the bit of each token whose bytes may follow in a state. */
  void fill(GrammarState start, long[] bits) {
    Automaton automaton = start.automaton;
    byte[] classOf = automaton.classOf();
    GrammarState[] path = new GrammarState[maxDepth + 1];
    path[0] = start;
    int i = 0;
    while (i < label.length) {
      GrammarState from = path[depth[i] - 1];
      GrammarState[] known = from.next;
      GrammarState to = known == null ? null : known[classOf[label[i] & 0xFF] & 0xFF];
      if (to == null) {
        to = automaton.step(from, label[i]);
      }
      if (to.isDead()) {
        i = skip[i];
        continue;
      }
      Run.Set characters = below[i];
      boolean all = characters != null && Run.covers(to, characters);
      int next = all ? skip[i] : i + 1;
      for (int t = firstToken[i]; t < firstToken[next]; t++) {
        bits[tokens[t] >> 6] |= 1L << tokens[t];
      }
      path[depth[i]] = to;
      i = next;
    }
  }

  /** Makes nodes of byte strings in ascending order. */
  private static final class Builder {
    private byte[] label = new byte[1 << 16];
    private short[] depth = new short[1 << 16];
    private int[] skip = new int[1 << 16];
    private int[] firstToken = new int[(1 << 16) + 1];
    private int size;
    private int[] path = new int[64];
    private int maxDepth;

    Builder(SortedTexts texts) {
      int last = 0;
      for (int i = 0; i < texts.size(); i++) {
        int id = texts.id(i);
        int common = i == 0 ? 0 : texts.common(texts.id(i - 1), id);
        close(common, last);
        last = texts.length(id);
        if (last > path.length) {
          path = Arrays.copyOf(path, last);
        }
        for (int d = common; d < last; d++) {
          add(texts.get(id, d), d, i);
        }
        maxDepth = Math.max(maxDepth, last);
      }
      close(0, last);
      firstToken[size] = texts.size();
    }

    private void add(byte b, int d, int token) {
      if (size == label.length) {
        label = Arrays.copyOf(label, 2 * size);
        depth = Arrays.copyOf(depth, 2 * size);
        skip = Arrays.copyOf(skip, 2 * size);
        firstToken = Arrays.copyOf(firstToken, 2 * size + 1);
      }
      label[size] = b;
      depth[size] = (short) (d + 1);
      firstToken[size] = token;
      path[d] = size++;
    }

    /** Nothing comes below these nodes of the path any more. */
    private void close(int from, int to) {
      for (int d = from; d < to; d++) {
        skip[path[d]] = size;
      }
    }
  }
}
