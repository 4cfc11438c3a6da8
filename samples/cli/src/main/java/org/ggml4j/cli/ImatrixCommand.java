package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.ggml4j.Model;
import org.ggml4j.Session;
import org.ggml4j.eval.EvaluationOptions;
import org.ggml4j.eval.ImportanceCollection;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.quantize.ImportanceMatrix;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code imatrix}: which columns of the weights matter most for a text. */
@Command(
    name = "imatrix",
    description = {
      "Collects an importance matrix from a text, for quantize --imatrix; as llama-imatrix does.",
      "Quantization then spends its precision where the inputs of a weight are large."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {"", "Example:  ggml4j imatrix -m model-f16.gguf -f text.txt -o imatrix.gguf"})
final class ImatrixCommand implements Callable<Integer> {
  private static final int BATCH = 128;

  private final Streams streams;
  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      required = true,
      description = "The text, in UTF-8; at least two contexts long.")
  private Path text;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.gguf",
      description = "The file to write. Default: ${DEFAULT-VALUE}.")
  private Path output = Path.of("imatrix.gguf");

  @Option(
      names = "--ctx",
      paramLabel = "N",
      description = "Tokens of a chunk. Default: ${DEFAULT-VALUE}.")
  private int nCtx = 512;

  @Option(
      names = "--chunks",
      paramLabel = "N",
      description = "Chunks at most. Default: all of the text.")
  private int chunks = Integer.MAX_VALUE;

  @Option(names = "--process-output", description = "Collect for output.weight, too.")
  private boolean processOutput;

  @Mixin private EngineOptions engine;
  @Mixin private Common common;

  ImatrixCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    Outputs.requireWritable(output);
    String corpus = Files.readString(text);
    long begin = System.nanoTime();
    ImportanceMatrix matrix;
    try (Interruption interruption = Interruption.begin();
        Bar bar = new Bar(streams, "imatrix")) {
      matrix = collect(corpus, interruption, bar);
      matrix.write(output);
    } catch (CancellationException e) {
      streams.err().println("ggml4j: stopped; nothing was written");
      return Errors.FAILED;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    streams
        .err()
        .println(
            "wrote "
                + output
                + " ("
                + matrix.size()
                + " matrices, "
                + matrix.chunkCount()
                + " chunks of "
                + matrix.chunkSize()
                + " tokens) in "
                + Figures.decimal((System.nanoTime() - begin) / 1e9, 1)
                + " s");
    return 0;
  }

  private ImportanceMatrix collect(String corpus, Interruption interruption, Bar bar)
      throws IOException {
    EvaluationOptions options =
        EvaluationOptions.defaults()
            .withContext(nCtx)
            .withMaxChunks(chunks)
            .withProgress(
                share -> {
                  bar.at(share, "");
                  return !interruption.requested();
                });
    try (Model loaded =
            Model.load(
                model.path(),
                engine
                    .model(true, streams.err())
                    .withProgress(share -> !interruption.requested()));
        Session session =
            loaded.newSession(
                engine.session(GgmlType.F16, true).withContext(nCtx).withBatch(BATCH))) {
      if (common.verbose) {
        streams.err().println(loaded.placement());
      }
      return ImportanceCollection.of(session, corpus, text.toString(), processOutput, options);
    }
  }
}
