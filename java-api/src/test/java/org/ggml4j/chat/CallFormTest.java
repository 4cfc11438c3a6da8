package org.ggml4j.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarState;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The form of calls that each template shows: what it renders of a call is read as that call, and
 * the grammar lets it through.
 */
class CallFormTest {
  /** Templates whose calls are not read, for want of any or because their form is another one. */
  private static final Set<String> UNKNOWN =
      Set.of(
          "Apertus-8B-Instruct",
          "GigaChat3-10B-A1.8B",
          "HuggingFaceTB-SmolLM3-3B",
          "Kimi-K3",
          "LFM2-8B-A1B",
          "LFM2.5-8B-A1B",
          "LFM2.5-Instruct",
          "MiniMax-M3",
          "fireworks-ai-llama-3-firefunction-v2",
          "google-gemma-2-2b-it",
          "llama-cpp-rwkv-world",
          "meetkai-functionary-medium-v3.2",
          "microsoft-Phi-3.5-mini-instruct",
          "muse-glimmer",
          "openbmb-MiniCPM5-1B",
          "tencent-Hy3",
          "upstage-Solar-Open-100B");

  /** Templates that describe calls but render none, so that there is nothing to compare with. */
  private static final Set<String> SILENT = Set.of("ibm-granite-granite-3.3-2B-Instruct");

  /** Templates that render one call of a message at most. */
  private static final Set<String> SINGLE =
      Set.of(
          "GigaChat3.1-10B-A1.8B",
          "meta-llama-Llama-3.1-8B-Instruct",
          "meta-llama-Llama-3.2-3B-Instruct",
          "meta-llama-Llama-3.3-70B-Instruct",
          "openai-gpt-oss-120b");

  /** A template that renders objects as Python does, which no model is to write. */
  private static final String PYTHON = "ByteDance-Seed-OSS";

  private static final String FIRST =
      "{\"city\": \"Zürich <b>\", \"days\": 3, \"place\": {\"lat\": 1.5, \"name\": \"a\\n"
          + "\\\"b\\\"\"}}";

  private static final String SECOND =
      "{\"city\": \"12\", \"days\": 4, \"note\": \"null and void\"}";

  static List<String> known() {
    return CallToolbox.names().stream().filter(n -> !UNKNOWN.contains(n)).toList();
  }

  @Test
  void mostTemplatesShowAKnownForm() {
    Set<String> unknown = new TreeSet<>(CallToolbox.names());
    unknown.removeIf(name -> CallToolbox.template(name).format().hasCalls());
    assertThat(unknown).isEqualTo(new TreeSet<>(UNKNOWN));
  }

  private static List<ToolCall> calls(String first, int n) {
    return List.of(
            new ToolCall("call00001", "get_weather", first),
            new ToolCall("call00002", "get_weather", SECOND))
        .subList(0, n);
  }

  /** What the template makes of calls, from where the model's own text begins. */
  private static String rendered(ChatTemplate template, String first, int n) {
    ChatTemplate.Options options = ChatTemplate.Options.defaults().withReply(false);
    List<Message> messages =
        List.of(Message.user("UUU"), Message.assistant("", "", calls(first, n)));
    String text = template.render(messages, options).toString();
    CallForm form = template.format().calls().orElseThrow();
    int user = text.lastIndexOf("UUU");
    if (template.format().isHarmony()) {
      return text.substring(
          text.indexOf("<|start|>assistant", user) + "<|start|>assistant".length());
    }
    int at = text.indexOf(form.bare() ? "{" : form.marks().get(0), user);
    return at < 0 ? "" : text.substring(at);
  }

  @ParameterizedTest
  @MethodSource("known")
  void renderedCallsAreReadAndLetThrough(String name) throws GgufFormatException {
    ChatTemplate template = CallToolbox.template(name);
    ReplyFormat format = template.format();
    Tokenizer tokenizer = ToyVocabulary.bytes();
    Grammar grammar = CallToolbox.grammar(format, tokenizer, ToolChoice.AUTO).grammar();
    String first = name.equals(PYTHON) ? SECOND : FIRST;
    for (int n = 1; n <= (SINGLE.contains(name) ? 1 : 2); n++) {
      String text = rendered(template, first, n);
      if (SILENT.contains(name)) {
        assertThat(text).isEmpty();
        continue;
      }
      List<String> expected = List.of(first, SECOND).subList(0, n);
      for (int size : List.of(1, 2, 3, 7, 50, text.length())) {
        List<ToolCall> calls = CallToolbox.calls(format, text, size);
        assertThat(calls).as(text).extracting(ToolCall::name).containsOnly("get_weather");
        assertThat(calls).as(text).extracting(ToolCall::arguments).isEqualTo(expected);
      }
      assertThat(isLetThrough(grammar, text, format, n)).as(text).isTrue();
    }
  }

  /** Whether the grammar may end behind all calls. */
  private static boolean isLetThrough(Grammar grammar, String text, ReplyFormat format, int n) {
    int from = format.isHarmony() ? text.indexOf(CallGrammar.RECIPIENT) : 0;
    GrammarState state = grammar.start();
    for (int i = from; i < text.length() && !state.isDead(); i++) {
      int end = text.offsetByCodePoints(i, 1);
      state = state.accept(text.substring(i, end));
      i = end - 1;
      if (state.isAccepting()
          && CallToolbox.calls(format, text.substring(0, end), 50).size() == n) {
        return true;
      }
    }
    return false;
  }
}
