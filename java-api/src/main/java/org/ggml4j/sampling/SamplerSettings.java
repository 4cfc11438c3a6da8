package org.ggml4j.sampling;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The parameters of all samplers, and the order in which they run; the names, meanings and defaults
 * are llama.cpp's. What each does is said at {@link Samplers}.
 *
 * @param order in which they run; one that is not in it does not run
 * @param penalties for tokens among the last ones
 * @param dry penalty for continuing a repetition
 * @param topNSigma keeps logits within so many standard deviations of the highest; 0 or less: all
 * @param topK keeps so many of the likeliest; 0: all
 * @param typicalP keeps the most typical with this probability; 1: all
 * @param topP keeps the likeliest with this probability; 1: all
 * @param minP keeps those with this share of the likeliest's probability; 0: all
 * @param xtc removes likely ones
 * @param temperature divides the logits
 * @param adaptiveP picks the token if it is in the order
 * @param mirostat picks the token, behind the temperature alone, if it is on
 * @param logitBias added to the logits of tokens, before all others; -infinity bans one
 * @param ignoreEos bans the tokens that end a text
 * @param minKeep at least so many candidates are left by top-p, min-p, typical-p and XTC
 */
public record SamplerSettings(
    List<SamplerType> order,
    Penalties penalties,
    Dry dry,
    float topNSigma,
    int topK,
    float typicalP,
    float topP,
    float minP,
    Xtc xtc,
    Temperature temperature,
    AdaptiveP adaptiveP,
    Mirostat mirostat,
    Map<Integer, Float> logitBias,
    boolean ignoreEos,
    int minKeep) {

  private static final List<SamplerType> DEFAULT_ORDER = SamplerType.parseLetters("edskypmxt");

  private static final SamplerSettings DEFAULTS =
      new SamplerSettings(
          DEFAULT_ORDER,
          new Penalties(64, 1, 0, 0),
          new Dry(0, 1.75f, 2, 64, List.of("\n", ":", "\"", "*")),
          -1,
          40,
          1,
          0.95f,
          0.05f,
          new Xtc(0, 0.1f),
          new Temperature(0.8f, 0, 1),
          new AdaptiveP(-1, 0.9f),
          new Mirostat(0, 5, 0.1f),
          Map.of(),
          false,
          0);

  /**
   * Penalties for tokens among the last ones.
   *
   * @param lastN how many of the last tokens count; 0: off
   * @param repeat divides their logits; 1: off
   * @param frequency subtracted for each time a token appears; 0: off
   * @param presence subtracted once; 0: off
   */
  public record Penalties(int lastN, float repeat, float frequency, float presence) {
    public Penalties {
      atLeast("penalties.lastN", 0, lastN);
      if (!(repeat > 0 && Float.isFinite(repeat) && Float.isFinite(1 / repeat))) {
        throw new IllegalArgumentException(
            "penalties.repeat: expected more than 0, found " + repeat);
      }
      between("penalties.frequency", -Float.MAX_VALUE, Float.MAX_VALUE, frequency);
      between("penalties.presence", -Float.MAX_VALUE, Float.MAX_VALUE, presence);
    }
  }

  /**
   * Penalty for continuing a repetition: {@code multiplier * base^(length - allowedLength)}.
   *
   * @param multiplier 0: off
   * @param base at least 1
   * @param allowedLength shorter repetitions are free
   * @param lastN how many of the last tokens are searched; 0: off
   * @param sequenceBreakers texts at which a repetition ends
   */
  public record Dry(
      float multiplier, float base, int allowedLength, int lastN, List<String> sequenceBreakers) {
    public Dry {
      between("dry.multiplier", -Float.MAX_VALUE, Float.MAX_VALUE, multiplier);
      between("dry.base", 1, Float.MAX_VALUE, base);
      atLeast("dry.allowedLength", 0, allowedLength);
      atLeast("dry.lastN", 0, lastN);
      sequenceBreakers = List.copyOf(sequenceBreakers);
      if (sequenceBreakers.contains("")) {
        throw new IllegalArgumentException("dry.sequenceBreakers: an empty text breaks nothing");
      }
    }

    boolean isOn() {
      return multiplier != 0 && lastN > 0;
    }
  }

  /**
   * Removes likely candidates.
   *
   * @param probability that it does so at a step; 0: off
   * @param threshold from which probability on a candidate is likely; above 0.5: off
   */
  public record Xtc(float probability, float threshold) {
    public Xtc {
      between("xtc.probability", 0, 1, probability);
      between("xtc.threshold", 0, 1, threshold);
    }
  }

  /**
   * The temperature, perhaps a dynamic one.
   *
   * @param value by which the logits are divided; 0 takes the likeliest token always
   * @param range by how much it may be lower or higher, with the entropy; 0: not dynamic
   * @param exponent of the entropy
   */
  public record Temperature(float value, float range, float exponent) {
    public Temperature {
      between("temperature", 0, Float.MAX_VALUE, value);
      between("temperature.range", 0, Float.MAX_VALUE, range);
      between("temperature.exponent", -Float.MAX_VALUE, Float.MAX_VALUE, exponent);
    }
  }

  /**
   * Prefers tokens with a probability near a target.
   *
   * @param target the probability; negative: off
   * @param decay of the average of past picks, 0 to 0.99
   */
  public record AdaptiveP(float target, float decay) {
    public AdaptiveP {
      between("adaptiveP.target", -Float.MAX_VALUE, 1, target);
      between("adaptiveP.decay", 0, 0.99f, decay);
    }
  }

  /**
   * Keeps the text's surprise at a target.
   *
   * @param version 1 or 2; 0: off
   * @param tau the target, in bits per token
   * @param eta the learning rate
   */
  public record Mirostat(int version, float tau, float eta) {
    public Mirostat {
      if (version < 0 || version > 2) {
        throw new IllegalArgumentException("mirostat: expected 0, 1 or 2, found " + version);
      }
      between("mirostat.tau", 0, Float.MAX_VALUE, tau);
      between("mirostat.eta", 0, Float.MAX_VALUE, eta);
    }

    boolean isOn() {
      return version != 0;
    }
  }

  public SamplerSettings {
    order = List.copyOf(order);
    if (!order.isEmpty() && EnumSet.copyOf(order).size() < order.size()) {
      throw new IllegalArgumentException("samplers: one of them comes twice in " + order);
    }
    between("topNSigma", -Float.MAX_VALUE, Float.MAX_VALUE, topNSigma);
    atLeast("topK", 0, topK);
    between("typicalP", 0, 1, typicalP);
    between("topP", 0, 1, topP);
    between("minP", 0, 1, minP);
    atLeast("minKeep", 0, minKeep);
    logitBias = Map.copyOf(logitBias);
    Samplers.logitBias(logitBias); // refuses what is no bias
  }

  /**
   * llama.cpp's: top-k 40, top-p 0.95, min-p 0.05, temperature 0.8, all others off; in the order
   * penalties, DRY, top-n-sigma, top-k, typical-p, top-p, min-p, XTC, temperature.
   */
  public static SamplerSettings defaults() {
    return DEFAULTS;
  }

  private static void between(String name, float least, float most, float value) {
    if (!(value >= least && value <= most)) {
      String expected =
          most == Float.MAX_VALUE
              ? least == -Float.MAX_VALUE ? "a finite number" : number(least) + " or more"
              : least == -Float.MAX_VALUE
                  ? number(most) + " or less"
                  : number(least) + " to " + number(most);
      throw new IllegalArgumentException(name + ": expected " + expected + ", found " + value);
    }
  }

  private static String number(float value) {
    return value == (int) value ? Integer.toString((int) value) : Float.toString(value);
  }

  private static void atLeast(String name, int least, int value) {
    if (value < least) {
      throw new IllegalArgumentException(name + ": expected " + least + " or more, found " + value);
    }
  }

  /** Runs these in this order, and no others. */
  public SamplerSettings withOrder(List<SamplerType> value) {
    return with(edit -> edit.order = value);
  }

  public SamplerSettings withPenalties(Penalties value) {
    return with(edit -> edit.penalties = value);
  }

  public SamplerSettings withDry(Dry value) {
    return with(edit -> edit.dry = value);
  }

  public SamplerSettings withTopNSigma(float value) {
    return with(edit -> edit.topNSigma = value);
  }

  public SamplerSettings withTopK(int value) {
    return with(edit -> edit.topK = value);
  }

  public SamplerSettings withTypicalP(float value) {
    return with(edit -> edit.typicalP = value);
  }

  public SamplerSettings withTopP(float value) {
    return with(edit -> edit.topP = value);
  }

  public SamplerSettings withMinP(float value) {
    return with(edit -> edit.minP = value);
  }

  public SamplerSettings withXtc(Xtc value) {
    return with(edit -> edit.xtc = value);
  }

  public SamplerSettings withTemperature(Temperature value) {
    return with(edit -> edit.temperature = value);
  }

  /** With a temperature that is not dynamic. */
  public SamplerSettings withTemperature(float value) {
    return withTemperature(new Temperature(value, 0, temperature.exponent));
  }

  public SamplerSettings withAdaptiveP(AdaptiveP value) {
    return with(edit -> edit.adaptiveP = value);
  }

  public SamplerSettings withMirostat(Mirostat value) {
    return with(edit -> edit.mirostat = value);
  }

  public SamplerSettings withLogitBias(Map<Integer, Float> value) {
    return with(edit -> edit.logitBias = value);
  }

  public SamplerSettings withIgnoreEos(boolean value) {
    return with(edit -> edit.ignoreEos = value);
  }

  public SamplerSettings withMinKeep(int value) {
    return with(edit -> edit.minKeep = value);
  }

  private SamplerSettings with(Consumer<Edit> change) {
    Edit edit = new Edit(this);
    change.accept(edit);
    return edit.settings();
  }

  /** The components while one is changed. */
  private static final class Edit {
    private List<SamplerType> order;
    private Penalties penalties;
    private Dry dry;
    private float topNSigma;
    private int topK;
    private float typicalP;
    private float topP;
    private float minP;
    private Xtc xtc;
    private Temperature temperature;
    private AdaptiveP adaptiveP;
    private Mirostat mirostat;
    private Map<Integer, Float> logitBias;
    private boolean ignoreEos;
    private int minKeep;

    Edit(SamplerSettings from) {
      order = from.order;
      penalties = from.penalties;
      dry = from.dry;
      topNSigma = from.topNSigma;
      topK = from.topK;
      typicalP = from.typicalP;
      topP = from.topP;
      minP = from.minP;
      xtc = from.xtc;
      temperature = from.temperature;
      adaptiveP = from.adaptiveP;
      mirostat = from.mirostat;
      logitBias = from.logitBias;
      ignoreEos = from.ignoreEos;
      minKeep = from.minKeep;
    }

    SamplerSettings settings() {
      return new SamplerSettings(
          order,
          penalties,
          dry,
          topNSigma,
          topK,
          typicalP,
          topP,
          minP,
          xtc,
          temperature,
          adaptiveP,
          mirostat,
          logitBias,
          ignoreEos,
          minKeep);
    }
  }

  /**
   * A sampler for a text that begins now. As llama.cpp does, it bans what the model's authors don't
   * want generated ({@link SamplerVocab#suppressed}).
   *
   * @param seed of its random numbers
   * @throws IllegalArgumentException if a bias is for a token that the vocabulary does not have
   */
  public Sampler newSampler(long seed, SamplerVocab vocab) {
    return new SettingsChain(this, seed, vocab).newSampler();
  }
}
