package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.StopReason;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A model that tells stories and knows no JSON writes what is asked for, at any temperature. */
class StructuredStoriesTest {
  private static final int OUTPUTS = 20;

  private static Model model;
  private static Session session;

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(EmbeddedModel.file());
    session = model.newSession(SessionOptions.defaults().withContext(8192).withThreads(1));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        """
        {"type": "object", "required": ["name", "age", "pet"], "additionalProperties": false,
         "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 20},
          "age": {"type": "integer", "minimum": 3, "maximum": 110},
          "pet": {"enum": ["cat", "dog", null]}, "happy": {"type": "boolean"}}}\
        """,
        """
        {"type": "array", "minItems": 2, "maxItems": 4, "items": {"type": "string", "format": "date"}}\
        """,
        """
        {"oneOf": [{"type": "object", "required": ["kind", "radius"], "additionalProperties": false,
           "properties": {"kind": {"const": "circle"}, "radius": {"type": "number", "minimum": 0}}},
          {"type": "object", "required": ["kind", "side"], "additionalProperties": false,
           "properties": {"kind": {"const": "square"}, "side": {"type": "integer", "minimum": 1}}}]}\
        """,
        """
        {"type": "object", "required": ["a", "b"], "additionalProperties": false,
         "properties": {"a": {"type": "number", "minimum": -1.5, "exclusiveMaximum": 12.25},
          "b": {"type": "number", "multipleOf": 0.25, "minimum": 0, "maximum": 10}}}\
        """,
        """
        {"type": "array", "minItems": 1, "maxItems": 5,
         "items": {"type": "string", "pattern": "^[A-Z][a-z]{2,8}(-[0-9]{1,3})?$"}}\
        """,
        """
        {"type": "object", "required": ["id", "ip", "at"], "additionalProperties": false,
         "properties": {"id": {"type": "string", "format": "uuid"},
          "ip": {"type": "string", "format": "ipv4"}, "at": {"type": "string", "format": "date-time"}}}\
        """,
        """
        {"$defs": {"tree": {"type": "object", "required": ["name"], "additionalProperties": false,
           "properties": {"name": {"type": "string", "maxLength": 8},
            "children": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/tree"}}}}},
         "$ref": "#/$defs/tree"}\
        """,
        """
        {"type": "array", "prefixItems": [{"type": "string", "maxLength": 10}, {"type": "boolean"},
         {"type": "null"}], "items": {"type": "integer", "minimum": 0, "maximum": 9}, "maxItems": 6}\
        """,
        """
        {"type": "object", "minProperties": 1, "maxProperties": 3,
         "propertyNames": {"pattern": "^[a-z]{1,6}$"},
         "additionalProperties": {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 99},
          {"type": "string", "maxLength": 5}]}}\
        """,
        """
        {"type": "object", "required": ["country"], "additionalProperties": false,
         "properties": {"country": {"enum": ["NL", "US"]}, "code": {"type": "string"}},
         "if": {"properties": {"country": {"const": "NL"}}},
         "then": {"properties": {"code": {"pattern": "^[0-9]{4} [A-Z]{2}$"}}, "required": ["code"]},
         "else": {"properties": {"code": {"pattern": "^[0-9]{5}$"}}, "required": ["code"]}}\
        """
      })
  void whatIsWrittenIsValid(String schema) {
    Schema validator =
        SchemaRegistry.withDefaultDialect(
                SpecificationVersion.DRAFT_2020_12,
                builder ->
                    builder.schemaRegistryConfig(
                        SchemaRegistryConfig.builder().formatAssertionsEnabled(true).build()))
            .getSchema(schema);
    Cli.Result result =
        Cli.run(
            "generate",
            "--temp",
            "1.5",
            "--seed",
            "1000",
            "--threads",
            "1",
            "--json-schema",
            schema,
            "Once upon a time");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err()).contains("the model ended its text");
    assertValid(validator, result.out());

    GenerationConfig config =
        GenerationConfig.defaults().withTemperature(1.5f).withSeed(0).withJsonSchema(schema);
    session.reset();
    List<Hypothesis> found = session.generateAll("Once upon a time", OUTPUTS, config);
    for (Hypothesis hypothesis : found) {
      assertThat(hypothesis.reason()).contains(StopReason.END_OF_TEXT);
      assertValid(validator, hypothesis.text());
    }
    assertThat(found.stream().map(Hypothesis::text).distinct()).hasSizeGreaterThan(OUTPUTS / 2);
  }

  private static void assertValid(Schema validator, String text) {
    JsonNode value = JsonMapper.shared().readTree(text);
    assertThat(validator.validate(value)).as(text).isEmpty();
  }

  enum Mood {
    HAPPY,
    SAD
  }

  record Animal(String kind, int legs) {}

  record Story(Mood mood, List<Animal> animals, Map<String, Boolean> likes) {}

  @Test
  void storiesAreRecords() {
    GenerationConfig config = GenerationConfig.defaults().withSeed(5);
    session.reset();
    Story story = session.generate("Once upon a time", Story.class, config);
    assertThat(story.mood).isIn((Object[]) Mood.values());
    assertThat(story.animals).isNotNull();
    assertThat(story.likes).isNotNull();
  }
}
