package org.ggml4j;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.schema.JsonSchema;

/**
 * Replies to whole conversations, for many requests and threads: what a server or an adapter of a
 * framework needs, which keep the conversations themselves. {@link Chat} is for one conversation.
 *
 * {@snippet :
 * try (ChatPool pool = ChatPool.of(model, SessionOptions.defaults().withContext(8192), 16)) {
 *   ReplyRequest request = ReplyRequest.of(List.of(Message.user("Why is the sky blue?")));
 *   System.out.println(pool.prepare(request).write(text -> {}).message().content());
 * }
 * }
 *
 * <p>Any thread. Conversations share one KV cache, and the last ones are kept: a request computes
 * only what is new of it; see {@link SessionPool}. Replies that are written at the same time take
 * turns step by step and share the context, at most 63 of them. Old messages are left out when one
 * conversation does not fit, as {@link Chat} does.
 */
public final class ChatPool implements AutoCloseable {
  private final ReplyWriter writer;
  private final SessionPool sessions;
  private final Set<PendingReply> running = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * Conversations in another form than the model's own.
   *
   * @param nKept conversations that are kept at most
   * @throws UnsupportedModelException if the model has no tokenizer that is implemented
   * @throws IllegalArgumentException if the options don't fit the model
   * @throws org.ggml4j.ggml.GgmlException if there is not enough memory
   */
  public ChatPool(Model model, ChatTemplate template, SessionOptions options, int nKept) {
    writer = new ReplyWriter(model, template);
    sessions = model.newSessionPool(options, nKept);
  }

  /**
   * Conversations in the form of the template that the model's file carries; {@link
   * ChatTemplate#transcript} if it carries none.
   *
   * @param nKept conversations that are kept at most
   * @throws UnsupportedModelException if the model has no tokenizer that is implemented, or its
   *     template is no text
   * @throws org.ggml4j.jinja.TemplateException if the template can't be parsed
   */
  public static ChatPool of(Model model, SessionOptions options, int nKept) {
    ChatTemplate template;
    try {
      template =
          ChatTemplate.find(model.metadata(), model.tokenizer())
              .orElseGet(ChatTemplate::transcript);
    } catch (GgufFormatException e) {
      throw new UnsupportedModelException(
          "this model's chat template can't be used: " + e.getMessage());
    }
    return new ChatPool(model, template, options, nKept);
  }

  public ChatTemplate template() {
    return writer.template();
  }

  /**
   * A reply, which can be cancelled before and while it is written. Nothing is computed yet, but
   * what is wrong with the request is found.
   *
   * @throws org.ggml4j.jinja.TemplateException if the template refuses the conversation
   * @throws UnsupportedModelException if a call is required and this model's form of calls is none
   *     that can be forced
   * @throws org.ggml4j.schema.SchemaException if a schema that the reply has to follow can't be
   *     made into a grammar
   */
  public PendingReply prepare(ReplyRequest request) {
    ReplyWriter.Prompt prompt =
        writer.prompt(
            request.messages(), request.options(), sessions.nCtx(), request.config().maxTokens());
    Optional<String> answer = request.answerSchema().map(JsonSchema::toGbnf);
    GenerationConfig config =
        writer.constrained(
            request.config(), prompt, request.options(), request.toolChoice(), answer);
    return new PendingReply(this, prompt, request, config);
  }

  ChatReply write(PendingReply reply, ReplyListener listener) {
    running.add(reply);
    try (Session session = sessions.acquire(reply.prompt().tokens())) {
      if (closed) {
        reply.cancel();
      }
      Generation generation = session.generate(reply.config());
      reply.cancellation().begin(generation);
      return writer.write(generation, reply.prompt(), reply.request().options().tools(), listener);
    } finally {
      reply.cancellation().end();
      running.remove(reply);
    }
  }

  /** Cancels what is being written, and forgets what is kept. The model stays open. */
  @Override
  public void close() {
    closed = true;
    running.forEach(PendingReply::cancel);
    sessions.close();
  }
}
