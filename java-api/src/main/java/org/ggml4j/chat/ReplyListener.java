package org.ggml4j.chat;

/** Gets the parts of a reply as they are written. */
public interface ReplyListener {
  /** A piece of the answer. */
  void answer(String text);

  /** A piece of what the model thinks before it answers. */
  default void reasoning(String text) {}

  /** A call that is complete. */
  default void toolCall(ToolCall call) {}
}
