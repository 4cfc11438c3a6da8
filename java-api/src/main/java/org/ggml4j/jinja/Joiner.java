package org.ggml4j.jinja;

/** Gives nothing at first, and a separator whenever it is called again. */
final class Joiner implements Callable {
  static final Text COMMA = Text.template(", ");

  private final Text separator;
  private boolean used;

  Joiner(Text separator) {
    this.separator = separator;
  }

  @Override
  public Object call(Run run, Args args) {
    args.atMost(0);
    Text text = used ? separator : Text.EMPTY;
    used = true;
    return text;
  }
}
