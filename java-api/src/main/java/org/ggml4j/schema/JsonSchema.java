package org.ggml4j.schema;

/**
 * Grammars of JSON Schemas.
 *
 * <p>Vocabulary: {@code type enum const}; {@code properties required additionalProperties
 * patternProperties propertyNames minProperties maxProperties dependentRequired dependentSchemas};
 * {@code items prefixItems minItems maxItems uniqueItems} (of enums); {@code minLength maxLength
 * pattern format}; {@code minimum maximum exclusiveMinimum exclusiveMaximum multipleOf}; {@code
 * allOf anyOf oneOf not if then else}; {@code $ref $defs $anchor} within the document, also
 * recursive; what drafts 4 to 2019-09 called otherwise ({@code definitions}, {@code items} with
 * {@code additionalItems}, {@code dependencies}, boolean {@code exclusiveMinimum}). Annotations are
 * skipped.
 *
 * <p>What a grammar lets through is valid under the schema. Not all that is valid is let through:
 * properties come in the order of their declaration; ones that are not declared come only where
 * {@code additionalProperties} or {@code patternProperties} are there, or nothing is said about
 * properties; schemas without a type are taken to be about the type that their keywords are about;
 * numbers have at most 16 digits before and behind the point (or as many as the limits have).
 *
 * <p>Sources: JSON Schema 2020-12 (core and validation); llama.cpp, {@code
 * common/json-schema-to-grammar.cpp} and its tests, for what is written where a schema leaves it
 * open.
 */
public final class JsonSchema {
  private JsonSchema() {}

  /**
   * The grammar, in GBNF, of JSON texts that are valid under a schema.
   *
   * @param schema its text, up to a million characters
   * @throws UnsupportedSchemaException naming the keyword that can't be made into a grammar, and
   *     where it stands
   * @throws SchemaException if the schema is no JSON or malformed, or no value is valid under it
   */
  public static String toGbnf(String schema) {
    return SchemaCompiler.toGbnf(SchemaDocument.read(schema), Notation.JSON);
  }

  /**
   * The grammar of values that are valid under a schema, in the notation of Gemma 4's calls: {@code
   * {city:<|"|>Bern<|"|>,days:3}}. Its mark around texts is the rule {@code quote}; texts with that
   * mark, and properties that are not of letters, digits, '_', '-' and '.', can't be written.
   *
   * @param schema its text, up to a million characters
   * @throws UnsupportedSchemaException as {@link #toGbnf}
   * @throws SchemaException likewise
   */
  public static String toGemmaGbnf(String schema) {
    return SchemaCompiler.toGbnf(SchemaDocument.read(schema), Notation.GEMMA);
  }
}
