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
 * Holds calls to the names of the tools and to the schemas of their arguments, and answers to a
 * grammar of their own.
 *
 * @param grammar of the reply, or of its end, in the model's form
 * @param triggers that begin it; none for one that holds from the first token on
 */
public record ReplyGrammar(Grammar grammar, List<GrammarTrigger> triggers) {
  public ReplyGrammar {
    triggers = List.copyOf(triggers);
  }

  /**
   * What a reply has to be.
   *
   * @param tools that may be called
   * @param choice whether one is called
   * @param answer grammar in GBNF of a reply that calls nothing; empty for any text
   * @param thinking whether the prompt has begun the reasoning, behind which the reply comes
   */
  public record Rules(
      List<Tool> tools, ToolChoice choice, Optional<String> answer, boolean thinking) {
    public Rules {
      tools = choice == ToolChoice.NONE ? List.of() : List.copyOf(tools);
    }
  }

  /**
   * The grammar that holds a reply to some rules; empty where there is nothing that it can hold:
   * calls of a form that is not one of JSON behind a mark, or with a schema that can't be made into
   * a grammar. A model that has to call, calls once.
   *
   * @throws SchemaException if the model has to call and a schema can't be made into a grammar
   * @throws org.ggml4j.grammar.GrammarException if the answer's grammar is wrong
   */
  public static Optional<ReplyGrammar> of(ReplyFormat format, Tokenizer tokenizer, Rules rules) {
    if (rules.choice() == ToolChoice.REQUIRED) {
      return calls(format, rules.tools(), tokenizer, false)
          .map(text -> whole(text, format, tokenizer, rules));
    }
    Optional<String> calls = Optional.empty();
    try {
      calls = calls(format, rules.tools(), tokenizer, true);
    } catch (SchemaException e) {
      // such a tool can be called, but nothing holds the model to its schema
    }
    if (rules.answer().isPresent()) {
      String answer = rules.answer().get();
      String either =
          calls.isEmpty()
              ? answer
              : "root ::= call-root | answer-root\n"
                  + renamed(calls.get(), "call-")
                  + "\n"
                  + renamed(answer, "answer-");
      return Optional.of(whole(either, format, tokenizer, rules));
    }
    return format.toolBegin().isEmpty()
        ? Optional.empty()
        : calls.map(
            text ->
                new ReplyGrammar(
                    Grammar.parse(text), List.of(trigger(format.toolBegin(), tokenizer))));
  }

  /** Holds the whole reply, or what comes after the reasoning. */
  private static ReplyGrammar whole(
      String text, ReplyFormat format, Tokenizer tokenizer, Rules rules) {
    if (!rules.thinking()) {
      return new ReplyGrammar(Grammar.parse(text), List.of());
    }
    String behind =
        "root ::= "
            + mark(format.thinkEnd(), tokenizer)
            + " [ \\n]* reply-root\n"
            + renamed(text, "reply-");
    return new ReplyGrammar(Grammar.parse(behind), List.of(trigger(format.thinkEnd(), tokenizer)));
  }

  private static GrammarTrigger trigger(String mark, Tokenizer tokenizer) {
    OptionalInt id = control(tokenizer, mark);
    return id.isPresent() ? new GrammarTrigger.Token(id.getAsInt()) : new GrammarTrigger.Word(mark);
  }

  /**
   * The grammar of calls; empty for forms without one, and if there are no tools.
   *
   * @param several whether one may follow another
   */
  private static Optional<String> calls(
      ReplyFormat format, List<Tool> tools, Tokenizer tokenizer, boolean several) {
    if (tools.isEmpty()) {
      return Optional.empty();
    }
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
    String more = several ? "\"[\" call (\", \" call)* \"]\"" : "\"[\" call \"]\"";
    String one = list ? more : "call";
    String end = format.toolEnd().isEmpty() ? "" : " gap " + mark(format.toolEnd(), tokenizer);
    String begin =
        format.toolBegin().isEmpty() ? "" : mark(format.toolBegin(), tokenizer) + " gap ";
    String next = several && format.tools() == ReplyFormat.ToolStyle.HERMES ? " (gap block)*" : "";
    return Optional.of(
        "root ::= block"
            + next
            + "\nblock ::= "
            + begin
            + one
            + end
            + "\ncall ::= "
            + call
            + "\ngap ::= [ \\n]?\n"
            + rules);
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
