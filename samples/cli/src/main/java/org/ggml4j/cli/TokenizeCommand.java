package org.ggml4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;
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
    description = "Shows the tokens of a text: one line for each, with id and what it prints.",
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

  @Option(names = "--ids", description = "Only ids, separated by spaces, a line for each text.")
  private boolean idsOnly;

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

  @Option(names = "--json", description = "Write a JSON line for each text: {ids, pieces}.")
  private boolean json;

  @Mixin private Common common;

  TokenizeCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    List<String> texts = texts();
    EncodeOptions options =
        new EncodeOptions(
            bos.map(OnOff::isOn).orElse(!idsOnly), special.map(OnOff::isOn).orElse(false));
    try (GgufFile gguf = GgufFile.open(model.path())) {
      Tokenizer tokenizer = Tokenizer.of(gguf.metadata());
      if (common.verbose) {
        streams.err().println(tokenizer.vocab().size() + " tokens in the vocabulary");
      }
      if (json) {
        writeJson(tokenizer, texts, options);
      } else {
        StringBuilder out = new StringBuilder();
        for (String one : texts) {
          write(tokenizer, tokenizer.encode(one, options), out);
        }
        streams.out().print(out);
      }
      return 0;
    }
  }

  private List<String> texts() throws IOException {
    if (text.isPresent() && file.isPresent()) {
      throw new ParameterException(spec.commandLine(), "either TEXT or --file, not both");
    }
    String all;
    if (file.isPresent()) {
      all = new String(Files.readAllBytes(file.get()), StandardCharsets.UTF_8);
    } else if (text.isPresent() && !text.get().equals("-")) {
      all = text.get();
    } else if (text.isEmpty() && streams.terminals().in()) {
      throw new ParameterException(
          spec.commandLine(), "there is no text: give one, or send it to standard input");
    } else {
      all = streams.readAll();
    }
    return nul ? split(all) : List.of(all);
  }

  /** Texts that are ended by NUL each; the last may lack it. */
  private static List<String> split(String all) {
    List<String> texts = new ArrayList<>();
    int at = 0;
    while (at < all.length()) {
      int end = all.indexOf('\0', at);
      end = end < 0 ? all.length() : end;
      texts.add(all.substring(at, end));
      at = end + 1;
    }
    return texts;
  }

  private void write(Tokenizer tokenizer, int[] ids, StringBuilder out) {
    if (idsOnly) {
      for (int i = 0; i < ids.length; i++) {
        out.append(i == 0 ? "" : " ").append(ids[i]);
      }
      out.append('\n');
      return;
    }
    for (int id : ids) {
      String number = Integer.toString(id);
      out.append(" ".repeat(Math.max(0, 7 - number.length()))).append(number).append("  ");
      out.append(Quoted.bytes(tokenizer.tokenBytes(id, true))).append('\n');
    }
  }

  private void writeJson(Tokenizer tokenizer, List<String> texts, EncodeOptions options)
      throws IOException {
    PrintStream out = streams.out();
    try (Json lines = new Json(out)) {
      for (String one : texts) {
        int[] ids = tokenizer.encode(one, options);
        lines.line(
            o -> {
              o.writeArrayFieldStart("ids");
              for (int id : ids) {
                o.writeNumber(id);
              }
              o.writeEndArray();
              o.writeArrayFieldStart("pieces");
              for (int id : ids) {
                o.writeString(new String(tokenizer.tokenBytes(id, true), StandardCharsets.UTF_8));
              }
              o.writeEndArray();
            });
      }
    }
  }
}
