package org.ggml4j.quantize;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.ggml4j.ggml.Quantization;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufWriter;
import org.ggml4j.gguf.TensorInfo;

/**
 * Small files with the tensor names of real models: enough blocks that each rule of the mixtures is
 * met, and few rows, since rows are quantized one by one.
 */
final class ToyModels {
  private static final int N_ROWS = 16;

  /**
   * @param nLayer blocks
   * @param nHeadKv of 8 query heads
   * @param nExpert 0 for a dense model
   * @param width elements of a row
   * @param tied whether there is no output matrix
   */
  record Shape(
      String name,
      String architecture,
      int nLayer,
      int nHeadKv,
      int nExpert,
      int width,
      boolean tied,
      GgmlType type) {}

  static final List<Shape> SHAPES =
      List.of(
          new Shape("dense", "llama", 16, 2, 0, 256, true, GgmlType.F32),
          new Shape("untied", "llama", 8, 8, 0, 512, false, GgmlType.F16),
          new Shape("experts", "llama", 8, 2, 8, 256, false, GgmlType.BF16),
          new Shape("odd-rows", "llama", 8, 2, 0, 288, true, GgmlType.F16),
          new Shape("falcon", "falcon", 16, 1, 0, 256, false, GgmlType.F16));

  private ToyModels() {}

  static void write(Shape s, Path path) throws IOException {
    String a = s.architecture + ".";
    GgufWriter w =
        GgufWriter.create()
            .putString("general.architecture", s.architecture)
            .putUint32(a + "context_length", 64)
            .putUint32(a + "embedding_length", s.width)
            .putUint32(a + "block_count", s.nLayer)
            .putUint32(a + "feed_forward_length", s.width)
            .putUint32(a + "attention.head_count", 8)
            .putUint32(a + "attention.head_count_kv", s.nHeadKv)
            .putUint32(a + "vocab_size", N_ROWS)
            .putFloat32(a + "attention.layer_norm_rms_epsilon", 1e-5f)
            .putFloat32(a + "attention.layer_norm_epsilon", 1e-5f);
    if (s.nExpert > 0) {
      w.putUint32(a + "expert_count", s.nExpert).putUint32(a + "expert_used_count", 2);
    }
    matrix(w, s, "token_embd.weight");
    vector(w, s, "output_norm.weight");
    if (!s.tied) {
      matrix(w, s, "output.weight");
    }
    for (int il = 0; il < s.nLayer; il++) {
      String b = "blk." + il + ".";
      vector(w, s, b + "attn_norm.weight");
      if (s.architecture.equals("falcon")) {
        matrix(w, s, b + "attn_qkv.weight");
      } else {
        matrix(w, s, b + "attn_q.weight");
        matrix(w, s, b + "attn_k.weight");
        matrix(w, s, b + "attn_v.weight");
      }
      matrix(w, s, b + "attn_output.weight");
      vector(w, s, b + "ffn_norm.weight");
      if (s.nExpert > 0) {
        matrix(w, s, b + "ffn_gate_inp.weight");
        experts(w, s, b + "ffn_gate_exps.weight");
        experts(w, s, b + "ffn_up_exps.weight");
        experts(w, s, b + "ffn_down_exps.weight");
      } else {
        matrix(w, s, b + "ffn_gate.weight");
        matrix(w, s, b + "ffn_up.weight");
        matrix(w, s, b + "ffn_down.weight");
      }
    }
    w.write(path);
  }

  private static void vector(GgufWriter w, Shape s, String name) {
    w.tensor(
        name, GgmlType.F32, new long[] {s.width}, () -> data(s.name + name, GgmlType.F32, s.width));
  }

  private static void matrix(GgufWriter w, Shape s, String name) {
    long[] ne = {s.width, N_ROWS};
    w.tensor(name, s.type, ne, () -> data(s.name + name, s.type, s.width * N_ROWS));
  }

  private static void experts(GgufWriter w, Shape s, String name) {
    long[] ne = {s.width, 4, s.nExpert};
    w.tensor(name, s.type, ne, () -> data(s.name + name, s.type, s.width * 4 * s.nExpert));
  }

  /** Numbers of about a normal distribution, as weights are, from the name. */
  private static MemorySegment data(String name, GgmlType type, int n) {
    SplittableRandom random = new SplittableRandom(name.hashCode());
    Arena arena = Arena.ofAuto();
    MemorySegment floats = arena.allocate(4L * n, 64);
    for (int i = 0; i < n; i++) {
      double sum = -2;
      for (int k = 0; k < 4; k++) {
        sum += random.nextInt(1 << 20) * 0x1p-20;
      }
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (0.05 * sum));
    }
    if (type == GgmlType.F32) {
      return floats;
    }
    MemorySegment to = arena.allocate(type.rowSize(n), 64);
    Quantization.rows(type, floats, to, 1, n);
    return to;
  }

  /** Importances for all matrices of a file but the embeddings and the output. */
  static void writeImportance(Path model, Path path) throws IOException {
    ImportanceMatrix.Collector collector = new ImportanceMatrix.Collector();
    try (GgufFile file = GgufFile.open(model)) {
      for (TensorInfo t : file.tensors()) {
        if (t.nDims() > 1 && t.name().startsWith("blk.")) {
          SplittableRandom random = new SplittableRandom(t.name().hashCode() + 1L);
          int nExpert = (int) t.ne2();
          for (int token = 0; token < 4 * nExpert; token++) {
            float[] input = new float[(int) t.ne0()];
            for (int i = 0; i < input.length; i++) {
              input[i] = (random.nextInt(1 << 20) - (1 << 19)) * 0x1p-18f * (1 + i % 7);
            }
            collector.add(t.name(), nExpert, token % nExpert, input);
          }
        }
      }
    }
    collector.finish(List.of("toy.txt"), 4, 64).write(path);
  }

  /** SHA-256 over names, types and data of all tensors, in the order of their names. */
  static String digest(GgufFile file) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      file.tensors().stream()
          .sorted(Comparator.comparing(TensorInfo::name))
          .forEach(
              t -> {
                sha.update((t.name() + " " + t.type() + "\n").getBytes());
                sha.update(file.data(t).asByteBuffer());
              });
      return HexFormat.of().formatHex(sha.digest()).substring(0, 32);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
