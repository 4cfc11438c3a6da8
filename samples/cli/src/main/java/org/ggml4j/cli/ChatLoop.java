package org.ggml4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.ggml4j.Chat;
import org.ggml4j.ChatReply;
import org.ggml4j.GenerationConfig;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.chat.ToolCall;
import org.ggml4j.jinja.TemplateException;
import org.ggml4j.nn.ContextFullException;
import org.jspecify.annotations.Nullable;

/** Reads messages and commands, and writes replies, until one side ends. */
final class ChatLoop implements AutoCloseable {
  static final List<String> COMMANDS =
      List.of(
          "/clear",
          "/exit",
          "/help",
          "/history",
          "/image",
          "/load",
          "/model",
          "/regenerate",
          "/save",
          "/stats",
          "/system",
          "/tools",
          "/undo");

  private static final String HELP =
      """
      /system TEXT   what the model is told first; without TEXT: nothing
      /regenerate    another reply to the last message
      /undo          takes back the last message and its reply
      /clear         a new conversation
      /history       all messages
      /save FILE     writes the conversation, as JSON
      /load FILE     goes on with a saved conversation
      /model FILE    another model, with the same conversation
      /stats         figures of this conversation
      /tools         the tools that the model may call, and which are on
      /tools on X    turns tools on: names, all, or a file with others
      /tools off X   turns tools off: names, or all
      /image FILE    is not there: no model that sees images is supported
      /exit          ends; so does Ctrl-D. Ctrl-C stops a reply.
      A line that ends with \\ goes on in the next one.\
      """;

  /** Opens a model. */
  interface Opener {
    Chat open(Path path) throws IOException;
  }

  private final Streams streams;
  private final ChatInput input;
  private final ChatTools tools;
  private GenerationConfig config = GenerationConfig.defaults();
  private @Nullable Opener opener;
  private volatile @Nullable Chat chat;
  private volatile boolean ended;
  private int replies;
  private long promptTokens;
  private long keptTokens;
  private long generatedTokens;

  ChatLoop(Streams streams, ChatInput input, ChatTools tools) {
    this.streams = streams;
    this.input = input;
    this.tools = tools;
    input.completeTools(tools::list);
  }

  void setConfig(GenerationConfig how) {
    config = how;
  }

  void setOpener(Opener how) {
    opener = how;
  }

  Chat chat() {
    Chat now = chat;
    if (now == null) {
      throw new IllegalStateException("no model is open");
    }
    return now;
  }

  /** Opens a model; the conversation with the one before goes on with it. */
  void open(Path path) throws IOException {
    Opener how = opener;
    if (how == null) {
      throw new IllegalStateException("nothing opens models");
    }
    Chat next = how.open(path);
    next.setConfig(config);
    next.setTools(tools.tools());
    Chat last = chat;
    if (last != null) {
      next.restore(last.save());
      last.session().model().close();
    }
    chat = next;
    next.template().notice().ifPresent(streams.err()::println);
  }

  /** Ends the conversation, from another thread. */
  void stop() {
    ended = true;
    Chat now = chat;
    if (now != null) {
      now.cancel();
    }
  }

  /** Runs until the end; returns the exit code. */
  int run() throws IOException {
    while (!ended) {
      Optional<String> line = input.read();
      if (line.isEmpty()) {
        break;
      }
      String text = line.get();
      if (text.startsWith("/")) {
        try {
          command(text.strip());
        } catch (IOException | IllegalArgumentException e) {
          streams.err().println("ggml4j: " + e.getMessage());
        }
      } else if (!text.isBlank()) {
        reply(() -> chat().send(text, printer()));
      }
    }
    return 0;
  }

