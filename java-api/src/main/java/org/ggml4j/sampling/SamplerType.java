package org.ggml4j.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The samplers that can be put in an order, with llama.cpp's names for them. */
public enum SamplerType {
  PENALTIES("penalties", 'e'),
  DRY("dry", 'd'),
  TOP_N_SIGMA("top_n_sigma", 's'),
  TOP_K("top_k", 'k'),
  TYPICAL_P("typ_p", 'y', "typ"),
  TOP_P("top_p", 'p', "nucleus"),
  MIN_P("min_p", 'm'),
  XTC("xtc", 'x'),
  TEMPERATURE("temperature", 't', "temp"),
  INFILL("infill", 'i'),
  /** Picks the token, at the end, wherever it stands in the order. */
  ADAPTIVE_P("adaptive_p", 'a');

  private final String text;
  private final char letter;
  private final String alias; // or empty

  SamplerType(String text, char letter) {
    this(text, letter, "");
  }

  SamplerType(String text, char letter, String alias) {
    this.text = text;
    this.letter = letter;
    this.alias = alias;
  }

  /** Whether the candidate with the highest logit always stays the one. */
  boolean keepsBest() {
    return switch (this) {
      case TOP_N_SIGMA, TOP_K, TOP_P, MIN_P -> true;
      default -> false;
    };
  }

  /** llama.cpp's name, as in {@code --samplers}. */
  public String text() {
    return text;
  }

  /** llama.cpp's letter, as in {@code --sampler-seq}. */
  public char letter() {
    return letter;
  }

  /**
   * The order that names say, separated by semicolons: {@code penalties;top_k;temperature}. Dashes
   * for the underscores, or none, and llama.cpp's other names will do, too.
   *
   * @throws IllegalArgumentException if a name is none of a sampler
   */
  public static List<SamplerType> parse(String names) {
    List<SamplerType> order = new ArrayList<>();
    for (String name : names.split(";", -1)) {
      if (!name.isEmpty()) {
        order.add(ofName(name));
      }
    }
    return order;
  }

  private static SamplerType ofName(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    for (SamplerType type : values()) {
      if (type.text.equals(lower)
          || type.text.replace('_', '-').equals(lower)
          || type.text.replace("_", "").equals(lower)
          || type.alias.equals(lower) && !lower.isEmpty()) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "sampler: expected one of "
            + String.join(", ", Stream.of(values()).map(SamplerType::text).toList())
            + ", found "
            + name);
  }

  /**
   * The order that letters say, like {@code edskypmxt}, llama.cpp's default.
   *
   * @throws IllegalArgumentException if a letter is none of a sampler
   */
  public static List<SamplerType> parseLetters(String letters) {
    return letters.chars().mapToObj(letter -> ofLetter((char) letter)).toList();
  }

  private static SamplerType ofLetter(char letter) {
    for (SamplerType type : values()) {
      if (type.letter == letter) {
        return type;
      }
    }
    StringBuilder letters = new StringBuilder();
    for (SamplerType type : values()) {
      letters.append(type.letter);
    }
    throw new IllegalArgumentException(
        "sampler letter: expected one of " + letters + ", found " + letter);
  }
}
