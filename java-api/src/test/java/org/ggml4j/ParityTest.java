package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The logits are llama.cpp's.
 *
 * <p>Each fixture {@code arch/NAME.f32} holds llama.cpp's logits of the same bytes: the file that
 * the row of {@link Toys} writes, 32 tokens in one batch, the cache in F32, flash attention and
 * repacked weights off; F32 little-endian [32][nVocab]. After a change of a row its fixture is
 * recorded anew: {@link FixtureRecorder}.
 *
 * <p>The measure is the normalized mean squared error (NMSE).
 */
class ParityTest {
  static final int N = 32;
  private static final ModelOptions PLAIN = ModelOptions.defaults().withRepack(false);

  @TempDir Path folder;

  static List<Toy> toys() {
    return Toys.all();
  }

  static Stream<Toy> stable() {
    return Toys.all().stream().filter(Toy::isStable);
  }

  @ParameterizedTest
  @MethodSource("toys")
  void oneBatchAndOneByOne(Toy toy, TestReporter reporter) throws IOException {
    float[][] expected = Logit.fixture(toy);
    int[] tokens = Logit.tokens(N, toy.nVocab());
    assertThat(expected).hasNumberOfRows(N);
    try (Model model = Model.load(toy.write(folder), PLAIN);
        Session batch = model.newSession(Logit.EXACT);
        Session single = model.newSession(Logit.EXACT)) {
      double atOnce = Logit.nmse(Logit.batch(batch, 0, tokens), expected);
      double oneByOne = Logit.nmse(Logit.single(single, 0, tokens), expected);
      reporter.publishEntry("NMSE", atOnce + " at once, " + oneByOne + " one by one");
      assertThat(atOnce).isLessThan(toy.limit());
      assertThat(oneByOne).isLessThan(toy.limit());
    }
  }

  /** Flash attention sees keys and values in F16: 11 bits, a relative error of 2^-12. */
  @ParameterizedTest
  @MethodSource("stable")
  void flashAttention(Toy toy, TestReporter reporter) throws IOException {
    SessionOptions flash = Logit.EXACT.withFlashAttn(true);
    int[] tokens = Logit.tokens(N, toy.nVocab());
    try (Model model = Model.load(toy.write(folder), PLAIN);
        Session single = model.newSession(flash)) {
      float[][] expected = Logit.fixture(toy);
      double atOnce = Logit.nmse(Logit.alone(model, flash, tokens), expected);
      double oneByOne = Logit.nmse(Logit.single(single, 0, tokens), expected);
      reporter.publishEntry("NMSE", atOnce + " at once, " + oneByOne + " one by one");
      assertThat(atOnce).isLessThan(10 * toy.limit());
      assertThat(oneByOne).isLessThan(10 * toy.limit());
    }
  }

  /**
   * Other types of the cache against the reference with F32. What they keep of a value: F16 11
   * bits, BF16 8, Q8_0 about 8 of the largest of 32, Q5_1 5, Q4_0 4. A bit less is four times the
   * squared error, and a random model's attention averages little of it away.
   */
  @ParameterizedTest
  @CsvSource({
    "F16,  F16,  false, 1e-5",
    "F16,  F16,  true,  1e-5",
    "BF16, BF16, false, 1e-3",
    "BF16, BF16, true,  1e-3",
    "Q8_0, F16,  false, 1e-3",
    "Q8_0, Q8_0, true,  1e-3",
    "Q5_1, Q5_1, true,  1e-2",
    "Q4_0, Q4_0, true,  5e-2",
    "IQ4_NL, IQ4_NL, true, 5e-2",
    "F32,  Q8_0, true,  1e-3"
  })
  void cacheTypes(
      GgmlType typeK, GgmlType typeV, boolean flash, double limit, TestReporter reporter)
      throws IOException {
    SessionOptions options = Logit.EXACT.withFlashAttn(flash).withKvTypes(typeK, typeV);
    for (String variant : new String[] {"llama", "llama-moe"}) {
      try (Model model = Model.load(Toys.byName(variant).write(folder), PLAIN);
          Session single = model.newSession(options)) {
        float[][] expected = Logit.fixture(Toys.byName(variant));
        double atOnce = Logit.nmse(Logit.alone(model, options, Logit.tokens(N)), expected);
        double oneByOne = Logit.nmse(Logit.single(single, 0, Logit.tokens(N)), expected);
        reporter.publishEntry(variant, atOnce + " at once, " + oneByOne + " one by one");
        assertThat(atOnce).isBetween(1e-12, limit);
        assertThat(oneByOne).isBetween(1e-12, limit);
      }
    }
  }

  /** Weights in fewer bits against the F32 model's reference: F16 loses 2^-12, Q8_0 about 2^-8. */
  @ParameterizedTest
  @CsvSource({"F16, 1e-5", "BF16, 1e-3", "Q8_0, 1e-3", "Q5_1, 1e-2", "Q4_0, 1e-1"})
  void weightTypes(GgmlType type, double limit, TestReporter reporter) throws IOException {
    for (boolean repack : new boolean[] {false, true}) {
      try (Model model =
          Model.load(
              TinyGguf.llama().withType(type).write(folder),
              ModelOptions.defaults().withRepack(repack))) {
        double nmse =
            Logit.nmse(
                Logit.alone(model, Logit.EXACT, Logit.tokens(N)),
                Logit.fixture(Toys.byName("llama")));
        reporter.publishEntry(repack ? model.placement() : "NMSE", "" + nmse);
        assertThat(nmse).isBetween(1e-12, limit);
      }
    }
  }
}
