package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.Tool;
import org.ggml4j.chat.ToolChoice;
import org.ggml4j.decode.StopReason;
import org.ggml4j.jinja.TemplateException;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.schema.SchemaException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole conversations with a toy model whose replies are written for it. */
@NothingStaysOpen.Shared
class ChatPoolTest {
  private static final Tool WEATHER =
      Tool.external(
          "weather",
          "The weather",
          "{\"type\": \"object\", \"properties\": {\"city\": {\"enum\": [\"Bern\", \"Ulm\"]}},"
              + " \"required\": [\"city\"]}");

  private static Model model;

  @BeforeAll
  static void load(@TempDir Path folder) throws IOException {
    model = Model.load(WordModel.write(TinyGguf.llama(), folder));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static ChatPool pool(int nCtx) {
    return ChatPool.of(model, SessionOptions.defaults().withContext(nCtx).withThreads(1), 4);
  }

  private static ReplyRequest scripted(String reply, Message... messages) {
    return ReplyRequest.of(List.of(messages))
        .withConfig(GenerationConfig.defaults().withSampler(new Script(reply)));
  }

  @Test
  void whatWasComputedIsKept() {
    try (ChatPool pool = pool(1024)) {
      assertThat(pool.template().stops()).contains("\nUser:"); // no template: a transcript
      Message first = Message.user("How is it, and what do you think of the weather here?");
      ChatReply reply = pool.prepare(scripted(" It is so. \n\n", first)).write(t -> {});
      assertThat(reply.message()).isEqualTo(Message.assistant("It is so."));
      assertThat(reply.reason()).isEqualTo(StopReason.END_OF_TEXT);
      assertThat(reply.keptTokens()).isZero();
      int all = reply.stats().promptTokens();
      ChatReply next =
          pool.prepare(scripted(" Yes.", first, reply.message(), Message.user("Why?")))
              .write(t -> {});
      assertThat(next.keptTokens()).isGreaterThan(all - 5);
      assertThat(next.stats().promptTokens()).isLessThan(60);
    }
  }

  @Test
  void whatIsToldIsTheMessageAndEndsWhereTheNextOneBegins() {
    try (ChatPool pool = pool(1024)) {
      StringBuilder told = new StringBuilder();
      ChatReply reply =
          pool.prepare(scripted(" One.\n\nTwo. \nUser: I say", Message.user("Go.")))
              .write(told::append);
      assertThat(reply.message().content()).isEqualTo("One.\n\nTwo.");
      assertThat(told).hasToString(reply.message().content());
      assertThat(reply.reason()).isEqualTo(StopReason.STOP_STRING);
    }
  }

  @Test
  void aCallAndAnAnswerCanBeForced() {
    try (ChatPool pool = pool(1024)) {
      ReplyRequest request =
          ReplyRequest.of(List.of(Message.user("Weather?")))
              .withConfig(GenerationConfig.greedy().withMaxTokens(200));
      ChatReply call =
          pool.prepare(request.withTools(List.of(WEATHER), ToolChoice.REQUIRED)).write(t -> {});
      assertThat(call.message().toolCalls())
          .singleElement()
          .satisfies(
              c -> {
                assertThat(c.name()).isEqualTo("weather");
                assertThat(c.arguments()).isIn("{\"city\": \"Bern\"}", "{\"city\": \"Ulm\"}");
              });
      assertThat(call.message().content()).isEmpty();
      ReplyRequest schema = request.withAnswerSchema("{\"enum\": [\"wet\", \"dry\"]}");
      for (ReplyRequest r : List.of(schema, schema.withTools(List.of(WEATHER), ToolChoice.NONE))) {
        assertThat(pool.prepare(r).write(t -> {}).message().content()).isIn("\"wet\"", "\"dry\"");
      }
      ChatReply either =
          pool.prepare(schema.withTools(List.of(WEATHER), ToolChoice.AUTO)).write(t -> {});
      if (either.message().toolCalls().isEmpty()) { // the model is free to
        assertThat(either.message().content()).matches("\"(wet|dry)\"");
      } else {
        assertThat(either.message().toolCalls()).allMatch(c -> c.name().equals("weather"));
      }
    }
  }

  @Test
  void threadsTakeTurns() {
    try (ChatPool pool = pool(2048);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<CompletableFuture<String>> replies = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String text = " This is reply " + i + ".";
        replies.add(
            CompletableFuture.supplyAsync(
                () ->
                    pool.prepare(scripted(text, Message.user("Which one? " + text)))
                        .write(t -> {})
                        .message()
                        .content(),
                threads));
      }
      for (int i = 0; i < 8; i++) {
        assertThat(replies.get(i).join()).isEqualTo("This is reply " + i + ".");
      }
    }
  }

  @Test
  void aReplyCanBeCancelledBeforeAndWhileItIsWritten() {
    try (ChatPool pool = pool(1024)) {
      ReplyRequest request = scripted(" This goes on and on.", Message.user("Go."));
      PendingReply before = pool.prepare(request);
      before.cancel();
      ChatReply nothing = before.write(t -> {});
      assertThat(nothing.reason()).isEqualTo(StopReason.CANCELLED);
      assertThat(nothing.message().content()).isEmpty();
      assertThatThrownBy(() -> before.write(t -> {})).isInstanceOf(IllegalStateException.class);

      PendingReply pending = pool.prepare(request);
      ChatReply some = pending.write(t -> pending.cancel());
      assertThat(some.reason()).isEqualTo(StopReason.CANCELLED);
      assertThat(some.message().content()).isEqualTo("T");
    }
  }

  @Test
  void closingCancelsWhatIsWritten() {
    ChatPool pool = pool(1024);
    PendingReply pending = pool.prepare(scripted(" This goes on and on.", Message.user("Go.")));
    ChatReply reply = pending.write(t -> pool.close());
    assertThat(reply.reason()).isEqualTo(StopReason.CANCELLED);
    PendingReply late = pool.prepare(scripted("x", Message.user("Go.")));
    assertThatThrownBy(() -> late.write(t -> {})).isInstanceOf(IllegalStateException.class);
    pool.close();
  }

  @Test
  void badRequestsAreRefusedBeforeAnythingIsComputed() {
    try (ChatPool pool = pool(256);
        ChatPool never =
            new ChatPool(
                model,
                ChatTemplate.parse("{{ raise_exception('never') }}", "", ""),
                SessionOptions.defaults().withContext(256).withThreads(1),
                0)) {
      ReplyRequest request = ReplyRequest.of(List.of(Message.user("Hi")));
      assertThatThrownBy(() -> never.prepare(request)).isInstanceOf(TemplateException.class);
      ReplyRequest odd = request.withAnswerSchema("{\"$ref\": \"https://x.test/a\"}");
      assertThatThrownBy(() -> pool.prepare(odd)).isInstanceOf(SchemaException.class);
      PendingReply tooLong =
          pool.prepare(ReplyRequest.of(List.of(Message.user("long ".repeat(200)))));
      assertThatThrownBy(() -> tooLong.write(t -> {})).isInstanceOf(ContextFullException.class);
      ChatReply fine = pool.prepare(scripted(" Fine.", Message.user("Hi"))).write(t -> {});
      assertThat(fine.message().content()).isEqualTo("Fine.");
    }
  }
}
