package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgufFormatException;
import org.junit.jupiter.api.Test;

class SpecialTokensTest {
  private static final EncodeOptions PLAIN = EncodeOptions.plain();
  private static final EncodeOptions PARSE = PLAIN.withParseSpecial(true);

  private static Map<String, Object> metadata(Object... textsAndTypes) {
    Map<String, TokenType> more = new LinkedHashMap<>();
    for (int i = 0; i < textsAndTypes.length; i += 2) {
      more.put((String) textsAndTypes[i], (TokenType) textsAndTypes[i + 1]);
    }
    return Vocabularies.bytePair(List.of("a b", "Ġ a"), more);
  }

  @Test
  void controlTextIsParsedOnlyOnRequest() throws GgufFormatException {
    Tokenizer tokenizer =
        Vocabularies.of(
            metadata(
                "<c>", TokenType.CONTROL, "<u>", TokenType.USER_DEFINED, "<?>", TokenType.UNKNOWN));
    assertThat(Vocabularies.texts(tokenizer, "ab<c><u><?>", PARSE))
        .containsExactly("ab", "<c>", "<u>", "<?>");
    assertThat(Vocabularies.texts(tokenizer, "ab<c><u><?>", PLAIN))
        .containsExactly("ab", "<", "c", ">", "<u>", "<", "?", ">");
    int[] ids = tokenizer.encode("ab<c><u><?>", PARSE);
    assertThat(tokenizer.decode(ids)).isEqualTo("ab<u>");
    DecodeOptions shown = DecodeOptions.defaults().withShowSpecial(true);
    assertThat(tokenizer.decode(ids, shown)).isEqualTo("ab<c><u><?>");
  }

  /** llama.cpp looks for the longest token everywhere before it looks for the next. */
  @Test
  void longerTokensGoFirstWhereSeveralOverlap() throws GgufFormatException {
    Tokenizer tokenizer =
        Vocabularies.of(
            metadata(
                "xy", TokenType.USER_DEFINED,
                "yzz", TokenType.USER_DEFINED,
                "zzzz", TokenType.USER_DEFINED,
                "!!", TokenType.USER_DEFINED,
                "!!!!", TokenType.USER_DEFINED));
    assertThat(Vocabularies.texts(tokenizer, "xyzz", PLAIN)).containsExactly("x", "yzz");
    assertThat(Vocabularies.texts(tokenizer, "xyzzzz", PLAIN)).containsExactly("xy", "zzzz");
    assertThat(Vocabularies.texts(tokenizer, "!!!!!!!", PLAIN)).containsExactly("!!!!", "!!", "!");
    assertThat(Vocabularies.texts(tokenizer, "axyxyb", PLAIN))
        .containsExactly("a", "xy", "xy", "b");
  }

  @Test
  void phi3DropsSpaceAfterItsTokens() throws GgufFormatException {
    Map<String, Object> map = metadata("<|end|>", TokenType.CONTROL, "<s>", TokenType.CONTROL);
    assertThat(Vocabularies.texts(Vocabularies.of(map), "<|end|> \nab", PARSE))
        .containsExactly("<|end|>", "Ġ", "Ċ", "ab");
    map.put("general.name", "Phi-3 mini");
    Tokenizer phi = Vocabularies.of(map);
    assertThat(Vocabularies.texts(phi, "<|end|> \nab", PARSE)).containsExactly("<|end|>", "ab");
    assertThat(Vocabularies.texts(phi, "<s> ab<|end|> ", PARSE))
        .containsExactly("<s>", "Ġ", "ab", "<|end|>");
  }

  @Test
  void maskTakesTheSpaceBeforeIt() throws GgufFormatException {
    Map<String, Object> map = metadata("<mask>", TokenType.CONTROL);
    map.put("tokenizer.ggml.pre", "jina-v2-es");
    assertThat(Vocabularies.texts(Vocabularies.of(map), "ab  <mask> b", PARSE))
        .containsExactly("ab", "<mask>", "Ġ", "b");
  }

