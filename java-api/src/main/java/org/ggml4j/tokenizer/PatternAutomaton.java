package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import org.ggml4j.tokenizer.PatternParser.BeforeSpace;
import org.ggml4j.tokenizer.PatternParser.Choice;
import org.ggml4j.tokenizer.PatternParser.Node;
import org.ggml4j.tokenizer.PatternParser.One;
import org.ggml4j.tokenizer.PatternParser.Repeat;
import org.ggml4j.tokenizer.PatternParser.Sequence;

/**
 * The deterministic automaton of a word pattern.
 *
 * <p>A state is the list of places in the expression where a backtracking engine could stand, the
 * one that it would try first in front. Characters that the expression cannot tell apart are one
 * class. Source: Thompson 1968; Cox 2010, "Regular Expression Matching in the Wild".
 */
final class PatternAutomaton {
  /** The state from which nothing matches any more. */
  static final int DEAD = 0;

  /** In a transition: a match ends before the character that is read. */
  static final int ACCEPT = 1;

  private static final int MAX_SETS = 64;

  // The program: a character of set x (>= 0), or one of these.
  private static final int MATCH = -1;
  private static final int SPLIT = -2;
  private static final int BEFORE_SPACE = -3;

  private final List<CharSet> sets = new ArrayList<>();
  private int[] kinds = new int[64];
  private int[] first = new int[64];
  private int[] second = new int[64];
  private int size;
  private final int entry;

  // Which sets contain a class's characters, by class, and the reverse.
  private final List<Long> members = new ArrayList<>();
  private final Map<Long, Integer> classes = new LinkedHashMap<>();
  private final BitSet spaces = new BitSet();

  private final Map<List<Integer>, Integer> numbers = new HashMap<>();
  private final List<List<Integer>> states = new ArrayList<>();
  private final int[] transitions;

  private PatternAutomaton(Node node) {
    entry = emit(node, add(MATCH, 0, 0));
    findClasses();
    transitions = build();
  }

  static PatternAutomaton of(Node node) {
    return new PatternAutomaton(node);
  }

  /**
   * By state and class: twice the next state, and {@link #ACCEPT}. States are multiples of the
   * number of columns.
   */
  int[] transitions() {
    return transitions;
  }

  int start() {
    return width();
  }

  /** The column for the end of the text. */
  int endOfText() {
    return members.size();
  }

  private int width() {
    return members.size() + 1;
  }

  int classOf(int cp) {
    return Objects.requireNonNull(classes.get(signature(cp, CharClass.of(cp))));
  }

  // The program.

  private int add(int kind, int x, int y) {
    if (size == kinds.length) {
      kinds = Arrays.copyOf(kinds, 2 * size);
      first = Arrays.copyOf(first, 2 * size);
      second = Arrays.copyOf(second, 2 * size);
    }
    kinds[size] = kind;
    first[size] = x;
    second[size] = y;
    return size++;
  }

  /** Adds the program of a node that goes on at {@code then}, and returns where it begins. */
  private int emit(Node node, int then) {
    if (node instanceof One one) {
      return add(set(one.set()), then, 0);
    }
    if (node instanceof Sequence sequence) {
      int at = then;
      for (int i = sequence.parts().size() - 1; i >= 0; i--) {
        at = emit(sequence.parts().get(i), at);
      }
      return at;
    }
    if (node instanceof Choice choice) {
      List<Node> alternatives = choice.alternatives();
      int at = emit(alternatives.get(alternatives.size() - 1), then);
      for (int i = alternatives.size() - 2; i >= 0; i--) {
        at = add(SPLIT, emit(alternatives.get(i), then), at);
      }
      return at;
    }
    if (node instanceof Repeat repeat) {
      return emit(repeat, then);
    }
    if (node instanceof BeforeSpace) {
      // So that white space is told apart from everything else.
      set(new CharSet(CharClass.SPACE, new int[0], false, null));
      return add(BEFORE_SPACE, then, 0);
    }
    throw new AssertionError(node);
  }

