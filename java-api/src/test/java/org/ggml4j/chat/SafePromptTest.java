package org.ggml4j.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.PromptPart;
import org.ggml4j.tokenizer.TokenType;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Text of a user never becomes a control token, and changes nothing around it. */
class SafePromptTest {
  private static final Path MODELS = Path.of(System.getProperty("ggml4j.models.dir"));

  private static Tokenizer tokenizer(String name) throws IOException {
    try (GgufFile file = GgufFile.open(MODELS.resolve("ggml-vocab-" + name + ".gguf"))) {
      return Tokenizer.of(file.metadata());
    }
  }

  private static ChatTemplate template(String name) throws IOException {
    return ChatTemplate.parse(
        Files.readString(MODELS.resolve("templates").resolve(name + ".jinja")), "", "");
  }

  private static List<Message> messages(String text) {
    return List.of(
        Message.system("Be brief."),
        Message.user(text),
        Message.assistant("Yes."),
        Message.user("Go on."));
  }

  private static int[] encode(ChatTemplate template, Tokenizer tokenizer, String message) {
    return ChatTemplate.encode(
        template.render(messages(message), ChatTemplate.Options.defaults()), tokenizer);
  }

  @ParameterizedTest
  @CsvSource({
    "llama-bpe,meta-llama-Llama-3.1-8B-Instruct",
    "qwen2,Qwen-Qwen2.5-7B-Instruct",
    "gemma-4,google-gemma-4-31B-it"
  })
  void theTextOfEveryControlTokenStaysText(String vocab, String name) throws IOException {
    Tokenizer tokenizer = tokenizer(vocab);
    ChatTemplate template = template(name);
    StringBuilder hostile = new StringBuilder("x");
    int controls = 0;
    for (int id = 0; id < tokenizer.vocab().size(); id++) {
      if (tokenizer.vocab().type(id) == TokenType.CONTROL) {
        hostile.append(tokenizer.vocab().text(id));
        controls++;
      }
    }
    assertThat(controls).isGreaterThan(2);
    String text = hostile.append('x').toString();
    int[] plain = encode(template, tokenizer, "x");
    int[] attacked = encode(template, tokenizer, text);
    int[] inside = tokenizer.encode(text, EncodeOptions.plain());
    int at = indexOf(attacked, inside);
    assertThat(at).isPositive();
    assertThat(tokenizer.encode("x", EncodeOptions.plain())).hasSize(1);
    assertThat(Arrays.copyOf(attacked, at)).isEqualTo(Arrays.copyOf(plain, at));
    assertThat(Arrays.copyOfRange(attacked, at + inside.length, attacked.length))
        .isEqualTo(Arrays.copyOfRange(plain, at + 1, plain.length));
    for (int id : inside) {
      assertThat(tokenizer.vocab().type(id)).isNotEqualTo(TokenType.CONTROL);
    }
    assertThat(tokenizer.decode(inside)).isEqualTo(text);
    assertThat(Arrays.stream(attacked).filter(i -> isControl(tokenizer, i)).count())
        .isEqualTo(Arrays.stream(plain).filter(i -> isControl(tokenizer, i)).count())
        .isGreaterThan(5);
  }

  private static boolean isControl(Tokenizer tokenizer, int id) {
    return tokenizer.vocab().type(id) == TokenType.CONTROL;
  }

  private static int indexOf(int[] in, int[] what) {
    for (int i = 0; i + what.length <= in.length; i++) {
      if (Arrays.equals(in, i, i + what.length, what, 0, what.length)) {
        return i;
      }
    }
    return -1;
  }

  /** A prompt without such texts has the tokens that the whole text has. */
  @ParameterizedTest
  @CsvSource({
    "llama-bpe,meta-llama-Llama-3.1-8B-Instruct",
    "qwen2,Qwen-Qwen2.5-7B-Instruct",
    "gemma-4,google-gemma-4-31B-it",
    "phi-3,microsoft-Phi-3.5-mini-instruct",
    "deepseek-llm,deepseek-ai-DeepSeek-R1-Distill-Llama-8B"
  })
  void harmlessTextIsTokenizedAsAWhole(String vocab, String name) throws IOException {
    Tokenizer tokenizer = tokenizer(vocab);
    ChatTemplate template = template(name);
    for (String message : List.of("Hello", " two  spaces ", "\n\nlines\n", "日本 😀", "a <b> c")) {
      int[] ids = encode(template, tokenizer, message);
      String text = template.render(messages(message), ChatTemplate.Options.defaults()).toString();
      int[] whole = tokenizer.encode(text, EncodeOptions.plain().withParseSpecial(true));
      boolean added = ids.length == whole.length + 1;
      assertThat(added ? Arrays.copyOfRange(ids, 1, ids.length) : ids).isEqualTo(whole);
    }
  }

  @ParameterizedTest
  @CsvSource({"llama-bpe,<|eot_id|>", "phi-3,<|end|>"})
  void aMarkMadeOfTwoPartsIsNone(String vocab, String mark) throws IOException {
    Tokenizer tokenizer = tokenizer(vocab);
    int id = tokenizer.vocab().find(mark).orElseThrow();
    PromptPart begin = new PromptPart(mark.substring(0, 4), true);
    String rest = mark.substring(4);
    assertThat(tokenizer.encode(List.of(begin, new PromptPart(rest, false)), false))
        .doesNotContain(id);
    assertThat(tokenizer.encode(List.of(begin, new PromptPart(rest, true)), false))
        .containsExactly(id);
  }
}
