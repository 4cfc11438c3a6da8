package org.ggml4j.jinja;

/** One rendering: what it has used, where it is, and where its output goes. */
final class Run {
  final TemplateOptions options;

  /** The place in the source of what is being evaluated, for errors. */
  int at;

  /** Where statements write. */
  TextBuilder out;

  private final long maxSteps;
  private final int maxDepth;
  private long steps;
  private int depth;

  Run(TemplateOptions options) {
    this.options = options;
    this.maxSteps = options.limits().steps();
    this.maxDepth = options.limits().depth();
    this.out = builder();
  }

  /** A builder that knows the limit. */
  TextBuilder builder() {
    return new TextBuilder(options.limits().output());
  }

  void step() {
    if (++steps > maxSteps) {
      throw tooManySteps();
    }
  }

  /** Accounts for work of which the size is known. */
  void charge(long n) {
    steps += n;
    if (steps > maxSteps) {
      throw tooManySteps();
    }
  }

  /** Accounts for characters that are made. */
  Text made(Text text) {
    charge(text.length() >> 4);
    return text;
  }

  private Failure tooManySteps() {
    return new Failure("the template takes more than the limit of " + maxSteps + " steps");
  }

  void enter() {
    if (++depth > maxDepth) {
      throw new Failure("calls nest deeper than the limit of " + maxDepth);
    }
    step();
  }

  void leave() {
    depth--;
  }
}
