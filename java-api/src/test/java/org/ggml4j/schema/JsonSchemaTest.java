package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.ggml4j.grammar.Grammar;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which texts the grammars of schemas let through. What llama.cpp's tests of its own conversion say
 * is among the cases, but where it lets through what is not valid.
 */
class JsonSchemaTest {
  private static final SchemaRegistry VALIDATOR =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private static final JsonMapper MAPPER = JsonMapper.shared();

  record Case(String name, String schema, List<String> good, List<String> bad) {}

  /** Each good text is valid; of the bad ones some are valid too, but never written. */
  @TestFactory
  Stream<DynamicTest> texts() {
    List<Case> cases = new ArrayList<>(SchemaCases.SCALARS);
    cases.addAll(SchemaCases.ARRAYS);
    cases.addAll(SchemaCases.OBJECTS);
    cases.addAll(SchemaCases.COMBINATIONS);
    return cases.stream()
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.name,
                    () -> {
                      Grammar grammar = Grammar.parse(JsonSchema.toGbnf(c.schema));
                      Schema schema = VALIDATOR.getSchema(c.schema);
                      for (String text : c.good) {
                        assertThat(grammar.accepts(text)).as(text).isTrue();
                        assertThat(schema.validate(MAPPER.readTree(text))).as(text).isEmpty();
                      }
                      for (String text : c.bad) {
                        assertThat(grammar.accepts(text)).as(text).isFalse();
                      }
                    }));
  }

  @Test
  void rulesAreNamedAfterTheirPlaces() {
    String gbnf =
        JsonSchema.toGbnf(
            """
            {
              "type": "object",
              "properties": {
                "name": {"type": "string"},
                "home": {"$ref": "#/$defs/address"},
                "tags": {"type": "array", "items": {"enum": ["red", "blue"]}}
              },
              "required": ["name", "tags"],
              "$defs": {
                "address": {
                  "type": "object",
                  "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}},
                  "required": ["zip"]
                }
              }
            }
            """);
    assertThat(gbnf)
        .isEqualTo(
            """
            root ::= "{" space name-kv ("," space home-kv)? "," space tags-kv space "}"
            space ::= (" " | "\\n"{1,2} [\\t ]{0,20})?
            name-kv ::= "\\"name\\"" space ":" space string
            string ::= "\\"" char* "\\""
            char ::= [^\\x00-\\x1F"\\\\\\x7F] | "\\\\" (["/\\\\bfnrt] | "u" ([0-9A-CEFa-cef] [0-9A-Fa-f]{3} | [Dd] [0-7] [0-9A-Fa-f]{2} | [Dd] [89ABab] [0-9A-Fa-f]{2} "\\\\u" [Dd] [C-Fc-f] [0-9A-Fa-f]{2}))
            home-kv ::= "\\"home\\"" space ":" space ref-defs-address
            ref-defs-address ::= "{" space ref-defs-address-zip-kv space "}"
            ref-defs-address-zip-kv ::= "\\"zip\\"" space ":" space ref-defs-address-zip
            ref-defs-address-zip ::= "\\"" [0-9]{5} "\\""
            tags-kv ::= "\\"tags\\"" space ":" space tags
            tags ::= "[" space (tags-item ("," space tags-item)* space)? "]"
            tags-item ::= "\\"red\\"" | "\\"blue\\""
            """);
  }

  @Test
  void rangesReadWell() {
    assertThat(JsonSchema.toGbnf("{\"type\": \"integer\", \"minimum\": 0, \"maximum\": 23}"))
        .isEqualTo("root ::= [03-9] | \"1\" [0-9]? | \"2\" [0-3]?\n");
    assertThat(JsonSchema.toGbnf("{\"type\": \"integer\", \"minimum\": 25}"))
        .isEqualTo(
            "root ::= \"1\" [0-9]{2,15} | \"2\" ([0-4] [0-9]{1,14} | [5-9] [0-9]{0,14})"
                + " | [3-9] [0-9]{1,15}\n");
  }

  @Test
  void aLongLimitTakesFewRules() {
    String gbnf = JsonSchema.toGbnf("{\"type\": \"string\", \"maxLength\": 123456}");
    assertThat(gbnf.lines().count()).isLessThan(8);
    Grammar grammar = Grammar.parse(gbnf);
    assertThat(grammar.accepts('"' + "x".repeat(123_456) + '"')).isTrue();
    assertThat(grammar.accepts('"' + "x".repeat(123_457) + '"')).isFalse();
  }

  @Test
  void spaceIsBounded() {
    Grammar grammar = Grammar.parse(JsonSchema.toGbnf("{\"type\": \"array\"}"));
    assertThat(grammar.accepts("[" + "\n\n" + " ".repeat(20) + "]")).isTrue();
    assertThat(grammar.accepts("[" + "\n\n" + " ".repeat(21) + "]")).isFalse();
    assertThat(grammar.accepts("[\n\n\n]")).isFalse();
    assertThat(grammar.accepts("[  ]")).isFalse();
    assertThat(grammar.accepts("[] ")).isFalse();
    assertThat(grammar.accepts(" []")).isFalse();
  }
}
