package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.ggml4j.schema.JsonSchema;
import org.ggml4j.schema.TaggedValue;
import org.ggml4j.tokenizer.Tokenizer;

/** Writes the grammar of calls in the form of a family. */
final class CallGrammar {
  /** What gpt-oss begins a call with, in the header of a message. */
  static final String RECIPIENT = " to=functions.";

  private static final String GAP = "gap";
  private static final String QUOTE_RULE = "quote ::= \"<|\\\"|>\"\n";

  private final CallForm form;
  private final Tokenizer tokenizer;
  private final StringBuilder rules = new StringBuilder();

  CallGrammar(CallForm form, Tokenizer tokenizer) {
    this.form = form;
    this.tokenizer = tokenizer;
  }

  /**
   * How much a grammar describes.
   *
   * @param whole whether it is the whole reply, and not what begins with a call
   * @param several whether there may be more calls than one
   */
  record Extent(boolean whole, boolean several) {}

  /**
   * The grammar's text.
   *
   * @return empty if arguments can't be written between marks
   * @throws org.ggml4j.schema.SchemaException if a schema can't be made into a grammar
   */
  Optional<String> write(List<Tool> tools, Extent extent) {
    boolean tagged = form.call().stream().anyMatch(CallPart.Tagged.class::isInstance);
    if (tagged && !tools.stream().map(TaggedArguments::of).allMatch(CallGrammar::isWritable)) {
      return Optional.empty();
    }
    return Optional.of(text(tools, extent));
  }

  /** Whether there is nothing to say but what the values are, and names fit between marks. */
  private static boolean isWritable(TaggedArguments arguments) {
    return arguments.isAll()
        && arguments.values().keySet().stream()
            .noneMatch(
                key -> key.isBlank() || !key.strip().equals(key) || key.matches(".*[<>\"].*"));
  }

  private String text(List<Tool> tools, Extent extent) {
    List<String> calls = new ArrayList<>();
    for (int i = 0; i < tools.size(); i++) {
      calls.add(call(tools.get(i), "tool-" + i + "-"));
    }
    rules.append("call ::= ").append(String.join(" | ", calls)).append('\n');
    rules.append(GAP).append(" ::= \"\" | \" \" | \"\\n\" [ \\t]{0,8}\n");
    if (form.equals(CallForm.HARMONY)) {
      String channel = "(" + mark("<|channel|>") + " \"commentary\")? ";
      return "root ::= " + (extent.whole() ? channel : "") + literal(RECIPIENT) + " call\n" + rules;
    }
    String list = listed("call", extent.several());
    rules.append("calls ::= ").append(list).append('\n');
    String begin = parts(form.begin());
    String end = parts(form.end());
    boolean may = form.marks().size() > 1; // be forgotten
    String root = may ? "(" + begin + ")? calls (" + end + ")?" : (begin + " calls " + end).strip();
    return "root ::= " + root + "\n" + rules;
  }

  private String listed(String call, boolean several) {
    List<String> parts = new ArrayList<>();
    for (CallPart part : form.call()) {
      boolean list = part instanceof CallPart.Envelope envelope && envelope.list();
      if (list) {
        String comma = "\",\" " + GAP;
        String before = parts(form.call().subList(0, parts.size()));
        String behind = parts(form.call().subList(parts.size() + 1, form.call().size()));
        String others = several ? " (" + comma + " " + call + ")*" : "";
        String items = "\"[\" gap " + call + others + " gap \"]\"";
        return before + " " + items + " " + behind;
      }
      parts.add("");
    }
    return form.repeats() && several ? call + " (" + GAP + " " + call + ")*" : call;
  }

  private String parts(List<CallPart> parts) {
    StringBuilder out = new StringBuilder();
    for (CallPart part : parts) {
      out.append(part instanceof CallPart.Mark mark ? mark(mark.text()) : GAP).append(' ');
    }
    return out.toString().strip();
  }

  /** The call of one tool; of forms with lists, only its object. */
  private String call(Tool tool, String prefix) {
    StringBuilder out = new StringBuilder();
    boolean list = form.call().stream().anyMatch(p -> p instanceof CallPart.Envelope e && e.list());
    if (form.equals(CallForm.HARMONY)) {
      out.append(literal(tool.name())).append(' ').append(header()).append(' ');
    }
    for (CallPart part : form.call()) {
      if (!list || part instanceof CallPart.Envelope) {
        out.append(part(part, tool, prefix)).append(' ');
      }
    }
    return out.toString().strip();
  }

