package org.ggml4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.ggml4j.sampling.SamplerVocab;
import org.ggml4j.sampling.SequenceBreakers;
import org.ggml4j.tokenizer.DecodeOptions;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.SpecialToken;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * A tokenizer's vocabulary for samplers that look at texts. The breakers made last are remembered,
 * as they are made by looking at every token. Thread-safe.
 */
public final class TokenizerVocab implements SamplerVocab {
  private static final int MAX_BREAKERS = 8;

  private final Tokenizer tokenizer;
  private final Map<List<String>, SequenceBreakers> recent = new LinkedHashMap<>(16, 0.75f, true);

  /** The vocabulary of a tokenizer. */
  public TokenizerVocab(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  @Override
  public int size() {
    return tokenizer.vocab().size();
  }

  @Override
  public byte[] word(int token) {
    return tokenizer.decodeBytes(
        new int[] {token}, DecodeOptions.defaults().withShowSpecial(true).withCleanSpaces(true));
  }

  @Override
  public byte[] piece(int token) {
    return tokenizer.tokenBytes(token, false);
  }

  @Override
  public int[] encode(String text) {
    return tokenizer.encode(text, EncodeOptions.plain().withAddSpecial(false));
  }

  @Override
  public boolean isEndOfGeneration(int token) {
    return tokenizer.special().isEndOfGeneration(token);
  }

  @Override
  public int[] endOfGeneration() {
    return tokenizer.special().endOfGeneration();
  }

  @Override
  public int[] suppressed() {
    return tokenizer.special().suppressed();
  }

  @Override
  public OptionalInt endToken() {
    OptionalInt turn = tokenizer.special().id(SpecialToken.EOT);
    return turn.isPresent() ? turn : tokenizer.special().eos();
  }

  @Override
  public synchronized SequenceBreakers breakers(List<String> texts) {
    SequenceBreakers known = recent.get(texts);
    if (known == null) {
      known = SequenceBreakers.of(texts, this);
      recent.put(List.copyOf(texts), known);
      if (recent.size() > MAX_BREAKERS) {
        recent.remove(recent.keySet().iterator().next());
      }
    }
    return known;
  }
}
