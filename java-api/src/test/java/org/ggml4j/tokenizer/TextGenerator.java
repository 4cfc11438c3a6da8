package org.ggml4j.tokenizer;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Makes strings that are hard for tokenizers, always the same ones from a seed: many scripts, marks
 * and joiners, white space of all kinds, digits, contractions, code, the text of special tokens,
 * damaged UTF-16. No string holds U+0000, since references take strings that it ends.
 */
final class TextGenerator {
  // First and last code points of stretches with something in them.
  private static final int[][] BLOCKS = {
    {0x01, 0x7F},
    {0x20, 0x7E},
    {0x80, 0xFF},
    {0x100, 0x24F},
    {0x250, 0x2FF},
    {0x300, 0x36F},
    {0x370, 0x3FF},
    {0x400, 0x52F},
    {0x530, 0x58F},
    {0x590, 0x5FF},
    {0x600, 0x6FF},
    {0x700, 0x7FF},
    {0x900, 0x97F},
    {0x980, 0x9FF},
    {0xA00, 0xBFF},
    {0xC00, 0xDFF},
    {0xE00, 0xEFF},
    {0xF00, 0xFFF},
    {0x1000, 0x109F},
    {0x10A0, 0x11FF},
    {0x1200, 0x139F},
    {0x13A0, 0x167F},
    {0x1680, 0x17FF},
    {0x1800, 0x1AFF},
    {0x1B00, 0x1CFF},
    {0x1D00, 0x1DFF},
    {0x1E00, 0x1FFF},
    {0x2000, 0x206F},
    {0x2070, 0x20CF},
    {0x20D0, 0x218F},
    {0x2190, 0x23FF},
    {0x2400, 0x25FF},
    {0x2580, 0x2585},
    {0x2600, 0x27BF},
    {0x27C0, 0x2BFF},
    {0x2C00, 0x2DFF},
    {0x2E00, 0x2FFF},
    {0x3000, 0x303F},
    {0x3040, 0x30FF},
    {0x3100, 0x33FF},
    {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},
    {0x4E00, 0x5200},
    {0xA000, 0xA4CF},
    {0xA4D0, 0xABFF},
    {0xAC00, 0xD7AF},
    {0xD7B0, 0xD7FF},
    {0xE000, 0xF8FF},
    {0xF900, 0xFAFF},
    {0xFB00, 0xFDFF},
    {0xFE00, 0xFE6F},
    {0xFE70, 0xFEFF},
    {0xFF00, 0xFFEF},
    {0xFFF0, 0xFFFF},
    {0x10000, 0x103FF},
    {0x10400, 0x107FF},
    {0x10800, 0x10FFF},
    {0x11000, 0x11FFF},
    {0x12000, 0x16FFF},
    {0x17000, 0x1BFFF},
    {0x1D000, 0x1DFFF},
    {0x1E000, 0x1EFFF},
    {0x1F000, 0x1F2FF},
    {0x1F300, 0x1F64F},
    {0x1F650, 0x1FAFF},
    {0x1FB00, 0x1FBFF},
    {0x20000, 0x2A6DF},
    {0x2A700, 0x2EBEF},
    {0x2EBF0, 0x323AF},
    {0x2F800, 0x2FA1F},
    {0xE0000, 0xE01EF},
    {0xF0000, 0x10FFFF},
    {0x1C80, 0x1C8F},
    {0xA7C0, 0xA7FF},
  };

  private static final String[] SPACES = {
    " ",
    " ",
    "  ",
    "   ",
    "        ",
    "\t",
    "\t\t",
    "\n",
    "\n\n",
    "\n\n\n",
    "\r\n",
    "\r",
    " \n",
    "\n ",
    "\u000B",
    "\f",
    "\u0085",
    "\u00A0",
    "\u1680",
    "\u2003",
    "\u2028",
    "\u2029",
    "\u202F",
    "\u205F",
    "\u3000",
    "\u200B",
    "\uFEFF",
    " \t ",
    "\r\n\r\n",
    "    \n    ",
    "\u2009\u2009",
  };

  private static final String[] CONTRACTIONS = {
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Re", "'rE", "'VE", "'vE",
    "'M", "'LL", "'Ll", "'lL", "'D", "\u2019s", "\u2019t", "'", "''", "' ", " '", "'x", "'r", "'l",
    "'\u017F", "n't", "o'clock", "I'm", "we'Re", "'sS", "'a",
  };

