package org.ggml4j.jinja;

/** What a missing name or member is: nothing to print or to iterate, an error to anything else. */
record Undefined(String problem) {
  Failure failure() {
    return new Failure(problem);
  }
}
