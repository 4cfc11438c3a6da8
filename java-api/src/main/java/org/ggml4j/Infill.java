package org.ggml4j;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.SpecialToken;
import org.ggml4j.tokenizer.SpecialTokens;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * A gap in a text that a model is to fill, for models that were trained to: most models of code
 * were.
 *
 * <p>Paper: Bavarian et al., "Efficient Training of Language Models to Fill in the Middle", arXiv
 * 2207.14255. The order of tokens is that of llama.cpp's {@code tools/server/server-common.cpp}.
 *
 * @param prefix the text before the gap
 * @param suffix the text after it
 * @param suffixFirst whether the suffix is given first (SPM), which some models want; llama.cpp
 *     calls it {@code --spm-infill}
 */
public record Infill(String prefix, String suffix, boolean suffixFirst) {
  private static final List<SpecialToken> NEEDED =
      List.of(SpecialToken.FIM_PREFIX, SpecialToken.FIM_SUFFIX, SpecialToken.FIM_MIDDLE);

  /** The gap between two texts, prefix first (PSM). */
  public static Infill between(String prefix, String suffix) {
    return new Infill(prefix, suffix, false);
  }

  /** Gives the suffix first. */
  public Infill withSuffixFirst(boolean on) {
    return new Infill(prefix, suffix, on);
  }

  /**
   * The prompt after which the model writes what belongs into the gap. The text of control tokens
   * in prefix and suffix is plain text.
   *
   * @param first whether nothing comes before it, so that it begins with BOS if the model wants
   *     that
   * @throws UnsupportedModelException if the vocabulary lacks a token for this; names all it lacks
   */
  public int[] tokens(Tokenizer tokenizer, boolean first) {
    SpecialTokens special = tokenizer.special();
    List<String> missing =
        NEEDED.stream()
            .filter(part -> special.id(part).isEmpty())
            .map(part -> part + " (" + part.key() + ")")
            .toList();
    if (!missing.isEmpty()) {
      throw new UnsupportedModelException(
          "this model can't fill a gap: its vocabulary has no token for "
              + String.join(", ", missing));
    }
    int[] before = part(tokenizer, SpecialToken.FIM_PREFIX, prefix);
    int[] after = part(tokenizer, SpecialToken.FIM_SUFFIX, suffix);
    OptionalInt bos = first && special.addBos() ? special.bos() : OptionalInt.empty();
    return Stream.of(
            bos.stream(),
            Arrays.stream(suffixFirst ? after : before),
            Arrays.stream(suffixFirst ? before : after),
            special.id(SpecialToken.FIM_MIDDLE).stream())
        .flatMapToInt(tokens -> tokens)
        .toArray();
  }

  private static int[] part(Tokenizer tokenizer, SpecialToken begin, String text) {
    return IntStream.concat(
            tokenizer.special().id(begin).stream(),
            Arrays.stream(tokenizer.encode(text, EncodeOptions.plain())))
        .toArray();
  }
}