  private static final String[] EMOJI = {
    "\uD83E\uDD8A",
    "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
    "\uD83D\uDC4D\uD83C\uDFFD",
    "\uD83C\uDDE9\uD83C\uDDEA",
    "\u2764\uFE0F",
    "\u2764\uFE0F\u200D\uD83D\uDD25",
    "1\uFE0F\u20E3",
    "\uD83C\uDFF4\uDB40\uDC67\uDB40\uDC62\uDB40\uDC73\uDB40\uDC63\uDB40\uDC74\uDB40\uDC7F",
    "\uD83E\uDEE1",
    "\u2728",
    "\u263A",
    "\uD83D\uDE00\uD83D\uDE00",
  };

  private static final String[] WORDS = {
    "the",
    "The",
    "THE",
    "fox",
    "hello",
    "Hello",
    "camelCase",
    "HTTPServer",
    "XMLHttpRequest",
    "iPhone",
    "McDonald",
    "stra\u00DFe",
    "\u0130stanbul",
    "\u01C5",
    "na\u00EFve",
    "re\u0301sume\u0301",
    "\u00C5ngstr\u00F6m",
    "\uFB01n",
    "\u043F\u0440\u0438\u0432\u0435\u0442",
    "\u041C\u041E\u0421\u041A\u0412\u0410",
    "\u0395\u03BB\u03BB\u03B7\u03BD\u03B9\u03BA\u03AC",
    "\u05E9\u05DC\u05D5\u05DD",
    "\u0645\u0631\u062D\u0628\u0627",
    "\u0628\u0650\u0633\u0652\u0645\u0650",
    "\u0928\u092E\u0938\u094D\u0924\u0947",
    "\u09AC\u09BE\u0982\u09B2\u09BE",
    "\u0BA4\u0BAE\u0BBF\u0BB4\u0BCD",
    "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35",
    "\u1797\u17B6\u179F\u17B6\u1781\u17D2\u1798\u17C2\u179A",
    "\u4F60\u597D",
    "\u4E16\u754C",
    "\u65E5\u672C\u8A9E",
    "\u3072\u3089\u304C\u306A",
    "\u30AB\u30BF\u30AB\u30CA",
    "\uFF76\uFF85",
    "\uD55C\uAD6D\uC5B4",
    "\uC548\uB155",
    "\u110B\u1161\u11AB",
    "\u10E5\u10D0\u10E0",
    "\u0540\u0561\u0575",
    "\u13E3\u13B3\u13A9",
    "Vi\u1EC7t",
    "T\u00FCrk\u00E7e",
    "\u212B",
    "\u2126",
    "\uFF21\uFF22\uFF23",
    "\uD835\uDC00\uD835\uDC01",
    "\u02C8w\u025Cd",
    "Z\u0351\u034B\u0329a\u0335l\u0321go",
    "ok",
    "a",
    "I",
    "un",
    "ing",
    "\u0939\u093F\u0928\u094D\u0926\u0940",
    "\u3007",
    "\u2160\u2161",
  };

  private static final String[] NUMBERS = {
    "0",
    "7",
    "42",
    "123",
    "1234",
    "12345",
    "1234567",
    "3.14159",
    "1,000,000",
    "1e-9",
    "0xFF",
    "\u0663\u0664\u0665\u0666",
    "\u00B2",
    "\u00BD",
    "\u2166",
    "\uFF11\uFF12\uFF13\uFF14",
    "2024-05-17",
    "12:30",
    "$9.99",
    "100%",
    "1\u00A0000",
    "\u09E7\u09E8\u09E9",
    "\u2460",
    "\u4E00\u4E8C\u4E09",
    "1st",
    "3D",
    "000000000",
    "99999999999999999999",
  };

  private static final String[] CODE = {
    "def f(x):\n    return x + 1\n",
    "for (int i = 0; i < n; i++) {\n\t\tsum += a[i];\n}\n",
    "if (a && b || !c) {}",
    "<div class=\"x\">&nbsp;</div>",
    "SELECT * FROM t WHERE a='b';",
    "#include <stdio.h>",
    "std::vector<int> v{1, 2};",
    "a->b->c",
    "x = y ?? z;",
    "/* c */ // d",
    "\\frac{a}{b}",
    "{\"key\": [1, 2.5, null]}",
    "https://example.com/a?b=c&d=%20#e",
    "a_b_c",
    "$VAR ${x}",
    "`code`",
    "```java\n",
    "==",
    "!=",
    "=>",
    "<<",
    "...",
    "--",
    "/*",
    "*/",
    "||",
    "@Override",
    "&amp;",
    "~/.bashrc",
    "C:\\dir\\",
    "\"quoted\"",
    "(a)",
    "[b]",
    "{c}",
    "!?",
    ",.;:",
    "\u3001\u3002\uFF01\uFF1F",
    "\u00BF\u00A1",
    "\u2026",
    "\u201Cq\u201D",
    "\u00AB\u00BB",
    "+-*/^|<>=~`$",
  };

