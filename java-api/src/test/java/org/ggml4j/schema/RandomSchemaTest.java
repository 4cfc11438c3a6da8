package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufStringArray;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.grammar.VocabTrie;
import org.ggml4j.tokenizer.Tokenizer;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Random texts of random schemas' grammars, written token by token over a real vocabulary's begin,
 * are valid for a validator that also looks at formats.
 */
class RandomSchemaTest {
  private static final int OUTPUTS = 20;
  private static final int TOKENS = 8192;
  private static final int BYTES = 256;
  private static final int NORMAL = 1;
  private static final int CONTROL = 3;

  private static final SchemaRegistry VALIDATOR =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12,
          builder ->
              builder.schemaRegistryConfig(
                  SchemaRegistryConfig.builder().formatAssertionsEnabled(true).build()));
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  private static RandomWriter writer;

  /** The generator makes each schema more than once. */
  private static final Map<String, Compiled> known = new HashMap<>();

  private static int impossible;
  private static int schemas;
  private static int written;

  @BeforeContainer
  static void readVocabulary() throws IOException {
    Path file = Path.of(System.getProperty("ggml4j.models.dir"), "ggml-vocab-gpt-2.gguf");
    try (GgufFile vocabulary = GgufFile.open(file)) {
      writer = new RandomWriter(VocabTrie.of(Tokenizer.of(begin(vocabulary.metadata()))));
    }
  }

  /** The oldest tokens: GPT-2's merges made one each, in their order, behind the 256 bytes. */
  private static GgufMetadata begin(GgufMetadata whole) throws GgufFormatException {
    List<String> tokens = new ArrayList<>(strings(whole, "tokenizer.ggml.tokens", TOKENS));
    tokens.add("<|endoftext|>");
    List<Integer> types = new ArrayList<>(Collections.nCopies(TOKENS, NORMAL));
    types.add(CONTROL);
    return GgufMetadata.of(
        Map.of(
            "tokenizer.ggml.model",
            whole.getString("tokenizer.ggml.model"),
            "tokenizer.ggml.pre",
            whole.getString("tokenizer.ggml.pre"),
            "tokenizer.ggml.tokens",
            tokens,
            "tokenizer.ggml.token_type",
            types,
            "tokenizer.ggml.merges",
            strings(whole, "tokenizer.ggml.merges", TOKENS - BYTES),
            "tokenizer.ggml.eos_token_id",
            TOKENS));
  }

  private static List<String> strings(GgufMetadata from, String key, int n)
      throws GgufFormatException {
    GgufStringArray all = from.getStringArray(key);
    return IntStream.range(0, n).mapToObj(all::get).toList();
  }

  /** A schema with its grammar, which is empty if nothing is valid under the schema. */
  private record Compiled(String schema, String gbnf) {}

  @Provide
  Arbitrary<Compiled> compiled() {
    return RandomSchemas.documents()
        .map(schema -> known.computeIfAbsent(schema, RandomSchemaTest::compile))
        .filter(compiled -> !compiled.gbnf.isEmpty());
  }

  private static Compiled compile(String schema) {
    schemas++;
    try {
      return new Compiled(schema, JsonSchema.toGbnf(schema));
    } catch (SchemaException e) {
      assertThat(e).as(schema).hasMessageContaining("no value is valid");
      impossible++;
      return new Compiled(schema, "");
    }
  }

  @Property(
      tries = 1000,
      seed = "20261121",
      shrinking = ShrinkingMode.OFF,
      edgeCases = EdgeCasesMode.NONE)
  void whatIsWrittenIsValid(@ForAll("compiled") Compiled compiled, @ForAll Random random) {
    GrammarMasks masks = GrammarMasks.of(Grammar.parse(compiled.gbnf), writer.trie());
    Schema schema = VALIDATOR.getSchema(compiled.schema);
    for (int i = 0; i < OUTPUTS; i++) {
      String text = i == 0 ? writer.writeConstrained(masks, random) : writer.write(masks, random);
      JsonNode value = MAPPER.readTree(text);
      List<Error> errors = schema.validate(value);
      assertThat(errors).as(text + "\n" + compiled.schema + "\n" + compiled.gbnf).isEmpty();
      written++;
    }
  }

  @AfterContainer
  static void mostSchemasWereUsed() {
    assertThat(written).isEqualTo(1000 * OUTPUTS);
    assertThat(impossible).isLessThan(schemas / 10);
  }
}
