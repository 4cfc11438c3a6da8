package org.ggml4j.chat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarTrigger;
import org.ggml4j.schema.JsonSchema;
import org.ggml4j.schema.SchemaException;
import org.ggml4j.tokenizer.TokenType;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * Holds calls to the names of the tools and to the schemas of their arguments.
 *
 * @param grammar of a call in the model's form
 * @param triggers that begin it; none for a model that has to call
 */
public record ToolGrammar(Grammar grammar, List<GrammarTrigger> triggers) {
  public ToolGrammar {
    triggers = List.copyOf(triggers);
  }

  /**
   * The grammar of calls of some tools; empty where the model's form is not one of JSON behind a
   * mark, or a schema can't be made into a grammar.
   *
   * @param required whether the model has to call; if not, the grammar begins with the mark
   */
  public static Optional<ToolGrammar> of(
      ReplyFormat format, List<Tool> tools, Tokenizer tokenizer, boolean required) {
    String begin = format.toolBegin();
    boolean bare = format.tools() == ReplyFormat.ToolStyle.LLAMA3;
    if (tools.isEmpty() || (begin.isEmpty() && !(bare && required))) {
      return Optional.empty();
    }
    try {
      Optional<String> text = text(format, tools, tokenizer);
      if (text.isEmpty()) {
        return Optional.empty();
      }
      OptionalInt id = control(tokenizer, begin);
      GrammarTrigger trigger =
          id.isPresent()
              ? new GrammarTrigger.Token(id.getAsInt())
              : new GrammarTrigger.Word(bare ? "{" : begin);
      return Optional.of(
          new ToolGrammar(Grammar.parse(text.get()), required ? List.of() : List.of(trigger)));
    } catch (SchemaException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> text(ReplyFormat format, List<Tool> tools, Tokenizer tokenizer) {
    StringBuilder call = new StringBuilder();
    StringBuilder rules = new StringBuilder();
    for (int i = 0; i < tools.size(); i++) {
      Tool tool = tools.get(i);
      String prefix = "tool-" + i + "-";
      call.append(i == 0 ? "" : " | ");
      switch (format.tools()) {
        case HERMES -> call.append(object(tool, "name", "arguments", prefix));
        case LLAMA3 -> call.append(object(tool, "name", "parameters", prefix));
        case MISTRAL -> call.append(object(tool, "name", "arguments", prefix));
        case COMMAND -> call.append(object(tool, "tool_name", "parameters", prefix));
        default -> {
          return Optional.empty();
        }
      }
      rules.append(renamed(JsonSchema.toGbnf(tool.parameters()), prefix)).append('\n');
    }
    boolean list =
        format.tools() == ReplyFormat.ToolStyle.MISTRAL
            || format.tools() == ReplyFormat.ToolStyle.COMMAND;
    String one = list ? "\"[\" call (\", \" call)* \"]\"" : "call";
    String end = format.toolEnd().isEmpty() ? "" : " gap " + mark(format.toolEnd(), tokenizer);
    String begin =
        format.toolBegin().isEmpty() ? "" : mark(format.toolBegin(), tokenizer) + " gap ";
    return Optional.of(
        "root ::= " + begin + one + end + "\ncall ::= " + call + "\ngap ::= [ \\n]?\n" + rules);
  }

  private static String object(Tool tool, String name, String arguments, String prefix) {
    return "\"{\\\""
        + name
        + "\\\": \\\""
        + tool.name()
        + "\\\", \\\""
        + arguments
        + "\\\": \" "
        + prefix
        + "root \"}\"";
  }

  /** A mark as a token where it is one that prints nothing, else as its characters. */
  private static String mark(String mark, Tokenizer tokenizer) {
    OptionalInt id = control(tokenizer, mark);
    return id.isPresent()
        ? "<[" + id.getAsInt() + "]>"
        : "\"" + mark.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  private static OptionalInt control(Tokenizer tokenizer, String mark) {
    OptionalInt id = tokenizer.vocab().find(mark);
    return id.isPresent() && tokenizer.vocab().type(id.getAsInt()) == TokenType.CONTROL
        ? id
        : OptionalInt.empty();
  }

  /** A grammar whose rules all have a prefix to their names. */
  static String renamed(String gbnf, String prefix) {
    StringBuilder out = new StringBuilder(gbnf.length() * 2);
    int i = 0;
    while (i < gbnf.length()) {
      char c = gbnf.charAt(i);
      int from = i;
      if (c == '"' || c == '[') {
        char end = c == '"' ? '"' : ']';
        i++;
        while (i < gbnf.length() && gbnf.charAt(i) != end) {
          i += gbnf.charAt(i) == '\\' ? 2 : 1;
        }
        i++;
        out.append(gbnf, from, Math.min(i, gbnf.length()));
      } else if (c == '#') {
        while (i < gbnf.length() && gbnf.charAt(i) != '\n') {
          i++;
        }
      } else if (c == '{') { // counts of a repetition
        i = gbnf.indexOf('}', i) + 1;
        out.append(gbnf, from, i);
      } else if (isNamePart(c)) {
        while (i < gbnf.length() && isNamePart(gbnf.charAt(i))) {
          i++;
        }
        out.append(prefix).append(gbnf, from, i);
      } else {
        out.append(c);
        i++;
      }
    }
    return out.toString();
  }

  private static boolean isNamePart(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_';
  }
}
