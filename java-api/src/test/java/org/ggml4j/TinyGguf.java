package org.ggml4j;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.ggml4j.ggml.Quantization;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufWriter;

/**
 * Toy models: small files with every part that a real one has, and weights that follow from the
 * tensors' names, so that the same options give the same bytes everywhere.
 *
 * @param nExpert 0 for a dense model
 * @param tied whether the output uses the embedding's weights
 * @param biases whether the linear layers have biases
 * @param ropeFreqs whether there is a {@code rope_freqs.weight}
 * @param ropeScaling none, linear or yarn
 * @param type of the matrices
 */
public record TinyGguf(
    String architecture,
    int nLayer,
    int nEmbd,
    int nHead,
    int nHeadKv,
    int nFf,
    int nExpert,
    int nExpertUsed,
    boolean tied,
    boolean biases,
    boolean ropeFreqs,
    String ropeScaling,
    GgmlType type) {

  public static final int VOCAB = 128;
  public static final int CONTEXT = 512;

  /** A dense llama of two layers with two query heads for each key head of 32. */
  public static TinyGguf llama() {
    return new TinyGguf(
        "llama", 2, 128, 4, 2, 160, 0, 0, false, false, false, "none", GgmlType.F32);
  }

  /** As {@link #llama}, with four experts of which two are used. */
  public static TinyGguf mixtral() {
    return new TinyGguf("llama", 2, 128, 4, 2, 96, 4, 2, false, false, false, "none", GgmlType.F32);
  }

  /** The smallest of all, for tests that need many files. */
  public static TinyGguf small() {
    return new TinyGguf("llama", 2, 64, 4, 2, 96, 0, 0, false, false, false, "none", GgmlType.F32);
  }

  public TinyGguf withLayers(int n) {
    return new TinyGguf(
        architecture,
        n,
        nEmbd,
        nHead,
        nHeadKv,
        nFf,
        nExpert,
        nExpertUsed,
        tied,
        biases,
        ropeFreqs,
        ropeScaling,
        type);
  }

  public TinyGguf withTied() {
    return new TinyGguf(
        architecture,
        nLayer,
        nEmbd,
        nHead,
        nHeadKv,
        nFf,
        nExpert,
        nExpertUsed,
        true,
        biases,
        ropeFreqs,
        ropeScaling,
        type);
  }

  public TinyGguf withBiases() {
    return new TinyGguf(
        architecture,
        nLayer,
        nEmbd,
        nHead,
        nHeadKv,
        nFf,
        nExpert,
        nExpertUsed,
        tied,
        true,
        ropeFreqs,
        ropeScaling,
        type);
  }

  public TinyGguf withRopeFreqs() {
    return new TinyGguf(
        architecture,
        nLayer,
        nEmbd,
        nHead,
        nHeadKv,
        nFf,
        nExpert,
        nExpertUsed,
        tied,
        biases,
        true,
        ropeScaling,
        type);
  }

  public TinyGguf withRopeScaling(String scaling) {
    return new TinyGguf(
        architecture,
        nLayer,
        nEmbd,
        nHead,
        nHeadKv,
        nFf,
        nExpert,
        nExpertUsed,
        tied,
        biases,
        ropeFreqs,
        scaling,
        type);
  }

  public TinyGguf withType(GgmlType matrices) {
    return new TinyGguf(
        architecture,
        nLayer,
        nEmbd,
        nHead,
        nHeadKv,
        nFf,
        nExpert,
        nExpertUsed,
        tied,
        biases,
        ropeFreqs,
        ropeScaling,
        matrices);
  }

  /** Writes the file and returns its path. */
  public Path write(Path folder) throws IOException {
    Path path = folder.resolve("tiny-" + Integer.toHexString(hashCode()) + ".gguf");
    content().write(path);
    return path;
  }

  /** What the file is made of, to be changed before it is written. */
  public Content content() {
    return content(VOCAB);
  }

  /** With another number of tokens than {@link #VOCAB}. */
  public Content content(int nVocab) {
    Content c = new Content();
    String a = architecture + ".";
    c.metadata.put("general.architecture", architecture);
    c.metadata.put("general.name", "tiny");
    c.metadata.put(a + "vocab_size", nVocab);
    c.metadata.put(a + "context_length", CONTEXT);
    c.metadata.put(a + "embedding_length", nEmbd);
    c.metadata.put(a + "block_count", nLayer);
    c.metadata.put(a + "feed_forward_length", nFf);
    c.metadata.put(a + "attention.head_count", nHead);
    c.metadata.put(a + "attention.head_count_kv", nHeadKv);
    c.metadata.put(a + "attention.layer_norm_rms_epsilon", 1e-5f);
    c.metadata.put(a + "rope.dimension_count", headDim());
    c.metadata.put(a + "rope.freq_base", 10000f);
    c.metadata.put("tokenizer.ggml.model", "no_vocab");
    if (nExpert > 0) {
      c.metadata.put(a + "expert_count", nExpert);
      c.metadata.put(a + "expert_used_count", nExpertUsed);
    }
    if (!ropeScaling.equals("none")) {
      c.metadata.put(a + "rope.scaling.type", ropeScaling);
      c.metadata.put(a + "rope.scaling.factor", 4f);
      c.metadata.put(a + "rope.scaling.original_context_length", 16);
    }
    tensors(c, nVocab);
    return c;
  }

  private int headDim() {
    return nEmbd / nHead;
  }

  private void tensors(Content c, int nVocab) {
    matrix(c, "token_embd", false, nEmbd, nVocab);
    vector(c, "output_norm.weight", nEmbd, 1, 0.2);
    if (!tied) {
      matrix(c, "output", false, nEmbd, nVocab);
    }
    if (ropeFreqs) {
      vector(c, "rope_freqs.weight", headDim() / 2, 2.5, 1.5);
    }
    for (int il = 0; il < nLayer; il++) {
      String b = "blk." + il + ".";
      vector(c, b + "attn_norm.weight", nEmbd, 1, 0.2);
      matrix(c, b + "attn_q", biases, nEmbd, nEmbd);
      matrix(c, b + "attn_k", biases, nEmbd, (long) headDim() * nHeadKv);
      matrix(c, b + "attn_v", biases, nEmbd, (long) headDim() * nHeadKv);
      matrix(c, b + "attn_output", biases, nEmbd, nEmbd);
      vector(c, b + "ffn_norm.weight", nEmbd, 1, 0.2);
      if (nExpert == 0) {
        matrix(c, b + "ffn_gate", biases, nEmbd, nFf);
        matrix(c, b + "ffn_up", biases, nEmbd, nFf);
        matrix(c, b + "ffn_down", biases, nFf, nEmbd);
      } else {
        c.tensors.put(
            b + "ffn_gate_inp.weight", values(GgmlType.F32, b + "router", 0, 0.5, nEmbd, nExpert));
        matrix(c, b + "ffn_gate_exps", false, nEmbd, nFf, nExpert);
        matrix(c, b + "ffn_up_exps", false, nEmbd, nFf, nExpert);
        matrix(c, b + "ffn_down_exps", false, nFf, nEmbd, nExpert);
      }
    }
  }

  private void matrix(Content c, String name, boolean bias, long... ne) {
    // Uniform values of this width keep the size of what passes through about what it was.
    double width = name.equals("token_embd") ? 1 : 1.7 / Math.sqrt(ne[0]);
    c.tensors.put(name + ".weight", values(type, name, 0, width, ne));
    if (bias) {
      vector(c, name + ".bias", ne[1], 0, 0.3);
    }
  }

  private static void vector(Content c, String name, long n, double middle, double width) {
    c.tensors.put(name, values(GgmlType.F32, name, middle, width, n));
  }

  /** Numbers around {@code middle} that depend on the name only. */
  public static Stored values(GgmlType type, String name, double middle, double width, long... ne) {
    long n = GgmlType.F32.sizeOf(ne) / 4;
    long seed = 0;
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      seed = mix(seed + b);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocate(4 * n, 64);
      for (long i = 0; i < n; i++) {
        double uniform = (mix(seed + i + 1) >> 11) * 0x1p-52; // -1 to 1
        from.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (middle + width * uniform));
      }
      MemorySegment to = arena.allocate(type.sizeOf(ne), 64);
      Quantization.rows(type, from, to, n / ne[0], ne[0]);
      return new Stored(type, ne, to.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private static long mix(long z) {
    z = (z + 0x9E3779B97F4A7C15L) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** A tensor as it is stored. */
  public record Stored(GgmlType type, long[] ne, byte[] data) {
    /** All bytes zero. */
    public static Stored zeros(GgmlType type, long... ne) {
      return new Stored(type, ne, new byte[(int) type.sizeOf(ne)]);
    }
  }

  /**
   * A file in parts. Integers are written as unsigned 32-bit ones, all other values as the type of
   * their class.
   */
  public static final class Content {
    public final Map<String, Object> metadata = new LinkedHashMap<>();
    public final Map<String, Stored> tensors = new LinkedHashMap<>();

    public void write(Path path) throws IOException {
      GgufWriter writer = GgufWriter.create();
      metadata.forEach(
          (key, value) -> {
            if (value instanceof Integer i) {
              writer.putUint32(key, Integer.toUnsignedLong(i));
            } else {
              writer.metadata(key, value);
            }
          });
      tensors.forEach(
          (name, t) -> writer.tensor(name, t.type, t.ne, MemorySegment.ofArray(t.data)));
      writer.write(path);
    }
  }
}
