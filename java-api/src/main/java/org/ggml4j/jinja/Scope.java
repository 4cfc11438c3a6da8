package org.ggml4j.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names that a part of a template sets. A loop's body has a scope in the frame of what it
 * stands in; a macro's body has a frame of its own.
 */
final class Scope {
  final @Nullable Scope parent;
  private final Map<String, Integer> names = new HashMap<>();
  private final Space space;
  private int[] cleared = {};

  /** Whether a macro asks for what it has no parameter for. */
  boolean usesCaller;

  boolean usesVarargs;
  boolean usesKwargs;

  /** The slots of one frame. */
  private static final class Space {
    private int size;
    private final boolean macro;

    private Space(boolean macro) {
      this.macro = macro;
    }
  }

  private Scope(@Nullable Scope parent, Space space) {
    this.parent = parent;
    this.space = space;
  }

  /** The scope of a new frame. */
  static Scope frame(@Nullable Scope parent, boolean macro) {
    return new Scope(parent, new Space(macro));
  }

  /** A scope within the same frame. */
  Scope block() {
    return new Scope(this, space);
  }

  boolean isMacro() {
    return space.macro && (parent == null || parent.space != space);
  }

  /** The slot of a name that is set here. */
  int declare(String name) {
    Integer slot = names.get(name);
    if (slot == null) {
      slot = space.size++;
      names.put(name, slot);
    }
    return slot;
  }

  /** How many slots the frame needs; to be asked when all is parsed. */
  int size() {
    return space.size;
  }

  /** The slots of this scope's own names, to be cleared when it is entered. */
  int[] slots() {
    if (cleared.length != names.size()) {
      int[] slots = new int[names.size()];
      int n = 0;
      for (int slot : names.values()) {
        slots[n++] = slot;
      }
      cleared = slots;
    }
    return cleared;
  }

  /** Where a name may be found: pairs of frames to go up and slot, nearest first. */
  int[] resolve(String name) {
    List<Integer> chain = new ArrayList<>(4);
    int hops = 0;
    for (Scope s = this; s != null; s = s.parent) {
      Integer slot = s.names.get(name);
      if (slot != null) {
        chain.add(hops);
        chain.add(slot);
      }
      if (s.parent != null && s.parent.space != s.space) {
        hops++;
      }
    }
    int[] result = new int[chain.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = chain.get(i);
    }
    return result;
  }
}
