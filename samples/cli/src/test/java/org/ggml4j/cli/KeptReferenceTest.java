package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.eval.EvaluationOptions;
import org.ggml4j.eval.KlDivergence;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.quantize.QuantizationOptions;
import org.ggml4j.quantize.QuantizationRecipe;
import org.ggml4j.quantize.Quantizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reference whose logits are kept says what one says that is evaluated each time. */
class KeptReferenceTest {
  private static final String TEXT =
      "Once upon a time there was a little cat. She liked to play with a ball. ".repeat(40);
  private static final EvaluationOptions OPTIONS =
      EvaluationOptions.defaults().withContext(64).withMaxChunks(3);

  @TempDir private Path folder;

  @Test
  void keptLogitsMakeNoDifference() throws Exception {
    Path coarse = folder.resolve("q2_k.gguf");
    try (GgufFile file = GgufFile.open(EmbeddedModel.file())) {
      QuantizationOptions options =
          QuantizationOptions.of(QuantizationRecipe.Q2_K).withAllowRequantize(true);
      Quantizer.of(file, options, Optional.empty()).write(coarse, (t, done, total) -> true);
    }
    ModelOptions threads = ModelOptions.defaults().withThreads(1);
    SessionOptions context = SessionOptions.defaults().withContext(64).withThreads(1);
    try (Model truth = Model.load(EmbeddedModel.file(), threads);
        Model model = Model.load(coarse, threads);
        Session reference = truth.newSession(context);
        Session session = model.newSession(context)) {
      KlDivergence.Reference kept = new KlDivergence.Reference(reference, TEXT, 1 << 24);
      KlDivergence.Reference forgotten = new KlDivergence.Reference(reference, TEXT, 1 << 10);
      KlDivergence.Result expected = KlDivergence.between(reference, session, TEXT, OPTIONS);
      assertThat(expected.divergence().value()).isGreaterThan(0.001);
      for (int i = 0; i < 2; i++) {
        assertSame(kept.compare(session, OPTIONS), expected);
        assertSame(forgotten.compare(session, OPTIONS), expected);
      }
      assertThat(kept.compare(reference, OPTIONS).divergence().value()).isZero();
      assertThatThrownBy(() -> kept.compare(session, OPTIONS.withMaxChunks(2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("expected 3 chunks with 31 predictions each");
    }
  }

  private static void assertSame(KlDivergence.Result found, KlDivergence.Result expected) {
    assertThat(found.divergence()).isEqualTo(expected.divergence());
    assertThat(found.perplexity()).isEqualTo(expected.perplexity());
    assertThat(found.referencePerplexity()).isEqualTo(expected.referencePerplexity());
    assertThat(found.sameTop()).isEqualTo(expected.sameTop());
    assertThat(found.nTokens()).isEqualTo(expected.nTokens());
  }
}
