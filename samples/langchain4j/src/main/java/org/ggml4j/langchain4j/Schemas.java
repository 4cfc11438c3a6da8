package org.ggml4j.langchain4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;

/** LangChain4j's schemas as text. */
final class Schemas {
  private Schemas() {}

  /** The JSON Schema of an element. */
  static String json(JsonSchemaElement element) {
    if (element instanceof JsonRawSchema raw) {
      return raw.schema();
    }
    if (!(element instanceof JsonObjectSchema object)) {
      throw new IllegalArgumentException(
          "expected the schema of an object, found " + element.getClass().getSimpleName());
    }
    // The text of a tool's parameters is the one public way from an element to JSON.
    String tool = ToolSpecification.builder().name("answer").parameters(object).build().toJson();
    try {
      return new ObjectMapper().readTree(tool).path("parameters").toString();
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON: " + tool, e);
    }
  }
}
