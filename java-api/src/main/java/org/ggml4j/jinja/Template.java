package org.ggml4j.jinja;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Jinja template, parsed once and rendered as often as wanted, from any thread.
 *
 * <pre>{@code
 * Template template = Template.parse("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}");
 * Text prompt = template.render(Map.of("messages", messages));
 * }</pre>
 *
 * <p>It does what Python's Jinja2 does as Hugging Face transformers sets it up, with two additions:
 * the result knows which characters the template wrote, and what a template may use is limited, so
 * that one from an unknown source does no harm.
 *
 * <p>Source: Jinja2 3.1; transformers, {@code utils/chat_template_utils.py}; checked against both
 * on the templates that llama.cpp v0.5.0 brings.
 */
public final class Template {
  private final Source source;
  private final TemplateOptions options;
  private final TemplateParser.Parsed parsed;

  private Template(Source source, TemplateOptions options, TemplateParser.Parsed parsed) {
    this.source = source;
    this.options = options;
    this.parsed = parsed;
  }

  /**
   * Parses a template with the default options.
   *
   * @throws TemplateException if it is none; with line and column
   */
  public static Template parse(String template) {
    return parse(template, TemplateOptions.defaults());
  }

  /**
   * Parses a template.
   *
   * @throws TemplateException if it is none; with line and column
   */
  public static Template parse(String template, TemplateOptions options) {
    Source source = new Source(Lexer.normalize(template));
    return new Template(source, options, TemplateParser.parse(source, options));
  }

  /** Whether the template reads a variable of this name, from outside or its own. */
  public boolean mentions(String variable) {
    return parsed.globals().containsKey(variable);
  }

  /**
   * Renders the template.
   *
   * @param variables by name: null, Boolean, whole numbers, Double, String, {@link Text}, List and
   *     Map of these. A String counts as a message, {@link Text#template} makes one that is
   *     trusted.
   * @throws TemplateException if the template fails, refuses or uses more than the limits allow;
   *     with line and column
   */
  public Text render(Map<String, ? extends @Nullable Object> variables) {
    Run run = new Run(options);
    try {
      Frame frame = new Frame(run, null, parsed.scope().size());
      for (Map.Entry<String, Integer> e : parsed.globals().entrySet()) {
        String name = e.getKey();
        Object value = variables.get(name);
        frame.slots[e.getValue()] =
            value != null || variables.containsKey(name) ? Values.of(value) : Function.find(name);
      }
      parsed.body().run(frame);
      return run.out.toText();
    } catch (Failure e) {
      throw source.error(run.at, e);
    } catch (StackOverflowError e) {
      throw source.error(run.at, new Failure("calls nest too deep for this thread's stack"));
    }
  }
}
