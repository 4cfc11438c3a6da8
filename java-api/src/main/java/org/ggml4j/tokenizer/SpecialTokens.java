package org.ggml4j.tokenizer;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;

/** A vocabulary's special tokens: which there are, which begin, end and stop a text. Immutable. */
public final class SpecialTokens {
  private final Map<SpecialToken, Integer> ids;
  private final boolean addBos;
  private final boolean addEos;
  private final boolean addSep;
  private final int[] endOfGeneration;
  private final int[] suppressed;

  SpecialTokens(
      Map<SpecialToken, Integer> ids,
      boolean addBos,
      boolean addEos,
      boolean addSep,
      int[] endOfGeneration,
      int[] suppressed) {
    this.ids = new EnumMap<>(SpecialToken.class);
    this.ids.putAll(ids);
    this.addBos = addBos;
    this.addEos = addEos;
    this.addSep = addSep;
    this.suppressed = suppressed.clone();
    this.endOfGeneration = endOfGeneration.clone();
    Arrays.sort(this.endOfGeneration);
  }

  /** This, and text begins with {@link #bos} if there is one. */
  SpecialTokens withBos() {
    return new SpecialTokens(ids, bos().isPresent(), addEos, addSep, endOfGeneration, suppressed);
  }

  /** The token that plays a part, if there is one. */
  public OptionalInt id(SpecialToken part) {
    Integer id = ids.get(part);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Begin of text. */
  public OptionalInt bos() {
    return id(SpecialToken.BOS);
  }

  /** End of text. */
  public OptionalInt eos() {
    return id(SpecialToken.EOS);
  }

  /** Whether a text begins with {@link #bos} when special tokens are added. */
  public boolean addBos() {
    return addBos;
  }

  /** Whether a text ends with {@link #eos} when special tokens are added. */
  public boolean addEos() {
    return addEos;
  }

  /**
   * Whether the parts of an input (a question and a passage) are separated by {@link
   * SpecialToken#SEPARATOR}. Encoding one text does not ask for it.
   */
  public boolean addSep() {
    return addSep;
  }

  /** Tokens that the model's authors don't want generated, as the file lists them. */
  public int[] suppressed() {
    return suppressed.clone();
  }

  /** Whether a model that picks this token has finished its answer. Allocates nothing. */
  public boolean isEndOfGeneration(int id) {
    return Arrays.binarySearch(endOfGeneration, id) >= 0;
  }

  /** All tokens that finish an answer, in ascending order. */
  public int[] endOfGeneration() {
    return endOfGeneration.clone();
  }
}
