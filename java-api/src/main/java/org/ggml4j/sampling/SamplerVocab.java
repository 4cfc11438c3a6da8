package org.ggml4j.sampling;

import java.util.List;
import java.util.OptionalInt;

/** What samplers that look at texts ask of a vocabulary. */
public interface SamplerVocab {
  /** How many tokens there are. */
  int size();

  /** The bytes of a token as a text of its own; of a special token, its name. */
  byte[] word(int token);

  /** The bytes that a token adds to a text; none for a special token. */
  byte[] piece(int token);

  /** The tokens of a text, without any that begin or end one. */
  int[] encode(String text);

  /** Whether a token ends the generation. */
  boolean isEndOfGeneration(int token);

  /** The tokens that end the generation. */
  int[] endOfGeneration();

  /** The tokens that are never generated, as the model's authors want it. */
  int[] suppressed();

  /** The breakers that texts make; they may be remembered. */
  default SequenceBreakers breakers(List<String> texts) {
    return SequenceBreakers.of(texts, this);
  }

  /** The token that ends a turn, or else a text; nothing if there is none. */
  OptionalInt endToken();
}