  @Test
  void knownTextsEndAnAnswer() throws GgufFormatException {
    Map<String, Object> map =
        metadata("<|im_end|>", TokenType.NORMAL, "<|eom_id|>", TokenType.CONTROL);
    Tokenizer tokenizer = Vocabularies.of(map);
    int end = tokenizer.vocab().find("<|im_end|>").orElseThrow();
    assertThat(tokenizer.special().id(SpecialToken.EOT)).hasValue(end);
    assertThat(tokenizer.vocab().type(end)).as("corrected").isEqualTo(TokenType.CONTROL);
    assertThat(tokenizer.special().endOfGeneration()).containsExactly(11, end, end + 1);
    assertThat(tokenizer.special().isEndOfGeneration(end)).isTrue();
    assertThat(tokenizer.special().isEndOfGeneration(0)).isFalse();
  }

  @Test
  void endOfMessageIsNoEndInHarmony() throws GgufFormatException {
    Tokenizer tokenizer =
        Vocabularies.of(
            metadata(
                "<|end|>", TokenType.CONTROL,
                "<|return|>", TokenType.CONTROL,
                "<|call|>", TokenType.CONTROL,
                "<|channel|>", TokenType.CONTROL));
    int end = tokenizer.vocab().find("<|end|>").orElseThrow();
    assertThat(tokenizer.special().endOfGeneration()).containsExactly(11, end + 1, end + 2);
    assertThat(tokenizer.vocab().type(end)).isEqualTo(TokenType.USER_DEFINED);
    assertThat(tokenizer.vocab().type(end + 3)).isEqualTo(TokenType.USER_DEFINED);
  }

  @Test
  void addsWhatTheMetadataAsksFor() throws GgufFormatException {
    Map<String, Object> map = metadata("<b>", TokenType.CONTROL, "<e>", TokenType.CONTROL);
    int first = 258;
    map.put("tokenizer.ggml.bos_token_id", first);
    map.put("tokenizer.ggml.eos_token_id", first + 1);
    assertThat(Vocabularies.of(map).encode("ab")).containsExactly(256);
    map.put("tokenizer.ggml.add_bos_token", true);
    map.put("tokenizer.ggml.add_eos_token", true);
    Tokenizer both = Vocabularies.of(map);
    assertThat(both.encode("ab")).containsExactly(first, 256, first + 1);
    assertThat(both.encode("ab", PLAIN)).containsExactly(256);
    DecodeOptions stripped = new DecodeOptions(true, true, false);
    assertThat(both.decode(both.encode("ab"), stripped)).isEqualTo("ab");
    map.remove("tokenizer.ggml.add_bos_token");
    map.put("tokenizer.ggml.pre", "llama-bpe");
    assertThat(Vocabularies.of(map).encode("ab")).startsWith(first);
  }

  @Test
  void suppressedTokensAreThoseOfTheVocabulary() throws GgufFormatException {
    Map<String, Object> map = metadata("<image>", TokenType.CONTROL);
    assertThat(Vocabularies.of(map).special().suppressed()).isEmpty();
    map.put("tokenizer.ggml.suppress_tokens", List.of(258, 7, -1, 259, 1_000_000));
    int[] suppressed = Vocabularies.of(map).special().suppressed();
    assertThat(suppressed).containsExactly(258, 7);
    map.put("tokenizer.ggml.suppress_tokens", "258");
    assertThatThrownBy(() -> Vocabularies.of(map))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining("tokenizer.ggml.suppress_tokens");
  }

  @Test
  void wholeWordsWinWhereMergesAreIgnored() throws GgufFormatException {
    Map<String, Object> map = metadata("cab", TokenType.NORMAL);
    assertThat(Vocabularies.texts(Vocabularies.of(map), "cab", PLAIN)).containsExactly("c", "ab");
    map.put("tokenizer.ggml.pre", "llama3");
    assertThat(Vocabularies.texts(Vocabularies.of(map), "cab", PLAIN)).containsExactly("cab");
  }

  @Test
  void tidiesSpacesOnRequest() throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(metadata());
    int[] ids = tokenizer.encode("a , b ! it 's we 're ' x", PLAIN);
    DecodeOptions tidy = DecodeOptions.defaults().withCleanSpaces(true);
    assertThat(tokenizer.decode(ids)).isEqualTo("a , b ! it 's we 're ' x");
    assertThat(tokenizer.decode(ids, tidy)).isEqualTo("a, b! it's we're'x");
  }
}
