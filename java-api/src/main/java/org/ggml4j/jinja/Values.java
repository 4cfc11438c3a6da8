package org.ggml4j.jinja;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What Python does with any value. Values are {@link None}, Boolean, Long, BigInteger, Double,
 * {@link Text}, {@link Seq}, {@link Dict}, {@link Namespace}, {@link Undefined}, {@link LoopInfo}
 * and {@link Callable}.
 */
final class Values {
  /** Values within values. */
  private static final int MAX_DEPTH = 200;

  private Values() {}

  /** A value from Java as a template sees it; strings count as messages. */
  static Object of(@Nullable Object value) {
    return of(value, 0);
  }

  private static Object of(@Nullable Object value, int depth) {
    if (depth > MAX_DEPTH) {
      throw new Failure("the values given nest deeper than " + MAX_DEPTH + " levels");
    }
    if (value == null) {
      return None.NONE;
    }
    if (value instanceof String s) {
      return Text.message(s);
    }
    if (value instanceof Text
        || value instanceof Boolean
        || value instanceof Long
        || value instanceof Double) {
      return value;
    }
    if (value instanceof Map<?, ?> map) {
      Dict dict = new Dict(Math.max(1, map.size()));
      for (Map.Entry<?, ?> e : map.entrySet()) {
        dict.put(of(e.getKey(), depth + 1), of(e.getValue(), depth + 1));
      }
      return dict;
    }
    if (value instanceof List<?> list) {
      Seq seq = new Seq(Seq.Kind.LIST, list.size());
      for (int i = 0; i < list.size(); i++) {
        seq.add(of(list.get(i), depth + 1));
      }
      return seq;
    }
    if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    }
    if (value instanceof BigInteger big) {
      return Numbers.shrink(big);
    }
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw new Failure(
        "a value of "
            + value.getClass()
            + " was given; null, strings, numbers, booleans, lists and maps are known");
  }

  /** The type's name in Python's messages. */
  static String typeName(Object value) {
    if (value instanceof Text) {
      return "str";
    }
    if (value instanceof Seq s) {
      return s.kind.type;
    }
    if (value instanceof Dict) {
      return "dict";
    }
    if (value == None.NONE) {
      return "NoneType";
    }
    if (value instanceof Boolean) {
      return "bool";
    }
    if (value instanceof Double) {
      return "float";
    }
    if (value instanceof Number) {
      return "int";
    }
    if (value instanceof Undefined) {
      return "Undefined";
    }
    return value instanceof Namespace
        ? "Namespace"
        : value instanceof LoopInfo ? "LoopContext" : "function";
  }

  static boolean truth(Object value) {
    if (value instanceof Boolean b) {
      return b;
    }
    if (value instanceof Text t) {
      return t.length() > 0;
    }
    if (value == None.NONE || value instanceof Undefined) {
      return false;
    }
    if (value instanceof Dict d) {
      return d.size() > 0;
    }
    if (value instanceof Seq s) {
      return s.size() > 0 || s.kind == Seq.Kind.GENERATOR;
    }
    if (value instanceof Long n) {
      return n != 0;
    }
    return !(value instanceof Double d) || d != 0;
  }

  /** Python's {@code str()}. */
  static Text text(Object value) {
    if (value instanceof Text t) {
      return t;
    }
    if (value instanceof Undefined) {
      return Text.EMPTY;
    }
    if (value instanceof Seq || value instanceof Dict || value instanceof Namespace) {
      return Repr.of(value);
    }
    return Text.template(plain(value));
  }

  /** Of what holds no text of others. */
  static String plain(Object value) {
    if (value instanceof Boolean b) {
      return b ? "True" : "False";
    }
    if (value instanceof Double d) {
      return Numbers.repr(d);
    }
    if (value instanceof Number) {
      return value.toString();
    }
    return value == None.NONE ? "None" : "<" + typeName(value) + ">";
  }

  static boolean isNumber(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  static boolean equal(Object a, Object b) {
    return equal(a, b, 0);
  }

  @SuppressWarnings("ReferenceEquality") // what is the same is equal, but for NaN
  private static boolean equal(Object a, Object b, int depth) {
    if (a == b) {
      return !(a instanceof Double d && d.isNaN());
    }
    if (a instanceof Text t) {
      return t.equals(b);
    }
    if (isNumber(a)) {
      return isNumber(b) && Numbers.compare(a, b) == 0;
    }
    if (depth > MAX_DEPTH) {
      throw new Failure("values that nest deeper than " + MAX_DEPTH + " levels are compared");
    }
    if (a instanceof Seq s && b instanceof Seq t) {
      if (s.kind != t.kind || s.size() != t.size() || s.kind == Seq.Kind.GENERATOR) {
        return false;
      }
      for (int i = 0; i < s.size(); i++) {
        if (!equal(s.get(i), t.get(i), depth + 1)) {
          return false;
        }
      }
      return true;
    }
    if (a instanceof Dict d && b instanceof Dict e) {
      if (d.size() != e.size()) {
        return false;
      }
      for (int i = 0; i < d.size(); i++) {
        Object other = e.get(d.key(i));
        if (other == null || !equal(d.value(i), other, depth + 1)) {
          return false;
        }
      }
      return true;
    }
    return a instanceof Undefined && b instanceof Undefined;
  }

  /** A hash that equal values share. */
  static int hash(Object value) {
    if (value instanceof Text t) {
      return t.hashCode();
    }
    if (isNumber(value)) {
      double d = Numbers.toDouble(value);
      return d == Math.rint(d) && Math.abs(d) < 1e18 ? Long.hashCode((long) d) : Double.hashCode(d);
    }
    if (value instanceof Seq s && s.kind == Seq.Kind.TUPLE) {
      int hash = 1;
      for (int i = 0; i < s.size(); i++) {
        hash = 31 * hash + hash(s.get(i));
      }
      return hash;
    }
    if (value instanceof Seq || value instanceof Dict) {
      throw new Failure("unhashable type: '" + typeName(value) + "'");
    }
    return value instanceof Undefined ? 1 : System.identityHashCode(value);
  }

  /** Python's order; fails for what has none. */
  static int compare(Object a, Object b, String operator) {
    if (a instanceof Text t && b instanceof Text u) {
      return t.compareTo(u);
    }
    if (isNumber(a) && isNumber(b)) {
      return Numbers.compare(a, b);
    }
    if (a instanceof Seq s && b instanceof Seq t && s.kind == t.kind && s.isSequence()) {
      for (int i = 0; i < Math.min(s.size(), t.size()); i++) {
        if (!equal(s.get(i), t.get(i))) {
          return compare(s.get(i), t.get(i), operator);
        }
      }
      return s.size() - t.size();
    }
    if (a instanceof Undefined u) {
      throw u.failure();
    }
    if (b instanceof Undefined u) {
      throw u.failure();
    }
    throw new Failure(
        "'"
            + operator
            + "' not supported between instances of '"
            + typeName(a)
            + "' and '"
            + typeName(b)
            + "'");
  }

  /** What a loop goes through. */
  static Object[] items(Object value) {
    if (value instanceof Seq s) {
      return s.take();
    }
    if (value instanceof Dict d) {
      Object[] keys = new Object[d.size()];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = d.key(i);
      }
      return keys;
    }
    if (value instanceof Text t) {
      return characters(t);
    }
    if (value instanceof Undefined) {
      return new Object[0];
    }
    throw new Failure("'" + typeName(value) + "' object is not iterable");
  }

  private static Object[] characters(Text text) {
    Object[] found = new Object[text.length()];
    int n = 0;
    for (int i = 0; i < text.length(); ) {
      int end = i + Character.charCount(text.toString().codePointAt(i));
      found[n++] = text.slice(i, end);
      i = end;
    }
    return n == found.length ? found : Arrays.copyOf(found, n);
  }

  /** Python's {@code len()}. */
  static int length(Object value) {
    if (value instanceof Text t) {
      return t.nCodePoints();
    }
    if (value instanceof Seq s && s.kind != Seq.Kind.GENERATOR) {
      return s.size();
    }
    if (value instanceof Dict d) {
      return d.size();
    }
    if (value instanceof Undefined) {
      return 0;
    }
    throw new Failure("object of type '" + typeName(value) + "' has no len()");
  }
}
