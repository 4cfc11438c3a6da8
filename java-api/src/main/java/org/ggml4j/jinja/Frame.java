package org.ggml4j.jinja;

import org.jspecify.annotations.Nullable;

/** The variables of a running template, macro or call block. */
final class Frame {
  final Run run;

  /** The frame in which the macro was defined. */
  final @Nullable Frame parent;

  /** By place; null where nothing is set. */
  final @Nullable Object[] slots;

  Frame(Run run, @Nullable Frame parent, int size) {
    this.run = run;
    this.parent = parent;
    this.slots = new @Nullable Object[size];
  }

  void clear(int[] which) {
    for (int slot : which) {
      slots[slot] = null;
    }
  }
}
