package org.ggml4j.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a hostile template can't do. */
class LimitsTest {
  private static final TemplateOptions MUTABLE = TemplateOptions.defaults().withMutable(true);

  private static void fails(String template, String message) {
    assertThatThrownBy(
            () -> Template.parse(template, MUTABLE).render(Map.of("s", "x".repeat(1000))))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining(message);
  }

  @Test
  void loopsEnd() {
    fails(
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "more than the limit of 5000000 steps");
    fails("{% for a in range(10 ** 9) %}{% endfor %}", "more than the limit of 100000");
    fails(
        "{% set l = [1] %}{% for a in range(99999) %}{% set _ = l.extend(l) %}{% endfor %}",
        "steps");
    fails(
        "{% for a in range(99999) %}{{ s.replace('x', s).replace('x', s) }}{% endfor %}", "limit");
  }

  /** A list that grows while it is gone through does not keep the loop going. */
  @Test
  void aLoopGoesThroughWhatWasThere() {
    assertThat(
            Template.parse(
                    "{% set l = [1] %}{% for a in l %}{% set _ = l.append(1) %}{% endfor %}{{ l }}",
                    MUTABLE)
                .render(Map.of())
                .toString())
        .isEqualTo("[1, 1]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ 'ab' * 10 ** 9 }}",
        "{{ s * 10 ** 9 }}",
        "{{ 'x'.center(10 ** 9) }}",
        "{{ 'x'.zfill(10 ** 9) }}",
        "{{ '%099999999d' % 1 }}",
        "{{ '%.99999999f' % 1 }}",
        "{{ '{:99999999}'.format(1) }}",
        "{{ 'a\nb'|indent(10 ** 9) }}",
        "{{ [[1]]|tojson(indent=10 ** 9) }}",
        "{{ [0] * 10 ** 9 }}",
        "{{ 10 ** 99999 }}",
        "{{ (2 ** 9999) ** 9999 }}",
        "{% set ns = namespace(s='xx') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}"
            + "{% endfor %}",
        "{% set ns = namespace(s='xx') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}"
            + "{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}"
            + "{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}"
            + "{% endfor %}{{ ns.l|tojson }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}"
            + "{% endfor %}{{ ns.l }}",
        "{% for i in range(99999) %}{% for j in range(50) %}{{ s }}{% endfor %}{% endfor %}",
      })
  void repetitionsEnd(String template) {
    fails(template, "");
  }

  @Test
  void recursionEnds() {
    fails("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls nest deeper");
    fails(
        "{% macro m(f) %}{{ f(f) }}{% endmacro %}{% for x in [[[[1]]]] %}{{ m(m) }}{% endfor %}",
        "calls nest deeper");
    fails("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "calls nest deeper");
    fails("{% set l = [] %}{% set _ = l.append(l) %}{{ l }}", "nest deeper");
    fails("{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}", "nest deeper");
    fails(
        "{% set l = [] %}{% set _ = l.append(l) %}{% set k = [] %}{% set _ = k.append(k) %}"
            + "{{ l == k }}",
        "nest deeper");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(",
        "[",
        "{1:",
        "-",
        "not ",
        "1 if 1 else ",
        "a[",
        "f(",
        "[-",
        "a is eq (",
        "1 + ("
      })
  void expressionsNestToADepth(String begin) {
    assertThatThrownBy(() -> Template.parse("{{ " + begin.repeat(100_000)))
        .isInstanceOf(TemplateException.class)
        .hasMessageMatching("(?s)\\d+:\\d+: .*(limit|no end).*");
    assertThatThrownBy(() -> Template.parse("{{ " + begin.repeat(100_000) + " }}"))
        .isInstanceOf(TemplateException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"+1", "*2", "**1", " and 1", " or 1", ".a", "|e", "[0]", "()", " == 1", " is odd"})
  void chainsHaveALength(String link) {
    assertThatThrownBy(() -> Template.parse("{{ 1" + link.repeat(100_000) + " }}"))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("in a row");
  }

  @Test
  void blocksNestToADepth() {
    for (String tag : List.of("{% if 1 %}", "{% for a in b %}", "{% macro m() %}", "{% with %}")) {
      assertThatThrownBy(() -> Template.parse(tag.repeat(10_000)))
          .isInstanceOf(TemplateException.class)
          .hasMessageContaining("limit of 150");
    }
  }

  @Test
  void valuesNestToADepth() {
    List<Object> value = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      value = new ArrayList<>(List.of(value));
    }
    Map<String, Object> variables = new HashMap<>();
    variables.put("v", value);
    assertThatThrownBy(() -> Template.parse("{{ v }}").render(variables))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("nest deeper");
  }

  @Test
  void aThreadWithASmallStackGetsAnErrorToo() throws InterruptedException {
    String deep = "{% if 1 %}".repeat(70) + "{{ m() }}" + "{% endif %}".repeat(70);
    Template template = Template.parse("{% macro m() %}" + deep + "{% endmacro %}{{ m() }}");
    List<Throwable> thrown = new ArrayList<>();
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                template.render(Map.of());
              } catch (TemplateException e) {
                thrown.add(e);
              }
            },
            "small",
            64 << 10);
    thread.start();
    thread.join();
    assertThat(thrown).hasSize(1);
    assertThat(thrown.get(0)).hasMessageContaining("nest");
  }

  @Test
  void manyBracesAreReadOnce() {
    String braces = "{".repeat(200_000);
    assertThatThrownBy(() -> Template.parse("{{" + braces)).isInstanceOf(TemplateException.class);
    assertThat(Template.parse("{ ".repeat(200_000)).render(Map.of()).length()).isEqualTo(400_000);
    String spaces = " ".repeat(200_000);
    String text = "{% if 1 %}" + spaces + "{% endif %}";
    assertThat(Template.parse(text).render(Map.of()).length()).isEqualTo(200_000);
  }
}
