package org.ggml4j.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The values that a function, a filter or a test is called with. */
final class Args {
  static final Args NONE = new Args(0);

  private final List<Object> values;
  private List<String> names = List.of();
  private List<Object> named = List.of();

  Args(int size) {
    this.values = new ArrayList<>(size);
  }

  /** One positional argument. */
  static Args of(Object value) {
    Args args = new Args(1);
    args.add(value);
    return args;
  }

  void add(Object value) {
    values.add(value);
  }

  void put(String name, Object value) {
    if (names.contains(name)) {
      throw new Failure("the argument '" + name + "' is given twice");
    }
    if (names.isEmpty()) {
      names = new ArrayList<>(4);
      named = new ArrayList<>(4);
    }
    names.add(name);
    named.add(value);
  }

  /** How many there are without a name. */
  int size() {
    return values.size();
  }

  boolean isEmpty() {
    return values.isEmpty() && names.isEmpty();
  }

  Object get(int index) {
    return values.get(index);
  }

  List<String> names() {
    return names;
  }

  Object named(int index) {
    return named.get(index);
  }

  /** The value of a name, if it is given. */
  @Nullable Object find(String name) {
    int i = names.indexOf(name);
    return i < 0 ? null : named.get(i);
  }

  /** What is left without the first {@code n}. */
  Args after(int n) {
    Args rest = new Args(values.size());
    for (int i = n; i < values.size(); i++) {
      rest.add(values.get(i));
    }
    for (int i = 0; i < names.size(); i++) {
      rest.put(names.get(i), named.get(i));
    }
    return rest;
  }

  /** The argument of a place or a name, or something else where it is not given. */
  Object get(int index, String name, Object otherwise) {
    if (index < values.size()) {
      return values.get(index);
    }
    Object value = names.isEmpty() ? null : find(name);
    return value == null ? otherwise : value;
  }

  /** The argument of a place or a name. */
  Object require(int index, String name) {
    if (index < values.size()) {
      return values.get(index);
    }
    Object value = find(name);
    if (value == null) {
      throw new Failure("the argument '" + name + "' is missing");
    }
    return value;
  }

  /** A flag. */
  boolean flag(int index, String name, boolean otherwise) {
    return Values.truth(get(index, name, otherwise));
  }

  /** A whole number. */
  int integer(int index, String name, int otherwise) {
    Object value = get(index, name, None.NONE);
    return value == None.NONE ? otherwise : Numbers.index(value);
  }

  /** Fails if there are more, or others, than a function takes. */
  Args atMost(int count, String... known) {
    if (values.size() > count) {
      throw new Failure(values.size() + " arguments are given, at most " + count + " are taken");
    }
    for (String name : names) {
      boolean found = false;
      for (String other : known) {
        found |= other.equals(name);
      }
      if (!found) {
        throw new Failure("there is no argument '" + name + "'");
      }
    }
    return this;
  }
}
