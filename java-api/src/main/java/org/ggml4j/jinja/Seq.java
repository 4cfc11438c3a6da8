package org.ggml4j.jinja;

import java.util.ArrayList;
import java.util.List;

/** A list or what else holds values in order. */
final class Seq {
  /** What Python would call it, and how it shows it. */
  enum Kind {
    LIST("list", "[", "]"),
    TUPLE("tuple", "(", ")"),
    RANGE("range", "range([", "])"),
    KEYS("dict_keys", "dict_keys([", "])"),
    VALUES("dict_values", "dict_values([", "])"),
    ITEMS("dict_items", "dict_items([", "])"),
    GENERATOR("generator", "<generator [", "]>");

    final String type;
    final String open;
    final String close;

    Kind(String type, String open, String close) {
      this.type = type;
      this.open = open;
      this.close = close;
    }
  }

  final Kind kind;
  private final List<Object> items;
  private boolean consumed;

  Seq(Kind kind, int capacity) {
    this.kind = kind;
    this.items = new ArrayList<>(capacity);
  }

  private Seq(Kind kind, List<Object> items) {
    this.kind = kind;
    this.items = items;
  }

  static Seq list() {
    return new Seq(Kind.LIST, 8);
  }

  static Seq pair(Object a, Object b) {
    Seq pair = new Seq(Kind.TUPLE, 2);
    pair.add(a);
    pair.add(b);
    return pair;
  }

  Seq add(Object item) {
    items.add(item);
    return this;
  }

  /** The items, to be changed by the list's own methods only. */
  List<Object> items() {
    return items;
  }

  int size() {
    return items.size();
  }

  Object get(int index) {
    return items.get(index);
  }

  /** Whether it can be counted and indexed. */
  boolean isSequence() {
    return kind == Kind.LIST || kind == Kind.TUPLE || kind == Kind.RANGE;
  }

  /** The items to iterate over; a generator gives them once. */
  Object[] take() {
    if (kind == Kind.GENERATOR) {
      if (consumed) {
        return new Object[0];
      }
      consumed = true;
    }
    return items.toArray();
  }

  Seq as(Kind other) {
    return new Seq(other, new ArrayList<>(items));
  }
}
