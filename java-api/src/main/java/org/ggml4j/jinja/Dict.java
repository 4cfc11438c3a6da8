package org.ggml4j.jinja;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Python's dict: in the order of insertion, with keys that are equal as Python's values are. */
final class Dict {
  private static final int SMALL = 8;

  private Object[] keys;
  private Object[] values;
  private int size;

  /** Open addressing from hash to place plus one; empty while linear search is as good. */
  private int[] table = {};

  Dict() {
    this(4);
  }

  Dict(int capacity) {
    keys = new Object[capacity];
    values = new Object[capacity];
  }

  int size() {
    return size;
  }

  Object key(int i) {
    return keys[i];
  }

  Object value(int i) {
    return values[i];
  }

  @Nullable Object get(Object key) {
    int i = indexOf(key);
    return i < 0 ? null : values[i];
  }

  @Nullable Object get(String key) {
    if (table.length > 0) {
      return get(Text.template(key));
    }
    for (int i = 0; i < size; i++) {
      if (keys[i] instanceof Text t && t.toString().equals(key)) {
        return values[i];
      }
    }
    return null;
  }

  boolean contains(Object key) {
    return indexOf(key) >= 0;
  }

  private int indexOf(Object key) {
    int hash = Values.hash(key);
    if (table.length == 0) {
      for (int i = 0; i < size; i++) {
        if (Values.equal(keys[i], key)) {
          return i;
        }
      }
      return -1;
    }
    for (int at = slot(hash); table[at] != 0; at = (at + 1) & (table.length - 1)) {
      if (Values.equal(keys[table[at] - 1], key)) {
        return table[at] - 1;
      }
    }
    return -1;
  }

  private int slot(int hash) {
    return (hash * 0x9E3779B9) >>> 7 & (table.length - 1);
  }

  Dict put(Object key, Object value) {
    int i = indexOf(key);
    if (i >= 0) {
      values[i] = value;
      return this;
    }
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, Math.max(4, 2 * size));
      values = Arrays.copyOf(values, keys.length);
    }
    keys[size] = key;
    values[size++] = value;
    if (table.length > 0 && 2 * size <= table.length) {
      enter(size - 1);
    } else if (size > SMALL) {
      index();
    }
    return this;
  }

  private void index() {
    table = new int[Integer.highestOneBit(size) * 4];
    for (int i = 0; i < size; i++) {
      enter(i);
    }
  }

  private void enter(int i) {
    int at = slot(Values.hash(keys[i]));
    while (table[at] != 0) {
      at = (at + 1) & (table.length - 1);
    }
    table[at] = i + 1;
  }

  @Nullable Object remove(Object key) {
    int i = indexOf(key);
    if (i < 0) {
      return null;
    }
    Object value = values[i];
    System.arraycopy(keys, i + 1, keys, i, size - i - 1);
    System.arraycopy(values, i + 1, values, i, size - i - 1);
    size--;
    table = new int[0];
    if (size > SMALL) {
      index();
    }
    return value;
  }

  Dict copy() {
    Dict copy = new Dict(size);
    copy.putAll(this);
    return copy;
  }

  void putAll(Dict other) {
    for (int i = 0; i < other.size; i++) {
      put(other.keys[i], other.values[i]);
    }
  }

  /** Its keys, values or pairs. */
  Seq view(Seq.Kind kind) {
    Seq view = new Seq(kind, size);
    for (int i = 0; i < size; i++) {
      view.add(
          switch (kind) {
            case KEYS -> keys[i];
            case VALUES -> values[i];
            default -> Seq.pair(keys[i], values[i]);
          });
    }
    return view;
  }
}
