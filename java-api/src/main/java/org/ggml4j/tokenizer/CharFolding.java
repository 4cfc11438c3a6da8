package org.ggml4j.tokenizer;

import java.text.Normalizer;

/**
 * Accents off and capitals to small letters, one character to one, as llama.cpp's tables do ({@code
 * src/unicode-data.cpp}): of a decomposition only the first character is kept (of a Hangul syllable
 * the first consonant), and lower-casing knows no context.
 *
 * <p>These are the JDK's mappings, save for characters that Unicode 15.1 does not know: they stay
 * as they are.
 */
final class CharFolding {
  private static final int FIRST_DECOMPOSED = 0xC0;

  private CharFolding() {}

  /** The character without its accents. */
  static int base(int cp) {
    if (cp < FIRST_DECOMPOSED || !CharClass.isAssigned(cp)) {
      return cp;
    }
    return Normalizer.normalize(Character.toString(cp), Normalizer.Form.NFD).codePointAt(0);
  }

  /** The small letter. */
  static int lower(int cp) {
    if (cp < 0x80) {
      return cp >= 'A' && cp <= 'Z' ? cp + ('a' - 'A') : cp;
    }
    return CharClass.isAssigned(cp) ? Character.toLowerCase(cp) : cp;
  }
}
