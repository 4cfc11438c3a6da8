package org.ggml4j.jinja;

/** What {@code namespace(...)} makes: the one thing whose attributes a template may set. */
record Namespace(Dict attributes) {}
