package org.ggml4j.tokenizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufValueType;
import org.ggml4j.gguf.GgufWriter;

/** A byte-level BPE vocabulary that {@link BpeTrainer} learnt. Immutable. */
public final class TrainedVocabulary {
  private final BpeTrainerOptions options;
  private final List<String> tokens;
  private final List<String> merges;

  TrainedVocabulary(BpeTrainerOptions options, List<String> tokens, List<String> merges) {
    this.options = options;
    this.tokens = List.copyOf(tokens);
    this.merges = List.copyOf(merges);
  }

  /** What was asked for. */
  public BpeTrainerOptions options() {
    return options;
  }

  /** Texts by id, bytes written as printable characters. */
  public List<String> tokens() {
    return tokens;
  }

  /** Pairs in the order in which they are joined: two texts with a space between. */
  public List<String> merges() {
    return merges;
  }

  /** Metadata that describes this tokenizer: the {@code tokenizer.ggml.*} keys. */
  public GgufMetadata metadata() {
    return GgufMetadata.of(values());
  }

  /** Puts the {@code tokenizer.ggml.*} keys into a file to be written. */
  public void writeTo(GgufWriter writer) {
    values()
        .forEach(
            (key, value) -> {
              if (value instanceof Integer id) {
                writer.putUint32(key, id);
              } else if (value instanceof List<?> strings) {
                // A vocabulary of bytes only has no merges, and an empty list has no type.
                writer.array(key, strings, GgufValueType.STRING);
              } else {
                writer.metadata(key, value);
              }
            });
  }

  /** The tokenizer of this vocabulary. */
  public Tokenizer tokenizer() {
    try {
      return Tokenizer.of(metadata());
    } catch (GgufFormatException e) {
      throw new IllegalStateException("a learnt vocabulary is not well-formed", e);
    }
  }

  private Map<String, Object> values() {
    int[] types = new int[tokens.size()];
    for (int id = 0; id < types.length; id++) {
      boolean special = id < options.specialTokens().size();
      types[id] = (special ? TokenType.CONTROL : TokenType.NORMAL).code();
    }
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("tokenizer.ggml.model", "gpt2");
    values.put("tokenizer.ggml.pre", options.preTokenizer());
    values.put("tokenizer.ggml.tokens", tokens);
    values.put("tokenizer.ggml.token_type", types);
    values.put("tokenizer.ggml.merges", merges);
    putId(values, SpecialToken.BOS, options.bos());
    putId(values, SpecialToken.EOS, options.eos());
    values.put("tokenizer.ggml.add_bos_token", options.addBos());
    return values;
  }

  private void putId(Map<String, Object> values, SpecialToken part, Optional<String> text) {
    text.ifPresent(t -> values.put(part.key(), options.specialTokens().indexOf(t)));
  }
}
