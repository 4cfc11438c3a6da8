package org.ggml4j.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** The filters of what can be iterated. */
final class SeqFilters {
  private SeqFilters() {}

  static Object apply(Run run, String name, Object value, Args args) {
    if (name.equals("last") || (name.equals("reverse") && !(value instanceof Text))) {
      return last(name, value, args);
    }
    if (name.equals("reverse")) {
      return Members.slice(run, value, None.NONE, None.NONE, -1L);
    }
    Object[] items = isLazy(name) && !Values.truth(value) ? new Object[0] : Values.items(value);
    run.charge(items.length);
    return switch (name) {
      case "first" ->
          items.length > 0 ? items[0] : new Undefined("no first item: the sequence is empty");
      case "list" -> listed(items, Seq.Kind.LIST);
      case "join" -> {
        Object separator = args.atMost(2, "d", "attribute").get(0, "d", Text.EMPTY);
        Object attribute = args.get(1, "attribute", None.NONE);
        if (attribute != None.NONE) {
          for (int i = 0; i < items.length; i++) {
            items[i] = attribute(run, items[i], attribute);
          }
        }
        yield joined(run, items, Values.text(separator));
      }
      case "map" -> map(run, items, args);
      case "select", "reject", "selectattr", "rejectattr" -> select(run, name, items, args);
      case "sort" -> {
        args.atMost(3, "reverse", "case_sensitive", "attribute");
        yield sort(
            run,
            listed(items, Seq.Kind.LIST),
            args.flag(0, "reverse", false),
            args.flag(1, "case_sensitive", false),
            args.get(2, "attribute", None.NONE));
      }
      case "unique" -> unique(run, items, args.atMost(2, "case_sensitive", "attribute"));
      case "min", "max" ->
          extreme(run, items, name.equals("max"), args.atMost(2, "case_sensitive", "attribute"));
      case "sum" -> {
        Object attribute = args.atMost(2, "attribute", "start").get(0, "attribute", None.NONE);
        Object sum = args.get(1, "start", 0L);
        for (Object item : items) {
          sum = Operators.apply(run, "+", sum, attribute(run, item, attribute));
        }
        yield sum;
      }
      case "dictsort" -> dictSort(run, value, args.atMost(3, "case_sensitive", "by", "reverse"));
      case "batch" -> batch(items, args.atMost(2, "linecount", "fill_with"));
      case "slice" -> slices(items, args.atMost(2, "slices", "fill_with"));
      default -> groups(run, items, args.atMost(3, "attribute", "default", "case_sensitive"));
    };
  }

  /** These take nothing, None for example, for an empty list. */
  private static boolean isLazy(String name) {
    return name.equals("map") || name.startsWith("select") || name.startsWith("reject");
  }

  private static Object last(String name, Object value, Args args) {
    args.atMost(0);
    if (name.equals("last") && value instanceof Seq s && s.kind == Seq.Kind.GENERATOR) {
      throw new Failure("'generator' object is not reversible");
    }
    Object[] items = Values.items(value);
    if (name.equals("last")) {
      return items.length > 0
          ? items[items.length - 1]
          : new Undefined("no last item: the sequence is empty");
    }
    Seq reversed = listed(items, Seq.Kind.GENERATOR);
    Collections.reverse(reversed.items());
    return reversed;
  }

  static Seq listed(Object[] items, Seq.Kind kind) {
    Seq list = new Seq(kind, items.length);
    Collections.addAll(list.items(), items);
    return list;
  }

  /** {@code a.b.0} of a value; the value itself where nothing is said. */
  static Object attribute(Run run, Object value, Object path) {
    if (path == None.NONE) {
      return value;
    }
    if (!(path instanceof Text text)) {
      return Members.item(run, value, path);
    }
    Object found = value;
    for (Object part : Splitting.call(run, text, "split", Args.of(Text.template("."))).items()) {
      Text name = (Text) part;
      boolean index = !name.isEmpty() && name.length() < 10;
      for (int i = 0; i < name.length(); i++) {
        index &= Chars.isDigit(name.charAt(i));
      }
      found = Members.item(run, found, index ? (Object) Long.valueOf(name.toString()) : name);
    }
    return found;
  }

  /** The {@code join} method: strings only. */
  static Text join(Run run, Object[] items, Text separator) {
    for (Object item : items) {
      TextMethods.text(item);
    }
    return joined(run, items, separator);
  }

