package org.ggml4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import java.util.List;

/** See {@link PromptFormat#transcript}. */
final class Transcript implements PromptFormat {
  private static final String USER = "User:";
  private static final String ASSISTANT = "Assistant:";
  private static final String RESULT = "Result of ";

  @Override
  public List<String> stops() {
    return List.of("\n" + USER, "\n" + ASSISTANT, "\n" + RESULT);
  }

  @Override
  public String render(List<ChatMessage> messages, List<ToolSpecification> tools) {
    StringBuilder text = new StringBuilder();
    for (ChatMessage message : messages) {
      if (message instanceof SystemMessage system) {
        text.append(system.text()).append("\n\n");
      }
    }
    if (!tools.isEmpty()) {
      text.append("Tools, to be called with {\"name\": ..., \"arguments\": {...}}:\n");
      for (ToolSpecification tool : tools) {
        text.append(ToolCalls.describe(tool)).append('\n');
      }
      text.append('\n');
    }
    for (ChatMessage message : messages) {
      append(message, text);
    }
    return text.append(ASSISTANT).toString();
  }

  private static void append(ChatMessage message, StringBuilder text) {
    if (message instanceof UserMessage user) {
      turn(USER, text(user.contents()), text);
    } else if (message instanceof AiMessage answer) {
      for (ToolExecutionRequest call : answer.toolExecutionRequests()) {
        turn(ASSISTANT, ToolCalls.write(call), text);
      }
      if (answer.text() != null) {
        turn(ASSISTANT, answer.text(), text);
      }
    } else if (message instanceof ToolExecutionResultMessage result) {
      turn(RESULT + result.toolName() + ":", text(result.contents()), text);
    } else if (!(message instanceof SystemMessage)) {
      throw new UnsupportedFeatureException("messages of type " + message.type());
    }
  }

  private static void turn(String who, String what, StringBuilder text) {
    text.append(who).append(' ').append(what.strip()).append('\n');
  }

  private static String text(List<Content> contents) {
    StringBuilder text = new StringBuilder();
    for (Content content : contents) {
      if (!(content instanceof TextContent part)) {
        throw new UnsupportedFeatureException("contents of type " + content.type());
      }
      text.append(text.isEmpty() ? "" : "\n").append(part.text());
    }
    return text.toString();
  }
}
