package org.ggml4j.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.ggml4j.chat.Json;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The templates that llama.cpp's release brings, against what Jinja2 3.1 renders of them, set up as
 * Hugging Face transformers does. The build says where they are in the system property {@code
 * ggml4j.models.dir}; the fixture holds the contexts, and null where Jinja2 fails.
 */
class GoldenRendersTest {
  private static final Path TEMPLATES =
      Path.of(System.getProperty("ggml4j.models.dir")).resolve("templates");
  private static final TemplateOptions OPTIONS =
      TemplateOptions.defaults()
          .withClock(Clock.fixed(Instant.parse("2026-11-21T10:20:30Z"), ZoneOffset.UTC));

  private static Map<String, Object> contexts;
  private static Map<String, Object> renders;
  private static final Map<String, Template> PARSED = new HashMap<>();

  @BeforeAll
  @SuppressWarnings("unchecked")
  static void read() throws IOException {
    try (InputStream in = GoldenRendersTest.class.getResourceAsStream("/chat/renders.json.gz")) {
      String text = new String(new GZIPInputStream(in).readAllBytes(), StandardCharsets.UTF_8);
      Map<String, Object> all = Json.parseObject(text);
      contexts = (Map<String, Object>) all.get("contexts");
      renders = (Map<String, Object>) all.get("renders");
    }
  }

  private static Template template(String name) {
    return PARSED.computeIfAbsent(
        name,
        n -> {
          try {
            return Template.parse(Files.readString(TEMPLATES.resolve(n + ".jinja")), OPTIONS);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  @SuppressWarnings("unchecked")
  private static String render(String key) {
    int at = key.indexOf('@');
    return template(key.substring(0, at))
        .render((Map<String, Object>) contexts.get(key.substring(at + 1)))
        .toString();
  }

  @Test
  void everyTemplateRendersAsInJinja2() {
    Map<String, String> differences = new TreeMap<>();
    int accepted = 0;
    for (Map.Entry<String, Object> e : renders.entrySet()) {
      if (e.getValue() == null) {
        continue;
      }
      accepted++;
      try {
        String text = render(e.getKey());
        if (!text.equals(e.getValue())) {
          differences.put(e.getKey(), difference(text, (String) e.getValue()));
        }
      } catch (TemplateException failure) {
        differences.put(e.getKey(), failure.getMessage());
      }
    }
    assertThat(differences).isEmpty();
    assertThat(accepted).isEqualTo(284);
  }

  private static String difference(String found, String expected) {
    int i = 0;
    while (i < found.length() && i < expected.length() && found.charAt(i) == expected.charAt(i)) {
      i++;
    }
    return "at "
        + i
        + ": expected '"
        + expected.substring(Math.max(0, i - 20), Math.min(expected.length(), i + 40))
        + "', found '"
        + found.substring(Math.max(0, i - 20), Math.min(found.length(), i + 40))
        + "'";
  }

  @Test
  void whatJinja2RejectsIsRejected() {
    int rejected = 0;
    for (Map.Entry<String, Object> e : renders.entrySet()) {
      if (e.getValue() == null) {
        rejected++;
        assertThatThrownBy(() -> render(e.getKey()))
            .as(e.getKey())
            .isInstanceOf(TemplateException.class)
            .hasMessageMatching("(?s)\\d+:\\d+: .+");
      }
    }
    assertThat(rejected).isEqualTo(66);
  }
}
