package org.ggml4j.tokenizer;

import java.util.List;
import java.util.Optional;

/**
 * What a vocabulary to be learnt should be like.
 *
 * @param vocabSize tokens wanted in all: special tokens, 256 bytes, and what is learnt
 * @param minFrequency how often a pair must occur to be joined
 * @param preTokenizer name of the word pattern, as in {@code tokenizer.ggml.pre}
 * @param specialTokens texts of control tokens, which take the first ids in this order; where they
 *     occur in the training text, it is cut
 * @param bos the special token that begins a text
 * @param eos the special token that ends a text
 * @param addBos whether encoding puts {@code bos} before a text
 */
public record BpeTrainerOptions(
    int vocabSize,
    int minFrequency,
    String preTokenizer,
    List<String> specialTokens,
    Optional<String> bos,
    Optional<String> eos,
    boolean addBos) {
  private static final int BYTES = 256;

  /** Checks that the parts fit together; unknown pre-tokenizers are refused by name. */
  public BpeTrainerOptions {
    specialTokens = List.copyOf(specialTokens);
    PreTokenizers.of(preTokenizer);
    if (vocabSize < specialTokens.size() + BYTES) {
      throw new IllegalArgumentException(
          "a vocabulary of "
              + vocabSize
              + " tokens is too small: special tokens and bytes take "
              + (specialTokens.size() + BYTES));
    }
    if (minFrequency < 1) {
      throw new IllegalArgumentException(
          "minFrequency is " + minFrequency + ", expected 1 or more");
    }
    checkSpecial("bos", bos, specialTokens);
    checkSpecial("eos", eos, specialTokens);
    if (addBos && bos.isEmpty()) {
      throw new IllegalArgumentException("addBos needs a bos token");
    }
    for (String text : specialTokens) {
      if (text.codePointCount(0, text.length()) < 2) {
        throw new IllegalArgumentException(
            "special token \"" + text + "\" is shorter than two characters");
      }
    }
    if (specialTokens.stream().distinct().count() < specialTokens.size()) {
      throw new IllegalArgumentException("special tokens occur twice: " + specialTokens);
    }
  }

  private static void checkSpecial(String name, Optional<String> text, List<String> special) {
    if (text.isPresent() && !special.contains(text.get())) {
      throw new IllegalArgumentException(
          name + " is \"" + text.get() + "\", which is none of the special tokens " + special);
    }
  }

  /** Pairs seen twice or more, GPT-2's words, no special tokens. */
  public static BpeTrainerOptions of(int vocabSize) {
    return new BpeTrainerOptions(
        vocabSize, 2, "gpt-2", List.of(), Optional.empty(), Optional.empty(), false);
  }

  /** This with {@link #minFrequency} replaced. */
  public BpeTrainerOptions withMinFrequency(int value) {
    return new BpeTrainerOptions(vocabSize, value, preTokenizer, specialTokens, bos, eos, addBos);
  }

  /** This with {@link #preTokenizer} replaced. */
  public BpeTrainerOptions withPreTokenizer(String value) {
    return new BpeTrainerOptions(vocabSize, minFrequency, value, specialTokens, bos, eos, addBos);
  }

  /** This with other special tokens: texts in the order of their ids, and which begin and end. */
  public BpeTrainerOptions withSpecialTokens(
      List<String> texts, Optional<String> newBos, Optional<String> newEos, boolean newAddBos) {
    return new BpeTrainerOptions(
        vocabSize, minFrequency, preTokenizer, texts, newBos, newEos, newAddBos);
  }
}