  private int emit(Repeat repeat, int then) {
    int at = then;
    if (repeat.max() < 0) {
      at = add(SPLIT, 0, then);
      first[at] = emit(repeat.node(), at);
    } else {
      for (int i = repeat.min(); i < repeat.max(); i++) {
        at = add(SPLIT, emit(repeat.node(), at), then);
      }
    }
    for (int i = 0; i < repeat.min(); i++) {
      at = emit(repeat.node(), at);
    }
    return at;
  }

  private int set(CharSet set) {
    int index = sets.indexOf(set);
    if (index < 0) {
      index = sets.size();
      sets.add(set);
      if (index == MAX_SETS) {
        throw new IllegalArgumentException("a pattern has more than " + MAX_SETS + " sets");
      }
    }
    return index;
  }

  // Classes of characters.

  private long signature(int cp, int cls) {
    long bits = 0;
    for (int i = 0; i < sets.size(); i++) {
      if (sets.get(i).contains(cp, cls)) {
        bits |= 1L << i;
      }
    }
    return bits;
  }

  private void findClasses() {
    for (int cp = 0; cp < 0x80; cp++) {
      addClass(cp, CharClass.of(cp));
    }
    SortedSet<Integer> limits = new TreeSet<>(List.of(0x80));
    for (CharSet set : sets) {
      set.addLimits(limits);
    }
    for (int cp : limits.tailSet(0x80)) {
      for (int i = 0; i < CharClass.COUNT; i++) {
        addClass(cp, 1 << i);
      }
    }
  }

  private void addClass(int cp, int cls) {
    long bits = signature(cp, cls);
    Integer known = classes.get(bits);
    if (known == null) {
      known = members.size();
      classes.put(bits, known);
      members.add(bits);
      if (known > Byte.MAX_VALUE) {
        throw new IllegalArgumentException("a pattern tells more than 128 kinds of characters");
      }
    }
    if (cls == CharClass.SPACE) {
      spaces.set(known);
    }
  }

  // States.

  private int[] build() {
    state(List.of());
    List<Integer> begin = new ArrayList<>();
    follow(entry, begin, new BitSet());
    state(begin);
    int[] table = new int[64 * width()];
    for (int s = 0; s < states.size(); s++) {
      if ((s + 1) * width() > table.length) {
        table = Arrays.copyOf(table, 2 * table.length);
      }
      for (int cls = 0; cls < width(); cls++) {
        table[s * width() + cls] = move(states.get(s), cls);
      }
    }
    int used = states.size() * width();
    numbers.clear();
    states.clear();
    return Arrays.copyOf(table, used);
  }

  private int state(List<Integer> places) {
    Integer known = numbers.get(places);
    if (known != null) {
      return known;
    }
    numbers.put(places, states.size());
    states.add(places);
    return states.size() - 1;
  }

  /** Adds the places that are reached from one without reading, the preferred first. */
  private void follow(int at, List<Integer> out, BitSet seen) {
    if (seen.get(at)) {
      return;
    }
    seen.set(at);
    if (kinds[at] == SPLIT) {
      follow(first[at], out, seen);
      follow(second[at], out, seen);
    } else {
      out.add(at);
    }
  }

  private int move(List<Integer> places, int cls) {
    List<Integer> target = new ArrayList<>();
    BitSet seen = new BitSet();
    boolean accept = false;
    boolean beforeSpace = cls == endOfText() || spaces.get(cls);
    long bits = cls == endOfText() ? 0 : members.get(cls);
    for (int at : places) {
      int place = at;
      if (kinds[place] == BEFORE_SPACE && beforeSpace) {
        place = first[place]; // the look-ahead is the last of its alternative
      }
      if (kinds[place] == MATCH) {
        accept = true;
        break;
      }
      if (kinds[place] >= 0 && (bits >>> kinds[place] & 1) != 0) {
        follow(first[place], target, seen);
      }
    }
    return state(target) * width() << 1 | (accept ? ACCEPT : 0);
  }
}
