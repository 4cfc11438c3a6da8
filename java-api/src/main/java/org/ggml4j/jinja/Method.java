package org.ggml4j.jinja;

import java.util.Collections;
import java.util.Set;

/** A method of a string, a list, a dict or a number, bound to its value. */
record Method(Object self, String name) implements Callable {
  private static final Set<String> LIST = Set.of("count", "index", "copy");
  private static final Set<String> LIST_CHANGES =
      Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort");
  private static final Set<String> DICT = Set.of("get", "items", "keys", "values", "copy");
  private static final Set<String> DICT_CHANGES =
      Set.of("clear", "pop", "popitem", "setdefault", "update");

  /** Whether a value has a method that the options allow. */
  static boolean isKnown(Run run, Object value, String name) {
    if (value instanceof Text) {
      return TextMethods.NAMES.contains(name);
    }
    if (value instanceof Dict) {
      return DICT.contains(name) || (run.options.mutable() && DICT_CHANGES.contains(name));
    }
    if (value instanceof Seq s && s.isSequence()) {
      return s.kind == Seq.Kind.LIST
          ? LIST.contains(name) || (run.options.mutable() && LIST_CHANGES.contains(name))
          : name.equals("count") || name.equals("index");
    }
    return (value instanceof Double && name.equals("is_integer"))
        || (value instanceof Cycler && (name.equals("next") || name.equals("reset")));
  }

  /** Whether it would have it if the options allowed changes. */
  static boolean isForbidden(Object value, String name) {
    return (value instanceof Seq s && s.kind == Seq.Kind.LIST && LIST_CHANGES.contains(name))
        || (value instanceof Dict && DICT_CHANGES.contains(name));
  }

  @Override
  public Object call(Run run, Args args) {
    if (self instanceof Text t) {
      return TextMethods.call(run, t, name, args);
    }
    if (self instanceof Dict d) {
      return dict(d, args);
    }
    if (self instanceof Seq s) {
      return list(run, s, args);
    }
    if (self instanceof Cycler c) {
      return name.equals("next") ? c.next() : c.reset();
    }
    return self instanceof Double d && d == Math.rint(d) && !d.isInfinite();
  }

  private Object dict(Dict dict, Args args) {
    switch (name) {
      case "get" -> {
        args.atMost(2);
        Object value = dict.get(args.require(0, "key"));
        return value == null ? args.get(1, "default", None.NONE) : value;
      }
      case "items" -> {
        args.atMost(0);
        return dict.view(Seq.Kind.ITEMS);
      }
      case "keys" -> {
        args.atMost(0);
        return dict.view(Seq.Kind.KEYS);
      }
      case "values" -> {
        args.atMost(0);
        return dict.view(Seq.Kind.VALUES);
      }
      case "copy" -> {
        args.atMost(0);
        return dict.copy();
      }
      case "clear" -> {
        while (dict.size() > 0) {
          dict.remove(dict.key(dict.size() - 1));
        }
      }
      case "pop" -> {
        Object key = args.atMost(2).require(0, "key");
        Object value = dict.remove(key);
        if (value == null && args.size() < 2) {
          throw new Failure("pop(): the dict has no key " + Repr.of(key));
        }
        return value == null ? args.get(1) : value;
      }
      case "popitem" -> {
        if (dict.size() == 0) {
          throw new Failure("popitem(): the dict is empty");
        }
        Object key = dict.key(dict.size() - 1);
        Object value = dict.value(dict.size() - 1);
        dict.remove(key);
        return Seq.pair(key, value);
      }
      case "setdefault" -> {
        Object key = args.atMost(2).require(0, "key");
        Object value = dict.get(key);
        if (value == null) {
          value = args.get(1, "default", None.NONE);
          dict.put(key, value);
        }
        return value;
      }
      default -> dict.putAll(Function.dict(args)); // update
    }
    return None.NONE;
  }

  private Object list(Run run, Seq seq, Args args) {
    run.charge(seq.size() >> 4);
    switch (name) {
      case "count" -> {
        Object value = args.atMost(1).require(0, "value");
        long n = 0;
        for (Object item : seq.items()) {
          n += Values.equal(item, value) ? 1 : 0;
        }
        return n;
      }
      case "index" -> {
        return (long) indexOf(seq, args.atMost(1).require(0, "value"));
      }
      case "copy" -> {
        run.charge(seq.size());
        return seq.as(Seq.Kind.LIST);
      }
      case "append" -> seq.add(args.atMost(1).require(0, "object"));
      case "clear" -> seq.items().clear();
      case "extend" -> {
        Object[] items = Values.items(args.atMost(1).require(0, "iterable"));
        run.charge(items.length);
        Collections.addAll(seq.items(), items);
      }
      case "insert" -> {
        int i = Numbers.index(args.atMost(2).require(0, "index"));
        i = Math.max(0, Math.min(i < 0 ? i + seq.size() : i, seq.size()));
        seq.items().add(i, args.require(1, "object"));
      }
      case "pop" -> {
        int i = args.atMost(1).integer(0, "index", -1);
        i = i < 0 ? i + seq.size() : i;
        if (i < 0 || i >= seq.size()) {
          throw new Failure("pop(): the list has no such element");
        }
        return seq.items().remove(i);
      }
      case "remove" -> seq.items().remove(indexOf(seq, args.atMost(1).require(0, "value")));
      case "reverse" -> Collections.reverse(seq.items());
      default -> {
        Seq sorted = SeqFilters.sort(seq, args.flag(0, "reverse", false), true, None.NONE);
        seq.items().clear();
        seq.items().addAll(sorted.items());
      }
    }
    return None.NONE;
  }

  private static int indexOf(Seq seq, Object value) {
    for (int i = 0; i < seq.size(); i++) {
      if (Values.equal(seq.get(i), value)) {
        return i;
      }
    }
    throw new Failure(Repr.of(value) + " is not in the list");
  }
}
