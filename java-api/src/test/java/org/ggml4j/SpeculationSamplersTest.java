package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.sampling.Samplers;
import org.ggml4j.sampling.SequenceBreakers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever picks the tokens, also if it remembers those before, picks the same ones when some were
 * guessed: so what it draws is distributed as in plain decoding.
 */
@NothingStaysOpen.Shared
class SpeculationSamplersTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(256).withThreads(1);
  private static final int TOKENS = 60;

  @TempDir static Path folder;
  private static Model model;
  private static Model smaller;

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(WordModel.write(TinyGguf.small(), folder));
    smaller = Model.load(WordModel.write(TinyGguf.small().withLayers(1), folder));
  }

  @AfterAll
  static void close() {
    smaller.close();
    model.close();
  }

  private static Sampler chain(long seed, LogitsProcessor... filters) {
    return Samplers.chain(List.of(filters), Samplers.distribution(seed));
  }

  /** By name; made anew for each text, since some remember what they picked. */
  private static Map<String, Supplier<Sampler>> samplers() {
    return Map.ofEntries(
        Map.entry("temperature", () -> chain(1, Samplers.temperature(0.7f))),
        Map.entry(
            "dynamic temperature", () -> chain(2, Samplers.dynamicTemperature(0.8f, 0.5f, 1))),
        Map.entry("top-k", () -> chain(3, Samplers.topK(5))),
        Map.entry("top-p", () -> chain(4, Samplers.topP(0.7f))),
        Map.entry("min-p", () -> chain(5, Samplers.minP(0.3f))),
        Map.entry("typical-p", () -> chain(6, Samplers.typicalP(0.6f, 1))),
        Map.entry("top-n-sigma", () -> chain(7, Samplers.topNSigma(1))),
        Map.entry("xtc", () -> chain(8, Samplers.xtc(0.5f, 0.05f, 1, 8))),
        Map.entry(
            "dry",
            () -> chain(9, Samplers.dry(0.8f, 1.75f, 1, -1, SequenceBreakers.ofTokens(List.of())))),
        Map.entry("penalties", () -> chain(10, Samplers.penalties(20, 1.3f, 0.1f, 0.1f))),
        Map.entry("logit bias", () -> chain(11, Samplers.logitBias(Map.of(5, 2f, 9, -3f)))),
        Map.entry("mirostat", () -> Samplers.mirostat(3, 0.2f, 12)),
        Map.entry("mirostat 2", () -> Samplers.mirostatV2(3, 0.2f, 13)),
        Map.entry("adaptive-p", () -> Samplers.adaptiveP(0.4f, 0.9f, 14)));
  }

  @TestFactory
  Stream<DynamicTest> picksTheSameTokens() {
    return samplers().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getValue())));
  }

  private static void check(Supplier<Sampler> sampler) {
    LogitsProcessor endless = Samplers.ban(model.tokenizer().special().endOfGeneration());
    GenerationConfig config =
        GenerationConfig.defaults().withMaxTokens(TOKENS).withProcessor(endless);
    Written plain = write(config.withSampler(sampler.get()));
    assertThat(plain.tokens).hasSize(TOKENS);
    int[] text =
        SpeculationTest.after(
            model.tokenizer().encode(SpeculationTest.PROMPT),
            plain.tokens.stream().mapToInt(t -> t).toArray());
    long accepted = 0;
    for (Speculation speculation :
        List.of(
            Speculation.ngram().withShortest(1),
            Speculation.draft(smaller),
            Speculation.with(SpeculationTest.knowing(text, 3)))) {
      Written guessed = write(config.withSampler(sampler.get()).withSpeculation(speculation));
      assertThat(guessed.tokens).as("%s", speculation).isEqualTo(plain.tokens);
      accepted += guessed.accepted;
    }
    assertThat(accepted).isPositive();
  }

  private record Written(List<Integer> tokens, long accepted) {}

  private static Written write(GenerationConfig config) {
    try (Session session = model.newSession(OPTIONS)) {
      session.lookahead().setClock(SpeculationTest.clockOf(session));
      Generation generation = session.generate(SpeculationTest.PROMPT, config);
      List<Integer> tokens = generation.stream().map(Piece::token).toList();
      return new Written(
          tokens, generation.stats().speculation().map(s -> s.accepted()).orElse(0L));
    }
  }
}