  private void command(String line) throws IOException {
    int space = line.indexOf(' ');
    String name = space < 0 ? line : line.substring(0, space);
    String rest = space < 0 ? "" : line.substring(space + 1).strip();
    switch (name) {
      case "/help" -> streams.out().println(HELP);
      case "/exit" -> ended = true;
      case "/system" -> chat().setSystem(rest);
      case "/clear" -> chat().clear();
      case "/undo" -> {
        if (!chat().undo()) {
          streams.err().println("There is nothing to take back.");
        }
      }
      case "/regenerate" -> {
        if (chat().history().stream().noneMatch(m -> m.role().text().equals("user"))) {
          streams.err().println("There is no message to reply to.");
        } else {
          reply(() -> chat().regenerate(printer()));
        }
      }
      case "/history" ->
          chat()
              .history()
              .forEach(m -> streams.out().println(m.role().text() + ": " + m.content()));
      case "/save" -> Files.writeString(file(rest), chat().save(), StandardCharsets.UTF_8);
      case "/load" -> chat().restore(Files.readString(file(rest), StandardCharsets.UTF_8));
      case "/model" -> open(file(rest));
      case "/stats" -> stats();
      case "/tools" -> tools(rest);
      case "/image" ->
          streams
              .err()
              .println("No model that sees images is supported: tell in words what is in it.");
      default -> streams.err().println("There is no command " + name + "; /help lists them.");
    }
    streams.out().flush();
  }

  private void tools(String rest) throws IOException {
    int space = rest.indexOf(' ');
    String what = space < 0 ? rest : rest.substring(0, space);
    String names = space < 0 ? "" : rest.substring(space + 1).strip();
    switch (what) {
      case "" -> streams.out().println(tools.describe());
      case "on" -> turnOn(names.isEmpty() ? "all" : names);
      case "off" -> {
        tools.turnOff(names.isEmpty() ? "all" : names);
        chat().setTools(tools.tools());
      }
      default -> throw new IllegalArgumentException("/tools on ... or /tools off ..., not " + what);
    }
  }

  /**
   * Turns tools on.
   *
   * @throws IllegalArgumentException if there are none of these names, or a constraint holds the
   *     whole reply
   */
  void turnOn(String names) throws IOException {
    if (config.grammar().isPresent()) {
      throw new IllegalArgumentException(
          "a constraint holds the whole reply, so that no tool can be called");
    }
    tools.turnOn(names);
    chat().setTools(tools.tools());
    if (!chat().template().format().hasCalls()) {
      streams
          .err()
          .println("(how this model calls tools is not known: its calls will be read as text)");
    }
  }

  private static Path file(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a file is missing");
    }
    return Path.of(name);
  }

  private void stats() {
    streams
        .out()
        .println(
            replies
                + " replies; "
                + promptTokens
                + " tokens read, "
                + keptTokens
                + " kept, "
                + generatedTokens
                + " written; "
                + chat().session().nPast()
                + " of "
                + chat().session().nCtx()
                + " in the context");
  }

  /** Something that gives a reply. */
  private interface Speaker {
    ChatReply reply();
  }

  private void reply(Speaker speaker) {
    input.onInterrupt(() -> chat().cancel());
    ChatReply reply;
    try {
      reply = speaker.reply();
    } catch (TemplateException | ContextFullException e) {
      streams.err().println("ggml4j: " + e.getMessage());
      return;
    }
    streams.out().println(input.isTerminal() ? Markdown.RESET : "");
    streams.out().flush();
    replies++;
    promptTokens += reply.stats().promptTokens();
    keptTokens += reply.keptTokens();
    generatedTokens += reply.stats().generatedTokens();
    if (reply.leftOut() > 0) {
      streams
          .err()
          .println("(the context is full: " + reply.leftOut() + " old messages were left out)");
    }
    String figures = Figures.line(reply.stats()) + ", " + reply.keptTokens() + " kept";
    streams.err().println(input.isTerminal() ? Markdown.DIM + figures + Markdown.RESET : figures);
  }

  private ReplyListener printer() {
    if (input.isTerminal()) {
      return new Markdown(streams.out());
    }
    return new ReplyListener() {
      @Override
      public void answer(String text) {
        streams.out().print(text);
        streams.out().flush();
      }

      @Override
      public void toolCall(ToolCall call) {
        streams.err().println("[" + call.name() + " " + call.arguments() + "]");
      }
    };
  }

  @Override
  public void close() throws IOException {
    Chat last = chat;
    if (last != null) {
      last.session().model().close();
    }
    input.close();
  }
}
