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

  /**
   * Frequencies of rotary positions and their scaling.
   *
   * @param freqBase {@code ARCH.rope.freq_base}, by default 10000
   * @param type {@code ARCH.rope.scaling.type}: none, linear, yarn or longrope
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

  private static final int DIFFERS = -1;
  private static final int MAX_BLOCKS = 1 << 16;

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
      return of(metadata, arch, Keys.of(metadata, arch));
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

  private static Hparams of(GgufMetadata metadata, String arch, Keys k) throws GgufFormatException {
    int nEmbd = k.size("embedding_length");
    int nBlock = k.size("block_count");
    int nNext = k.size("nextn_predict_layers", 0);
    if (nNext >= nBlock) {
      throw k.bad("nextn_predict_layers", nNext, "fewer than the " + nBlock + " blocks");
    }
    if (nBlock > MAX_BLOCKS) {
      throw k.bad("block_count", nBlock, "at most " + MAX_BLOCKS);
    }
    int[] heads = headCounts(k, nBlock);
    int[] headsKv = headCountsKv(k, nBlock, heads);
    int nHead = Arrays.stream(heads).filter(n -> n > 0).findFirst().orElse(0);
    if (nHead > 0 && !k.has("attention.key_length") && nEmbd % nHead != 0) {
      throw k.bad("attention.head_count", nHead, "a divisor of the embedding length " + nEmbd);
    }
    int even = nHead == 0 ? 0 : nEmbd / nHead;
    int headDim = k.has("attention.key_length") ? k.size("attention.key_length") : even;
    int headDimV = k.has("attention.value_length") ? k.size("attention.value_length") : even;
    int nCtxTrain = k.size("context_length");
    int nRot = k.size("rope.dimension_count", headDim);
    if (nHead > 0 && (nRot > headDim || nRot % 2 != 0)) {
      throw k.bad("rope.dimension_count", nRot, "an even number up to the head's size " + headDim);
    }
    int nExpert = k.size("expert_count", 0);
    int[] expertsUsed = k.sizes("expert_used_count", nBlock, 0);
    int mostUsed = Arrays.stream(expertsUsed).max().orElse(0);
    if (mostUsed > nExpert || nExpert > 0 && mostUsed == 0) {
      throw k.bad("expert_used_count", mostUsed, "1 to the number of experts, " + nExpert);
    }
    String rms = "attention.layer_norm_rms_epsilon";
    return new Hparams(
        arch,
        nCtxTrain,
        nEmbd,
        nBlock - nNext,
        common(heads),
        common(headsKv),
        headDim,
        headDimV,
        common(k.sizes("feed_forward_length", nBlock, 0)),
        vocabularySize(metadata, k),
        nExpert,
        common(expertsUsed),
        k.number(rms, 0),
        nRot,
        ropeScaling(k, nCtxTrain),
        k);
  }

  private static int[] headCounts(Keys k, int nBlock) {
    return k.sizes("attention.head_count", nBlock, 0);
  }

  private static int[] headCountsKv(Keys k, int nBlock, int[] heads) {
    if (!k.has("attention.head_count_kv")) {
      return heads;
    }
    int[] headsKv = k.sizes("attention.head_count_kv", nBlock, 0);
    for (int il = 0; il < nBlock; il++) {
      if (headsKv[il] > 0 && heads[il] % headsKv[il] != 0) {
        throw k.bad(
            "attention.head_count_kv", headsKv[il], "a divisor of the head count " + heads[il]);
      }
    }
    return headsKv;
  }

  private static int common(int[] sizes) {
    for (int size : sizes) {
      if (size != sizes[0]) {
        return DIFFERS;
      }
    }
    return sizes[0];
  }

  private static int vocabularySize(GgufMetadata metadata, Keys k) throws GgufFormatException {
    String tokens = "tokenizer.ggml.tokens";
    if (!metadata.contains(tokens)) {
      return k.size("vocab_size");
    }
    int n = metadata.getStringArray(tokens).size();
    if (n < 1) {
      throw new GgufFormatException("expected at least one token, found none", null, -1, tokens);
    }
    return n;
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
    return nHead == DIFFERS ? headCounts(keys, nBlock())[il] : nHead;
  }

  @Override
  public int nHeadKv() {
    return uniform("attention.head_count_kv", nHeadKv);
  }

  /** Key heads of layer {@code il}, 0 if it has no attention. */
  public int nHeadKv(int il) {
    return nHeadKv == DIFFERS
        ? headCountsKv(keys, nBlock(), headCounts(keys, nBlock()))[il]
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
    if (!ropeScaling.type.equals("longrope")) {
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
            s.nCtxOrig,
            s.freqBase,
            s.type.equals("none") ? 1 : 1 / s.factor,
            s.extFactor,
            s.attnFactor,
            s.betaFast,
            s.betaSlow,
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

  private static RopeScaling ropeScaling(Keys k, int nCtxTrain) {
    String type = k.text("rope.scaling.type", "linear");
    List<String> known = List.of("none", "linear", "yarn", "longrope");
    if (!known.contains(type)) {
      throw new UnsupportedModelException(k.full("rope.scaling.type"), type, known);
    }
    String key = k.has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
    float factor = k.number(key, 0);
    if (factor < 0) {
      throw k.bad(key, factor, "a number above 0");
    }
    factor = factor == 0 ? 1 : factor;
    int nCtxOrig = k.size("rope.scaling.original_context_length", 0);
    float ext = k.number("rope.scaling.yarn_ext_factor", -1);
    ext = ext < 0 ? (type.equals("yarn") ? 1 : 0) : ext;
    float attn = k.number("rope.scaling.yarn_attn_factor", 1);
    if (ext != 0) {
      attn = yarnAttnFactor(k, type.equals("none") ? 1 : factor);
    }
    return new RopeScaling(
        k.positive("rope.freq_base", 10000f),
        type,
        factor,
        nCtxOrig == 0 ? nCtxTrain : nCtxOrig,
        attn * k.number("rope.scaling.attn_factor", 1),
        ext,
        k.number("rope.scaling.yarn_beta_fast", 32),
        k.number("rope.scaling.yarn_beta_slow", 1));
  }

  /**
   * YaRN's magnitude, with the one that GGML's operation applies by itself taken out again
   * (src/llama-context.cpp).
   */
  private static float yarnAttnFactor(Keys k, float factor) {
    float logMul = k.number("rope.scaling.yarn_log_multiplier", 0);
    float own = (float) (1 / (1 + 0.1 * Math.log(factor)));
    return logMul == 0
        ? magnitude(factor, 1) * own
        : magnitude(factor, 1) / magnitude(factor, logMul) * own;
  }

  private static float magnitude(float factor, float mscale) {
    return factor <= 1 ? 1 : (float) (0.1 * mscale * Math.log(factor) + 1);
  }
}
