package org.ggml4j;

import org.ggml4j.decode.StopReason;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.schema.RecordSchema;

/** A record's schema with its grammar, made once for a class. */
record RecordGrammar<R>(RecordSchema<R> schema, Grammar grammar) {

  private static final ClassValue<RecordGrammar<?>> KNOWN =
      new ClassValue<>() {
        @Override
        protected RecordGrammar<?> computeValue(Class<?> type) {
          return make(type);
        }
      };

  private static <T> RecordGrammar<T> make(Class<T> type) {
    RecordSchema<T> schema = RecordSchema.of(type);
    return new RecordGrammar<>(schema, Grammar.parse(schema.gbnf()));
  }

  @SuppressWarnings("unchecked") // computeValue makes it for this very class
  static <T> RecordGrammar<T> of(Class<T> type) {
    return (RecordGrammar<T>) KNOWN.get(type);
  }

  GenerationConfig constrain(GenerationConfig config) {
    if (config.grammar().isPresent()) {
      throw new IllegalArgumentException(
          "grammar: the record says what is written, leave the configuration without one");
    }
    return config.withGrammar(grammar);
  }

  /** The whole text of a generation as an instance. */
  R read(Generation generation) {
    String text = generation.text();
    StopReason reason = generation.stopReason().orElse(StopReason.CANCELLED);
    if (!grammar.accepts(text)) {
      throw new IncompleteTextException(schema.type().getSimpleName(), text, reason);
    }
    return schema.read(text);
  }
}
