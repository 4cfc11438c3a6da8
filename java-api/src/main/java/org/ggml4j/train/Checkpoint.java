package org.ggml4j.train;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.ggml4j.ggml.Weight;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufWriter;
import org.ggml4j.gguf.TensorInfo;
import org.ggml4j.train.Parameters.Parameter;

/**
 * A training's state as a GGUF file: the parameters, both moments of each, and the number of steps
 * done.
 */
final class Checkpoint {
  private static final String CONFIG = "training.config";
  private static final String STEP = "training.step";
  private static final String HELD_OUT_LOSS = "training.held_out_loss";

  private Checkpoint() {}

  /** Where a training stands. */
  record Position(int step, float heldOutLoss) {}

  static void save(
      Path file, Parameters parameters, TrainingConfig config, int step, float heldOutLoss)
      throws IOException {
    GgufWriter writer =
        GgufWriter.create()
            .putString("general.type", "training checkpoint")
            .putString(CONFIG, config.toString())
            .putInt32(STEP, step)
            .putFloat32(HELD_OUT_LOSS, heldOutLoss);
    try (Arena arena = Arena.ofConfined()) {
      for (Parameter p : parameters.list()) {
        for (Weight w : new Weight[] {p.weight(), p.m(), p.v()}) {
          MemorySegment data = arena.allocate(w.nBytes(), 64);
          parameters.store().get(w, 0, data);
          writer.tensor(w.name(), GgmlType.F32, sizes(w), data);
        }
      }
      writer.write(file);
    }
  }

  /** How many threads compute is the machine's business: a training may go on with other ones. */
  private static String withoutThreads(String config) {
    return config.replaceFirst("threads=\\d+, ", "");
  }

  private static long[] sizes(Weight w) {
    return new long[] {w.ne(0), w.ne(1), w.ne(2), w.ne(3)};
  }

  static Position restore(Path file, Parameters parameters, TrainingConfig config)
      throws IOException {
    try (GgufFile checkpoint = GgufFile.open(file)) {
      String found = checkpoint.metadata().getString(CONFIG);
      if (!withoutThreads(found).equals(withoutThreads(config.toString()))) {
        throw new GgufFormatException(
            "this checkpoint is of another training: expected " + config + ", found " + found,
            file,
            -1,
            CONFIG);
      }
      for (Parameter p : parameters.list()) {
        for (Weight w : new Weight[] {p.weight(), p.m(), p.v()}) {
          TensorInfo info =
              checkpoint
                  .tensor(w.name())
                  .filter(t -> t.type() == GgmlType.F32 && t.nBytes() == w.nBytes())
                  .orElseThrow(
                      () ->
                          new GgufFormatException(
                              "expected an F32 tensor of " + w.nBytes() + " bytes",
                              file,
                              -1,
                              w.name()));
          parameters.store().set(w, checkpoint.data(info));
        }
      }
      return new Position(
          checkpoint.metadata().getInt(STEP), checkpoint.metadata().getFloat(HELD_OUT_LOSS));
    }
  }
}
