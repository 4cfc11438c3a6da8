package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgufFormatException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SentencePieceTest {
  private static final EncodeOptions PLAIN = EncodeOptions.plain();

  private static Map<String, Object> metadata() {
    return Vocabularies.sentencePiece(
        Map.ofEntries(
            Map.entry("▁", -100f),
            Map.entry("a", -101f),
            Map.entry("b", -102f),
            Map.entry("c", -103f),
            Map.entry("é", -104f),
            Map.entry("ab", -2f),
            Map.entry("bc", -1f),
            Map.entry("abc", -9f),
            Map.entry("▁a", -3f),
            Map.entry("▁▁", -4f),
            Map.entry("aa", -5f),
            Map.entry("aaaa", -6f)));
  }

  @ParameterizedTest
  @CsvSource({
    "abc,        ▁a|bc", // bc has the best score, then ▁a
    "ab,         ▁|ab",
    "aab,        ▁a|ab",
    "aaaaa,      ▁a|aaaa", // the leading ▁a is joined first, then pairs from the left
    "é,          ▁|é",
    "x,          ▁|<0x78>",
    "日,         ▁|<0xE6>|<0x97>|<0xA5>",
    "a__a,       ▁a|▁|▁a",
    "a___b,      ▁a|▁▁|▁|b"
  })
  void joinsByScore(String text, String expected) throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(metadata());
    assertThat(String.join("|", Vocabularies.texts(tokenizer, text.replace('_', ' '), PLAIN)))
        .isEqualTo(expected);
  }

  @Test
  void prefixesASpaceAfterSpecialTokensToo() throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(metadata());
    EncodeOptions parse = EncodeOptions.defaults().withParseSpecial(true);
    assertThat(Vocabularies.texts(tokenizer, "c</s>c", parse))
        .containsExactly("<s>", "▁", "c", "</s>", "▁", "c");

    Map<String, Object> without = metadata();
    without.put("tokenizer.ggml.add_space_prefix", false);
    assertThat(Vocabularies.texts(Vocabularies.of(without), "c c", PLAIN))
        .containsExactly("c", "▁", "c");
  }

  @Test
  void addsBeginAndEndAsTheFileSays() throws GgufFormatException {
    assertThat(Vocabularies.of(metadata()).encode("")).containsExactly(1);
    assertThat(Vocabularies.of(metadata()).encode("", PLAIN)).isEmpty();
    Map<String, Object> both = metadata();
    both.put("tokenizer.ggml.add_bos_token", false);
    both.put("tokenizer.ggml.add_eos_token", true);
    assertThat(Vocabularies.of(both).encode("")).containsExactly(2);
  }

  @Test
  void dropsTheLeadingSpaceOfTheFirstTokenOnly() throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(metadata());
    int[] ids = tokenizer.encode("a a");
    assertThat(tokenizer.decode(tokenizer.encode("a a", PLAIN))).isEqualTo("a a");
    assertThat(tokenizer.decode(ids)).as("begin of text takes the first place").isEqualTo(" a a");
    DecodeOptions shown = DecodeOptions.defaults().withShowSpecial(true);
    assertThat(tokenizer.decode(ids, shown)).isEqualTo("<s> a a");
    assertThat(tokenizer.decode(ids, shown.withRemoveAdded(true))).isEqualTo(" a a");
    IncrementalDecoder decoder = tokenizer.incrementalDecoder(shown.withRemoveAdded(true));
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.accept(id));
    }
    assertThat(text.append(decoder.finish()).toString()).isEqualTo(" a a");
  }

  @Test
  void writesUnknownWithoutByteTokens() throws GgufFormatException {
    Map<String, Object> map = metadata();
    map.put("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "</s>", "▁", "a"));
    map.put("tokenizer.ggml.token_type", List.of(2, 3, 3, 1, 1));
    map.put("tokenizer.ggml.scores", List.of(0f, 0f, 0f, -1f, -2f));
    Tokenizer tokenizer = Vocabularies.of(map);
    assertThat(tokenizer.encode("a日b", PLAIN)).containsExactly(3, 4, 0, 0);
  }

  @Test
  void piecesKnowTheirCharacters() throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(metadata());
    assertThat(tokenizer.encodePieces("ab 日a", PLAIN))
        .extracting(Piece::start, Piece::end)
        .containsExactly(
            tuple(0, 0),
            tuple(0, 2),
            tuple(2, 3),
            tuple(3, 4),
            tuple(3, 4),
            tuple(3, 4),
            tuple(4, 5));
  }
}
