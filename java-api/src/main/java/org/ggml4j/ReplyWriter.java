package org.ggml4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.ReplyGrammar;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.chat.ReplyParser;
import org.ggml4j.chat.Role;
import org.ggml4j.chat.Tool;
import org.ggml4j.chat.ToolCall;
import org.ggml4j.chat.ToolChoice;
import org.ggml4j.decode.StopReason;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.jinja.Text;
import org.ggml4j.tokenizer.TokenType;
import org.ggml4j.tokenizer.Tokenizer;

/** Writes replies to conversations in the form of a template. Any thread. */
final class ReplyWriter {
  private final Model model;
  private final ChatTemplate template;
  private final Tokenizer tokenizer;

  ReplyWriter(Model model, ChatTemplate template) {
    this.model = model;
    this.template = template;
    this.tokenizer = model.tokenizer();
  }

  ChatTemplate template() {
    return template;
  }

  /**
   * A conversation as the model reads it.
   *
   * @param leftOut messages for which there is no room
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Prompt(Text text, int[] tokens, int leftOut) {}

  /** The prompt, without as many old messages as have to go. */
  Prompt prompt(List<Message> messages, ChatTemplate.Options options, int nCtx, int maxTokens) {
    List<Message> left = new ArrayList<>(messages);
    int room = nCtx - Math.min(maxTokens, Math.max(1, nCtx / 4));
    while (true) {
      Text text = template.render(left, options);
      int[] tokens = ChatTemplate.encode(text, tokenizer);
      if (tokens.length <= room || !dropOldest(left)) {
        return new Prompt(text, tokens, messages.size() - left.size());
      }
    }
  }

  /** Leaves out the oldest exchange; whether there is one but the last. */
  private static boolean dropOldest(List<Message> messages) {
    int first = !messages.isEmpty() && messages.get(0).role() == Role.SYSTEM ? 1 : 0;
    int next = first + 1;
    while (next < messages.size() && messages.get(next).role() != Role.USER) {
      next++;
    }
    if (next >= messages.size()) {
      return false;
    }
    messages.subList(first, next).clear();
    return true;
  }

  /**
   * A configuration that also holds the reply to its form; one with a grammar of its own is left as
   * it is.
   *
   * @param answer a grammar in GBNF for replies that call nothing
   * @throws UnsupportedModelException if a call is required and the form of calls is none that can
   *     be forced
   */
  GenerationConfig constrained(
      GenerationConfig config,
      Prompt prompt,
      ChatTemplate.Options options,
      ToolChoice choice,
      Optional<String> answer) {
    GenerationConfig stopping = config.withMoreStop(template.stops());
    if (config.grammar().isPresent()) {
      return stopping;
    }
    ReplyGrammar.Rules rules =
        new ReplyGrammar.Rules(
            options.tools(),
            choice,
            answer,
            template.format().isThinking(prompt.text().toString()));
    Optional<ReplyGrammar> held = ReplyGrammar.of(template.format(), tokenizer, rules);
    if (held.isEmpty()) {
      if (choice == ToolChoice.REQUIRED) {
        throw new UnsupportedModelException(
            "a call of a tool can't be forced: this needs at least one tool, with a schema that"
                + " the model's form of calls can follow, and a template that shows that form;"
                + " this one's shows "
                + (template.format().hasCalls() ? "one" : "none that is known"));
      }
      return stopping;
    }
    GrammarMasks masks = model.masks(held.get().grammar());
    return stopping.withProcessor(
        held.get().triggers().isEmpty()
            ? masks.newConstraint()
            : masks.newLazyConstraint(held.get().triggers()));
  }

  /** Reads a generation to its end, and takes apart what it writes. */
  ChatReply write(Generation generation, Prompt prompt, List<Tool> tools, ReplyListener listener) {
    Collector collector = new Collector(listener);
    ReplyParser parser = template.format().newParser(prompt.text().toString(), tools, collector);
    for (Piece piece : generation) {
      parser.accept(raw(piece));
    }
    parser.finish();
    return new ChatReply(
        collector.message(),
        generation.stopReason().orElse(StopReason.CANCELLED),
        generation.stats(),
        Math.max(0, prompt.tokens().length - generation.stats().promptTokens()),
        prompt.leftOut());
  }

  /** A piece with the text of a control token, which is hidden otherwise. */
  private String raw(Piece piece) {
    boolean mark =
        tokenizer.vocab().type(piece.token()) == TokenType.CONTROL
            && !tokenizer.special().isEndOfGeneration(piece.token());
    return mark ? piece.text() + tokenizer.vocab().text(piece.token()) : piece.text();
  }

  /** Passes on what comes, and keeps it. White space is held back until more follows. */
  private static final class Collector implements ReplyListener {
    private final ReplyListener listener;
    private final StringBuilder answer = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<ToolCall> calls = new ArrayList<>();
    private int toldAnswer;
    private int toldReasoning;

    Collector(ReplyListener listener) {
      this.listener = listener;
    }

    @Override
    public void answer(String text) {
      answer.append(text);
      int end = end(answer);
      if (end > toldAnswer) {
        String told = answer.substring(toldAnswer, end);
        toldAnswer = end;
        listener.answer(told);
      }
    }

    @Override
    public void reasoning(String text) {
      reasoning.append(text);
      int end = end(reasoning);
      if (end > toldReasoning) {
        String told = reasoning.substring(toldReasoning, end);
        toldReasoning = end;
        listener.reasoning(told);
      }
    }

    private static int end(StringBuilder text) {
      int end = text.length();
      while (end > 0 && Character.isWhitespace(text.charAt(end - 1))) {
        end--;
      }
      return end;
    }

    @Override
    public void toolCall(ToolCall call) {
      calls.add(call);
      listener.toolCall(call);
    }

    private Message message() {
      return Message.assistant(
          answer.substring(0, end(answer)), reasoning.substring(0, end(reasoning)), calls);
    }
  }
}
