package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.ggml4j.grammar.Grammar;
import org.junit.jupiter.api.Test;

class ChoicesTest {

  @Test
  void oneOfTheTexts() {
    List<String> choices = List.of("yes", "no", "a \"quoted\" \\ text\n", "🙂", "yes");
    String gbnf = Choices.toGbnf(choices);
    assertThat(gbnf)
        .isEqualTo(
            "root ::= \"yes\" | \"no\" | \"a \\\"quoted\\\" \\\\ text\\n\" | \"\\U0001F642\"\n");
    Grammar grammar = Grammar.parse(gbnf);
    assertThat(choices).allMatch(grammar::accepts);
    assertThat(List.of("", "ye", "yesno", "yes ")).noneMatch(grammar::accepts);
  }

  @Test
  void refusesWhatIsNoChoice() {
    assertThatThrownBy(() -> Choices.toGbnf(List.of())).hasMessageContaining("at least one");
    assertThatThrownBy(() -> Choices.toGbnf(List.of("a", ""))).hasMessageContaining("empty");
    assertThatThrownBy(() -> Choices.toGbnf(List.of("\uD800"))).hasMessageContaining("surrogate");
  }
}
