package org.ggml4j.jinja;

/** Gives its values in turn, for ever. */
final class Cycler implements Callable {
  private final Args values;
  private int at;

  Cycler(Args values) {
    if (values.size() == 0) {
      throw new Failure("cycler(): at least one value was expected");
    }
    this.values = values;
  }

  Object current() {
    return values.get(at);
  }

  Object next() {
    Object value = current();
    at = (at + 1) % values.size();
    return value;
  }

  Object reset() {
    at = 0;
    return None.NONE;
  }

  @Override
  public Object call(Run run, Args args) {
    throw new Failure("a cycler is not callable: use its method next()");
  }
}
