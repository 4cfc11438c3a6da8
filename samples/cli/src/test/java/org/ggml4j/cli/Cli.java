package org.ggml4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ggml4j.arch.Hparams;
import org.ggml4j.arch.RopeScaling;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.tokenizer.BpeTrainer;
import org.ggml4j.tokenizer.BpeTrainerOptions;
import org.ggml4j.tokenizer.TrainedVocabulary;
import org.ggml4j.train.TokenDataset;
import org.ggml4j.train.Trainer;
import org.ggml4j.train.TrainingConfig;

/** Runs commands in this process or in one of their own, and makes a tiny model for them. */
final class Cli {
  static final String TEXT =
      "The cat sat on the mat. The dog sat on the log. The cat saw the dog, and the dog saw the cat. "
          .repeat(20);

  private Cli() {}

  /** What a command did. */
  record Result(int code, String out, String err) {
    List<Map<String, Object>> json() {
      return parse(out);
    }
  }

  static Result run(String... args) {
    return runWith("", args);
  }

  static Result runWith(String input, String... args) {
    return runIn(System.getenv(), Streams.Terminals.none(), input, args);
  }

  static Result runIn(
      Map<String, String> environment, Streams.Terminals terminals, String input, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Streams streams =
        new Streams(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminals);
    int code = Main.run(streams, environment, args);
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** A process that runs a command. */
  static ProcessBuilder process(String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add("org.ggml4j.cli.Main");
    command.addAll(List.of(args));
    return new ProcessBuilder(command);
  }

  /** The top level of each object of a text of JSON lines; arrays and inner objects as lists. */
  private static List<Map<String, Object>> parse(String text) {
    List<Map<String, Object>> objects = new ArrayList<>();
    try (JsonParser parser = new JsonFactory().createParser(text)) {
      while (parser.nextToken() != null) {
        objects.add(object(parser));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(text, e);
    }
    return objects;
  }

  private static Map<String, Object> object(JsonParser parser) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      if (fields.put(name, value(parser)) != null) {
        throw new IOException("field " + name + " occurs twice");
      }
    }
    return fields;
  }

  private static Object value(JsonParser parser) throws IOException {
    switch (parser.currentToken()) {
      case START_OBJECT -> {
        return object(parser);
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(parser));
        }
        return list;
      }
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        return parser.getNumberValue();
      }
      default -> {
        return parser.getText();
      }
    }
  }

  /** A model of two blocks that has learnt next to nothing. */
  static Path tinyModel() {
    return Holder.MODEL;
  }

  private static final class Holder {
    static final Path MODEL = make();

    private static Path make() {
      String end = "<|endoftext|>";
      TrainedVocabulary vocabulary =
          BpeTrainer.of(
                  BpeTrainerOptions.of(320)
                      .withSpecialTokens(List.of(end), Optional.of(end), Optional.of(end), true))
              .add(TEXT)
              .train();
      int[] tokens = vocabulary.tokenizer().encode(TEXT);
      TokenDataset data = new TokenDataset(tokens, new int[] {0});
      Hparams hparams =
          new Hparams(
              "llama",
              64,
              64,
              2,
              4,
              2,
              16,
              16,
              96,
              vocabulary.tokens().size(),
              0,
              0,
              1e-5f,
              16,
              RopeScaling.none(10000, 64));
      TrainingConfig config =
          new TrainingConfig(32, 2, 1, 4, 1, 1e-2f, 1e-3f, 0.9f, 0.95f, 0, 1, 7, 1, 4, 1);
      try (Trainer trainer = new Trainer(hparams, config, data, data)) {
        trainer.run(progress -> true);
        Path file = Files.createTempFile("ggml4j-tiny-", ".gguf");
        file.toFile().deleteOnExit();
        trainer.writeModel(file, GgmlType.F32, "tiny", vocabulary::writeTo);
        return file;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
