package org.ggml4j.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.schema.JsonSchema;
import org.ggml4j.schema.SchemaException;
import org.junit.jupiter.api.Test;

class ReplyGrammarTest {
  private static ReplyGrammar grammar(ToolChoice choice, Optional<String> answer, boolean thinking)
      throws IOException {
    return ReplyGrammar.of(
            ChatTemplateTest.template("Qwen-QwQ-32B").format(),
            ChatTemplateTest.qwen2(),
            new ReplyGrammar.Rules(
                Tools.of(new ChatTemplateTest.Weather()), choice, answer, thinking))
        .orElseThrow();
  }

  @Test
  void callsAreHeldToTheSchemas() throws IOException {
    ReplyGrammar lazy = grammar(ToolChoice.AUTO, Optional.empty(), false);
    assertThat(lazy.triggers()).hasSize(1);
    Grammar grammar = lazy.grammar();
    String call = "<tool_call>\n{\"name\": \"weather\", \"arguments\": %s}\n</tool_call>";
    String good = call.formatted("{\"city\": \"Bern\", \"days\": 2}");
    assertThat(grammar.accepts(good)).isTrue();
    assertThat(grammar.accepts(good + "\n" + good)).isTrue();
    assertThat(grammar.accepts(call.formatted("{\"city\": 3, \"days\": 2}"))).isFalse();
    assertThat(grammar.accepts(call.replace("weather", "nothing").formatted("{}"))).isFalse();

    ReplyGrammar required = grammar(ToolChoice.REQUIRED, Optional.of("root ::= \"a\""), false);
    assertThat(required.triggers()).isEmpty();
    assertThat(required.grammar().accepts(good)).isTrue();
    assertThat(required.grammar().accepts(good + "\n" + good)).isFalse();
    assertThat(required.grammar().accepts("a")).isFalse();
  }

  @Test
  void anAnswerMayFollowASchemaWhereNothingIsCalled() throws IOException {
    Optional<String> answer = Optional.of(JsonSchema.toGbnf("{\"enum\": [1, 2]}"));
    String call =
        "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"x\", \"days\":"
            + " 2}}</tool_call>";
    ReplyGrammar either = grammar(ToolChoice.AUTO, answer, false);
    assertThat(either.triggers()).isEmpty();
    assertThat(either.grammar().accepts("2")).isTrue();
    assertThat(either.grammar().accepts(call)).isTrue();
    assertThat(either.grammar().accepts("3")).isFalse();
    ReplyGrammar only = grammar(ToolChoice.NONE, answer, false);
    assertThat(only.grammar().accepts("2")).isTrue();
    assertThat(only.grammar().accepts(call)).isFalse();
    ReplyGrammar behind = grammar(ToolChoice.AUTO, answer, true);
    assertThat(behind.triggers()).hasSize(1);
    assertThat(behind.grammar().accepts("</think>\n\n2")).isTrue();
    assertThat(behind.grammar().accepts("2")).isFalse();
  }

  @Test
  void whatCanNotBeForcedIsSaid() throws IOException {
    ReplyFormat unknown = ChatTemplate.parse("{{ messages[0].content }}", "", "").format();
    List<Tool> tools = Tools.of(new ChatTemplateTest.Weather());
    for (ToolChoice choice : ToolChoice.values()) {
      assertThat(
              ReplyGrammar.of(
                  unknown,
                  ChatTemplateTest.qwen2(),
                  new ReplyGrammar.Rules(tools, choice, Optional.empty(), false)))
          .isEmpty();
    }
    List<Tool> odd = List.of(Tool.external("odd", "", "{\"$ref\": \"https://x.test/a\"}"));
    ReplyFormat qwen = ChatTemplateTest.template("Qwen-QwQ-32B").format();
    assertThat(
            ReplyGrammar.of(
                qwen,
                ChatTemplateTest.qwen2(),
                new ReplyGrammar.Rules(odd, ToolChoice.AUTO, Optional.empty(), false)))
        .isEmpty();
    assertThatThrownBy(
            () ->
                ReplyGrammar.of(
                    qwen,
                    ChatTemplateTest.qwen2(),
                    new ReplyGrammar.Rules(odd, ToolChoice.REQUIRED, Optional.empty(), false)))
        .isInstanceOf(SchemaException.class);
    assertThatThrownBy(() -> odd.get(0).action().apply("{}"))
        .isInstanceOf(IllegalStateException.class);
  }
}
