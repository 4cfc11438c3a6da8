package org.ggml4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.chat.Json;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.chat.Role;
import org.ggml4j.chat.Tool;
import org.ggml4j.chat.ToolCall;
import org.ggml4j.chat.ToolChoice;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.nn.ContextFullException;

/**
 * A conversation on a session, in the form of the model's own template.
 *
 * {@snippet :
 * try (Model model = Model.load(path);
 *     Session session = model.newSession()) {
 *   Chat chat = Chat.of(session);
 *   chat.setSystem("Answer in one sentence.");
 *   chat.send("Why is the sky blue?", System.out::print);
 * }
 * }
 *
 * <p>With each message the whole conversation is rendered, and what the session has of it already
 * is kept: the longest common begin of tokens. So only what is new is computed, also where a
 * template changes earlier turns.
 *
 * <p>When the conversation no longer fits, the oldest messages after the system message are left
 * out of the prompt, up to the next message of the user, until there is room for the reply; the
 * history keeps them. One thread at a time; {@link #cancel} may come from any.
 */
public final class Chat {
  /** How often the model may call tools before it answers. */
  private static final int MAX_ROUNDS = 8;

  private final Session session;
  private final ReplyWriter writer;
  private final List<Message> history = new ArrayList<>();
  private GenerationConfig config = GenerationConfig.defaults();
  private ChatTemplate.Options options = ChatTemplate.Options.defaults();
  private boolean toolRequired;
  private final Cancellation cancellation = new Cancellation();

  /**
   * A conversation in another form than the model's own.
   *
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model has no tokenizer
   */
  public Chat(Session session, ChatTemplate template) {
    this.session = session;
    this.writer = new ReplyWriter(session.model(), template);
  }

  /**
   * A conversation in the form of the template that the model's file carries, or ChatML; see {@link
   * ChatTemplate#notice}.
   *
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model has no tokenizer
   * @throws GgufFormatException if the file's template is no text
   * @throws org.ggml4j.jinja.TemplateException if it can't be parsed
   */
  public static Chat of(Session session) throws GgufFormatException {
    Model model = session.model();
    return new Chat(session, ChatTemplate.of(model.metadata(), model.tokenizer()));
  }

  public Session session() {
    return session;
  }

  public ChatTemplate template() {
    return writer.template();
  }

  /** All messages so far. */
  public List<Message> history() {
    return List.copyOf(history);
  }

  /** Replaces the system message; an empty text takes it away. */
  public void setSystem(String text) {
    if (!history.isEmpty() && history.get(0).role() == Role.SYSTEM) {
      history.remove(0);
    }
    if (!text.isEmpty()) {
      history.add(0, Message.system(text));
    }
  }

  /** How replies are generated. */
  public void setConfig(GenerationConfig how) {
    config = how;
  }

  /** The tools that the model may call; they are run when it does. */
  public void setTools(List<Tool> tools) {
    options = options.withTools(tools);
  }

  /**
   * Whether the first thing that the model writes for each message has to be a call.
   *
   * @param on only with tools, and a model whose form of calls is known; else {@link #send} throws
   *     {@link org.ggml4j.gguf.UnsupportedModelException}
   */
  public void setToolRequired(boolean on) {
    toolRequired = on;
  }

  /** Sets a variable of the template, {@code enable_thinking} for example. */
  public void setVariable(String name, Object value) {
    options = options.withVariable(name, value);
  }

  /**
   * Says something, and lets the model reply. Tools that it calls are run, and their results given
   * to it, until it answers.
   *
   * @param listener gets the reply as it is written
   * @throws org.ggml4j.jinja.TemplateException if the template refuses the conversation; it is as
   *     before then
   * @throws ContextFullException if the message does not fit even by itself; likewise
   */
  public ChatReply send(String text, ReplyListener listener) {
    return send(List.of(Message.user(text)), listener);
  }

