package org.ggml4j.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.Batch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code logits}: what the model says after each token, for comparing with another engine. */
@Command(
    name = "logits",
    description = {
      "Writes the logits after each token, to be compared with another engine.",
      "The file is float32, little-endian, [n_tokens][n_vocab].",
      "By default nothing is traded for speed: KV cache in F32, no flash attention, no repacked"
          + " weights."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class LogitsCommand implements Callable<Integer> {
  private static final int CONTEXT_STEP = 256;

  private final Streams streams;
  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Option(
      names = "--tokens",
      required = true,
      split = ",",
      paramLabel = "ID",
      description = "Token ids, separated by commas.")
  private int[] tokens = {};

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "OUT.f32",
      description = "The file to write; it appears when it is complete.")
  private Path output;

  @Option(
      names = "--one-by-one",
      description = "Evaluate token after token instead of all of them as one batch.")
  private boolean oneByOne;

  @Mixin private EngineOptions engine;
  @Mixin private Common common;

  LogitsCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    ModelOptions modelOptions;
    SessionOptions sessionOptions;
    try {
      modelOptions = engine.model(false, streams.err());
      int cells = (tokens.length + CONTEXT_STEP - 1) / CONTEXT_STEP * CONTEXT_STEP;
      sessionOptions =
          engine.session(GgmlType.F32, false).withContext(cells).withBatch(tokens.length);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    Path temporary = Outputs.temporary(output);
    try (Model loaded = Model.load(model.path(), modelOptions);
        Session session = loaded.newSession(sessionOptions)) {
      if (common.verbose) {
        streams.err().println(loaded.placement());
      }
      int nVocab = loaded.hparams().nVocab();
      try (OutputStream out = Files.newOutputStream(temporary)) {
        Rows rows = new Rows(out, nVocab);
        if (oneByOne) {
          for (int i = 0; i < tokens.length; i++) {
            evaluate(session, i, i + 1);
            rows.write(session);
          }
        } else {
          evaluate(session, 0, tokens.length);
          rows.write(session);
        }
      }
      EmbeddedModel.move(temporary, output);
      streams.err().println(output + ": " + tokens.length + " x " + nVocab + " logits");
      return 0;
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private void evaluate(Session session, int from, int to) {
    Batch batch = new Batch(to - from);
    for (int i = from; i < to; i++) {
      batch.add(tokens[i], i, 0, true);
    }
    session.evaluate(batch);
  }

  /** Writes rows of logits. */
  private static final class Rows {
    private final OutputStream out;
    private final float[] row;
    private final byte[] bytes;

    Rows(OutputStream out, int nVocab) {
      this.out = out;
      row = new float[nVocab];
      bytes = new byte[Math.multiplyExact(nVocab, Float.BYTES)];
    }

    void write(Session session) throws IOException {
      for (int i = 0; i < session.nOutputs(); i++) {
        session.readLogits(i, row);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(row);
        out.write(bytes);
      }
    }
  }
}
