package org.ggml4j.cli;

import java.util.function.Supplier;
import org.ggml4j.Model;

/** Reads a model's vocabulary while something else is done, so that the first text comes sooner. */
final class Vocabulary {
  private Vocabulary() {}

  /** Does {@code other}; a vocabulary that can't be read is told to who needs it. */
  static <T> T readMeanwhile(Model model, Supplier<T> other) {
    Thread reader = new Thread(() -> read(model), "ggml4j vocabulary");
    reader.setDaemon(true);
    reader.start();
    return other.get();
  }

  private static void read(Model model) {
    try {
      model.tokenizer().encode("a b"); // the merges are looked into when they are first needed
    } catch (RuntimeException e) {
      // Whoever needs it gets the same.
    }
  }
}