  private static Text joined(Run run, Object[] items, Text separator) {
    boolean markup = separator.isMarkup();
    Text[] texts = new Text[items.length];
    for (int i = 0; i < items.length; i++) {
      texts[i] = Values.text(items[i]);
      markup |= texts[i].isMarkup() && separator.isMarkup();
    }
    TextBuilder out = run.builder();
    for (int i = 0; i < texts.length; i++) {
      if (i > 0) {
        out.append(separator);
      }
      out.append(markup ? texts[i].escaped() : texts[i]);
    }
    return run.made(out.toText().asMarkup(markup));
  }

  private static Object map(Run run, Object[] items, Args args) {
    Seq mapped = new Seq(Seq.Kind.GENERATOR, items.length);
    Object attribute = args.find("attribute");
    if (args.size() == 0 && attribute != null) {
      Object otherwise = args.find("default");
      for (Object item : items) {
        run.step();
        Object found = attribute(run, item, attribute);
        mapped.add(found instanceof Undefined && otherwise != null ? otherwise : found);
      }
      return mapped;
    }
    String filter = Values.text(args.require(0, "filter")).toString();
    Args rest = args.after(1);
    for (Object item : items) {
      run.step();
      mapped.add(Filters.apply(run, filter, item, rest));
    }
    return mapped;
  }

  private static Object select(Run run, String name, Object[] items, Args args) {
    boolean byAttribute = name.endsWith("attr");
    boolean wanted = name.startsWith("select");
    Object attribute = byAttribute ? args.require(0, "attribute") : None.NONE;
    int n = byAttribute ? 1 : 0;
    String test = args.size() > n ? Values.text(args.get(n)).toString() : "";
    Args rest = args.after(n + 1);
    Seq selected = new Seq(Seq.Kind.GENERATOR, items.length);
    for (Object item : items) {
      run.step();
      Object value = attribute(run, item, attribute);
      boolean fits = test.isEmpty() ? Values.truth(value) : Tests.apply(run, test, value, rest);
      if (fits == wanted) {
        selected.add(item);
      }
    }
    return selected;
  }

  static Seq sort(Seq items, boolean reverse, boolean caseSensitive, Object attribute) {
    return sort(new Run(TemplateOptions.defaults()), items, reverse, caseSensitive, attribute);
  }

