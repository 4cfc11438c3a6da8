package org.ggml4j.tokenizer;

/**
 * The regular expressions by which models cut text into words, each stated once; {@link
 * PreTokenizers} says who uses them. See {@link PatternParser} for the syntax.
 *
 * <p>Source: the expressions that the models were published with, in the reading of llama.cpp
 * ({@code src/llama-vocab.cpp}, {@code src/unicode.cpp}), which knows no letter case beyond ASCII:
 * there, a letter of another script is upper and lower case at once. All are constants of the
 * compiler, since a command waits for what is put together at its start.
 */
final class Patterns {
  private Patterns() {}

  private static final String CONTRACTION =
      "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";

  /** Letters, with one other character before them. */
  private static final String LETTERS = "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";

  /** What is neither letter, number nor white space, with the line breaks after it. */
  private static final String OTHERS = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*";

  private static final String OTHERS_OR_SLASH = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*";

  /** The last of several spaces is left to the word that follows. */
  private static final String SPACES = "|\\s+(?!\\S)|\\s+";

  private static final String LINES_OR_SPACES = "|\\s*[\\r\\n]+" + SPACES;

  static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+" + SPACES;

  static final String LLAMA3 = CONTRACTION + LETTERS + "|\\p{N}{1,3}" + OTHERS + LINES_OR_SPACES;

  static final String QWEN2 = CONTRACTION + LETTERS + "|\\p{N}" + OTHERS + LINES_OR_SPACES;

  static final String QWEN35 =
      CONTRACTION
          + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
          + LINES_OR_SPACES;

  static final String UFAKZEKA = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" + OTHERS + LINES_OR_SPACES;

  static final String MINICPM5 = CONTRACTION + LETTERS + "|\\p{N}+" + OTHERS + LINES_OR_SPACES;

  static final String JAIS2 =
      CONTRACTION
          + LETTERS
          + "|\\p{N}{1,3}"
          + OTHERS
          + "|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)"
          + "|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}";

  static final String BAILINGMOE =
      CONTRACTION + LETTERS + "|\\p{N}" + OTHERS + "|\\s*[\\r\\n]" + SPACES;

  static final String SEED_CODER =
      CONTRACTION + LETTERS + "|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+" + LINES_OR_SPACES;