  /**
   * Adds messages of any role, and lets the model reply; see {@link #send(String, ReplyListener)}.
   */
  public ChatReply send(List<Message> messages, ReplyListener listener) {
    int before = history.size();
    history.addAll(messages);
    cancellation.reset();
    try {
      return reply(listener);
    } catch (RuntimeException e) {
      while (history.size() > before) {
        history.remove(history.size() - 1);
      }
      throw e;
    }
  }

  /**
   * Takes back the last reply, and what tools gave for it, and lets the model reply anew.
   *
   * @throws IllegalStateException if nobody said anything
   */
  public ChatReply regenerate(ReplyListener listener) {
    int last = lastUser();
    if (last < 0) {
      throw new IllegalStateException("there is no message to reply to");
    }
    List<Message> old = List.copyOf(history.subList(last + 1, history.size()));
    history.subList(last + 1, history.size()).clear();
    cancellation.reset();
    try {
      return reply(listener);
    } catch (RuntimeException e) {
      history.subList(last + 1, history.size()).clear();
      history.addAll(old);
      throw e;
    }
  }

  /** Takes back the user's last message and all after it; whether there was one. */
  public boolean undo() {
    int last = lastUser();
    if (last >= 0) {
      history.subList(last, history.size()).clear();
    }
    return last >= 0;
  }

  private int lastUser() {
    for (int i = history.size() - 1; i >= 0; i--) {
      if (history.get(i).role() == Role.USER) {
        return i;
      }
    }
    return -1;
  }

  /** Forgets all but the system message. */
  public void clear() {
    history.removeIf(m -> m.role() != Role.SYSTEM);
  }

  /** Stops the reply that is being written; what there is of it stays. From any thread. */
  public void cancel() {
    cancellation.cancel();
  }

  /** The history as JSON: an object whose member {@code messages} is in the usual form. */
  public String save() {
    List<Object> messages = new ArrayList<>();
    for (Message message : history) {
      messages.add(message.toJson());
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("messages", messages);
    return Json.write(json);
  }

  /**
   * Replaces the history by a saved one.
   *
   * @throws IllegalArgumentException if it is none; the history is as before
   */
  public void restore(String json) {
    if (!(Json.parseObject(json).get("messages") instanceof List<?> list)) {
      throw new IllegalArgumentException("a saved conversation has a list 'messages'");
    }
    List<Message> messages = new ArrayList<>();
    for (Object one : list) {
      messages.add(Message.fromJson(one));
    }
    history.clear();
    history.addAll(messages);
  }

  private ChatReply reply(ReplyListener listener) {
    for (int round = 1; ; round++) {
      ChatReply reply = generate(listener, toolRequired && round == 1);
      history.add(reply.message());
      boolean goesOn = !reply.message().toolCalls().isEmpty() && !options.tools().isEmpty();
      if (!goesOn || cancellation.isAsked() || round == MAX_ROUNDS) {
        return reply;
      }
      for (ToolCall call : reply.message().toolCalls()) {
        history.add(Message.tool(call, run(call)));
      }
    }
  }

  /** What a tool gives; what fails is said to the model, which may try again. */
  private String run(ToolCall call) {
    for (Tool tool : options.tools()) {
      if (tool.name().equals(call.name())) {
        try {
          return tool.action().apply(call.arguments());
        } catch (RuntimeException e) {
          return "error: " + e.getMessage();
        }
      }
    }
    return "error: there is no tool '" + call.name() + "'";
  }

  private ChatReply generate(ReplyListener listener, boolean required) {
    ReplyWriter.Prompt prompt = writer.prompt(history, options, session.nCtx(), config.maxTokens());
    int[] tokens = prompt.tokens();
    int kept = session.commonBegin(tokens);
    session.rewind(kept);
    GenerationConfig constrained =
        writer.constrained(
            config,
            prompt,
            options,
            required ? ToolChoice.REQUIRED : ToolChoice.AUTO,
            Optional.empty());
    Generation generation =
        session.generate(Arrays.copyOfRange(tokens, kept, tokens.length), constrained);
    cancellation.begin(generation);
    try {
      return writer.write(generation, prompt, options.tools(), listener);
    } finally {
      cancellation.end();
    }
  }
}
