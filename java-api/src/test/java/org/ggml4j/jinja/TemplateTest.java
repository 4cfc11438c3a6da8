package org.ggml4j.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateTest {
  private static Text render(String template, Object message) {
    return Template.parse(template).render(Map.of("m", message));
  }

  /** What came from the message, in brackets. */
  private static String marked(String template, Object message) {
    StringBuilder out = new StringBuilder();
    for (Text.Segment s : render(template, message).segments()) {
      out.append(s.fromTemplate() ? s.text() : "[" + s.text() + "]");
    }
    return out.toString();
  }

  @Test
  void whatAMessageSaysKeepsItsOrigin() {
    assertThat(marked("<|user|>{{ m }}<|end|>", "hi")).isEqualTo("<|user|>[hi]<|end|>");
    assertThat(marked("{{ '<' + m|trim + '>' }}", "  hi ")).isEqualTo("<[hi]>");
    assertThat(marked("{{ ('<' ~ m ~ '>')[1:-1] }}", "hi")).isEqualTo("[hi]");
    assertThat(marked("{{ ('ab' ~ m ~ 'cd')[1:-1] }}", "hi")).isEqualTo("b[hi]c");
    assertThat(marked("{{ ('ab' ~ m)[::-1] }}", "hi")).isEqualTo("[ih]ba");
    assertThat(marked("{{ m.split('</think>')[-1] ~ '!' }}", "a</think>b")).isEqualTo("[b]!");
    assertThat(marked("{{ m.replace('a', '<x>') }}", "banana")).isEqualTo("[b]<x>[n]<x>[n]<x>");
    assertThat(marked("{{ 'banana'.replace('n', m) }}", "N")).isEqualTo("ba[N]a[N]a");
    assertThat(marked("{{ (m ~ 'x')|upper }}", "a")).isEqualTo("[A]X");
    assertThat(marked("{{ [m, 'x']|join('-') }}", "a")).isEqualTo("[a]-x");
    assertThat(marked("{{ {'k': m}|tojson }}", "a\"\n")).isEqualTo("{\"k\": \"[a\\\"\\n]\"}");
    assertThat(marked("{{ [m] }}", "it's")).isEqualTo("[\"[it's]\"]");
    assertThat(marked("{{ 'a %s b'|format(m) }}", "x")).isEqualTo("a [x] b");
    assertThat(marked("{{ 'a {} b'.format(m) }}", "x")).isEqualTo("a [x] b");
    assertThat(marked("{{ ('a\n' ~ m)|indent(1) }}", "x")).isEqualTo("a\n [x]");
    assertThat(marked("{{ m|e }}", "<x>")).isEqualTo("[&lt;x&gt;]");
    assertThat(marked("{% for k, v in m.items() %}{{ k }}={{ v }}{% endfor %}", Map.of("k", "v")))
        .isEqualTo("[k]=[v]");
    assertThat(marked("{% set x %}a{{ m }}b{% endset %}{{ x }}", "-")).isEqualTo("a[-]b");
    assertThat(marked("{% macro f(t) %}<{{ t }}>{% endmacro %}{{ f(m)|upper }}", "x"))
        .isEqualTo("<[X]>");
    assertThat(marked("{{ m * 2 }}{{ m[0] }}{{ m|first }}{{ m|title }}", "ab"))
        .isEqualTo("[ababaaAb]");
    assertThat(marked("{{ m|truncate(5) ~ m|urlencode }}", "one two three")).startsWith("[");
    assertThat(marked("<|{{ m }}|>", Text.template("user"))).isEqualTo("<|user|>");
    assertThat(marked("{{ m }}", 5)).isEqualTo("5");
  }

  @Property(tries = 200)
  void segmentsMakeTheText(@ForAll List<String> parts) {
    Object[] values = parts.stream().map(p -> (Object) p).toArray();
    Text text =
        Template.parse("{% for p in m %}x{{ p }}{% endfor %}").render(Map.of("m", List.of(values)));
    StringBuilder joined = new StringBuilder();
    boolean template = false;
    for (Text.Segment s : text.segments()) {
      assertThat(s.text()).isNotEmpty();
      assertThat(joined.isEmpty() || template != s.fromTemplate()).isTrue();
      int from = joined.length();
      joined.append(s.text());
      template = s.fromTemplate();
      assertThat(text.isFromTemplate(from, joined.length())).isEqualTo(template);
    }
    assertThat(joined.toString()).isEqualTo(text.toString());
    int at = 0;
    for (String part : parts) {
      assertThat(text.isFromTemplate(at, at + 1)).isTrue();
      at += 1 + part.length();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`a\n{{ x.y.z }}` | 2:5",
        "`{% if x %}` | 1:11",
        "`ab{% bogus %}` | 1:6",
        "`{{ 1 + }}` | 1:8",
        "`{{ 'abc }}` | 1:4",
        "`é😀{{ none|length }}` | 1:11",
        "`\n\n{% for x in 5 %}{% endfor %}` | 3:4",
        "`{{ raise_exception('no') }}` | 1:19",
        "`{{ (1 }}` | 1:7",
        "`{# open` | 1:1",
        "`{% raw %}x` | 1:1",
        "`{{ a b }}` | 1:6",
        "`{% endif %}` | 1:4",
        "`{% break %}` | 1:10",
      })
  void errorsSayWhere(String template, String place) {
    assertThatThrownBy(() -> render(template, 1))
        .isInstanceOf(TemplateException.class)
        .hasMessageStartingWith(place + ": ");
  }

  @Test
  void whatATemplateRaisesIsKnown() {
    assertThatThrownBy(() -> render("{{ raise_exception('System role not supported') }}", 1))
        .isInstanceOfSatisfying(
            TemplateException.class,
            e -> {
              assertThat(e.isRaisedByTemplate()).isTrue();
              assertThat(e.problem()).isEqualTo("System role not supported");
              assertThat(e.line()).isEqualTo(1);
              assertThat(e.column()).isEqualTo(19);
            });
  }

  @Test
  void messagesAreNotTemplates() {
    assertThat(render("{{ m }}", "{{ 1 + 1 }}{% if %}").toString())
        .isEqualTo("{{ 1 + 1 }}{% if %}");
  }

  @Test
  void changesAreForbiddenUnlessAllowed() {
    String template = "{% set l = [1] %}{% set _ = l.append(2) %}{{ l }}{{ {'a': 1}.pop('a') }}";
    assertThatThrownBy(() -> render(template, 1))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("unsafe");
    TemplateOptions mutable = TemplateOptions.defaults().withMutable(true);
    assertThat(Template.parse(template, mutable).render(Map.of()).toString()).isEqualTo("[1, 2]1");
  }

  @Test
  void aTemplateKeepsNothingFromOneRenderingToTheNext() {
    Template template =
        Template.parse("{% set n = namespace(x=0) %}{% set n.x = n.x + m %}{{ n.x }}");
    assertThat(template.render(Map.of("m", 2)).toString()).isEqualTo("2");
    assertThat(template.render(Map.of("m", 3)).toString()).isEqualTo("3");
    assertThat(template.mentions("m")).isTrue();
    assertThat(template.mentions("k")).isFalse();
  }
}
