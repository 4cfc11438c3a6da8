package org.ggml4j;

import java.io.Serial;
import java.util.Arrays;
import java.util.OptionalInt;
import org.ggml4j.tokenizer.SpecialTokens;
import org.ggml4j.tokenizer.Tokenizer;
import org.ggml4j.tokenizer.Vocab;

/**
 * Two models that have to speak of the same tokens do not. The message says where their
 * vocabularies differ.
 */
public final class VocabularyMismatchException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  /** Sizes of a family's models differ by a few unused tokens at the end; as llama.cpp. */
  private static final int SIZE_TOLERANCE = 128;

  /** The first tokens are control tokens, which finetuning renames; as llama.cpp. */
  private static final int FIRST_COMPARED = 5;

  VocabularyMismatchException(String difference) {
    super(
        "the draft model's vocabulary is not the model's: "
            + difference
            + "; use a smaller model of the same family");
  }

  /**
   * Whether a model can draft for another; the conditions are those of llama.cpp's {@code
   * common/speculative.cpp}.
   *
   * @throws VocabularyMismatchException if not
   */
  static void check(Tokenizer target, Tokenizer draft) {
    Vocab a = target.vocab();
    Vocab b = draft.vocab();
    if (Math.abs(a.size() - b.size()) > SIZE_TOLERANCE) {
      throw new VocabularyMismatchException(
          "it has " + b.size() + " tokens, the model has " + a.size());
    }
    SpecialTokens x = target.special();
    SpecialTokens y = draft.special();
    checkAdded("begin", x.addBos(), y.addBos(), x.bos(), y.bos());
    checkAdded("end", x.addEos(), y.addEos(), x.eos(), y.eos());
    for (int id = FIRST_COMPARED; id < Math.min(a.size(), b.size()); id++) {
      if (!Arrays.equals(a.bytes(id), b.bytes(id))) {
        throw new VocabularyMismatchException(
            "token " + id + " is \"" + b.text(id) + "\" there and \"" + a.text(id) + "\" here");
      }
    }
  }

  private static void checkAdded(
      String which, boolean here, boolean there, OptionalInt ours, OptionalInt theirs) {
    if (here != there || (here && !ours.equals(theirs))) {
      throw new VocabularyMismatchException(
          "the token that is added at the "
              + which
              + " of a text is "
              + name(there, theirs)
              + " there and "
              + name(here, ours)
              + " here");
    }
  }

  private static String name(boolean added, OptionalInt id) {
    return added && id.isPresent() ? "token " + id.getAsInt() : "none";
  }
}
