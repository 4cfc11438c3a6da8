package org.ggml4j.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.ggml4j.sampling.SamplerSettings.AdaptiveP;
import org.ggml4j.sampling.SamplerSettings.Mirostat;
import org.ggml4j.sampling.SamplerSettings.Penalties;
import org.ggml4j.sampling.SamplerSettings.Temperature;
import org.ggml4j.sampling.SamplerSettings.Xtc;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Settings make the chain that they say. */
class SamplerSettingsTest {
  private static final int N = 300;
  private static final int STEPS = 40;
  private static final SamplerSettings PLAIN =
      SamplerSettings.defaults().withTopK(0).withTopP(1).withMinP(0).withTemperature(1);
  private static final List<String> BREAKERS = List.of("7");

  /** Token i is the text of its number; 5 ends a text, 6 is suppressed. */
  private static final SamplerVocab VOCAB =
      new SamplerVocab() {
        @Override
        public int size() {
          return N;
        }

        @Override
        public byte[] word(int token) {
          return Integer.toString(token).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public byte[] piece(int token) {
          return word(token);
        }

        @Override
        public int[] encode(String text) {
          return text.chars().map(c -> c - '0').toArray();
        }

        @Override
        public boolean isEndOfGeneration(int token) {
          return token == 5;
        }

        @Override
        public int[] endOfGeneration() {
          return new int[] {5};
        }

        @Override
        public int[] suppressed() {
          return new int[] {6};
        }

        @Override
        public OptionalInt endToken() {
          return OptionalInt.of(5);
        }
      };

  private record Setting(String name, SamplerSettings settings, Sampler same) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Setting filter(
      String name, UnaryOperator<SamplerSettings> change, LogitsProcessor... processors) {
    return new Setting(
        name,
        change.apply(PLAIN),
        Samplers.chain(
            Stream.concat(Stream.of(Samplers.ban(6)), Stream.of(processors)).toList(),
            Samplers.distribution(9)));
  }

  private static Setting picks(
      String name, UnaryOperator<SamplerSettings> change, float temperature, Sampler sampler) {
    return new Setting(
        name,
        change.apply(PLAIN),
        Samplers.chain(List.of(Samplers.ban(6), Samplers.temperature(temperature)), sampler));
  }

  static Stream<Setting> settings() {
    return Stream.of(
        filter("nothing", s -> s),
        filter("top-k", s -> s.withTopK(5), Samplers.topK(5)),
        filter("top-p", s -> s.withTopP(0.3f), Samplers.topP(0.3f)),
        filter("min-p", s -> s.withMinP(0.2f), Samplers.minP(0.2f)),
        filter("typical", s -> s.withTypicalP(0.3f), Samplers.typicalP(0.3f, 0)),
        filter("sigma", s -> s.withTopNSigma(1.5f), Samplers.topNSigma(1.5f)),
        filter("xtc", s -> s.withXtc(new Xtc(0.5f, 0.02f)), Samplers.xtc(0.5f, 0.02f, 0, 9)),
        filter("min keep", s -> s.withTopP(0).withMinKeep(4), Samplers.topP(0, 4)),
        filter("temperature", s -> s.withTemperature(0.5f), Samplers.temperature(0.5f)),
        filter(
            "dynamic temperature",
            s -> s.withTemperature(new Temperature(1, 0.7f, 2)),
            Samplers.dynamicTemperature(1, 0.7f, 2)),
        filter(
            "penalties",
            s -> s.withPenalties(new Penalties(20, 1.5f, 0.5f, 1)),
            Samplers.penalties(20, 1.5f, 0.5f, 1)),
        filter(
            "dry",
            s -> s.withDry(new SamplerSettings.Dry(3, 2, 1, 30, BREAKERS)),
            Samplers.dry(3, 2, 1, 30, SequenceBreakers.of(BREAKERS, VOCAB))),
        filter(
            "bias",
            s -> s.withLogitBias(Map.of(3, 4f, 4, Float.NEGATIVE_INFINITY)),
            Samplers.logitBias(Map.of(3, 4f, 4, Float.NEGATIVE_INFINITY))),
        filter("no end", s -> s.withIgnoreEos(true), Samplers.ban(5)),
        filter(
            "infill",
            s -> s.withTopK(40).withOrder(List.of(SamplerType.TOP_K, SamplerType.INFILL)),
            Samplers.topK(40),
            Samplers.infill(VOCAB)),
        filter(
            "another order",
            s ->
                s.withTopK(9)
                    .withTopP(0.9f)
                    .withTemperature(3)
                    .withOrder(
                        List.of(SamplerType.TEMPERATURE, SamplerType.TOP_P, SamplerType.TOP_K)),
            Samplers.temperature(3),
            Samplers.topP(0.9f),
            Samplers.topK(9)),
        picks(
            "mirostat",
            s -> s.withMirostat(new Mirostat(1, 3, 0.2f)).withTemperature(1.5f).withTopK(1),
            1.5f,
            Samplers.mirostat(3, 0.2f, 9)),
        picks(
            "mirostat 2",
            s -> s.withMirostat(new Mirostat(2, 3, 0.2f)).withTemperature(0.7f).withTopK(1),
            0.7f,
            Samplers.mirostatV2(3, 0.2f, 9)),
        picks(
            "adaptive-p, named first",
            s ->
                s.withAdaptiveP(new AdaptiveP(0.4f, 0.8f))
                    .withTemperature(0.9f)
                    .withOrder(List.of(SamplerType.ADAPTIVE_P, SamplerType.TEMPERATURE)),
            0.9f,
            Samplers.adaptiveP(0.4f, 0.8f, 9)),
        picks(
            "adaptive-p, not in the order",
            s -> s.withAdaptiveP(new AdaptiveP(0.4f, 0.8f)),
            1,
            Samplers.distribution(9)));
  }

  @ParameterizedTest
  @MethodSource("settings")
  void aSettingIsItsSampler(Setting setting) {
    assertThat(text(setting.settings.newSampler(9, VOCAB)))
        .isEqualTo(text(setting.same))
        .doesNotContain(6);
  }

  /** Each changes something here, so that the test above can fail. */
  @Test
  void settingsDiffer() {
    List<String> texts =
        settings()
            .filter(s -> !s.name.equals("adaptive-p, not in the order"))
            .map(s -> Arrays.toString(text(s.same)))
            .toList();
    assertThat(texts).doesNotHaveDuplicates();
  }

  private static int[] text(Sampler sampler) {
    RecordedCases.History history = new RecordedCases.History(new int[] {1, 2, 3, 1, 2});
    Logits logits = new Logits(N);
    logits.setHistory(history);
    float[] values = new float[N];
    int[] tokens = new int[STEPS];
    for (int step = 0; step < STEPS; step++) {
      Random random = new Random(step % 7); // so that it repeats itself
      for (int i = 0; i < N; i++) {
        values[i] = (float) random.nextGaussian() * 3;
      }
      values[1] = 6;
      values[2] = 6.5f;
      values[3] = 6.2f;
      values[5] = 5;
      values[6] = 9;
      logits.load(values, 0);
      tokens[step] = sampler.sample(logits);
      history.add(tokens[step]);
    }
    return tokens;
  }

  @Test
  void temperatureZeroIsTheBestOfWhatIsLeft() {
    int[] expected = text(Samplers.chain(List.of(Samplers.ban(6)), Samplers.greedy()));
    assertThat(text(SamplerSettings.defaults().withTemperature(0).newSampler(1, VOCAB)))
        .isEqualTo(expected);
    assertThat(text(PLAIN.withTemperature(0).newSampler(2, VOCAB))).isEqualTo(expected);
    // What changes logits still does.
    SamplerSettings penalized =
        SamplerSettings.defaults().withTemperature(0).withPenalties(new Penalties(64, 3, 0, 0));
    assertThat(text(penalized.newSampler(1, VOCAB)))
        .isEqualTo(
            text(
                Samplers.chain(
                    List.of(Samplers.ban(6), Samplers.penalties(64, 3, 0, 0)), Samplers.greedy())))
        .isNotEqualTo(expected);
    // And so does a filter before it: what top-k has removed does not come back.
    SamplerSettings last =
        penalized.withTopK(1).withOrder(SamplerType.parse("top_k;penalties;temperature"));
    assertThat(text(last.newSampler(1, VOCAB))).isEqualTo(expected);
  }

  @Test
  void filtersThatKeepTheBestAreIdleBeforeTemperatureZero() {
    SamplerSettings greedy = SamplerSettings.defaults().withTemperature(0);
    assertThat(processors(greedy)).hasSize(2); // bans, temperature
    assertThat(processors(greedy.withXtc(new Xtc(0.5f, 0.1f)))).hasSize(6);
    assertThat(processors(greedy.withTemperature(new Temperature(0, 1, 1)))).hasSize(5);
  }

  @Test
  void defaultsAreLlamaCpps() {
    SamplerSettings s = SamplerSettings.defaults();
    assertThat(s.order().stream().map(SamplerType::text))
        .containsExactly(
            "penalties",
            "dry",
            "top_n_sigma",
            "top_k",
            "typ_p",
            "top_p",
            "min_p",
            "xtc",
            "temperature");
    assertThat(s.penalties()).isEqualTo(new Penalties(64, 1, 0, 0));
    assertThat(s.dry())
        .isEqualTo(new SamplerSettings.Dry(0, 1.75f, 2, 64, List.of("\n", ":", "\"", "*")));
    assertThat(s.topNSigma()).isEqualTo(-1);
    assertThat(s.topK()).isEqualTo(40);
    assertThat(s.typicalP()).isOne();
    assertThat(s.topP()).isEqualTo(0.95f);
    assertThat(s.minP()).isEqualTo(0.05f);
    assertThat(s.xtc()).isEqualTo(new Xtc(0, 0.1f));
    assertThat(s.temperature()).isEqualTo(new Temperature(0.8f, 0, 1));
    assertThat(s.adaptiveP()).isEqualTo(new AdaptiveP(-1, 0.9f));
    assertThat(s.mirostat()).isEqualTo(new Mirostat(0, 5, 0.1f));
    assertThat(s.minKeep()).isZero();
  }

  @Test
  void changingOneComponentLeavesTheOthers() {
    SamplerSettings changed =
        SamplerSettings.defaults()
            .withMinKeep(2)
            .withIgnoreEos(true)
            .withTopNSigma(1)
            .withTypicalP(0.5f);
    assertThat(changed.minKeep()).isEqualTo(2);
    assertThat(changed.ignoreEos()).isTrue();
    assertThat(changed.withMinKeep(0).withIgnoreEos(false).withTopNSigma(-1).withTypicalP(1))
        .isEqualTo(SamplerSettings.defaults());
  }

  @Test
  void wrongNumbersAreRefused() {
    SamplerSettings s = SamplerSettings.defaults();
    assertRefused(() -> s.withTopK(-1), "topK: expected 0 or more, found -1");
    assertRefused(() -> s.withTopP(1.5f), "topP: expected 0 to 1, found 1.5");
    assertRefused(() -> s.withMinP(Float.NaN), "minP: expected 0 to 1, found NaN");
    assertRefused(() -> s.withTemperature(-1), "temperature: expected 0 or more, found -1.0");
    assertRefused(
        () -> new Penalties(64, 0, 0, 0), "penalties.repeat: expected more than 0, found 0.0");
    assertRefused(() -> new AdaptiveP(2, 0.5f), "adaptiveP.target: expected 1 or less, found 2.0");
    assertRefused(() -> new Mirostat(3, 5, 0.1f), "mirostat: expected 0, 1 or 2, found 3");
    assertRefused(
        () -> s.withTopNSigma(Float.POSITIVE_INFINITY),
        "topNSigma: expected a finite number, found Infinity");
    assertRefused(
        () -> s.withLogitBias(Map.of(1, Float.NaN)),
        "logit bias of token 1 is NaN; a token id and a finite number or -infinity were expected");
    assertRefused(
        () -> s.withLogitBias(Map.of(N, 1f)).newSampler(1, VOCAB),
        "logitBias: expected a token, 0 to 299, found 300");
    assertRefused(
        () -> new SamplerSettings.Dry(1, 2, 2, 64, List.of("")),
        "dry.sequenceBreakers: an empty text breaks nothing");
    assertRefused(
        () -> s.withOrder(List.of(SamplerType.TOP_K, SamplerType.TOP_K)),
        "samplers: one of them comes twice in [TOP_K, TOP_K]");
  }

  private static void assertRefused(Runnable change, String message) {
    assertThatIllegalArgumentException().isThrownBy(change::run).withMessage(message);
  }

  @Test
  void namesAreLlamaCpps() {
    assertThat(SamplerType.parse("penalties;dry;top_k;typ_p;top_p;top_n_sigma"))
        .containsExactly(
            SamplerType.PENALTIES,
            SamplerType.DRY,
            SamplerType.TOP_K,
            SamplerType.TYPICAL_P,
            SamplerType.TOP_P,
            SamplerType.TOP_N_SIGMA);
    assertThat(SamplerType.parse("Top-K;topp;nucleus;temp;typ;min-p;adaptivep;"))
        .containsExactly(
            SamplerType.TOP_K,
            SamplerType.TOP_P,
            SamplerType.TOP_P,
            SamplerType.TEMPERATURE,
            SamplerType.TYPICAL_P,
            SamplerType.MIN_P,
            SamplerType.ADAPTIVE_P);
    for (SamplerType type : SamplerType.values()) {
      assertThat(SamplerType.parse(type.text())).containsExactly(type);
      assertThat(SamplerType.parseLetters("" + type.letter())).containsExactly(type);
    }
    assertThat(SamplerType.parse("")).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SamplerType.parse("top_k;best"))
        .withMessageEndingWith("infill, adaptive_p, found best");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SamplerType.parseLetters("k?"))
        .withMessageEndingWith("found ?");
  }

  private static List<LogitsProcessor> processors(SamplerSettings settings) {
    return new SettingsChain(settings, 1, VOCAB).newProcessors();
  }
}
