package org.ggml4j.jinja;

import org.jspecify.annotations.Nullable;

/** The functions that every template may call. */
enum Function implements Callable {
  RANGE,
  DICT,
  NAMESPACE,
  CYCLER,
  JOINER,
  RAISE_EXCEPTION,
  STRFTIME_NOW;

  /** As in Jinja2's sandbox. */
  private static final int MAX_RANGE = 100_000;

  /** The function of a name. */
  static @Nullable Function find(String name) {
    return switch (name) {
      case "range" -> RANGE;
      case "dict" -> DICT;
      case "namespace" -> NAMESPACE;
      case "cycler" -> CYCLER;
      case "joiner" -> JOINER;
      case "raise_exception" -> RAISE_EXCEPTION;
      case "strftime_now" -> STRFTIME_NOW;
      default -> null;
    };
  }

  @Override
  public Object call(Run run, Args args) {
    return switch (this) {
      case RANGE -> range(run, args.atMost(3));
      case DICT -> dict(args);
      case NAMESPACE -> new Namespace(dict(args));
      case CYCLER -> new Cycler(args);
      case JOINER -> new Joiner(Values.text(args.atMost(1, "sep").get(0, "sep", Joiner.COMMA)));
      case RAISE_EXCEPTION ->
          throw new Failure(
              Values.text(args.atMost(1, "message").require(0, "message")).toString(), true);
      case STRFTIME_NOW ->
          Text.template(
              Strftime.format(
                  Values.text(args.atMost(1, "format").require(0, "format")).toString(),
                  run.options.clock()));
    };
  }

  /** What {@code dict(...)} makes of a mapping or pairs, and of names. */
  static Dict dict(Args args) {
    Dict dict = new Dict();
    args.atMost(1, args.names().toArray(new String[0]));
    if (args.size() == 1 && args.get(0) instanceof Dict other) {
      dict.putAll(other);
    } else if (args.size() == 1) {
      for (Object item : Values.items(args.get(0))) {
        Object[] pair = Values.items(item);
        if (pair.length != 2) {
          throw new Failure("dict(): pairs of key and value were expected");
        }
        dict.put(pair[0], pair[1]);
      }
    }
    for (int i = 0; i < args.names().size(); i++) {
      dict.put(Text.template(args.names().get(i)), args.named(i));
    }
    return dict;
  }

  private static Seq range(Run run, Args args) {
    long first = args.size() > 1 ? Numbers.index(args.get(0)) : 0;
    long end = Numbers.index(args.require(args.size() > 1 ? 1 : 0, "stop"));
    long step = args.size() > 2 ? Numbers.index(args.get(2)) : 1;
    if (step == 0) {
      throw new Failure("range(): the step must not be zero");
    }
    long n = step > 0 ? (end - first + step - 1) / step : (first - end - step - 1) / -step;
    n = Math.max(0, n);
    if (n > MAX_RANGE) {
      throw new Failure("range(): " + n + " numbers, more than the limit of " + MAX_RANGE);
    }
    run.charge(n >> 2);
    Seq range = new Seq(Seq.Kind.RANGE, (int) n);
    for (long i = 0; i < n; i++) {
      range.add(first + i * step);
    }
    return range;
  }
}
