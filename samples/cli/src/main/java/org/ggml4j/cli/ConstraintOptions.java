package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.schema.Choices;
import org.ggml4j.schema.JsonSchema;
import org.ggml4j.schema.RegexGrammar;
import picocli.CommandLine.Option;

/** What a text must look like. */
final class ConstraintOptions {
  @Option(
      names = "--grammar",
      paramLabel = "FILE",
      description = "Write only what follows this grammar, in llama.cpp's GBNF.")
  private Optional<Path> grammar = Optional.empty();

  @Option(
      names = {"-j", "--json-schema"},
      paramLabel = "SCHEMA",
      description =
          "Write only JSON that is valid under this schema: a file, or the schema itself, as"
              + " {\"type\": \"integer\"}.")
  private Optional<String> schema = Optional.empty();

  @Option(
      names = "--regex",
      paramLabel = "EXPRESSION",
      description = "Write only a text that matches this as a whole.")
  private Optional<String> regex = Optional.empty();

  @Option(
      names = "--choices",
      paramLabel = "A,B,...",
      split = ",",
      splitSynopsisLabel = ",",
      description = "Write one of these; may be repeated.")
  private List<String> choices = List.of();

  /**
   * The grammar, if there is one.
   *
   * @throws IllegalArgumentException if it is wrong, or more than one is asked for
   */
  Optional<Grammar> grammar() throws IOException {
    List<String> given = new ArrayList<>();
    grammar.ifPresent(any -> given.add("--grammar"));
    schema.ifPresent(any -> given.add("--json-schema"));
    regex.ifPresent(any -> given.add("--regex"));
    if (!choices.isEmpty()) {
      given.add("--choices");
    }
    if (given.size() > 1) {
      throw new IllegalArgumentException(
          String.join(" and ", given) + " each say what is written; give one of them");
    }
    if (grammar.isPresent()) {
      return Optional.of(parse(grammar.get().toString(), Files.readString(grammar.get())));
    }
    if (schema.isPresent()) {
      return Optional.of(schema(schema.get()));
    }
    if (regex.isPresent()) {
      return Optional.of(Grammar.parse(RegexGrammar.toGbnf(regex.get())));
    }
    return choices.isEmpty()
        ? Optional.empty()
        : Optional.of(Grammar.parse(Choices.toGbnf(choices)));
  }

  private static Grammar parse(String file, String gbnf) {
    try {
      return Grammar.parse(gbnf);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private static Grammar schema(String given) throws IOException {
    boolean inline = given.stripLeading().startsWith("{");
    try {
      return Grammar.parse(JsonSchema.toGbnf(inline ? given : Files.readString(Path.of(given))));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          (inline ? "--json-schema" : given) + ": " + e.getMessage(), e);
    }
  }
}
