package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class VocabErrorsTest {
  private static final String P = "tokenizer.ggml.";

  private static Map<String, Object> valid() {
    return Vocabularies.bytePair(List.of("a b"), Map.of("<x>", TokenType.CONTROL));
  }

  static Stream<Arguments> damages() {
    List<Integer> types = new ArrayList<>();
    for (int i = 0; i < 258; i++) {
      types.add(i == 17 ? 7 : 1);
    }
    List<String> twins = new ArrayList<>();
    for (int i = 0; i < 258; i++) {
      twins.add("t" + i % 257);
    }
    return Stream.of(
        Arguments.of("model", null, "model"),
        Arguments.of("model", 3, "model"),
        Arguments.of("tokens", null, "tokens"),
        Arguments.of("tokens", new String[0], "empty"),
        Arguments.of("tokens", List.of(1, 2), "tokens"),
        Arguments.of("tokens", twins, "0 and 257"),
        Arguments.of("token_type", List.of(1, 1), "2 elements, expected 258"),
        Arguments.of("token_type", types, "token 17 has type 7"),
        Arguments.of("token_type", "x", "token_type"),
        Arguments.of("scores", List.of(1f), "1 elements, expected 258"),
        Arguments.of("scores", List.of("x"), "scores"),
        Arguments.of("merges", null, "merges"),
        Arguments.of("merges", List.of(1), "merges"),
        Arguments.of("bos_token_id", "x", "bos_token_id"),
        Arguments.of("add_bos_token", "yes", "add_bos_token"));
  }

  @ParameterizedTest
  @MethodSource("damages")
  void namesTheKeyAndTheFault(String key, Object value, String message) {
    Map<String, Object> map = valid();
    if (value == null) {
      map.remove(P + key);
    } else {
      map.put(P + key, value);
    }
    assertThatThrownBy(() -> Tokenizer.of(GgufMetadata.of(map)))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining(P + key)
        .hasMessageContaining(message);
  }

  @Test
  void asksForTheTokenThatIsToBeAdded() {
    Map<String, Object> map = valid();
    map.put(P + "pre", "chatglm-bpe");
    map.put(P + "add_bos_token", true);
    assertThatThrownBy(() -> Vocabularies.of(map))
        .isInstanceOf(GgufFormatException.class)
        .hasMessageContaining("bos_token_id");
  }

  @Test
  void refusesUnknownKindsByName() {
    Map<String, Object> model = valid();
    model.put(P + "model", "rwkv9");
    assertThatThrownBy(() -> Vocabularies.of(model))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("rwkv9")
        .hasMessageContaining("gpt2, llama, bert");
    Map<String, Object> pre = valid();
    pre.put(P + "pre", "deepseek-v9");
    assertThatThrownBy(() -> Vocabularies.of(pre))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("deepseek-v9")
        .hasMessageContaining("qwen2");
  }

  @Test
  void idsAreChecked() throws GgufFormatException {
    Tokenizer tokenizer = Vocabularies.of(valid());
    assertThatThrownBy(() -> tokenizer.decode(258)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> tokenizer.decode(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> tokenizer.vocab().text(258))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void vocabularyIsFoundByIdAndText() throws GgufFormatException {
    Map<String, Object> map = new LinkedHashMap<>(valid());
    List<Float> scores = new ArrayList<>();
    for (int i = 0; i < 258; i++) {
      scores.add((float) -i);
    }
    map.put(P + "scores", scores);
    Vocab vocab = Vocabularies.of(map).vocab();
    assertThat(vocab.size()).isEqualTo(258);
    assertThat(vocab.text(256)).isEqualTo("ab");
    assertThat(vocab.score(256)).isEqualTo(-256f);
    assertThat(vocab.type(257)).isEqualTo(TokenType.CONTROL);
    for (int id = 0; id < vocab.size(); id++) {
      assertThat(vocab.find(vocab.text(id))).hasValue(id);
    }
    assertThat(vocab.find("nothing")).isEmpty();
  }
}