  private static final String[] SPECIAL = {
    "<s>",
    "</s>",
    "<unk>",
    "<pad>",
    "<mask>",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[UNK]",
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
    "<bos>",
    "<eos>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|turn>",
    "<turn|>",
    "<|fim_prefix|>",
    "<fim_suffix>",
    "<0x0A>",
    "<0xFF>",
    "<|",
    "|>",
    "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C>",
    "<EOT>",
    "<|CHATBOT_TOKEN|>",
    "<sentinel:12>",
    "IMGIMGABCZ",
    "<dna>ACGTAC</dna>",
    "<dna>",
    "</dna>",
    "acgtACGTACnA",
    "[INST]",
    "\u2581",
    "\u2581\u2581",
  };

  private static final String[] DAMAGED = {
    "\uD83E", "\uDD8A", "\uDD8A\uD83E", "a\uD800b", "\uDFFF", "\uFFFD", "\uFFFE", "\uFFFF",
    "\uDBFF\uDFFF", "\u0001", "\u001B[0m", "\u007F", "\u0080", "\u009F", "\u00AD", "\u200D",
    "\u200E", "\u202E", "\u2060", "\uE000",
  };

  private static final String[] REAL = {
    "It's a truth universally acknowledged, that a single man in possession of a good fortune,"
        + " must be in want of a wife.",
    "\u0412 \u043D\u0430\u0447\u0430\u043B\u0435 \u0438\u044E\u043B\u044F, \u0432"
        + " \u0447\u0440\u0435\u0437\u0432\u044B\u0447\u0430\u0439\u043D\u043E"
        + " \u0436\u0430\u0440\u043A\u043E\u0435 \u0432\u0440\u0435\u043C\u044F, \u043F\u043E\u0434"
        + " \u0432\u0435\u0447\u0435\u0440.",
    "\u6211\u8F93\u5165\u4E86\u201C\u4F60\u597D\uFF0C\u4E16\u754C\uFF01\u201D\u7136\u540E\u6309\u4E0B\u56DE\u8F66\u3002\u4ECA\u5929\u662F2024\u5E745\u670817\u65E5\u3002",
    "\u543E\u8F29\u306F\u732B\u3067\u3042\u308B\u3002\u540D\u524D\u306F\u307E\u3060\u7121\u3044\u3002\u30B3\u30F3\u30D4\u30E5\u30FC\u30BF\u30FC\u3067\u3059\u3002",
    "\uB2E4\uB78C\uC950 \uD5CC \uCCC7\uBC14\uD034\uC5D0 \uD0C0\uACE0\uD30C. 123\uBC88\uC9F8"
        + " \uBB38\uC7A5\uC785\uB2C8\uB2E4!",
    "\u0645\u0646 \u0627\u0644\u0645\u0647\u062F \u0625\u0644\u0649 \u0627\u0644\u0644\u062D\u062F."
        + " \u0627\u0644\u0639\u062F\u062F \u0661\u0662\u0663\u060C \u0646\u0639\u0645\u061F",
    "\u0938\u092D\u0940 \u092E\u0928\u0941\u0937\u094D\u092F\u094B\u0902 \u0915\u094B"
        + " \u0917\u094C\u0930\u0935 \u0914\u0930 \u0905\u0927\u093F\u0915\u093E\u0930\u094B\u0902"
        + " \u0915\u0947",
    "\u0E21\u0E19\u0E38\u0E29\u0E22\u0E4C\u0E17\u0E38\u0E01\u0E04\u0E19\u0E40\u0E01\u0E34\u0E14\u0E21\u0E32\u0E21\u0E35\u0E2D\u0E34\u0E2A\u0E23\u0E30",
    "Voix ambigu\u00EB d\u2019un c\u0153ur qui, au z\u00E9phyr, pr\u00E9f\u00E8re les jattes de"
        + " kiwis.",
    "Falsches \u00DCben von Xylophonmusik qu\u00E4lt jeden gr\u00F6\u00DFeren Zwerg"
        + " (\u201EJa!\u201C).",
    "public static void main(String[] args) {\n    System.out.println(\"x = \" + 42);\n}\n",
    "import numpy as np\n\n\n"
        + "class A(B):\n"
        + "\t\"\"\"Doc.\"\"\"\n"
        + "\tdef __init__(self, n=1_000):\n"
        + "\t\tself.n = n\n",
    "T\u1EA5t c\u1EA3 m\u1ECDi ng\u01B0\u1EDDi sinh ra \u0111\u1EC1u \u0111\u01B0\u1EE3c t\u1EF1"
        + " do.",
    "p\u00EB\u0308r gjith\u00EB; \u0391\u03BB\u03C6\u03B1\u03B2\u03B7\u03C4\u03AF\u03B6\u03C9"
        + " \u03AE\u03B4\u03B7 \u03C4\u03B1 \u03B3\u03C1\u03AC\u03BC\u03BC\u03B1\u03C4\u03B1.",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n- [ ] todo\n  * sub\n\n> quote\n",
  };