  static final String EXAONE_MOE =
      CONTRACTION
          + "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+"
          + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]"
          + SPACES;

  private static final String ONE_BEFORE = "[^\\r\\n\\p{L}\\p{N}]?";

  private static final String UPPER = "[\\p{L}&&[^a-z]]";

  private static final String LOWER = "[\\p{L}&&[^A-Z]]";

  private static final String MARKED_UPPER = "[\\p{L}\\p{M}&&[^a-z]]";

  private static final String MARKED_LOWER = "[\\p{L}\\p{M}&&[^A-Z]]";

  /** Words of mixed case end where capitals begin: {@code camelCase}. */
  static final String TEKKEN =
      ONE_BEFORE
          + (UPPER + "*" + LOWER + "+|")
          + ONE_BEFORE
          + (UPPER + "+" + LOWER + "*|\\p{N}")
          + OTHERS_OR_SLASH
          + LINES_OR_SPACES;

  static final String GPT4O =
      ONE_BEFORE
          + (UPPER + "*" + LOWER + "+" + CONTRACTION + "?|")
          + ONE_BEFORE
          + (UPPER + "+" + LOWER + "*" + CONTRACTION + "?|\\p{N}{1,3}")
          + OTHERS_OR_SLASH
          + LINES_OR_SPACES;

  static final String GRANITE_EMBEDDING =
      ONE_BEFORE
          + (MARKED_UPPER + "*" + MARKED_LOWER + "+" + CONTRACTION + "?|")
          + ONE_BEFORE
          + (MARKED_UPPER + "+" + MARKED_LOWER + "*" + CONTRACTION + "?|\\p{N}{1,3}")
          + OTHERS_OR_SLASH
          + LINES_OR_SPACES;

  private static final String MARKED_LETTERS = ONE_BEFORE + "[\\p{L}\\p{M}]+" + CONTRACTION + "?";

  static final String TINY_AYA =
      MARKED_LETTERS + "|\\p{N}{1,3}" + OTHERS_OR_SLASH + LINES_OR_SPACES;

  static final String YOUTU = MARKED_LETTERS + "|\\p{N}" + OTHERS_OR_SLASH + LINES_OR_SPACES;

  static final String YOUTU_SCRIPTS =
      "[\uAC00-\uD7A3\u3131-\u318E]+"
          + "|[\uFF01\u2026\u201C\u201D\u2018\u2019\u2014\uFF1A\uFF1B\uFF0C\u3001-\u303F\uFE30-\uFE4F]+"
          + "|[\u3105-\u312F]+|[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+";

  private static final String HAN =
      "\u4E00-\u9FFF\u3400-\u4DBF\uF900-\uFAFF"
          + "\uD840\uDC00-\uD869\uDEDF\uD869\uDF00-\uD86D\uDF3F\uD86D\uDF40-\uD86E\uDC1F"
          + "\uD86E\uDC20-\uD873\uDEAF\uD873\uDEB0-\uD87A\uDFEF\uD87E\uDC00-\uD87E\uDE1F";

  /** Han characters apart from other letters. */
  static final String KIMI_K2 =
      "["
          + HAN
          + "]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}&&[^"
          + HAN
          + "]]+"
          + CONTRACTION
          + "?|\\p{N}{1,3}"
          + OTHERS
          + LINES_OR_SPACES;

  private static final String PUNCTUATED =
      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
          + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+";

  static final String DEEPSEEK3 = PUNCTUATED + "[\\r\\n]*" + LINES_OR_SPACES;

  static final String SPARK = PUNCTUATED + "|[\\r\\n]" + SPACES;

  static final String CHINESE_OR_JAPANESE = "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+";

  static final String DEEPSEEK_EAST_ASIAN = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";

  static final String DEEPSEEK_PUNCTUATION =
      "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+";

  static final String DEEPSEEK_LETTERS =
      "\\s?[A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF"
          + "\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D"
          + "\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5"
          + "\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5"
          + "\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF"
          + "\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15"
          + "\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B"
          + "\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4"
          + "\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC"
          + "\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115"
          + "\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139"
          + "\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B"
          + "\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B"
          + "\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF"
          + "\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A"
          + "\uD801\uDC00-\uD801\uDC4F\uD801\uDCB0-\uD801\uDCD3"
          + "\uD801\uDCD8-\uD801\uDCFB\uD803\uDC80-\uD803\uDCB2"
          + "\uD803\uDCC0-\uD803\uDCF2\uD806\uDCA0-\uD806\uDCDF"
          + "\uD83A\uDD00-\uD83A\uDD43]+";

  /** The third range is meant to begin at U+F900; a normalized character made it U+8C48. */
  static final String AFMOE_SCRIPTS =
      "[\u4E00-\u9FFF\u3400-\u4DBF\u8C48-\uFAFF\u3040-\u309F\u30A0-\u30FF\uFF65-\uFF9F"
          + "\u2F00-\u2FDF\u0E40-\u0E7F\u0E80-\u0EFF\u1780-\u17FF\u1000-\u109F\uAA60-\uAA7F"
          + "\uA9E0-\uA9FF\uAC00-\uD7AF\u1100-\u11FF]+";

  static final String BLOOM = " ?[^(\\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+";

  static final String FALCON_PUNCTUATION = "[\\p{P}\\$\\+<=>\\^~\\|`]+";

  static final String DEFAULT_PUNCTUATION = "[\\p{P}\\$\\+<=>\\^~\\|]+";

  static final String CHAMELEON_IMAGE = "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z";

  static final String CHAMELEON_PUNCTUATION = "[\\p{P}!-/:-@\\[-`{-~]";

  static final String LINES = "[^\\n]+|[\\n]+";

  static final String UP_TO_THREE_DIGITS = "\\p{N}{1,3}";

  // These look ahead without limit and are written by hand, see Lookahead.

  static final String TRAILING_SPACE = "\\s+$";

  static final String THOUSANDS = "(?=(\\d{3})+(?!\\d))";

  static final String DIGIT_GROUPS = "\\d{1,3}(?=(?:\\d{3})*\\b)";
}
