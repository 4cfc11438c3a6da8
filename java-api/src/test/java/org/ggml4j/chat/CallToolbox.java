package org.ggml4j.chat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.ggml4j.tokenizer.Tokenizer;

/** Tools and templates for tests of calls. */
final class CallToolbox {
  private static final Path TEMPLATES =
      Path.of(System.getProperty("ggml4j.models.dir")).resolve("templates");

  /** An argument of each kind that forms write in their own way. */
  static final Tool WEATHER =
      new Tool(
          "get_weather",
          "The weather",
          """
          {"type": "object", "properties": {
            "city": {"type": "string", "description": "a name"},
            "days": {"type": "integer", "minimum": 1, "maximum": 14, "description": "how many"},
            "unit": {"enum": ["celsius", "degrees \\"F\\""], "type": "string",
              "description": "of what"},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3,
              "description": "more"},
            "place": {"$ref": "#/$defs/place", "description": "where", "type": "object"},
            "note": {"type": ["string", "null"], "description": "or nothing"},
            "code": {"type": "string", "pattern": "^[A-Z]{2}-\\\\d{1,3}$", "description": "short"},
            "alarm": {"type": "boolean", "description": "whether"},
            "title": {"type": "string", "maxLength": 20, "description": "long"},
            "either": {"enum": ["all", 7, null], "description": "mixed", "type":
              ["string", "integer", "null"]}},
           "required": ["city", "days"], "additionalProperties": false,
           "$defs": {"place": {"type": "object", "properties": {
              "lat": {"type": "number"}, "name": {"type": "string"}}, "required": ["lat"]}}}
          """,
          json -> "");

  static final Tool TIME =
      new Tool("get_time", "The time", "{\"type\": \"object\", \"properties\": {}}", json -> "");

  static final List<Tool> TOOLS = List.of(WEATHER, TIME);

  private static final Map<String, ChatTemplate> PARSED = new ConcurrentHashMap<>();

  private CallToolbox() {}

  /** The names of all templates of llama.cpp's release. */
  static List<String> names() {
    try (Stream<Path> files = Files.list(TEMPLATES)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".jinja"))
          .map(f -> f.substring(0, f.length() - ".jinja".length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ChatTemplate template(String name) {
    return PARSED.computeIfAbsent(name, CallToolbox::parse);
  }

  private static ChatTemplate parse(String name) {
    try {
      return ChatTemplate.parse(
          Files.readString(TEMPLATES.resolve(name + ".jinja")), "<s>", "</s>");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ReplyGrammar grammar(ReplyFormat format, Tokenizer tokenizer, ToolChoice choice) {
    return ReplyGrammar.of(
            format, tokenizer, new ReplyGrammar.Rules(TOOLS, choice, Optional.empty(), false))
        .orElseThrow();
  }

  /** The calls of a reply that comes in pieces. */
  static List<ToolCall> calls(ReplyFormat format, String reply, int size) {
    List<ToolCall> calls = new ArrayList<>();
    ReplyParser parser =
        format.newParser(
            "",
            TOOLS,
            new ReplyListener() {
              @Override
              public void answer(String text) {}

              @Override
              public void toolCall(ToolCall call) {
                calls.add(call);
              }
            });
    for (int i = 0; i < reply.length(); i += size) {
      parser.accept(reply.substring(i, Math.min(reply.length(), i + size)));
    }
    parser.finish();
    return calls;
  }
}
