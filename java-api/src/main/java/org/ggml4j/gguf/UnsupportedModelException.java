package org.ggml4j.gguf;

import java.io.Serial;
import java.util.Collection;
import java.util.List;

/**
 * A model file is sound, but asks for something this library does not have: a version of the
 * format, a tensor type, an architecture, a tokenizer. The message says what was found and lists
 * what is supported.
 */
public final class UnsupportedModelException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final String found;
  private final String[] supported;

  /**
   * @param what the kind of thing, for example {@code "architecture"}
   * @param found what the model asks for, for example {@code "mamba"}
   * @param supported what would have been accepted
   */
  public UnsupportedModelException(String what, String found, Collection<String> supported) {
    super(
        "unsupported "
            + what
            + ": "
            + GgufFormatException.printable(found)
            + "; supported: "
            + String.join(", ", supported));
    this.found = found;
    this.supported = supported.toArray(new String[0]);
  }

  /**
   * A complaint that has no list of alternatives.
   *
   * @param message what was found and what is supported
   */
  public UnsupportedModelException(String message) {
    super(message);
    found = "";
    supported = new String[0];
  }

  /** What the model asks for; empty if the message alone says it. */
  public String found() {
    return found;
  }

  /** What would have been accepted. */
  public List<String> supported() {
    return List.of(supported);
  }
}
