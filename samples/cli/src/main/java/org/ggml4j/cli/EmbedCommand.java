package org.ggml4j.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.ggml4j.Embedder;
import org.ggml4j.EmbeddingOptions;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.nn.Pooling;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code embed}: texts to vectors, or how similar they are. */
@Command(
    name = "embed",
    description =
        "Turns texts into vectors, so that texts of similar meaning have similar ones: with BERT"
            + " and its kin, or with any decoder.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "ggml4j embed -m bge-small.gguf --similarity \"a cat\" \"a kitten\" \"a car\"",
      "ggml4j embed -m bge-small.gguf -f lines.txt > vectors.jsonl"
    })
final class EmbedCommand implements Callable<Integer> {
  /** A pooling by its name in small letters. */
  static final class PoolingName implements ITypeConverter<Pooling> {
    @Override
    public Pooling convert(String value) {
      for (Pooling pooling : Pooling.values()) {
        if (pooling.name().equalsIgnoreCase(value)) {
          return pooling;
        }
      }
      throw new TypeConversionException(
          "expected none, mean, cls, last or rank, found '" + value + "'");
    }
  }

  private final Streams streams;
  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Parameters(
      arity = "0..*",
      paramLabel = "TEXT",
      description = "The texts; with none and no file, each line of standard input is one.")
  private List<String> texts = new ArrayList<>();

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "Read texts from a file in UTF-8, one from each line.")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = "--pooling",
      paramLabel = "none|mean|cls|last|rank",
      converter = PoolingName.class,
      description =
          "How the vectors of tokens become one of the text; none gives a vector for each token,"
              + " rank the scores of a reranker. Default: what the file says, else mean for"
              + " encoders and last for decoders.")
  private Optional<Pooling> pooling = Optional.empty();

  @Option(
      names = "--normalize",
      paramLabel = "N",
      defaultValue = "2",
      description =
          "Length of the vectors: -1 as they are, 0 the largest element is 32760, 1 absolute values"
              + " sum to 1, 2 Euclidean length 1, N that norm is 1. Default: 2.")
  private int normalize;

  @Option(
      names = "--format",
      paramLabel = "jsonl|array|plain",
      defaultValue = "jsonl",
      description =
          "jsonl: a line {index, embedding} for each text; array: one JSON array of arrays; plain:"
              + " numbers with spaces, a line for each vector. Default: jsonl.")
  private String format;

  @Option(
      names = "--similarity",
      description = "Write a table of cosines of all pairs of texts instead of vectors.")
  private boolean similarity;

  @Option(
      names = "--truncate",
      description = "Cut off the end of a text that is too long; otherwise it is an error.")
  private boolean truncate;

  @Option(
      names = "--ctx",
      paramLabel = "N",
      description = "Tokens that a text may have. Default: the training length, decoders to 4096.")
  private int nCtx;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "2048",
      description = "Tokens of texts that are evaluated together. Default: 2048.")
  private int nBatch;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads. Default: the number of physical cores.")
  private int threads;

  @Option(
      names = "--flash-attn",
      paramLabel = "on|off",
      converter = OnOff.Converter.class,
      description = "Whether attention is one operation. Default: on.")
  private Optional<OnOff> flashAttn = Optional.empty();

  @Mixin private GpuLayersOption gpuLayers;
  @Mixin private Common common;

  EmbedCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    if (!List.of("jsonl", "array", "plain").contains(format)) {
      throw wrong("--format: expected jsonl, array or plain, found " + format);
    }
    if (similarity && pooling.filter(p -> p == Pooling.NONE).isPresent()) {
      throw wrong("--similarity needs one vector for each text: choose another --pooling");
    }
    EmbeddingOptions options = options();
    List<String> all = texts();
    if (all.isEmpty()) {
      throw wrong("expected a text, a file with -f, or lines on standard input");
    }
    ModelOptions modelOptions =
        gpuLayers.apply(ModelOptions.defaults().withThreads(threads), streams.err());
    try (Model loaded = Model.load(model.path(), modelOptions);
        Embedder embedder = loaded.newEmbedder(options)) {
      if (common.verbose) {
        streams.err().println(loaded.placement() + "; pooling " + embedder.pooling());
      }
      if (similarity) {
        similarities(all, embedder.embed(all));
      } else {
        write(vectors(embedder, all));
      }
      return 0;
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private EmbeddingOptions options() {
    try {
      EmbeddingOptions options =
          EmbeddingOptions.defaults()
              .withNormalize(normalize)
              .withTruncate(truncate)
              .withContext(nCtx)
              .withBatch(nBatch)
              .withThreads(threads)
              .withFlashAttn(flashAttn.map(OnOff::isOn).orElse(true));
      return pooling.map(options::withPooling).orElse(options);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private List<String> texts() throws IOException {
    List<String> all = new ArrayList<>(texts);
    if (file.isPresent()) {
      Files.readString(file.get()).lines().filter(line -> !line.isBlank()).forEach(all::add);
    } else if (all.isEmpty() && !streams.terminals().in()) {
      streams.readAll().lines().filter(line -> !line.isBlank()).forEach(all::add);
    }
    return all;
  }

  /** The vectors of each text: one, or without pooling one for each of its tokens. */
  private static List<List<float[]>> vectors(Embedder embedder, List<String> texts) {
    List<List<float[]>> vectors = new ArrayList<>();
    if (embedder.pooling() == Pooling.NONE) {
      texts.forEach(text -> vectors.add(List.of(embedder.tokenVectors(text))));
    } else {
      embedder.embed(texts).forEach(vector -> vectors.add(List.of(vector)));
    }
    return vectors;
  }

  private void write(List<List<float[]>> vectors) throws IOException {
    PrintStream out = streams.out();
    if (format.equals("plain")) {
      vectors.forEach(text -> text.forEach(v -> out.println(joined(" ", v))));
    } else if (format.equals("array")) {
      StringJoiner rows = new StringJoiner(",", "[", "]");
      vectors.forEach(text -> text.forEach(v -> rows.add("[" + joined(",", v) + "]")));
      out.println(rows);
    } else {
      try (Json json = new Json(out)) {
        int index = 0;
        for (List<float[]> text : vectors) {
          int i = index++;
          json.line(fields -> line(fields, i, text));
        }
      }
    }
  }

  private static void line(JsonGenerator json, int index, List<float[]> vectors)
      throws IOException {
    json.writeNumberField("index", index);
    json.writeFieldName(vectors.size() == 1 ? "embedding" : "embeddings");
    if (vectors.size() == 1) {
      writeVector(json, vectors.get(0));
      return;
    }
    json.writeStartArray();
    for (float[] vector : vectors) {
      writeVector(json, vector);
    }
    json.writeEndArray();
  }

  private static void writeVector(JsonGenerator json, float... vector) throws IOException {
    json.writeStartArray();
    for (float value : vector) {
      json.writeNumber(value);
    }
    json.writeEndArray();
  }

  private static String joined(String separator, float... vector) {
    StringJoiner numbers = new StringJoiner(separator);
    for (float value : vector) {
      numbers.add(Float.toString(value));
    }
    return numbers.toString();
  }

  private void similarities(List<String> all, List<float[]> vectors) {
    for (int i = 0; i < all.size(); i++) {
      StringBuilder row = new StringBuilder();
      for (float[] other : vectors) {
        double cosine = Embedder.cosine(vectors.get(i), other);
        row.append(String.format(Locale.ROOT, "%6.3f ", cosine));
      }
      streams.out().println(row + " " + Quoted.text(all.get(i)));
    }
  }
}
