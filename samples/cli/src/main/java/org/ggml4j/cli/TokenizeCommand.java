package org.ggml4j.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tokenize}: text to token ids, in Java alone. */
@Command(
    name = "tokenize",
    description =
        "Shows the tokens of a text: in colours in a terminal, else a line for each, with id and"
            + " what it prints.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Only the vocabulary is read, not the weights.",
      "For comparing with another engine:  ggml4j tokenize -m MODEL --ids -0 -f FILE"
    })
final class TokenizeCommand implements Callable<Integer> {
  private final Streams streams;
  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Parameters(
      arity = "0..1",
      paramLabel = "TEXT",
      description = "The text; \"-\", or none when standard input is no terminal: read from there.")
  private Optional<String> text = Optional.empty();

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "Read the text from a file, as it is, in UTF-8.")
  private Optional<Path> file = Optional.empty();

  @ArgGroup(exclusive = true)
  private Output output = new Output();

  /** What is written; lines with ids and pieces if none of these is asked for. */
  private static final class Output {
    @Option(names = "--ids", description = "Only ids, separated by spaces, a line for each text.")
    private boolean ids;

    @Option(names = "--count", description = "Only the number of tokens, a line for each text.")
    private boolean count;

    @Option(names = "--json", description = "A JSON line for each text: {ids, pieces}.")
    private boolean json;

    @Option(
        names = "--color",
        paramLabel = "on|off",
        converter = OnOff.Converter.class,
        description =
            "The text itself, each piece in a colour. Default: on if the output is a terminal and"
                + " NO_COLOR is not set.")
    private Optional<OnOff> color = Optional.empty();
  }

  @Option(
      names = "--offsets",
      description =
          "Also which characters of the text each token covers: the first, and the one after the"
              + " last. In lines and JSON.")
  private boolean offsets;

  @Option(
      names = {"-0", "--null"},
      description =
          "The input holds many texts, each ended by a NUL byte (the last may lack it). An empty"
              + " text has no tokens, so with --ids its line is empty.")
  private boolean nul;

  @Option(
      names = "--bos",
      paramLabel = "on|off",
      converter = OnOff.Converter.class,
      description =
          "Add the tokens that the model wants around a text, such as BOS. Default: on; off with"
              + " --ids.")
  private Optional<OnOff> bos = Optional.empty();

  @Option(
      names = "--special",
      paramLabel = "on|off",
      converter = OnOff.Converter.class,
      description =
          "Whether the text of a control token, such as <|im_start|>, is that token. Default: off,"
              + " it is plain text.")
  private Optional<OnOff> special = Optional.empty();

  @Mixin private Common common;

  TokenizeCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    if (offsets && (output.ids || output.count || colored())) {
      throw new ParameterException(
          spec.commandLine(),
          "--offsets goes with lines and --json, not with --ids, --count, --color");
    }
    EncodeOptions options =
        EncodeOptions.defaults()
            .withAddSpecial(bos.map(OnOff::isOn).orElse(!output.ids))
            .withParseSpecial(special.map(OnOff::isOn).orElse(false))
            .withThreads(Runtime.getRuntime().availableProcessors());
    try (InputStream in = input();
        GgufFile gguf = GgufFile.open(model.path())) {
      Tokenizer tokenizer = Tokenizer.of(gguf.metadata());
      if (common.verbose) {
        streams.err().println(tokenizer.vocab().size() + " tokens in the vocabulary");
      }
      TokenView view = new TokenView(tokenizer, options, streams.out());
      try (Json lines = new Json(streams.out())) {
        if (nul) {
          NulTexts texts = new NulTexts(in);
          for (Optional<String> one = texts.next();
              one.isPresent() && !streams.out().checkError();
              one = texts.next()) {
            write(one.get(), view, lines);
          }
        } else {
          write(new String(in.readAllBytes(), StandardCharsets.UTF_8), view, lines);
        }
      }
      return 0;
    }
  }

  private void write(String one, TokenView view, Json lines) throws IOException {
    if (output.ids) {
      view.ids(one);
    } else if (output.count) {
      view.count(one);
    } else if (output.json) {
      view.json(one, offsets, lines);
    } else if (colored()) {
      view.colored(one);
    } else {
      view.lines(one, offsets);
    }
  }

  private boolean colored() {
    boolean lines = !output.ids && !output.count && !output.json;
    return lines
        && output
            .color
            .map(OnOff::isOn)
            .orElse(!offsets && streams.terminals().out() && System.getenv("NO_COLOR") == null);
  }

  private InputStream input() throws IOException {
    if (text.isPresent() && file.isPresent()) {
      throw new ParameterException(spec.commandLine(), "either TEXT or --file, not both");
    }
    if (file.isPresent()) {
      return Files.newInputStream(file.get());
    }
    if (text.isPresent() && !text.get().equals("-")) {
      return new ByteArrayInputStream(text.get().getBytes(StandardCharsets.UTF_8));
    }
    if (text.isEmpty() && streams.terminals().in()) {
      throw new ParameterException(
          spec.commandLine(), "there is no text: give one, or send it to standard input");
    }
    return streams.in();
  }
}
