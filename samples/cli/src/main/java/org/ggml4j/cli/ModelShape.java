package org.ggml4j.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.ggml4j.arch.DeclaredTensors;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.TensorInfo;

/**
 * The sizes of a model, without its weights: enough to say how fast it would be and what memory it
 * would take.
 *
 * @param tied whether the output layer is the embeddings'
 * @param window what a token sees in five of six layers; 0 for everything in all of them
 */
record ModelShape(
    String name,
    String architecture,
    int nEmbd,
    int nLayer,
    int nFf,
    int nHead,
    int nHeadKv,
    int headDim,
    int nVocab,
    int nCtx,
    boolean tied,
    int window) {

  private static final List<ModelShape> KNOWN =
      List.of(
          llama("smollm2-135m", 576, 30, 1536, 9, 3, 49152, 8192, true),
          llama("smollm2-360m", 960, 32, 2560, 15, 5, 49152, 8192, true),
          llama("smollm2-1.7b", 2048, 24, 8192, 32, 32, 49152, 8192, true),
          llama("tinyllama-1.1b", 2048, 22, 5632, 32, 4, 32000, 2048, false),
          llama("llama-3.2-1b", 2048, 16, 8192, 32, 8, 128256, 131072, true),
          llama("llama-3.2-3b", 3072, 28, 8192, 24, 8, 128256, 131072, true),
          llama("llama-3.1-8b", 4096, 32, 14336, 32, 8, 128256, 131072, false),
          llama("llama-3.1-70b", 8192, 80, 28672, 64, 8, 128256, 131072, false),
          llama("mistral-7b", 4096, 32, 14336, 32, 8, 32768, 32768, false),
          qwen3("qwen3-0.6b", 1024, 28, 3072, 16, true),
          qwen3("qwen3-1.7b", 2048, 28, 6144, 16, true),
          qwen3("qwen3-4b", 2560, 36, 9728, 32, true),
          qwen3("qwen3-8b", 4096, 36, 12288, 32, false),
          qwen3("qwen3-14b", 5120, 40, 17408, 40, false),
          gemma3("gemma-3-270m", 640, 18, 2048, 4, 1, 262144, 32768, 512),
          gemma3("gemma-3-1b", 1152, 26, 6912, 4, 1, 262144, 32768, 512),
          gemma3("gemma-3-4b", 2560, 34, 10240, 8, 4, 262208, 131072, 1024));

  private static ModelShape llama(
      String name,
      int nEmbd,
      int nLayer,
      int nFf,
      int nHead,
      int nHeadKv,
      int nVocab,
      int nCtx,
      boolean tied) {
    return new ModelShape(
        name, "llama", nEmbd, nLayer, nFf, nHead, nHeadKv, nEmbd / nHead, nVocab, nCtx, tied, 0);
  }

  private static ModelShape qwen3(
      String name, int nEmbd, int nLayer, int nFf, int nHead, boolean tied) {
    return new ModelShape(name, "qwen3", nEmbd, nLayer, nFf, nHead, 8, 128, 151936, 40960, tied, 0);
  }

  private static ModelShape gemma3(
      String name,
      int nEmbd,
      int nLayer,
      int nFf,
      int nHead,
      int nHeadKv,
      int nVocab,
      int nCtx,
      int window) {
    return new ModelShape(
        name, "gemma3", nEmbd, nLayer, nFf, nHead, nHeadKv, 256, nVocab, nCtx, true, window);
  }

  /** Names of the shapes there are. */
  static List<String> names() {
    return KNOWN.stream().map(ModelShape::name).toList();
  }

  /**
   * A known shape by its name, or sizes by theirs: {@code n_embd=2048,n_layer=16}. What is not
   * given is that of Llama-3.2-1B, of which heads have 64 values.
   *
   * @throws IllegalArgumentException if it is neither
   */
  static ModelShape parse(String text) {
    String wanted = text.toLowerCase(Locale.ROOT);
    for (ModelShape shape : KNOWN) {
      if (shape.name.equals(wanted)) {
        return shape;
      }
    }
    if (!text.contains("=")) {
      throw new IllegalArgumentException(
          "shape: expected one of "
              + String.join(", ", names())
              + ", or sizes as n_embd=2048,n_layer=16; found "
              + text);
    }
    return custom(text);
  }

  private static ModelShape custom(String text) {
    Map<String, String> given = new LinkedHashMap<>();
    for (String part : text.split(",", -1)) {
      String[] pair = part.split("=", 2);
      List<String> keys =
          List.of(
              "arch",
              "n_embd",
              "n_layer",
              "n_ff",
              "n_head",
              "n_head_kv",
              "head_dim",
              "n_vocab",
              "n_ctx",
              "tied");
      if (pair.length != 2 || !keys.contains(pair[0])) {
        throw new IllegalArgumentException(
            "shape: expected sizes of " + String.join(", ", keys) + ", found " + part);
      }
      given.put(pair[0], pair[1]);
    }
    int nEmbd = size(given, "n_embd", 2048);
    int nHead = size(given, "n_head", Math.max(1, nEmbd / 64));
    return new ModelShape(
        "custom",
        given.getOrDefault("arch", "llama"),
        nEmbd,
        size(given, "n_layer", 16),
        size(given, "n_ff", 4 * nEmbd),
        nHead,
        size(given, "n_head_kv", Math.max(1, nHead / 4)),
        size(given, "head_dim", Math.max(1, nEmbd / nHead)),
        size(given, "n_vocab", 128256),
        size(given, "n_ctx", 131072),
        !"false".equals(given.get("tied")),
        0);
  }

  private static int size(Map<String, String> given, String key, int otherwise) {
    String text = given.get(key);
    if (text == null) {
      return otherwise;
    }
    try {
      int value = Integer.parseInt(text);
      if (value > 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException(key + ": expected a number above 0, found " + text);
  }

  /** The keys that a file of this shape has. */
  GgufMetadata metadata() {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("general.architecture", architecture);
    m.put("general.name", name);
    m.put("tokenizer.ggml.model", "no_vocab");
    String prefix = architecture + ".";
    m.put(prefix + "vocab_size", nVocab);
    m.put(prefix + "context_length", nCtx);
    m.put(prefix + "embedding_length", nEmbd);
    m.put(prefix + "block_count", nLayer);
    m.put(prefix + "feed_forward_length", nFf);
    m.put(prefix + "attention.head_count", nHead);
    m.put(prefix + "attention.head_count_kv", nHeadKv);
    m.put(prefix + "attention.key_length", headDim);
    m.put(prefix + "attention.value_length", headDim);
    m.put(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
    m.put(prefix + "rope.dimension_count", headDim);
    m.put(prefix + "rope.freq_base", 500000f);
    if (window > 0) {
      m.put(prefix + "attention.sliding_window", window);
    }
    return GgufMetadata.of(m);
  }

  /**
   * What a model of this shape consists of.
   *
   * @throws IOException if the architecture can't have these sizes
   */
  DeclaredTensors tensors() throws IOException {
    return DeclaredTensors.of(metadata(), name -> !tied && name.equals("output.weight"));
  }

  /** The tensors of a file in half precision. */
  static List<TensorInfo> halfPrecision(DeclaredTensors tensors) {
    List<TensorInfo> infos = new ArrayList<>();
    long[] offset = {0};
    tensors
        .shapes()
        .forEach(
            (name, ne) -> {
              long[] n = {1, 1, 1, 1};
              System.arraycopy(ne, 0, n, 0, ne.length);
              GgmlType type = ne.length > 1 ? GgmlType.F16 : GgmlType.F32;
              long bytes = type.sizeOf(n[0], n[1], n[2], n[3]);
              infos.add(
                  new TensorInfo(
                      name, type, n[0], n[1], n[2], n[3], ne.length, 0, offset[0], bytes));
              offset[0] += bytes;
            });
    return infos;
  }
}
