package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.chat.Role;
import org.ggml4j.chat.Tool;
import org.ggml4j.decode.StopReason;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.jinja.TemplateException;
import org.ggml4j.nn.ContextFullException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversations with a toy model whose replies are written for it. */
@NothingStaysOpen.Shared
class ChatTest {
  private static final String TEMPLATE =
      "{# <tool_call> <think> #}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
          + "{% for c in m.tool_calls %}<tool_call>{{ c.function|tojson }}</tool_call>{% endfor %}"
          + "<|im_end|>\n{% endfor %}<|im_start|>assistant\n";

  record City(String city) {}

  private static Model model;

  @BeforeAll
  static void load(@TempDir Path folder) throws IOException {
    Path path = folder.resolve("chat.gguf");
    WordModel.content(TinyGguf.llama(), List.of("<|im_start|>", "<|im_end|>")).write(path);
    model = Model.load(path);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static Session session(int nCtx) {
    return model.newSession(SessionOptions.defaults().withContext(nCtx).withThreads(1));
  }

  private static Chat chat(Session session, String... replies) {
    Chat chat = new Chat(session, ChatTemplate.parse(TEMPLATE, "<s>", "</s>"));
    script(chat, replies);
    return chat;
  }

  private static void script(Chat chat, String... replies) {
    chat.setConfig(GenerationConfig.defaults().withSampler(new Script(replies)));
  }

  private static final class Shown implements ReplyListener {
    private final StringBuilder answer = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();

    @Override
    public void answer(String text) {
      answer.append(text);
    }

    @Override
    public void reasoning(String text) {
      reasoning.append(text);
    }
  }

  @Test
  void twentyTurnsComputeOnlyWhatIsNew() {
    try (Session session = session(4096)) {
      Chat chat = chat(session, "Yes, that is so.");
      chat.setSystem("Be brief, and say what you think of it.");
      for (int turn = 1; turn <= 20; turn++) {
        ChatReply reply = chat.send("This is what I say in turn " + turn + ".", t -> {});
        assertThat(reply.message().content()).isEqualTo("Yes, that is so.");
        assertThat(reply.reason()).isEqualTo(StopReason.END_OF_TEXT);
        if (turn > 1) {
          assertThat(reply.stats().promptTokens()).isLessThan(80);
          assertThat(reply.keptTokens()).isGreaterThan((turn - 1) * 60);
        }
      }
      assertThat(session.nPast()).isGreaterThan(1300);
      assertThat(chat.history()).hasSize(41);
    }
  }

  @Test
  void reasoningIsSeparateFromTheAnswer() {
    try (Session session = session(1024)) {
      Chat chat = chat(session, "<think>\nLet me see.\n</think>\n\nIt is.");
      Shown shown = new Shown();
      ChatReply reply = chat.send("Is it?", shown);
      assertThat(shown.answer.toString()).isEqualTo("It is.");
      assertThat(shown.reasoning.toString().strip()).isEqualTo("Let me see.");
      assertThat(reply.message()).isEqualTo(Message.assistant("It is.", "Let me see.", List.of()));
    }
  }

  @Test
  void toolsAreRunAndTheirResultsAnswered() {
    try (Session session = session(2048)) {
      Chat chat =
          chat(
              session,
              "<tool_call>\n"
                  + "{\"name\": \"weather\", \"arguments\": {\"city\": \"Bern\"}}\n"
                  + "</tool_call>",
              "Rain.");
      chat.setTools(
          List.of(Tool.of("weather", "The weather", City.class, c -> "rain in " + c.city())));
      ChatReply reply = chat.send("Weather?", t -> {});
      assertThat(reply.message().content()).isEqualTo("Rain.");
      assertThat(chat.history())
          .extracting(Message::role)
          .containsExactly(Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT);
      assertThat(chat.history().get(2).content()).isEqualTo("rain in Bern");
    }
  }

  /** The model knows nothing of tools; the grammar makes it call one all the same. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "<tool_call>",
        "<tool_call> <function= <parameter=",
        "<tool_call> <arg_key>",
        "<minimax:tool_call>",
        "<seed:tool_call> <function= <parameter=",
        "dsml_token function_calls> invoke name=",
        "<|tool_call> call:",
        "[TOOL_CALLS]",
        "[TOOL_CALLS] [ARGS]",
        "<｜tool▁call▁begin｜>",
        "<｜tool▁call▁begin｜> ```json",
        "<|tool_calls_section_begin|>",
        "<|START_ACTION|>",
        "<|channel|> <|message|>",
        "<|start_header_id|> \"parameters\"",
      })
  void aCallCanBeForced(String marks) {
    try (Session session = session(2048)) {
      String template = "{# " + marks + " #}" + TEMPLATE.substring(TEMPLATE.indexOf('}') + 1);
      Chat chat = new Chat(session, ChatTemplate.parse(template, "<s>", "</s>"));
      List<String> cities = new ArrayList<>();
      chat.setTools(
          List.of(
              new Tool(
                  "weather",
                  "The weather",
                  "{\"type\": \"object\", \"properties\": {\"city\": {\"enum\": [\"Bern\","
                      + " \"Ulm\"]}}, \"required\": [\"city\"]}",
                  json -> {
                    cities.add(json);
                    chat.cancel();
                    return "rain";
                  })));
      chat.setToolRequired(true);
      chat.setConfig(GenerationConfig.greedy().withMaxTokens(400));
      chat.send("Weather?", t -> {});
      assertThat(cities).isNotEmpty();
      assertThat(cities.get(0)).isIn("{\"city\": \"Bern\"}", "{\"city\": \"Ulm\"}");
    }
  }

  @Test
  void whatCanNotBeForcedIsRefused() {
    try (Session session = session(256)) {
      Chat chat = new Chat(session, ChatTemplate.parse("{{ messages[0].content }}", "", ""));
      chat.setTools(List.of(Tool.of("weather", "The weather", City.class, c -> "rain")));
      chat.setToolRequired(true);
      assertThatThrownBy(() -> chat.send("Weather?", t -> {}))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("none that is known");
      assertThat(chat.history()).isEmpty();
    }
  }

  @Test
  void undoRegenerateSaveAndRestore() {
    try (Session session = session(1024)) {
      Chat chat = chat(session, "One.");
      chat.setSystem("S");
      chat.send("First?", t -> {});
      script(chat, "Two.");
      chat.send("Second?", t -> {});
      script(chat, "Three.");
      assertThat(chat.regenerate(t -> {}).message().content()).isEqualTo("Three.");
      assertThat(chat.history()).hasSize(5);
      String saved = chat.save();
      assertThat(chat.undo()).isTrue();
      assertThat(chat.history()).hasSize(3);
      assertThat(chat.history().get(2).content()).isEqualTo("One.");
      chat.restore(saved);
      assertThat(chat.history()).hasSize(5);
      assertThat(chat.save()).isEqualTo(saved);
      assertThatThrownBy(() -> chat.restore("{}")).isInstanceOf(IllegalArgumentException.class);
      chat.clear();
      assertThat(chat.history()).containsExactly(Message.system("S"));
      assertThat(chat.undo()).isFalse();
      assertThatThrownBy(() -> chat.regenerate(t -> {})).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void oldMessagesAreLeftOutWhenTheContextIsFull() {
    try (Session session = session(512)) {
      Chat chat = chat(session, "A reply of some length, to fill the context.");
      chat.setSystem("S");
      int leftOut = 0;
      for (int turn = 0; turn < 12; turn++) {
        leftOut = chat.send("Something that is said in turn " + turn, t -> {}).leftOut();
      }
      assertThat(leftOut).isPositive().isEven();
      assertThat(chat.history()).hasSize(25);
      int size = chat.history().size();
      assertThatThrownBy(() -> chat.send("long ".repeat(300), t -> {}))
          .isInstanceOf(ContextFullException.class);
      assertThat(chat.history()).hasSize(size);
    }
  }

  @Test
  void aReplyCanBeStoppedAndARefusalChangesNothing() {
    try (Session session = session(1024)) {
      Chat chat = chat(session, "This goes on and on and on.");
      ChatReply reply = chat.send("Go.", t -> chat.cancel());
      assertThat(reply.reason()).isEqualTo(StopReason.CANCELLED);
      assertThat(reply.message().content()).isNotEmpty();
      assertThat(reply.message().content().length()).isLessThan(10);
      assertThat(chat.history()).hasSize(2);
      Chat refusing =
          new Chat(session, ChatTemplate.parse("{{ raise_exception('never') }}", "", ""));
      assertThatThrownBy(() -> refusing.send("Hi", t -> {})).isInstanceOf(TemplateException.class);
      assertThat(refusing.history()).isEmpty();
    }
  }
}