  private static final String[][] LISTS = {
    SPACES,
    SPACES,
    SPACES,
    CONTRACTIONS,
    EMOJI,
    WORDS,
    WORDS,
    WORDS,
    NUMBERS,
    NUMBERS,
    CODE,
    SPECIAL,
    DAMAGED
  };

  private final SplittableRandom random;
  private final List<String> special;

  /**
   * @param special texts of the vocabulary's own special tokens
   */
  TextGenerator(long seed, List<String> special) {
    this.random = new SplittableRandom(seed);
    this.special = List.copyOf(special);
  }

  /** Different strings, always the same. */
  static List<String> fixed(int count) {
    TextGenerator generator = new TextGenerator(20240517, List.of());
    Set<String> texts = new LinkedHashSet<>();
    // Every fragment alone and after a letter, a space and a line break, then mixtures.
    for (String[] list : LISTS) {
      for (String fragment : list) {
        for (String before : new String[] {"", "a", " ", "\n"}) {
          texts.add(before + fragment);
        }
      }
    }
    texts.addAll(List.of(REAL));
    while (texts.size() < count) {
      texts.add(generator.next());
    }
    return texts.stream().limit(count).toList();
  }

  private <T> T pick(T[] list) {
    return list[random.nextInt(list.length)];
  }

  /** The next string, never empty. */
  String next() {
    String text =
        switch (random.nextInt(8)) {
          case 0 -> block(1 + random.nextInt(12));
          case 1 -> blocks();
          case 2, 3, 4 -> mixture(1 + random.nextInt(12));
          case 5, 6 -> mutated();
          default -> repeated();
        };
    return text.isEmpty() ? "x" : text.replace('\0', '0');
  }

  private int codePoint(int[] block) {
    return random.nextInt(block[0], block[1] + 1);
  }

  private String block(int length) {
    int[] block = pick(BLOCKS);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < length; i++) {
      out.appendCodePoint(codePoint(block));
    }
    return out.toString();
  }

  private String blocks() {
    StringBuilder out = new StringBuilder();
    for (int i = random.nextInt(20); i >= 0; i--) {
      if (random.nextInt(4) == 0) {
        out.append(pick(SPACES));
      } else {
        out.appendCodePoint(codePoint(pick(BLOCKS)));
      }
    }
    return out.toString();
  }

  private String fragment() {
    int kind = random.nextInt(LISTS.length + 3);
    if (kind < LISTS.length) {
      return pick(LISTS[kind]);
    }
    if (kind == LISTS.length && !special.isEmpty()) {
      return special.get(random.nextInt(special.size()));
    }
    return kind == LISTS.length + 1 ? block(1 + random.nextInt(3)) : " ";
  }

  private String mixture(int fragments) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < fragments; i++) {
      out.append(fragment());
    }
    return out.toString();
  }

  private String mutated() {
    StringBuilder out = new StringBuilder(pick(REAL));
    int from = random.nextInt(out.length());
    out.delete(0, random.nextBoolean() ? from : 0);
    for (int i = random.nextInt(6); i > 0; i--) {
      int at = random.nextInt(out.length() + 1);
      switch (random.nextInt(4)) {
        case 0 -> out.insert(at, fragment());
        case 1 -> out.insert(at, Character.toString(codePoint(pick(BLOCKS))));
        case 2 -> out.delete(at, Math.min(out.length(), at + 1 + random.nextInt(4)));
        default -> {
          if (at < out.length()) {
            out.setCharAt(at, Character.toUpperCase(out.charAt(at)));
          }
        }
      }
    }
    return out.toString();
  }

  private String repeated() {
    String unit = random.nextInt(3) == 0 ? block(1) : fragment();
    int times = 1 + random.nextInt(random.nextInt(10) == 0 ? 200 : 20);
    return mixture(random.nextInt(3))
        + unit.repeat(Math.max(1, Math.min(times, 400 / Math.max(1, unit.length()))))
        + mixture(random.nextInt(3));
  }
}
