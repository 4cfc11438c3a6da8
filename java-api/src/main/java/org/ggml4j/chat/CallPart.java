package org.ggml4j.chat;

import java.util.List;

/** One of the parts that a call is written with. */
sealed interface CallPart {
  /** A text that is always the same. */
  record Mark(String text) implements CallPart {}

  /** White space, or none. */
  record Space() implements CallPart {}

  /** The tool's name. */
  record Name() implements CallPart {}

  /** What the call is referred to by. */
  record Id() implements CallPart {}

  /** The number of the call. */
  record Index() implements CallPart {}

  /** Parts that may be missing. */
  record Maybe(List<CallPart> parts) implements CallPart {}

  /** The arguments, an object of JSON. */
  record Arguments() implements CallPart {}

  /**
   * An object of JSON with the tool's name and the arguments.
   *
   * @param id the member that refers to the call; empty if there is none
   * @param idFirst whether it comes first, and not last
   * @param list whether there is a list of such objects
   */
  record Envelope(String name, String arguments, String id, boolean idFirst, boolean list)
      implements CallPart {}

  /**
   * Each argument between marks: texts as they are, others as JSON.
   *
   * @param keyBegin before an argument's name
   * @param keyEnd behind it
   * @param valueBegin before its value
   * @param valueEnd behind it
   * @param lines whether the value stands on lines of its own
   * @param typed whether behind the name and {@code keyEnd} comes {@code true} for texts and {@code
   *     false} for others, in quotes and at the end of a tag
   */
  record Tagged(
      String keyBegin,
      String keyEnd,
      String valueBegin,
      String valueEnd,
      boolean lines,
      boolean typed)
      implements CallPart {
    /** Behind the type. */
    static final String TYPE_END = "\">";
  }

  /** {@code {key:<|"|>text<|"|>,other:3}}. */
  record GemmaArguments() implements CallPart {}
}
