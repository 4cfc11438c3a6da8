package org.ggml4j.langchain4j;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ChatMessage;
import java.util.List;

/** How a conversation becomes the text that a model continues. */
public interface PromptFormat {
  /** The text, up to where the model's answer begins. */
  String render(List<ChatMessage> messages, List<ToolSpecification> tools);

  /** Texts with which the next turn would begin: the answer ends there. */
  List<String> stops();

  /**
   * A transcript in plain text, as a model without a chat template can continue it: {@code User:}
   * and {@code Assistant:} at the begin of each turn. Tools are told about before it.
   */
  static PromptFormat transcript() {
    return new Transcript();
  }
}
