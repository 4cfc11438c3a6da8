package org.ggml4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.ggml4j.Chat;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.jinja.TemplateException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code chat}: a conversation, at a terminal or through a pipe. */
@Command(
    name = "chat",
    description =
        "Talks with a model in the form of its own template. At a terminal with line editing,"
            + " history and commands (/help); in a pipe each line is a message.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {"", "Example:  ggml4j chat -m qwen3-0.6b-q8_0.gguf --system \"Be brief.\""})
final class ChatCommand implements Callable<Integer> {
  /** The story teller has no form of messages: it goes on with what was said so far. */
  private static final String STORY =
      "{%- for m in messages -%}{{ m.content }}{{ ' ' if not loop.last }}{%- endfor -%}";

  private final Streams streams;
  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told first.")
  private Optional<String> system = Optional.empty();

  @Option(
      names = "--chat-template-file",
      paramLabel = "FILE",
      description = "Jinja template of the messages, instead of the one in the model's file.")
  private Optional<Path> template = Optional.empty();

  @Option(names = "--load", paramLabel = "FILE", description = "Go on with a saved conversation.")
  private Optional<Path> saved = Optional.empty();

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      description = "Tokens of a reply at most. Default: until the model ends.")
  private int maxTokens = Integer.MAX_VALUE;

  @Option(
      names = "--tools",
      paramLabel = "NAMES|FILE",
      split = ",",
      splitSynopsisLabel = ",",
      description =
          "Tools that the model may call: clock, calculator, all, or a JSON file with others, which"
              + " are programs. You are asked before one of these runs.")
  private List<String> toolNames = List.of();

  @Option(
      names = "--run-tools",
      description = "Run the programs of --tools without asking; in a pipe none runs otherwise.")
  private boolean runTools;

  @Option(
      names = "--ctx",
      paramLabel = "N",
      description = "Tokens of context. Default: the model's own, at most 4096.")
  private int nCtx;

  @Mixin private SamplingOptions sampling;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End a reply where this text appears; may be repeated.")
  private List<String> stop = List.of();

  @Mixin private ConstraintOptions constraint;
  @Mixin private EngineOptions engine;
  @Mixin private Common common;

  ChatCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    GenerationConfig config;
    SessionOptions options;
    try {
      config =
          sampling
              .apply(GenerationConfig.defaults())
              .withMaxTokens(maxTokens)
              .withStop(stop.toArray(String[]::new));
      Optional<Grammar> grammar = constraint.grammar();
      config = grammar.isPresent() ? config.withGrammar(grammar.get()) : config;
      options = engine.session(GgmlType.F16, true).withContext(nCtx);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    Path path = model.path();
    boolean story = model.isEmbedded();
    boolean terminal = streams.terminals().in() && streams.terminals().out();
    ChatInput input = terminal ? new TerminalInput() : new PipeInput(streams.in());
    ChatTools tools =
        new ChatTools(
            Clock.system(ZoneId.systemDefault()), streams.err(), text -> mayRun(input, text));
    try (Interruption interruption = Interruption.begin();
        ChatLoop loop = new ChatLoop(streams, input, tools)) {
      loop.setConfig(config);
      loop.setOpener(p -> open(p, options, story && p.equals(path)));
      loop.open(path);
      if (story) {
        streams
            .err()
            .println(
                "The model that comes with the command is a small story teller: it goes on with"
                    + " what you write, and answers nothing. Give a chat model with -m.");
      }
      loop.chat().setSystem(system.orElse(""));
      if (saved.isPresent()) {
        loop.chat().restore(Files.readString(saved.get(), StandardCharsets.UTF_8));
      }
      turnOn(loop);
      interruption.onInterrupt(loop::stop);
      return loop.run();
    }
  }

  private void turnOn(ChatLoop loop) throws IOException {
    try {
      for (String name : toolNames) {
        loop.turnOn(name);
      }
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--tools: " + e.getMessage(), e);
    }
  }

  private boolean mayRun(ChatInput input, String question) {
    if (runTools || input.confirm(question)) {
      return true;
    }
    if (!input.isTerminal()) {
      streams.err().println("(a program was not run: --run-tools would allow it)");
    }
    return false;
  }

  /** A model, its session and the conversation on it. */
  private Chat open(Path path, SessionOptions options, boolean story) throws IOException {
    Model loaded = Model.load(path, engine.model(true, streams.err()));
    if (common.verbose) {
      streams.err().println(loaded.placement());
    }
    try {
      Session session = Vocabulary.readMeanwhile(loaded, () -> loaded.newSession(options));
      if (template.isPresent()) {
        return new Chat(session, parsed(template.get(), loaded));
      }
      return story ? new Chat(session, ChatTemplate.parse(STORY, "", "")) : Chat.of(session);
    } catch (IOException | RuntimeException e) {
      loaded.close();
      throw e;
    }
  }

  private ChatTemplate parsed(Path file, Model of) throws IOException {
    String source = Files.readString(file, StandardCharsets.UTF_8);
    try {
      return ChatTemplate.parse(source, of.tokenizer());
    } catch (TemplateException e) {
      throw new ParameterException(
          spec.commandLine(), "--chat-template-file " + file + ": " + e.getMessage(), e);
    }
  }
}
