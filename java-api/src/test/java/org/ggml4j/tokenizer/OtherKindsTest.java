package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tokenizers besides byte-level BPE and SentencePiece's. */
class OtherKindsTest {
  private static final String P = "tokenizer.ggml.";
  private static final EncodeOptions PLAIN = EncodeOptions.plain();

  private static Map<String, Object> vocab(String model, List<String> tokens) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(P + "model", model);
    map.put(P + "tokens", tokens);
    map.put(P + "token_type", new ArrayList<>(tokens.stream().map(t -> type(t)).toList()));
    return map;
  }

  private static int type(String token) {
    return token.matches("<0x..>")
        ? TokenType.BYTE.code()
        : token.matches("<.*>|\\[.*]") ? TokenType.CONTROL.code() : TokenType.NORMAL.code();
  }

  private static String joined(Tokenizer tokenizer, String text, EncodeOptions options) {
    return String.join("|", Vocabularies.texts(tokenizer, text, options));
  }

  private static Map<String, Object> bert() {
    Map<String, Object> map =
        vocab(
            "bert",
            List.of(
                "[PAD]",
                "[UNK]",
                "[CLS]",
                "[SEP]",
                "\u2581un",
                "aff",
                "able",
                "\u2581a",
                "\u2581,",
                "\u2581\u4E16",
                "\u2581\u754C",
                "b",
                "\u2581A",
                "\u2581\u1112",
                "\u2581caf\u00E9",
                "\u2581cafe",
                "a"));
    map.put(P + "bos_token_id", 2);
    map.put(P + "seperator_token_id", 3);
    map.put(P + "unknown_token_id", 1);
    return map;
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "unaffable,      \u2581un|aff|able",
        "UnAffable,      \u2581un|aff|able",
        "unaffablex,     [UNK]",
        "\"a,  ab\",     \"\u2581a|\u2581,|\u2581a|b\"",
        "a\u4E16\u754Ca, \u2581a|\u2581\u4E16|\u2581\u754C|\u2581a",
        "caf\u00E9,      \u2581cafe",
        "cafe\u0301,     \u2581cafe",
        "\uD55C,         \u2581\u1112",
        "a\u0001b,       \u2581a|b"
      })
  void wordPieceTakesTheLongestPieces(String text, String expected) throws GgufFormatException {
    assertThat(joined(Vocabularies.of(bert()), text, PLAIN)).isEqualTo(expected);
  }

  @Test
  void wordPieceKeepsCaseAndAccentsOnRequest() throws GgufFormatException {
    Map<String, Object> map = bert();
    map.put(P + "normalizer.lowercase", false);
    Tokenizer cased = Vocabularies.of(map);
    assertThat(joined(cased, "A caf\u00E9", PLAIN)).isEqualTo("\u2581A|\u2581caf\u00E9");
    map.put(P + "normalizer.strip_accents", true);
    assertThat(joined(Vocabularies.of(map), "A caf\u00E9", PLAIN)).isEqualTo("\u2581A|\u2581cafe");
  }

  @Test
  void wordPieceIsPutBetweenItsTokens() throws GgufFormatException {
    Map<String, Object> map = bert();
    map.put(P + "add_bos_token", false);
    Tokenizer tokenizer = Vocabularies.of(map);
    assertThat(joined(tokenizer, "a", EncodeOptions.defaults())).isEqualTo("[CLS]|\u2581a|[SEP]");
    assertThat(tokenizer.special().addSep()).isTrue();
    // As llama.cpp, which forgets only tokens that the file says are added.
    DecodeOptions decode = DecodeOptions.defaults().withCleanSpaces(true);
    int[] ids = tokenizer.encode("un , a", PLAIN);
    assertThat(tokenizer.decode(ids, decode)).isEqualTo(" un, a");
    map.remove(P + "bos_token_id");
    assertThatThrownBy(() -> Vocabularies.of(map))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining("bos_token_id");
  }

  @Test
  void wordPiecesTileTheText() throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(bert());
    assertThat(tokenizer.encodePieces(" a, UNaffable  ", PLAIN))
        .extracting(p -> tokenizer.vocab().text(p.id()), Piece::start, Piece::end)
        .containsExactly(
            tuple("\u2581a", 0, 2),
            tuple("\u2581,", 2, 3),
            tuple("\u2581un", 3, 6),
            tuple("aff", 6, 9),
            tuple("able", 9, 15));
    assertThat(tokenizer.encodePieces("   ", PLAIN)).isEmpty();
  }

  private static Map<String, Object> t5() {
    Map<String, Object> map =
        vocab(
            "t5",
            List.of("<pad>", "</s>", "<unk>", "\u2581", "a", "b", "ab", "\u2581a", "ba", "foo"));
    map.put(P + "scores", List.of(0f, 0f, 0f, -2f, -2f, -2f, -3f, -3.5f, -2.5f, -9f));
    map.put(P + "token_type", List.of(3, 3, 2, 1, 1, 1, 1, 1, 1, 4));
    map.put(P + "add_space_prefix", true);
    return map;
  }

  @ParameterizedTest
  @CsvSource({
    "ab,    \u2581|ab", // -5 is better than the -5.5 of \u2581a b
    "aba,   \u2581a|ba", // -6, better than the -7 of \u2581 ab a
    "a  a,  \u2581a|\u2581|\u2581a",
    "axyza, \u2581a|<unk>|a", // unknown characters are one token
    "afoob, \u2581a|foo|\u2581|b"
  })
  void unigramTakesTheBestSum(String text, String expected) throws GgufFormatException {
    assertThat(joined(Vocabularies.of(t5()), text, PLAIN)).isEqualTo(expected);
  }

  @Test
  void unigramMergesSpacesOnRequest() throws GgufFormatException {
    Map<String, Object> map = t5();
    map.put(P + "remove_extra_whitespaces", true);
    Tokenizer tokenizer = Vocabularies.of(map);
    assertThat(joined(tokenizer, "  a   a  ", PLAIN)).isEqualTo("\u2581a|\u2581a");
    assertThat(tokenizer.encode("a")).endsWith(1);
    assertThat(tokenizer.encodePieces("  a   a  ", PLAIN))
        .extracting(Piece::start, Piece::end)
        .containsExactly(tuple(0, 6), tuple(6, 9));
  }

  @Test
  void unigramForgetsNothingInLongTexts() throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(t5());
    String unit = "abab xx ba ";
    int[] ids = tokenizer.encode(unit.repeat(2_000), PLAIN);
    int period = ids.length - tokenizer.encode(unit.repeat(1_999), PLAIN).length;
    assertThat(period).isGreaterThan(5);
    for (int i = period; i < ids.length - 2 * period; i++) {
      assertThat(ids[i]).as("token %d", i).isEqualTo(ids[i + period]);
    }
    assertThat(tokenizer.encodePieces(unit.repeat(2_000), PLAIN)).hasSize(ids.length);
  }

  @Test
  void characterMapsAreChecked() {
    Map<String, Object> map = t5();
    map.put(CharacterMap.KEY, List.of((byte) 1, (byte) 2));
    assertThatThrownBy(() -> Vocabularies.of(map))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining(CharacterMap.KEY);
    map.put(CharacterMap.KEY, List.of((byte) 8, (byte) 0, (byte) 0, (byte) 0, (byte) 0));
    assertThatThrownBy(() -> Vocabularies.of(map))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining("5 bytes");
    map.put(CharacterMap.KEY, List.of((byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 'x'));
    assertThatThrownBy(() -> Vocabularies.of(map))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining("zero");
  }

  /** Units: the root's children are at 4 ^ label; 'A' (0x41) is at 0x45 and its value at 0x46. */
  @Test
  void characterMapsReplace() throws GgufFormatException {
    byte[] map = new byte[4 + 4 * 0x50 + 3];
    map[0] = (byte) 0x40;
    map[1] = 1;
    unit(map, 0, 4 << 10);
    unit(map, 0x45, 0x41 | 0x100 | 3 << 10);
    unit(map, 0x46, 0);
    map[4 + 4 * 0x50] = 'b';
    map[4 + 4 * 0x50 + 1] = ' ';
    CharacterMap characters = CharacterMap.of(map);
    long found = characters.longest(new byte[] {'x', 'A', 'A'}, 1, 3);
    assertThat(found >>> 32).isEqualTo(1);
    int begin = (int) found;
    assertThat(characters.replacementEnd(begin) - begin).isEqualTo(2);
    assertThat(characters.bytes()[begin]).isEqualTo((byte) 'b');
    assertThat(characters.longest(new byte[] {'x', 'A', 'A'}, 0, 3)).isZero();

    Map<String, Object> t5 = t5();
    List<Byte> bytes = new ArrayList<>();
    for (byte b : map) {
      bytes.add(b);
    }
    t5.put(CharacterMap.KEY, bytes);
    assertThat(joined(Vocabularies.of(t5), "aAa", PLAIN)).isEqualTo("\u2581|ab|\u2581a");

    // A value outside the map matches nothing.
    unit(map, 0x46, 1000);
    assertThat(CharacterMap.of(map).longest(new byte[] {'A'}, 0, 1)).isZero();
    unit(map, 0x45, 0x41 | 0x100 | 0x3FFF << 10);
    assertThat(CharacterMap.of(map).longest(new byte[] {'A'}, 0, 1)).isZero();
  }

  private static void unit(byte[] map, int index, int value) {
    for (int i = 0; i < 4; i++) {
      map[4 + 4 * index + i] = (byte) (value >>> 8 * i);
    }
  }

  @Test
  void rwkvTakesTheLongestToken() throws GgufFormatException {
    Tokenizer tokenizer =
        Vocabularies.of(
            vocab(
                "rwkv",
                List.of("<s>", "a", "ab", "abcd", "\\n", "\\xe6\\x97", "\\xa5", "\\\\", "\\t")));
    assertThat(tokenizer.encode("abcabcd\n\t\\", PLAIN)).containsExactly(2, 3, 4, 8, 7);
    assertThat(tokenizer.encode("\u65E5")).containsExactly(5, 6);
    assertThat(tokenizer.decode(2, 4, 5, 6, 7)).isEqualTo("ab\n\u65E5\\");
    assertThat(tokenizer.decode(0)).isEmpty();
  }

  private static Map<String, Object> plamo2() {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "<pad>"));
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
    }
    tokens.addAll(List.of("a", "ab", "abc", "bc", "c", "\u65E5\u672C"));
    List<Float> scores = new ArrayList<>();
    tokens.forEach(t -> scores.add(-1f * Math.max(1, 5 - t.length())));
    Map<String, Object> map = vocab("plamo2", tokens);
    map.put(P + "scores", scores);
    return map;
  }

  @Test
  void plamoTakesTheBestSum() throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(plamo2());
    assertThat(joined(tokenizer, "abc", PLAIN)).isEqualTo("abc");
    assertThat(joined(tokenizer, "abbc", PLAIN)).isEqualTo("ab|bc");
    assertThat(joined(tokenizer, "\uFEFFa\u65E5\u672Cx\u65E5", PLAIN))
        .isEqualTo("a|\u65E5\u672C|<0x78>|<0xE6>|<0x97>|<0xA5>");
    assertThat(tokenizer.encode("a")).as("no begin of text").hasSize(1);
    assertThat(tokenizer.decode(tokenizer.encode("ab\u65E5c"))).isEqualTo("ab\u65E5c");
    Map<String, Object> damaged = plamo2();
    @SuppressWarnings("unchecked")
    List<String> tokens = (List<String>) damaged.get(P + "tokens");
    tokens.set(10, "six");
    assertThatThrownBy(() -> Vocabularies.of(damaged))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining("<0x06>");
  }

  @Test
  void dnaIsCutIntoSixes() throws GgufFormatException {
    Map<String, Object> map =
        Vocabularies.bytePair(
            List.of("A C"),
            Map.of(
                "<dna>", TokenType.NORMAL,
                "</dna>", TokenType.NORMAL));
    @SuppressWarnings("unchecked")
    List<String> tokens = (List<String>) map.get(P + "tokens");
    tokens.addAll(List.of("<oov>", "ACGTAC\uE000", "TTAAAA\uE000"));
    @SuppressWarnings("unchecked")
    List<Integer> types = (List<Integer>) map.get(P + "token_type");
    types.addAll(List.of(1, 1, 1));
    map.put(P + "model", "hybriddna");
    Tokenizer tokenizer = Vocabularies.of(map);
    assertThat(joined(tokenizer, "AC<dna>acgtacNNNNNNTT</dna>AC", PLAIN))
        .isEqualTo("AC|<dna>|ACGTAC\uE000|<oov>|TTAAAA\uE000|</dna>|AC");
    assertThat(joined(tokenizer, "<dna>TT", PLAIN)).isEqualTo("<dna>|TTAAAA\uE000");
    assertThat(tokenizer.decode(tokenizer.encode("<dna>ACGTAC</dna>", PLAIN)))
        .isEqualTo("<dna>ACGTAC</dna>");
  }

  @Test
  void whiteSpaceSeparatesWordsOnly() throws GgufFormatException {
    Map<String, Object> map =
        vocab("whitespace", List.of("<0x78>", "a", "b", "ab", "\u4E16", "<0xC3>", "<0x89>"));
    map.put(P + "pre", "whitespace");
    map.put(P + "merges", List.of("a b"));
    Tokenizer tokenizer = Vocabularies.of(map);
    assertThat(joined(tokenizer, " ab\u3000a b\n\u4E16x", PLAIN)).isEqualTo("ab|a|b|\u4E16|<0x78>");
    assertThat(joined(tokenizer, "AB", PLAIN)).as("unknown bytes are left out").isEmpty();
    assertThat(tokenizer.encodePieces(" ab  a", PLAIN))
        .extracting(Piece::start, Piece::end)
        .containsExactly(tuple(0, 3), tuple(3, 6));
    map.put(P + "normalizer.lowercase", true);
    assertThat(joined(Vocabularies.of(map), "AB Ab", PLAIN)).isEqualTo("ab|ab");
  }

  @Test
  void mergesMayNameWhatIsNoToken() throws GgufFormatException {
    Map<String, Object> map = Vocabularies.bytePair(List.of("a b", "ab c"), Map.of());
    @SuppressWarnings("unchecked")
    List<String> tokens = (List<String>) map.get(P + "tokens");
    tokens.set(tokens.indexOf("ab"), "else");
    Tokenizer tokenizer = Vocabularies.of(map);
    assertThat(joined(tokenizer, "abc", PLAIN)).isEqualTo("abc");
    assertThat(joined(tokenizer, "ab", PLAIN)).as("spelt by llama.cpp").isEqualTo("a|b");
    map.put(P + "merges", List.of("", "ab", "a ", "ab c x", "a b"));
    assertThat(joined(Vocabularies.of(map), "abc", PLAIN)).isEqualTo("a|b|c");
  }

  @Test
  void testModelsHashFiveBytes() throws GgufFormatException {
    Tokenizer tokenizer =
        Vocabularies.of(vocab("test", List.of("a", "b", "c", "d", "e", "f", "g")));
    int expected = (int) (("hello".hashCode() & 0xFFFF_FFFFL) % 7);
    assertThat(tokenizer.encode("hellohello")).containsExactly(expected, expected);
    assertThat(tokenizer.decode(3, 5)).isEqualTo("35");
  }

  @Test
  void modelsWithoutTokenizerSaySo() throws GgufFormatException {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(P + "model", "none");
    map.put("general.architecture", "wavtokenizer-dec");
    map.put("wavtokenizer-dec.vocab_size", 4096);
    Tokenizer tokenizer = Vocabularies.of(map);
    assertThat(tokenizer.vocab().size()).isEqualTo(4096);
    assertThat(tokenizer.decode(1, 2)).isEmpty();
    assertThatThrownBy(() -> tokenizer.encode("a"))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("no tokenizer");
    map.put("wavtokenizer-dec.vocab_size", -1);
    assertThatThrownBy(() -> Vocabularies.of(map))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining("vocab_size");
  }
}
