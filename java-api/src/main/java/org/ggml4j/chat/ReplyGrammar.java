package org.ggml4j.chat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarTrigger;
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
  /** How llama.cpp knows a bare call too: an object that begins with a name is no answer. */
  private static final Pattern BARE =
      Pattern.compile(
          "\\A\\s*(?:<\\|python_tag\\|>)?\\s*"
              + "(\\{\\s*(?:\"type\"\\s*:\\s*\"function\"\\s*,\\s*)?\"name\"\\s*:)");

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
   * calls of a form that is not known, or with a schema that can't be made into a grammar. A model
   * that has to call, calls once.
   *
   * @throws SchemaException if the model has to call and a schema can't be made into a grammar
   * @throws org.ggml4j.grammar.GrammarException if the answer's grammar is wrong
   */
  public static Optional<ReplyGrammar> of(ReplyFormat format, Tokenizer tokenizer, Rules rules) {
    boolean whole = rules.choice() == ToolChoice.REQUIRED || rules.answer().isPresent();
    Optional<CallForm> form = rules.tools().isEmpty() ? Optional.empty() : format.calls();
    Optional<String> calls = Optional.empty();
    try {
      CallGrammar.Extent extent =
          new CallGrammar.Extent(whole, rules.choice() != ToolChoice.REQUIRED);
      calls = form.flatMap(f -> new CallGrammar(f, tokenizer).write(rules.tools(), extent));
    } catch (SchemaException e) {
      if (rules.choice() == ToolChoice.REQUIRED) {
        throw e;
      }
      // else such a tool can be called, but nothing holds the model to its schema
    }
    if (rules.choice() == ToolChoice.REQUIRED) {
      return calls.map(text -> whole(text, format, tokenizer, rules));
    }
    if (rules.answer().isPresent()) {
      String given = rules.answer().get();
      String answer = format.isHarmony() ? inChannel(given, tokenizer) : given;
      String either =
          calls.isEmpty()
              ? answer
              : "root ::= call-root | answer-root\n"
                  + renamed(calls.get(), "call-")
                  + "\n"
                  + renamed(answer, "answer-");
      return Optional.of(whole(either, format, tokenizer, rules));
    }
    return calls.map(
        text -> new ReplyGrammar(Grammar.parse(text), triggers(form.orElseThrow(), tokenizer)));
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

  /** What a call is known by before the model says more. */
  private static List<GrammarTrigger> triggers(CallForm form, Tokenizer tokenizer) {
    if (form.equals(CallForm.HARMONY)) {
      return List.of(new GrammarTrigger.Word(CallGrammar.RECIPIENT));
    }
    if (form.bare()) {
      return List.of(new GrammarTrigger.Regex(BARE));
    }
    return form.marks().stream().map(mark -> trigger(mark, tokenizer)).toList();
  }

  private static GrammarTrigger trigger(String mark, Tokenizer tokenizer) {
    OptionalInt id = control(tokenizer, mark);
    return id.isPresent() ? new GrammarTrigger.Token(id.getAsInt()) : new GrammarTrigger.Word(mark);
  }

  /** An answer as gpt-oss writes it, for which it needs no reasoning. */
  private static String inChannel(String answer, Tokenizer tokenizer) {
    return "root ::= "
        + mark("<|channel|>", tokenizer)
        + " \"final\" "
        + mark("<|message|>", tokenizer)
        + " final-root\n"
        + renamed(answer, "final-");
  }

  /** A mark as a token where it is one that prints nothing, else as its characters. */
  static String mark(String mark, Tokenizer tokenizer) {
    OptionalInt id = control(tokenizer, mark);
    return id.isPresent()
        ? "<[" + id.getAsInt() + "]>"
        : "\"" + mark.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  static OptionalInt control(Tokenizer tokenizer, String mark) {
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
