package org.ggml4j.arch;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters;
import org.ggml4j.ggml.Weight;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufValueType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Rope;

/**
 * The hyper-parameters of a model. The keys are GGUF's, where ARCH stands for the architecture's
 * name; the defaults are llama.cpp's (src/llama-model.cpp).
 *
 * @param architecture {@code general.architecture}
 * @param nCtxTrain {@code ARCH.context_length}, tokens
 * @param nEmbd {@code ARCH.embedding_length}
 * @param nLayer {@code ARCH.block_count}
 * @param nHead {@code ARCH.attention.head_count}
 * @param nHeadKv {@code ARCH.attention.head_count_kv}, by default nHead
 * @param headDim {@code ARCH.attention.key_length}, by default nEmbd / nHead
 * @param headDimV {@code ARCH.attention.value_length}, by default nEmbd / nHead
 * @param nFf {@code ARCH.feed_forward_length}
 * @param nVocab number of {@code tokenizer.ggml.tokens}, or {@code ARCH.vocab_size}
 * @param nExpert {@code ARCH.expert_count}, 0 if the model has none
 * @param nExpertUsed {@code ARCH.expert_used_count}
 * @param normRmsEps {@code ARCH.attention.layer_norm_rms_epsilon}
 * @param nRot {@code ARCH.rope.dimension_count}, by default headDim
 * @param ropeScaling how positions beyond the training's are treated
 */