  private static Seq sort(
      Run run, Seq items, boolean reverse, boolean caseSensitive, Object attribute) {
    Object[] keys = new Object[items.size()];
    Integer[] order = new Integer[keys.length];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = key(attributes(run, items.get(i), attribute), caseSensitive);
      order[i] = i;
    }
    return ordered(run, items, keys, order, reverse);
  }

  private static Seq ordered(Run run, Seq items, Object[] keys, Integer[] order, boolean reverse) {
    Comparator<Integer> byKey =
        new Comparator<>() {
          @Override
          public int compare(Integer a, Integer b) {
            run.step();
            return reverse
                ? Values.compare(keys[b], keys[a], "<")
                : Values.compare(keys[a], keys[b], "<");
          }
        };
    try {
      Arrays.sort(order, byKey);
    } catch (IllegalArgumentException e) {
      throw new Failure("the items have no order among each other");
    }
    Seq sorted = new Seq(Seq.Kind.LIST, keys.length);
    for (Integer i : order) {
      sorted.add(items.get(i));
    }
    return sorted;
  }

  /** One value, or those of several attributes with commas between. */
  private static Object attributes(Run run, Object item, Object attribute) {
    if (attribute instanceof Text t && t.toString().indexOf(',') >= 0) {
      Seq values = new Seq(Seq.Kind.TUPLE, 2);
      for (Object part : Splitting.call(run, t, "split", Args.of(Text.template(","))).items()) {
        values.add(attribute(run, item, part));
      }
      return values;
    }
    return attribute(run, item, attribute);
  }

  private static Object key(Object value, boolean caseSensitive) {
    return !caseSensitive && value instanceof Text t ? TextMethods.cased(t, "lower") : value;
  }

  private static Object unique(Run run, Object[] items, Args args) {
    boolean caseSensitive = args.flag(0, "case_sensitive", false);
    Object attribute = args.get(1, "attribute", None.NONE);
    Dict seen = new Dict();
    Seq unique = new Seq(Seq.Kind.GENERATOR, items.length);
    for (Object item : items) {
      Object key = key(attribute(run, item, attribute), caseSensitive);
      if (!seen.contains(key)) {
        seen.put(key, None.NONE);
        unique.add(item);
      }
    }
    return unique;
  }

  private static Object extreme(Run run, Object[] items, boolean max, Args args) {
    if (items.length == 0) {
      return new Undefined("no least or greatest item: the sequence is empty");
    }
    boolean caseSensitive = args.flag(0, "case_sensitive", false);
    Object attribute = args.get(1, "attribute", None.NONE);
    Object best = items[0];
    Object bestKey = key(attribute(run, best, attribute), caseSensitive);
    for (int i = 1; i < items.length; i++) {
      Object key = key(attribute(run, items[i], attribute), caseSensitive);
      int order = Values.compare(key, bestKey, "<");
      if (max ? order > 0 : order < 0) {
        best = items[i];
        bestKey = key;
      }
    }
    return best;
  }

  private static Object dictSort(Run run, Object value, Args args) {
    if (!(value instanceof Dict dict)) {
      throw new Failure("dictsort: a dict was expected, not '" + Values.typeName(value) + "'");
    }
    boolean caseSensitive = args.flag(0, "case_sensitive", false);
    boolean byKey = !Values.equal(args.get(1, "by", Text.template("key")), Text.template("value"));
    Object[] keys = new Object[dict.size()];
    Integer[] order = new Integer[keys.length];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = key(byKey ? dict.key(i) : dict.value(i), caseSensitive);
      order[i] = i;
    }
    Seq pairs = dict.view(Seq.Kind.ITEMS).as(Seq.Kind.LIST);
    return ordered(run, pairs, keys, order, args.flag(2, "reverse", false));
  }

  private static Object batch(Object[] items, Args args) {
    int size = args.integer(0, "linecount", 0);
    Object fill = args.get(1, "fill_with", None.NONE);
    if (size < 1 || size > 1_000_000) {
      throw new Failure("batch: a size from 1 to 1000000 was expected");
    }
    Seq batches = new Seq(Seq.Kind.GENERATOR, 8);
    for (int i = 0; i < items.length; i += size) {
      Seq one =
          listed(Arrays.copyOfRange(items, i, Math.min(items.length, i + size)), Seq.Kind.LIST);
      while (fill != None.NONE && one.size() < size) {
        one.add(fill);
      }
      batches.add(one);
    }
    return batches;
  }

  private static Object slices(Object[] items, Args args) {
    int count = args.integer(0, "slices", 0);
    Object fill = args.get(1, "fill_with", None.NONE);
    if (count < 1 || count > 100_000) {
      throw new Failure("slice: a count from 1 to 100000 was expected");
    }
    int longer = items.length % count;
    int from = 0;
    Seq slices = new Seq(Seq.Kind.GENERATOR, count);
    for (int i = 0; i < count; i++) {
      int to = from + items.length / count + (i < longer ? 1 : 0);
      Seq one = listed(Arrays.copyOfRange(items, from, to), Seq.Kind.LIST);
      if (fill != None.NONE && i >= longer) {
        one.add(fill);
      }
      slices.add(one);
      from = to;
    }
    return slices;
  }

  private static Object groups(Run run, Object[] items, Args args) {
    Object attribute = args.require(0, "attribute");
    Object otherwise = args.get(1, "default", None.NONE);
    boolean caseSensitive = args.flag(2, "case_sensitive", false);
    Seq sorted = sort(run, listed(items, Seq.Kind.LIST), false, caseSensitive, attribute);
    Seq groups = Seq.list();
    List<Object> keys = new ArrayList<>();
    for (Object item : sorted.items()) {
      Object value = attribute(run, item, attribute);
      Object shown = value instanceof Undefined ? otherwise : value;
      Object key = key(shown, caseSensitive);
      int last = keys.size() - 1;
      if (last < 0 || !Values.equal(keys.get(last), key)) {
        keys.add(key);
        groups.add(Seq.pair(shown, Seq.list().add(item)));
      } else {
        ((Seq) ((Seq) groups.get(last)).get(1)).add(item);
      }
    }
    return groups;
  }
}