  /** From the name to the arguments in gpt-oss' form. */
  private String header() {
    String channel = "(" + mark("<|channel|>") + " (\"commentary\" | \"analysis\"))?";
    String constrain = mark("<|constrain|>");
    String type = "((\" \" | \" \"? " + constrain + ") \"json\")?";
    return channel + " " + type + " " + mark("<|message|>");
  }

  private String part(CallPart part, Tool tool, String prefix) {
    if (part instanceof CallPart.Mark mark) {
      return mark(mark.text());
    }
    if (part instanceof CallPart.Space) {
      return GAP;
    }
    if (part instanceof CallPart.Name) {
      return literal(tool.name());
    }
    if (part instanceof CallPart.Id) {
      return "[a-zA-Z0-9]{9}";
    }
    if (part instanceof CallPart.Index) {
      return "[0-9]{1,3}";
    }
    if (part instanceof CallPart.Maybe maybe) {
      List<String> inner = maybe.parts().stream().map(p -> part(p, tool, prefix)).toList();
      return "(" + String.join(" ", inner) + ")?";
    }
    if (part instanceof CallPart.Envelope envelope) {
      return envelope(envelope, tool, prefix);
    }
    if (part instanceof CallPart.Tagged tagged) {
      return tagged(tagged, tool, prefix);
    }
    return part instanceof CallPart.GemmaArguments
        ? rule(quoteAsToken(JsonSchema.toGemmaGbnf(tool.parameters())), prefix)
        : rule(JsonSchema.toGbnf(tool.parameters()), prefix);
  }

  private String envelope(CallPart.Envelope envelope, Tool tool, String prefix) {
    String id =
        envelope.id().isEmpty()
            ? ""
            : key(envelope.id())
                + (envelope.idFirst()
                    ? "\"\\\"\" [0-9]{1,3} \"\\\"\""
                    : "\"\\\"\" [a-zA-Z0-9]{9} \"\\\"\"");
    String type = form.bare() ? "(" + key("type") + " \"\\\"function\\\"\" gap \",\" gap)? " : "";
    return "\"{\" gap "
        + type
        + (envelope.idFirst() ? "(" + id + " gap \",\" gap)? " : "")
        + key(envelope.name())
        + literal("\"" + tool.name() + "\"")
        + " gap \",\" gap "
        + key(envelope.arguments())
        + rule(JsonSchema.toGbnf(tool.parameters()), prefix)
        + (envelope.idFirst() || id.isEmpty() ? "" : " (gap \",\" gap " + id + ")?")
        + " gap \"}\"";
  }

  private static String key(String name) {
    return literal("\"" + name + "\"") + " gap \":\" gap ";
  }

  private String tagged(CallPart.Tagged form, Tool tool, String prefix) {
    TaggedArguments arguments = TaggedArguments.of(tool);
    String line = form.lines() ? "\"\\n\" " : "";
    StringBuilder out = new StringBuilder();
    for (var entry : arguments.values().entrySet()) {
      String key = entry.getKey();
      Optional<TaggedValue> value = entry.getValue();
      String own = prefix + "p" + out.length() + "-";
      String body =
          mark(form.keyBegin())
              + " "
              + literal(key)
              + " "
              + mark(
                  form.keyEnd()
                      + (form.typed()
                          ? value.orElseThrow().mayBeText() + CallPart.Tagged.TYPE_END
                          : ""))
              + (form.valueBegin().isEmpty() ? " " : " gap " + mark(form.valueBegin()) + " ")
              + line
              + rule(value.orElseThrow().toGbnf(form.valueEnd()), own)
              + " "
              + line
              + mark(form.valueEnd())
              + " gap";
      out.append('(').append(body).append(')');
      out.append(arguments.required().contains(key) ? " " : "? ");
    }
    return out.toString().strip();
  }

  /** Adds rules under a prefix; the name of the first. */
  private String rule(String gbnf, String prefix) {
    rules.append(ReplyGrammar.renamed(gbnf, prefix)).append('\n');
    return prefix + "root";
  }

  private String quoteAsToken(String gbnf) {
    OptionalInt id = ReplyGrammar.control(tokenizer, "<|\"|>");
    return id.isPresent()
        ? gbnf.replace(QUOTE_RULE, "quote ::= <[" + id.getAsInt() + "]>\n")
        : gbnf;
  }

  private String mark(String mark) {
    return ReplyGrammar.mark(mark, tokenizer);
  }

  private static String literal(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
  }
}
