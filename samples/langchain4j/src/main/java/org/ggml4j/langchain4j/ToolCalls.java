package org.ggml4j.langchain4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Calls of tools as JSON: {@code {"name": ..., "arguments": {...}}}. */
final class ToolCalls {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DEFINITIONS = "$defs";
  private static final String REFERENCE = "#/" + DEFINITIONS + "/";

  private ToolCalls() {}

  /** The schema of a call of one of the tools. */
  static String schema(List<ToolSpecification> tools) {
    ObjectNode schema = JSON.createObjectNode();
    ArrayNode calls = schema.putArray("anyOf");
    ObjectNode definitions = JSON.createObjectNode();
    for (int i = 0; i < tools.size(); i++) {
      ObjectNode call = calls.addObject().put("type", "object");
      ObjectNode properties = call.putObject("properties");
      properties.putObject("name").put("const", tools.get(i).name());
      properties.set("arguments", parameters(tools.get(i), i, definitions));
      call.putArray("required").add("name").add("arguments");
      call.put("additionalProperties", false);
    }
    if (!definitions.isEmpty()) {
      schema.set(DEFINITIONS, definitions);
    }
    return schema.toString();
  }

  /** A tool's parameters; what they define moves to the top, under a name of its own. */
  private static JsonNode parameters(ToolSpecification tool, int number, ObjectNode definitions) {
    JsonNode parameters = read(tool.toJson()).path("parameters");
    if (!(parameters instanceof ObjectNode object)) {
      return JSON.createObjectNode().put("type", "object").put("additionalProperties", false);
    }
    String prefix = "tool" + number + "-";
    rename(object, prefix);
    JsonNode own = object.remove(DEFINITIONS);
    if (own != null) {
      for (Map.Entry<String, JsonNode> definition : own.properties()) {
        definitions.set(prefix + definition.getKey(), definition.getValue());
      }
    }
    if (!object.has("additionalProperties")) {
      object.put("additionalProperties", false);
    }
    return object;
  }

  private static void rename(JsonNode node, String prefix) {
    if (node instanceof ObjectNode object && object.path("$ref").asText("").startsWith(REFERENCE)) {
      String name = object.get("$ref").asText().substring(REFERENCE.length());
      object.set("$ref", TextNode.valueOf(REFERENCE + prefix + name));
    }
    node.forEach(child -> rename(child, prefix));
  }

  /** What a model is told of a tool. */
  static String describe(ToolSpecification tool) {
    return read(tool.toJson()).toString();
  }

  /** A call as the model wrote it. */
  static String write(ToolExecutionRequest call) {
    ObjectNode node = JSON.createObjectNode().put("name", call.name());
    node.set("arguments", read(call.arguments() == null ? "{}" : call.arguments()));
    return node.toString();
  }

  /** Reads what the grammar of {@link #schema} let through; empty if it was cut off. */
  static Optional<ToolExecutionRequest> read(String text, String id) {
    try {
      JsonNode call = JSON.readTree(text);
      return call.path("name").isTextual() && call.path("arguments").isObject()
          ? Optional.of(
              ToolExecutionRequest.builder()
                  .id(id)
                  .name(call.get("name").asText())
                  .arguments(call.get("arguments").toString())
                  .build())
          : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON: " + json, e);
    }
  }
}
