package org.ggml4j.jinja;

/** What can be called. */
sealed interface Callable permits Macro, Method, Function, Cycler, Joiner, LoopCall {
  Object call(Run run, Args args);
}
