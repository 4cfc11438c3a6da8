package org.ggml4j.arch;

import java.io.UncheckedIOException;
import java.util.Optional;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Pooling;

/**
 * The hyper-parameters of a model: what most architectures have by name, and under {@link #keys}
 * what only some have. The keys are GGUF's, where ARCH stands for the architecture's name; the
 * defaults are llama.cpp's (src/llama-model.cpp).
 *
 * <p>An accessor complains about what it can't give: a value that the file lacks is an
 * UncheckedIOException around a {@link GgufFormatException}, one that differs from layer to layer
 * an {@link UnsupportedModelException}; where layers may differ, ask by layer, as in {@link
 * #nHead(int)}.
 *
 * @param architecture {@code general.architecture}
 * @param nCtxTrain {@code ARCH.context_length}, tokens
 * @param nEmbd {@code ARCH.embedding_length}
 * @param nLayer {@code ARCH.block_count} less {@code ARCH.nextn_predict_layers}
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
 * @param keys the file's other keys
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
    RopeScaling ropeScaling,
    Keys keys)
    implements HparamsAttention, HparamsRope, HparamsExperts, HparamsLayers {

  /** Stands for a size that differs from layer to layer. */
  static final int DIFFERS = -1;

  /** Of a model that comes from no file. */
  public Hparams(
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
    this(
        architecture,
        nCtxTrain,
        nEmbd,
        nLayer,
        nHead,
        nHeadKv,
        headDim,
        headDimV,
        nFf,
        nVocab,
        nExpert,
        nExpertUsed,
        normRmsEps,
        nRot,
        ropeScaling,
        Keys.none(architecture));
  }

  /**
   * Reads and checks the hyper-parameters of a file.
   *
   * @throws GgufFormatException if a key is missing or its value makes no sense; names the key
   */
  public static Hparams of(GgufMetadata metadata) throws GgufFormatException {
    String arch = metadata.getString("general.architecture");
    try {
      return HparamsReader.read(metadata, arch, Keys.of(metadata, arch));
    } catch (UncheckedIOException e) {
      throw formatProblem(e);
    }
  }

  /** What a key's reader complained about. */
  public static GgufFormatException formatProblem(UncheckedIOException e) {
    if (e.getCause() instanceof GgufFormatException problem) {
      return problem;
    }
    throw e;
  }

  // ---- sizes

  private int uniform(String key, int value) {
    if (value == DIFFERS) {
      throw new UnsupportedModelException(
          architecture
              + "."
              + key
              + ": layers of different sizes are not supported by '"
              + architecture
              + "'");
    }
    return HparamsReader.some(keys, key, value);
  }

  @Override
  public int headDim() {
    return headDim == 0 ? HparamsReader.some(keys, "attention.head_count", 0) : headDim;
  }

  @Override
  public int headDimV() {
    return headDimV == 0 ? HparamsReader.some(keys, "attention.head_count", 0) : headDimV;
  }

  @Override
  public int nHead() {
    return uniform("attention.head_count", nHead);
  }

  @Override
  public int nHead(int il) {
    return nHead == DIFFERS ? HparamsReader.headCounts(keys, nBlock())[il] : nHead;
  }

  @Override
  public int nHeadKv() {
    return uniform("attention.head_count_kv", nHeadKv);
  }

  @Override
  public int nHeadKv(int il) {
    return nHeadKv == DIFFERS
        ? HparamsReader.headCountsKv(keys, nBlock(), HparamsReader.headCounts(keys, nBlock()))[il]
        : nHeadKv;
  }

  @Override
  public int nFf() {
    return uniform("feed_forward_length", nFf);
  }

  /** Width of the feed-forward network of layer {@code il}, 0 if it has none. */
  public int nFf(int il) {
    return nFf == DIFFERS ? keys.sizes("feed_forward_length", nBlock(), 0)[il] : nFf;
  }

  @Override
  public int nExpertUsed() {
    return nExpertUsed == 0 ? 0 : uniform("expert_used_count", nExpertUsed);
  }

  @Override
  public float normRmsEps() {
    return normRmsEps > 0 ? normRmsEps : keys.positive("attention.layer_norm_rms_epsilon");
  }

  /** {@code ARCH.attention.layer_norm_epsilon}, for layers that normalise by mean and variance. */
  public float normEps() {
    return keys.positive("attention.layer_norm_epsilon");
  }

  /** {@code ARCH.attention.causal}: whether a token looks at those before it only. */
  public boolean causal() {
    return keys.flag("attention.causal", true);
  }

  /** {@code ARCH.pooling_type}, if the file says one. */
  public Optional<Pooling> pooling() {
    int number = (int) keys.integer("pooling_type", -1); // -1, of any width, is for none
    return number == -1 ? Optional.empty() : Optional.of(Pooling.of(number));
  }

  /** {@code tokenizer.ggml.token_type_count}, of models that tell a first text from a second. */
  public int nTokenTypes() {
    return keys.sharedSize("tokenizer.ggml.token_type_count", 0);
  }

  /** Number of {@code ARCH.classifier.output_labels}, at least 1. */
  public int nClasses() {
    return Math.max(1, keys.count("classifier.output_labels", 1));
  }

  @Override
  public int nBlock() {
    return nLayer + keys.size("nextn_predict_layers", 0);
  }

  /**
   * To be called when the architecture was made.
   *
   * @throws UnsupportedModelException if the file has a key that nobody read, such as a factor that
   *     the architecture does not apply; names it
   */
  public void checkAllKeysRead() {
    UnreadKeys.check(this);
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
}