public record Hparams(
    String architecture,
    int nCtxTrain,
    int nEmbd,
    int nLayer,
    int nHead,
    int nHeadKv,
    int headDim,
    int headDimV,
    int nFf,
    int nVocab,
    int nExpert,
    int nExpertUsed,
    float normRmsEps,
    int nRot,
    RopeScaling ropeScaling) {

  /**
   * Frequencies of rotary positions and their scaling.
   *
   * @param freqBase {@code ARCH.rope.freq_base}, by default 10000
   * @param type {@code ARCH.rope.scaling.type}: none, linear or yarn
   * @param factor {@code ARCH.rope.scaling.factor}: how much longer the context has become
   * @param nCtxOrig {@code ARCH.rope.scaling.original_context_length}, by default nCtxTrain
   * @param attnFactor {@code ARCH.rope.scaling.attn_factor} times YaRN's own
   * @param extFactor {@code ARCH.rope.scaling.yarn_ext_factor}, below 0: 1 for yarn, else 0
   * @param betaFast {@code ARCH.rope.scaling.yarn_beta_fast}
   * @param betaSlow {@code ARCH.rope.scaling.yarn_beta_slow}
   */
  public record RopeScaling(
      float freqBase,
      String type,
      float factor,
      int nCtxOrig,
      float attnFactor,
      float extFactor,
      float betaFast,
      float betaSlow) {
    /** No scaling at all. */
    public static RopeScaling none(float freqBase, int nCtxTrain) {
      return new RopeScaling(freqBase, "none", 1, nCtxTrain, 1, 0, 32, 1);
    }
  }

  private static final int MAX_SIZE = 1 << 24;

  /**
   * Reads and checks the hyper-parameters of a file.
   *
   * @throws GgufFormatException if a key is missing or its value makes no sense; names the key
   */
  public static Hparams of(GgufMetadata metadata) throws GgufFormatException {
    String arch = metadata.getString("general.architecture");
    Reader r = new Reader(metadata, arch);
    int nEmbd = r.size("embedding_length", 1);
    int nLayer = r.size("block_count", 1);
    int nHead = r.size("attention.head_count", 1);
    int nHeadKv = r.size("attention.head_count_kv", 1, nHead);
    if (nHead % nHeadKv != 0) {
      throw r.bad("attention.head_count_kv", nHeadKv, "a divisor of the head count " + nHead);
    }
    if (!r.has("attention.key_length") && nEmbd % nHead != 0) {
      throw r.bad("attention.head_count", nHead, "a divisor of the embedding length " + nEmbd);
    }
    int headDim = r.size("attention.key_length", 1, nEmbd / nHead);
    int nCtxTrain = r.size("context_length", 1);
    int nRot = r.size("rope.dimension_count", 0, headDim);
    if (nRot > headDim || nRot % 2 != 0) {
      throw r.bad("rope.dimension_count", nRot, "an even number up to the head's size " + headDim);
    }
    int nExpert = r.size("expert_count", 0, 0);
    int nExpertUsed = r.size("expert_used_count", 0, 0);
    if (nExpertUsed > nExpert || nExpert > 0 && nExpertUsed == 0) {
      throw r.bad("expert_used_count", nExpertUsed, "1 to the number of experts, " + nExpert);
    }
    return new Hparams(
        arch,
        nCtxTrain,
        nEmbd,
        nLayer,
        nHead,
        nHeadKv,
        headDim,
        r.size("attention.value_length", 1, nEmbd / nHead),
        r.size("feed_forward_length", 1),
        r.vocabularySize(),
        nExpert,
        nExpertUsed,
        r.positive("attention.layer_norm_rms_epsilon", Optional.empty()),
        nRot,
        r.ropeScaling(nCtxTrain));
  }

  /** Width of all queries together. */
  public int nEmbdQ() {
    return headDim * nHead;
  }

  /** Width of all keys together. */
  public int nEmbdKv() {
    return headDim * nHeadKv;
  }

  /** Factor of the products of queries and keys. */
  public float attnScale() {
    return (float) (1 / Math.sqrt(headDim));
  }

  /** The rotation of this model's queries and keys. */
  public Rope rope(RopeParameters.Style style, Optional<Weight> factors) {
    RopeScaling s = ropeScaling;
    return new Rope(
        new RopeParameters(
            style,
            nRot,
            s.nCtxOrig,
            s.freqBase,
            s.type.equals("none") ? 1 : 1 / s.factor,
            s.extFactor,
            s.attnFactor,
            s.betaFast,
            s.betaSlow,
            factors));
  }

  /**
   * States what an architecture can do.
   *
   * @throws UnsupportedModelException unless {@code condition} holds
   */
  public void require(boolean condition, String what) {
    if (!condition) {
      throw new UnsupportedModelException(
          "architecture '" + architecture + "' is supported, but not with " + what);
    }
  }

  /** Reads the keys below an architecture's name. */
  private record Reader(GgufMetadata metadata, String arch) {
    boolean has(String key) {
      return metadata.contains(arch + "." + key);
    }

    GgufFormatException bad(String key, Object found, String expected) {
      return new GgufFormatException(
          "expected " + expected + ", found " + found, null, -1, arch + "." + key);
    }

    int size(String key, int min) throws GgufFormatException {
      String full = arch + "." + key;
      if (!metadata.contains(full)) {
        throw new GgufFormatException("missing, the architecture needs it", null, -1, full);
      }
      return size(key, min, 0);
    }

    /** A number, or an array of equal numbers, one for each layer. */
    int size(String key, int min, int fallback) throws GgufFormatException {
      String full = arch + "." + key;
      if (!metadata.contains(full)) {
        return fallback;
      }
      long value;
      if (metadata.type(full) == GgufValueType.ARRAY) {
        int[] values = metadata.getIntArray(full);
        for (int v : values) {
          if (v != values[0]) {
            throw new UnsupportedModelException(
                full + ": layers of different sizes are not supported by '" + arch + "'");
          }
        }
        value = values.length == 0 ? -1 : values[0];
      } else {
        value = metadata.getLong(full);
      }
      if (value < min || value > MAX_SIZE) {
        throw bad(key, value, min + " to " + MAX_SIZE);
      }
      return (int) value;
    }

    float positive(String key, Optional<Float> fallback) throws GgufFormatException {
      String full = arch + "." + key;
      float value =
          fallback.isPresent() ? metadata.getFloat(full, fallback.get()) : metadata.getFloat(full);
      if (!(value > 0 && value < Float.POSITIVE_INFINITY)) {
        throw bad(key, value, "a number above 0");
      }
      return value;
    }

    float finite(String key, float fallback) throws GgufFormatException {
      float value = metadata.getFloat(arch + "." + key, fallback);
      if (!Float.isFinite(value)) {
        throw bad(key, value, "a finite number");
      }
      return value;
    }

    int vocabularySize() throws GgufFormatException {
      String tokens = "tokenizer.ggml.tokens";
      int n =
          metadata.contains(tokens)
              ? metadata.getStringArray(tokens).size()
              : size("vocab_size", 1);
      if (n < 1) {
        throw new GgufFormatException("expected at least one token, found none", null, -1, tokens);
      }
      return n;
    }

    RopeScaling ropeScaling(int nCtxTrain) throws GgufFormatException {
      String type = metadata.getString(arch + ".rope.scaling.type", "linear");
      if (!type.equals("none") && !type.equals("linear") && !type.equals("yarn")) {
        throw new UnsupportedModelException(
            arch + ".rope.scaling.type", type, List.of("none", "linear", "yarn"));
      }
      String key = has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
      float factor = finite(key, 0);
      if (factor < 0) {
        throw bad(key, factor, "a number above 0");
      }
      factor = factor == 0 ? 1 : factor;
      int nCtxOrig = size("rope.scaling.original_context_length", 0, 0);
      float ext = finite("rope.scaling.yarn_ext_factor", -1);
      ext = ext < 0 ? (type.equals("yarn") ? 1 : 0) : ext;
      float attn = finite("rope.scaling.yarn_attn_factor", 1);
      if (ext != 0) {
        attn = yarnAttnFactor(type.equals("none") ? 1 : factor);
      }
      return new RopeScaling(
          positive("rope.freq_base", Optional.of(10000f)),
          type,
          factor,
          nCtxOrig == 0 ? nCtxTrain : nCtxOrig,
          attn * finite("rope.scaling.attn_factor", 1),
          ext,
          finite("rope.scaling.yarn_beta_fast", 32),
          finite("rope.scaling.yarn_beta_slow", 1));
    }

    /**
     * YaRN's magnitude, with the one that GGML's operation applies by itself taken out again
     * (src/llama-context.cpp).
     */
    private float yarnAttnFactor(float factor) throws GgufFormatException {
      float logMul = finite("rope.scaling.yarn_log_multiplier", 0);
      float own = (float) (1 / (1 + 0.1 * Math.log(factor)));
      return logMul == 0
          ? magnitude(factor, 1) * own
          : magnitude(factor, 1) / magnitude(factor, logMul) * own;
    }

    private static float magnitude(float factor, float mscale) {
      return factor <= 1 ? 1 : (float) (0.1 * mscale * Math.log(factor) + 1);
    }
  }
}
