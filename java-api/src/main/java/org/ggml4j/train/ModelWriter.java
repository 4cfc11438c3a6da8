package org.ggml4j.train;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Map;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.Quantization;
import org.ggml4j.ggml.Weight;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufWriter;

/** Writes a trained model as a GGUF file that llama.cpp reads too. */
final class ModelWriter {
  /** {@code enum llama_ftype} of llama.h, for {@code general.file_type}. */
  private static final Map<GgmlType, Integer> FILE_TYPES =
      Map.of(
          GgmlType.F32, 0,
          GgmlType.F16, 1,
          GgmlType.Q4_0, 2,
          GgmlType.Q4_1, 3,
          GgmlType.Q8_0, 7,
          GgmlType.Q5_0, 8,
          GgmlType.Q5_1, 9,
          GgmlType.BF16, 32);

  private ModelWriter() {}

  static GgufWriter metadata(Hparams hp, String name, GgmlType type) {
    Integer fileType = FILE_TYPES.get(type);
    if (fileType == null) {
      throw new IllegalArgumentException(
          "type: expected one of " + FILE_TYPES.keySet() + ", found " + type);
    }
    String a = hp.architecture() + ".";
    return GgufWriter.create()
        .putString("general.architecture", hp.architecture())
        .putString("general.name", name)
        .putUint32("general.file_type", fileType)
        .putUint32("general.quantization_version", 2)
        .putUint32(a + "vocab_size", hp.nVocab())
        .putUint32(a + "context_length", hp.nCtxTrain())
        .putUint32(a + "embedding_length", hp.nEmbd())
        .putUint32(a + "block_count", hp.nLayer())
        .putUint32(a + "feed_forward_length", hp.nFf())
        .putUint32(a + "attention.head_count", hp.nHead())
        .putUint32(a + "attention.head_count_kv", hp.nHeadKv())
        .putUint32(a + "attention.key_length", hp.headDim())
        .putUint32(a + "attention.value_length", hp.headDimV())
        .putFloat32(a + "attention.layer_norm_rms_epsilon", hp.normRmsEps())
        .putUint32(a + "rope.dimension_count", hp.nRot())
        .putFloat32(a + "rope.freq_base", hp.ropeScaling().freqBase())
        .putString(a + "rope.scaling.type", hp.ropeScaling().type());
  }

  static void tensors(GgufWriter writer, Parameters parameters, GgmlType type) {
    for (Parameters.Parameter p : parameters.list()) {
      Weight w = p.weight();
      boolean converted = p.isMatrix() && w.ne(0) % type.blockSize() == 0;
      GgmlType stored = converted ? type : GgmlType.F32;
      long[] ne = p.isMatrix() ? new long[] {w.ne(0), w.ne(1)} : new long[] {w.ne(0)};
      writer.tensor(w.name(), stored, ne, channel -> write(parameters, w, stored, channel));
    }
  }

  private static void write(
      Parameters parameters, Weight w, GgmlType stored, WritableByteChannel channel)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocate(w.nBytes(), 64);
      parameters.store().get(w, 0, from);
      MemorySegment to = arena.allocate(stored.rowSize(w.ne(0)) * w.ne(1), 64);
      Quantization.rows(stored, from, to, w.ne(1), w.ne(0));
      ByteBuffer bytes = to.asByteBuffer();
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
  }
}
