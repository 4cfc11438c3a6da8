package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong with a schema is said with its place. */
class JsonSchemaErrorsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"type": "string", "nullable": true}                          | nullable | /nullable
          {"properties": {"a": {"minlength": 3}}}                       | minlength | /properties/a/minlength
          {"properties": {"a/b~": {"items": {"contains": {}}}}}         | contains | /properties/a~1b~0/items/contains
          {"type": "object", "unevaluatedProperties": false}            | unevaluatedProperties | /unevaluatedProperties
          {"$ref": "other.json#/x"}                                     | $ref | /$ref
          {"$dynamicRef": "#x"}                                         | $dynamicRef | /$dynamicRef
          {"anyOf": [{}, {"properties": {"x": {"$id": "http://x/y", "type": "null"}}}]} | $id | /anyOf/1/properties/x/$id
          {"type": "string", "format": "color"}                         | format | /format
          {"type": "string", "pattern": "(?=a)"}                        | pattern | /pattern
          {"type": "string", "pattern": "(a"}                           | pattern | /pattern
          {"type": "string", "pattern": "^[ab]*a[ab]{15}$", "not": {"enum": ["a"]}} | pattern | /pattern
          {"type": "string", "pattern": "^[ab]*a[ab]{20}$", "maxLength": 99} | pattern | /pattern
          {"patternProperties": {"\\\\1": {}}}                          | patternProperties | /patternProperties
          {"items": {"type": "string"}, "uniqueItems": true}            | uniqueItems | /uniqueItems
          {"type": "object", "minProperties": 2}                        | minProperties | /minProperties
          {"type": "integer", "multipleOf": 4321, "minimum": 5}         | multipleOf | /multipleOf
          {"type": "string", "minLength": 1000001}                      | minLength | /minLength
          {"not": {"items": {}}}                                        | items | /not/items
          {"type": "number", "not": {"enum": [1]}}                      | enum | /not/enum
          {"type": "number", "oneOf": [{}, {"const": 1}]}               | const | /oneOf/1/const
          {"type": "array", "not": {"const": [1]}}                      | const | /not/const
          {"oneOf": [{"items": {"type": "string"}}, {"items": {"type": "integer"}}]} | oneOf | /oneOf
          {"if": {"uniqueItems": true}, "then": {"type": "array"}}      | uniqueItems | /if/uniqueItems
          """)
  void unsupportedKeywords(String schema, String keyword, String pointer) {
    UnsupportedSchemaException e =
        catchThrowableOfType(
            UnsupportedSchemaException.class, () -> JsonSchema.toGbnf(schema.trim()));
    assertThat(e).as(schema).isNotNull();
    assertThat(e.keyword()).isEqualTo(keyword);
    assertThat(e.pointer()).isEqualTo(pointer);
    assertThat(e).hasMessageContaining(pointer);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"type": "kaboom"}                          | /type | expected null, boolean
          {"type": 123}                               | /type | expected a string, found 123
          {"type": ["string", 1]}                     | /type | expected strings, found 1
          {"properties": []}                          | /properties | expected an object, found []
          {"properties": {"a": 1}}                    | /properties/a | expected a schema
          {"required": "a"}                           | /required | expected an array
          {"minLength": -1}                           | /minLength | 0 or more, found -1
          {"minItems": 1.5}                           | /minItems | expected a whole number
          {"minimum": "1"}                            | /minimum | expected a number
          {"multipleOf": 0}                           | /multipleOf | more than 0
          {"uniqueItems": 1}                          | /uniqueItems | expected a boolean
          {"anyOf": []}                               | /anyOf | at least one schema
          {"anyOf": {}}                               | /anyOf | expected an array
          {"allOf": [{}, 5]}                          | /allOf/1 | expected a schema
          {"$ref": "#/$defs/x"}                       | /$ref | leads to nothing
          {"$ref": "#nowhere"}                        | /$ref | no anchor 'nowhere'
          {"$ref": 5}                                 | /$ref | expected a string
          {"pattern": 5}                              | /pattern | expected a string
          {"$ref": "#"}                               | `` | refers to itself
          {"anyOf": [{"type": "null"}, {"$ref": "#"}]} | `` | refers to itself
          {"type": "integer", "minimum": 5, "maximum": 4} | `` | no value is valid
          {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 6} | `` | no value is valid
          {"type": "string", "minLength": 5, "maxLength": 4} | `` | no value is valid
          {"enum": ["a"], "type": "integer"}          | `` | no value is valid
          {"allOf": [{"type": "string"}, {"type": "null"}]} | `` | no value is valid
          {"required": ["a"], "additionalProperties": false} | `` | no value is valid
          {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}} | `` | no value is valid
          false                                       | `` | no value is valid
          5                                           | `` | expected a schema
          {"a": 1, "a": 2}                            | `` | Duplicate
          {"type": "string"} x                        | `` | line 1, column
          {"type":                                    | `` | not JSON
          """)
  void malformedAndImpossible(String schema, String pointer, String problem) {
    SchemaException e =
        catchThrowableOfType(SchemaException.class, () -> JsonSchema.toGbnf(schema));
    assertThat(e).as(schema).isNotNull().isNotInstanceOf(UnsupportedSchemaException.class);
    assertThat(e.pointer()).isEqualTo(pointer);
    assertThat(e).hasMessageContaining(problem);
  }

  @Test
  void whatIsNotReachedIsNotLookedAt() {
    assertThat(JsonSchema.toGbnf("{\"const\": 1, \"$defs\": {\"x\": {\"contains\": {}}}}"))
        .isEqualTo("root ::= \"1\"\n");
  }

  /** Each holds memory or time far beyond its length, if nothing holds it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "deep", "deepReferences", "alternatives", "nestedAlternatives", "longPattern", "blowUp",
        "manyProperties", "counts", "hugeNumber", "hugeExponent", "long", "chain"
      })
  void hostileSchemasAreRefused(String kind) {
    assertThatThrownBy(() -> JsonSchema.toGbnf(hostile(kind))).isInstanceOf(SchemaException.class);
  }

  private static String hostile(String kind) {
    return switch (kind) {
      case "deep" -> "{\"not\":".repeat(5000) + "true" + "}".repeat(5000);
      case "deepReferences" ->
          "{\"$ref\":\"#/$defs/d0\",\"$defs\":{"
              + join(
                  3000, i -> "\"d%d\":{\"items\":{\"$ref\":\"#/$defs/d%d\"}}".formatted(i, i + 1))
              + ",\"d3000\":{}}}";
      case "alternatives" ->
          "{\"allOf\":["
              + join(
                  12,
                  i -> "{\"anyOf\":[{\"minLength\":%d},{\"maxLength\":%d}]}".formatted(i, i + 9))
              + "]}";
      case "nestedAlternatives" ->
          "{\"$ref\":\"#/$defs/d0\",\"$defs\":{"
              + join(
                  900, i -> "\"d%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/d%d\"}]}".formatted(i, i + 1))
              + ",\"d900\":{}}}";
      case "longPattern" -> "{\"pattern\":\"" + "a".repeat(30_000) + "\"}";
      case "blowUp" ->
          "{\"pattern\":\"^(a|b)*a(a|b){30}$\",\"maxLength\":1000,\"not\":{\"pattern\":\"bb\"}}";
      case "manyProperties" ->
          "{\"properties\":{" + join(2000, i -> "\"p%d\":{}".formatted(i)) + "}}";
      case "counts" ->
          "{\"properties\":{"
              + join(400, i -> "\"p%d\":{}".formatted(i))
              + "},\"minProperties\":200}";
      case "hugeNumber" -> "{\"type\":\"integer\",\"minimum\":" + "9".repeat(5000) + "}";
      case "hugeExponent" -> "{\"type\":\"integer\",\"minimum\":1e999999999}";
      case "long" -> "{\"title\":\"" + "x".repeat(2_000_000) + "\"}";
      default ->
          "{\"allOf\":["
              + join(3000, i -> "{\"if\":{\"required\":[\"p%d\"]},\"then\":{}}".formatted(i))
              + "]}";
    };
  }

  private static String join(int n, java.util.function.IntFunction<String> part) {
    return IntStream.range(0, n).mapToObj(part).collect(Collectors.joining(","));
  }
}
