package org.ggml4j.jinja;

/** What is behind a dot or in brackets. */
final class Members {
  private Members() {}

  /** {@code value.name}: an attribute, else an item. */
  static Object attribute(Run run, Object value, String name) {
    if (value instanceof Dict dict) {
      if (Method.isKnown(run, dict, name)) {
        return new Method(dict, name);
      }
      Object item = dict.get(name);
      return item == null ? missing(value, name) : item;
    }
    if (value instanceof Namespace n) {
      Object item = n.attributes().get(name);
      return item == null ? missing(value, name) : item;
    }
    if (value instanceof LoopInfo loop) {
      return loop.attribute(name);
    }
    if (value instanceof Undefined u) {
      throw u.failure();
    }
    if (value instanceof Macro m && name.equals("name")) {
      return Text.template(m.name());
    }
    if (value instanceof Cycler c && name.equals("current")) {
      return c.current();
    }
    if (Method.isKnown(run, value, name)) {
      return new Method(value, name);
    }
    if (Method.isForbidden(value, name)) {
      return new Undefined(
          "access to attribute '"
              + name
              + "' of '"
              + Values.typeName(value)
              + "' object is unsafe: templates may not change what they are given");
    }
    return missing(value, name);
  }

  private static Undefined missing(Object value, String name) {
    String of = value == None.NONE ? "'None'" : "'" + Values.typeName(value) + " object'";
    return new Undefined(of + " has no attribute '" + name + "'");
  }

  /** {@code value[key]}: an item, else an attribute. */
  static Object item(Run run, Object value, Object key) {
    if (value instanceof Undefined u) {
      throw u.failure();
    }
    if (value instanceof Dict dict) {
      Object item = key instanceof Seq || key instanceof Dict ? null : dict.get(key);
      if (item != null) {
        return item;
      }
    } else if (Numbers.isWhole(key)) {
      if (value instanceof Text t) {
        return character(t, Numbers.index(key));
      }
      if (value instanceof Seq s && s.isSequence()) {
        int i = Numbers.index(key);
        i = i < 0 ? i + s.size() : i;
        return i >= 0 && i < s.size() ? s.get(i) : noItem(value, key);
      }
    }
    return key instanceof Text name ? attribute(run, value, name.toString()) : noItem(value, key);
  }

  private static Undefined noItem(Object value, Object key) {
    return new Undefined("'" + Values.typeName(value) + " object' has no element " + Repr.of(key));
  }

  private static Object character(Text text, int index) {
    int n = text.nCodePoints();
    int i = index < 0 ? index + n : index;
    if (i < 0 || i >= n) {
      return noItem(text, (long) index);
    }
    int from = text.toString().offsetByCodePoints(0, i);
    return text.slice(from, text.toString().offsetByCodePoints(from, 1));
  }

  /** {@code value[from:to:step]}; None where nothing is said. */
  static Object slice(Run run, Object value, Object from, Object to, Object step) {
    if (value instanceof Undefined u) {
      throw u.failure();
    }
    if (!(value instanceof Text) && !(value instanceof Seq s && s.isSequence())) {
      return new Undefined("'" + Values.typeName(value) + " object' has no slices");
    }
    int size = Values.length(value);
    long by = step == None.NONE ? 1 : Numbers.index(step);
    if (by == 0) {
      throw new Failure("a slice's step cannot be zero");
    }
    long first = bound(from, size, by, by < 0 ? size - 1 : 0);
    long end = bound(to, size, by, by < 0 ? -1 : size);
    run.charge(value instanceof Text ? size >> 4 : size);
    if (value instanceof Text t) {
      return slice(t, first, end, by, size);
    }
    Seq s = (Seq) value;
    Seq slice = new Seq(s.kind, 8);
    for (long i = first; by > 0 ? i < end : i > end; i += by) {
      slice.add(s.get((int) i));
    }
    return slice;
  }

  private static long bound(Object value, int size, long step, long otherwise) {
    if (value == None.NONE) {
      return otherwise;
    }
    long i = Numbers.index(value);
    i = i < 0 ? i + size : i;
    return step > 0 ? Math.max(0, Math.min(i, size)) : Math.max(-1, Math.min(i, size - 1));
  }

  private static Object slice(Text text, long first, long end, long step, int size) {
    if (step == 1) {
      if (first >= end) {
        return text.slice(0, 0);
      }
      String s = text.toString();
      if (size == s.length()) {
        return text.slice((int) first, (int) end);
      }
      int from = s.offsetByCodePoints(0, (int) first);
      return text.slice(from, s.offsetByCodePoints(from, (int) (end - first)));
    }
    Object[] all = Values.items(text);
    TextBuilder out = new TextBuilder();
    for (long i = first; step > 0 ? i < end : i > end; i += step) {
      out.append((Text) all[(int) i]);
    }
    return out.toText().asMarkup(text.isMarkup());
  }
}
