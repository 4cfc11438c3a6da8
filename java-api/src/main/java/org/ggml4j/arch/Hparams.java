package org.ggml4j.arch;

import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.RopeParameters;
import org.ggml4j.ggml.Weight;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Moe;
import org.ggml4j.nn.Pooling;
import org.ggml4j.nn.Qkv;
import org.ggml4j.nn.Rope;
import org.ggml4j.nn.StateSpace;
import org.ggml4j.nn.Weights;
import org.ggml4j.nn.Window;

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
    Keys keys) {

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
    return some(key, value);
  }

  private int some(String key, int value) {
    if (value == 0) {
      throw keys.has(key)
          ? keys.bad(key, 0, "1 or more")
          : keys.bad(key, "nothing", "the key, which the architecture needs");
    }
    return value;
  }

  @Override
  public int headDim() {
    return headDim == 0 ? some("attention.head_count", 0) : headDim;
  }

  @Override
  public int headDimV() {
    return headDimV == 0 ? some("attention.head_count", 0) : headDimV;
  }

  @Override
  public int nHead() {
    return uniform("attention.head_count", nHead);
  }

  /** Query heads of layer {@code il}, 0 if it has no attention. */
  public int nHead(int il) {
    return nHead == DIFFERS ? HparamsReader.headCounts(keys, nBlock())[il] : nHead;
  }

  @Override
  public int nHeadKv() {
    return uniform("attention.head_count_kv", nHeadKv);
  }

  /** Key heads of layer {@code il}, 0 if it has no attention. */
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

  /** Blocks of the file, those included that predict further tokens. */
  public int nBlock() {
    return nLayer + keys.size("nextn_predict_layers", 0);
  }

  /**
   * Which layers look at a window only: {@code ARCH.attention.sliding_window_pattern}, a flag for
   * each layer, or the period after which a layer looks at everything.
   *
   * @param period if the file does not say; 0: all layers have a window, 1: none
   * @param fullFirst whether the first layer of each period looks at everything, not the last one
   */
  public boolean[] windowedLayers(int period, boolean fullFirst) {
    String key = "attention.sliding_window_pattern";
    if (keys.has(key) && keys.isArray(key)) {
      return keys.flags(key, nBlock());
    }
    int n = keys.size(key, period);
    boolean[] windowed = new boolean[nBlock()];
    for (int il = 0; il < nLayer; il++) {
      windowed[il] = n == 0 || il % n != (fullFirst ? 0 : n - 1);
    }
    return windowed;
  }

  /**
   * Which layers are recurrent: {@code ARCH.attention.recurrent_layers}, or all but every n-th,
   * where n is {@code ARCH.full_attention_interval}.
   *
   * @param interval n if the file does not say
   */
  public boolean[] recurrentLayers(int interval) {
    String key = "attention.recurrent_layers";
    if (keys.has(key)) {
      return keys.flags(key, nBlock());
    }
    int n = keys.size("full_attention_interval", interval);
    boolean[] recurrent = new boolean[nBlock()];
    for (int il = 0; il < nLayer; il++) {
      recurrent[il] = n == 0 || (il + 1) % n != 0;
    }
    return recurrent;
  }

  /** Width of all queries together. */
  public int nEmbdQ() {
    return headDim() * nHead();
  }

  /** Width of all keys together. */
  public int nEmbdKv() {
    return headDim() * nHeadKv();
  }

  /** Factor of the products of queries and keys. */
  public float attnScale() {
    return (float) (1 / Math.sqrt(headDim()));
  }

  /** {@code ARCH.attention.scale}, or {@link #attnScale()} if the file says nothing or 0. */
  public float givenAttnScale() {
    float scale = keys.number("attention.scale", 0);
    return scale == 0 ? attnScale() : scale;
  }

  /** The queries, keys and values of layer {@code w.il()}, from one tensor or from three. */
  public Qkv qkv(Weights w) {
    int n = some("attention.head_count", nHead(w.il()));
    int nKv = some("attention.head_count_kv", nHeadKv(w.il()));
    return w.qkv(nEmbd, headDim(), headDimV(), n, nKv);
  }

  /** Sizes of a state space model: {@code ARCH.ssm.…}. */
  public StateSpace stateSpace() {
    return new StateSpace(
        nEmbd,
        some("ssm.conv_kernel", keys.size("ssm.conv_kernel")),
        some("ssm.inner_size", keys.size("ssm.inner_size")),
        some("ssm.state_size", keys.size("ssm.state_size")),
        some("ssm.time_step_rank", keys.size("ssm.time_step_rank")),
        keys.size("ssm.group_count", 0));
  }

  /** As {@link #stateSpace}, with heads and groups that divide the channels evenly. */
  public StateSpace stateSpaceWithHeads() {
    StateSpace s = stateSpace();
    int nHead = s.rank();
    int nGroup = some("ssm.group_count", s.nGroup());
    if (s.nInner() % nHead != 0 || nHead % nGroup != 0 || s.nInner() % nGroup != 0) {
      throw keys.bad(
          "ssm.time_step_rank",
          nHead,
          "a divisor of ssm.inner_size " + s.nInner() + ", and a multiple of ssm.group_count");
    }
    return s;
  }

  /** Keys and values of all tokens, which layer {@code il} keeps. */
  public LayerMemory.Attention attention(int il, Rope rope) {
    return LayerMemory.Attention.of(nHeadKv(il), headDim, headDimV).turnedBy(rope);
  }

  /** Layer {@code il} of an encoder, which keeps nothing: what it sees. */
  public LayerMemory seen(int il, Optional<Window> window) {
    LayerMemory.Attention all = attention(il);
    return window.isPresent() ? all.within(window.get()) : all;
  }

  /** As {@link #attention(int, Rope)}, for keys that are not turned. */
  public LayerMemory.Attention attention(int il) {
    return LayerMemory.Attention.of(nHeadKv(il), headDim, headDimV);
  }

  /**
   * The rotation of this model's queries and keys, with the factors of its frequencies that the
   * file has: {@code rope_freqs}, or for longrope {@code rope_factors_short} and {@code
   * rope_factors_long}.
   */
  public Rope rope(RopeParameters.Style style, Weights w) {
    if (!ropeScaling.type().equals("longrope")) {
      return rope(style, w.shared("rope_freqs.weight", nRot / 2));
    }
    Rope rope = longRope(style, w);
    if (rope.longFactors().isEmpty() || rope.parameters().factors().isEmpty()) {
      throw new UnsupportedModelException(
          architecture + ".rope.scaling.type: longrope needs rope_factors_long and _short");
    }
    return rope;
  }

  /**
   * The rotation with the factors {@code rope_factors_short} and {@code rope_factors_long}, those
   * that the file has, whatever it says about scaling; as Phi 3 does.
   */
  public Rope longRope(RopeParameters.Style style, Weights w) {
    Optional<Weight> near = w.shared("rope_factors_short.weight", nRot / 2);
    return rope(style, near).withLongFactors(w.shared("rope_factors_long.weight", nRot / 2));
  }

  /** The rotation of this model's queries and keys. */
  public Rope rope(RopeParameters.Style style, Optional<Weight> factors) {
    RopeScaling s = ropeScaling;
    RopeParameters p =
        new RopeParameters(
            style,
            nRot,
            s.nCtxOrig(),
            s.freqBase(),
            s.type().equals("none") ? 1 : 1 / s.factor(),
            s.extFactor(),
            s.attnFactor(),
            s.betaFast(),
            s.betaSlow(),
            factors);
    return Rope.of(style.positionsPerToken() == 1 ? p : p.withSections(sections()));
  }

  /** Whether a token has several positions, by {@code ARCH.rope.dimension_sections}. */
  public boolean hasSections() {
    String key = "rope.dimension_sections";
    return keys.has(key) && Arrays.stream(keys.integers(key)).limit(2).allMatch(n -> n > 0);
  }

  private List<Integer> sections() {
    String key = "rope.dimension_sections";
    int[] found = keys.integers(key);
    if (found.length < 1 || found.length > 4) {
      throw keys.bad(key, Arrays.toString(found), "up to four numbers");
    }
    return Arrays.stream(Arrays.copyOf(found, 4)).boxed().toList();
  }

  /**
   * How experts are chosen and weighed, with what the file says by {@code
   * ARCH.expert_weights_scale}, {@code ARCH.expert_group_count} and {@code
   * ARCH.expert_group_used_count}.
   *
   * @param normalised whether the chosen ones' probabilities are scaled to a sum of one
   */
  public Moe.Routing routing(Moe.Gating gating, boolean normalised) {
    int nGroups = keys.size("expert_group_count", 0);
    int nUsed = keys.size("expert_group_used_count", 0);
    if (nGroups > 1) {
      if (nExpert % nGroups != 0 || nExpert / nGroups < 2) {
        throw keys.bad("expert_group_count", nGroups, "a divisor of the " + nExpert + " experts");
      }
      if (nUsed < 1 || nUsed >= nGroups) {
        throw keys.bad("expert_group_used_count", nUsed, "1 or more, fewer than " + nGroups);
      }
      if (nUsed * (nExpert / nGroups) < nExpertUsed()) {
        throw keys.bad("expert_used_count", nExpertUsed(), "no more than the used groups have");
      }
    }
    if (normalised) {
      keys.ignore("expert_weights_norm"); // says the same
    }
    return Moe.Routing.of(gating, nExpertUsed(), normalised)
        .withScale(keys.number("expert_weights_scale", 0))
        .withGroups(nGroups, nUsed);
  }

  /** {@code ARCH.expert_gating_func}, which the file must say. */
  public Moe.Gating gating() {
    return Moe.Gating.of(keys.size("expert_gating_func"));
  }

  /** {@code ARCH.expert_gating_func}, {@code fallback} if the file says nothing or 0. */
  public Moe.Gating gating(Moe.Gating fallback) {
    int number = keys.size("expert_gating_func", 0);
    return number == 0 ? fallback : Moe.Gating.of(number);
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
