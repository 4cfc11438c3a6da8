package org.ggml4j.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.chat.Json;
import org.junit.jupiter.api.Test;

/**
 * Small templates against what Jinja2 3.1.6 renders of them (semantics.json: template and result,
 * null where it fails).
 */
class SemanticsTest {
  private static Map<String, Object> variables() {
    Map<String, Object> user = new LinkedHashMap<>();
    user.put("name", "Zoë");
    user.put("age", 3);
    user.put("tags", List.of("a", "B"));
    user.put("n", null);
    Map<String, Object> variables = new LinkedHashMap<>();
    variables.put("items", List.of(3, 1, 2));
    variables.put("user", user);
    variables.put("s", "Hello, Wörld 😀!");
    variables.put("n", null);
    variables.put("t", true);
    variables.put("f", 2.5);
    return variables;
  }

  private static List<?> cases() throws IOException {
    try (InputStream in = SemanticsTest.class.getResourceAsStream("/jinja/semantics.json")) {
      return (List<?>) Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @Test
  void rendersAsJinja2() throws IOException {
    List<String> differences = new ArrayList<>();
    int rejected = 0;
    for (Object one : cases()) {
      String template = (String) ((List<?>) one).get(0);
      String expected = (String) ((List<?>) one).get(1);
      rejected += expected == null ? 1 : 0;
      String found;
      try {
        found = Template.parse(template).render(variables()).toString();
      } catch (TemplateException e) {
        found = null;
        if (expected != null) {
          differences.add(template + "\n  fails: " + e.getMessage());
          continue;
        }
      }
      if (found == null ? expected != null : !found.equals(expected)) {
        differences.add(template + "\n  expected: " + expected + "\n  found:    " + found);
      }
    }
    assertThat(String.join("\n\n", differences)).isEmpty();
    assertThat(cases()).hasSizeGreaterThan(70);
    assertThat(rejected).isGreaterThan(15);
  }
}
