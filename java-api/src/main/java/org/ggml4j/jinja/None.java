package org.ggml4j.jinja;

/** Python's None. */
enum None {
  NONE
}
