package org.ggml4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.ggml4j.Model;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.arch.Hparams;
import org.ggml4j.arch.RopeScaling;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A training learns, stops, goes on, and leaves a model. */
class TrainerTest {
  @TempDir Path folder;

  @Test
  void aRepetitiveTextIsLearned(TestReporter reporter) {
    try (Trainer trainer = ToyTraining.trainer(ToyTraining.config(4, 1, 150))) {
      List<Trainer.Progress> all = new ArrayList<>();
      float before = trainer.evaluate();
      trainer.run(p -> all.add(p));
      assertThat(before).isCloseTo((float) Math.log(ToyTraining.VOCAB), within(0.5f));
      Trainer.Progress last = all.get(all.size() - 1);
      reporter.publishEntry("loss", before + " to " + last.loss());
      assertThat(all).hasSize(150);
      assertThat(last.loss()).isLessThan(0.05f);
      assertThat(last.step()).isEqualTo(150);
      assertThat(last.evaluated()).isTrue();
      assertThat(last.heldOutLoss()).isLessThan(0.05f).isEqualTo(trainer.evaluate());
      assertThat(all.get(0).heldOutLoss()).isNaN();
      assertThat(all.get(9).evaluated()).isTrue();
      assertThat(all.get(10).evaluated()).isFalse();
      assertThat(all).allSatisfy(p -> assertThat(p.tokensPerSecond()).isPositive());
      assertThat(all).allSatisfy(p -> assertThat(p.gradientNorm()).isFinite().isPositive());
    }
  }

  private byte[] model(Trainer trainer, GgmlType type) throws IOException {
    Path path = folder.resolve("model-" + type + ".gguf");
    trainer.writeModel(path, type, "toy", w -> w.putString("tokenizer.ggml.model", "no_vocab"));
    return Files.readAllBytes(path);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 10})
  void aTrainingThatWasStoppedGoesOnBitForBit(int stop) throws IOException {
    TrainingConfig config = ToyTraining.config(2, 2, 20);
    byte[] expected;
    try (Trainer whole = ToyTraining.trainer(config)) {
      whole.run(p -> true);
      expected = model(whole, GgmlType.F32);
    }
    Path checkpoint = folder.resolve("checkpoint.gguf");
    float heldOut;
    try (Trainer first = ToyTraining.trainer(config)) {
      first.run(p -> p.step() < stop);
      assertThat(first.step()).isEqualTo(stop);
      heldOut = first.evaluate();
      first.saveCheckpoint(checkpoint);
      assertThat(model(first, GgmlType.F32)).isNotEqualTo(expected);
    }
    try (Trainer second = ToyTraining.trainer(config)) {
      second.run(p -> p.step() < 3); // whatever it was before is gone
      second.restoreCheckpoint(checkpoint);
      assertThat(second.step()).isEqualTo(stop);
      assertThat(second.evaluate()).isEqualTo(heldOut);
      second.run(p -> true);
      assertThat(second.step()).isEqualTo(20);
      assertThat(model(second, GgmlType.F32)).isEqualTo(expected);
      second.run(p -> true);
      assertThat(second.step()).as("nothing more to do").isEqualTo(20);
    }
  }

  @Test
  void aCheckpointOfAnotherTrainingIsRefused() throws IOException {
    Path checkpoint = folder.resolve("checkpoint.gguf");
    try (Trainer trainer = ToyTraining.trainer(ToyTraining.config(2, 1, 20))) {
      trainer.saveCheckpoint(checkpoint);
    }
    try (Trainer other = ToyTraining.trainer(ToyTraining.config(2, 1, 21))) {
      assertThatThrownBy(() -> other.restoreCheckpoint(checkpoint))
          .isInstanceOf(GgufFormatException.class)
          .hasMessageContaining("another training")
          .hasMessageContaining("steps=20")
          .hasMessageContaining("steps=21");
      assertThat(other.step()).isZero();
    }
    Hparams h = ToyTraining.hparams();
    Hparams wider =
        new Hparams("llama", 12, 32, 2, 4, 2, 8, 8, 96, 24, 0, 0, 1e-5f, 8, h.ropeScaling());
    try (Trainer other =
        new Trainer(wider, ToyTraining.config(2, 1, 20), ToyTraining.data(), ToyTraining.data())) {
      assertThatThrownBy(() -> other.restoreCheckpoint(checkpoint))
          .isInstanceOf(GgufFormatException.class)
          .hasMessageContaining("ffn_");
    }
    try (Trainer trainer = ToyTraining.trainer(ToyTraining.config(2, 1, 20))) {
      byte[] model = model(trainer, GgmlType.F32);
      Path notOne = Files.write(folder.resolve("model.gguf"), model);
      assertThatThrownBy(() -> trainer.restoreCheckpoint(notOne))
          .isInstanceOf(GgufFormatException.class)
          .hasMessageContaining("training.config");
      Path cut = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(model, 5000));
      assertThatThrownBy(() -> trainer.restoreCheckpoint(cut))
          .isInstanceOf(GgufFormatException.class);
      assertThatThrownBy(() -> trainer.restoreCheckpoint(folder.resolve("absent.gguf")))
          .isInstanceOf(IOException.class);
    }
  }

  /** Mean loss of the rows that {@link Trainer#evaluate} looks at, from a loaded model's logits. */
  private static double loss(Path path, TrainingConfig config, GgmlType kv) throws IOException {
    SessionOptions options =
        SessionOptions.defaults()
            .withContext(64)
            .withThreads(1)
            .withKvType(kv)
            .withFlashAttn(false);
    try (Model model = Model.load(path);
        Session session = model.newSession(options)) {
      assertThat(model.hparams())
          .usingRecursiveComparison()
          .ignoringFields("keys")
          .isEqualTo(ToyTraining.hparams());
      double sum = 0;
      int n = config.evalBatches() * config.nRows();
      int[] row = new int[config.nCtx() + 1];
      float[] logits = new float[ToyTraining.VOCAB];
      for (int r = 0; r < n; r++) {
        ToyTraining.data().row(~config.seed(), r, row);
        Batch batch = new Batch();
        for (int i = 0; i < config.nCtx(); i++) {
          batch.add(row[i], i, 0, true);
        }
        session.reset();
        session.evaluate(batch);
        for (int i = 0; i < config.nCtx(); i++) {
          session.readLogits(i, logits);
          double total = 0;
          for (float x : logits) {
            total += Math.exp(x);
          }
          sum += Math.log(total) - logits[row[i + 1]];
        }
      }
      return sum / (n * config.nCtx());
    }
  }

  @Test
  void theModelComputesTheTrainingsLoss(TestReporter reporter) throws IOException {
    TrainingConfig config = ToyTraining.config(4, 1, 40);
    try (Trainer trainer = ToyTraining.trainer(config)) {
      trainer.run(p -> true);
      double expected = trainer.evaluate();
      for (GgmlType type : List.of(GgmlType.F32, GgmlType.F16, GgmlType.Q8_0)) {
        model(trainer, type);
        double actual = loss(folder.resolve("model-" + type + ".gguf"), config, GgmlType.F32);
        reporter.publishEntry(type.name(), actual + " for " + expected);
        double tolerance =
            switch (type) {
              case F32 -> 1e-5;
              case F16 -> 1e-3;
              default -> 2e-2;
            };
        assertThat(actual).isCloseTo(expected, within(tolerance));
      }
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model(trainer, GgmlType.I32))
          .withMessageContaining("I32");
    }
  }

  /** Two batches of one row and one of two rows see the same rows and make the same step. */
  @Test
  void accumulationEqualsALargerBatch() {
    try (Trainer accumulating = ToyTraining.trainer(ToyTraining.config(1, 2, 10));
        Trainer together = ToyTraining.trainer(ToyTraining.config(2, 1, 10))) {
      List<Trainer.Progress> a = new ArrayList<>();
      List<Trainer.Progress> b = new ArrayList<>();
      accumulating.run(a::add);
      together.run(b::add);
      for (int i = 0; i < 10; i++) {
        assertThat(a.get(i).loss()).isCloseTo(b.get(i).loss(), within(1e-3f));
        assertThat(a.get(i).gradientNorm())
            .isCloseTo(b.get(i).gradientNorm(), within(1e-2 * b.get(i).gradientNorm()));
      }
    }
  }

  @Test
  void tokensOutsideOfTheVocabularyAreRefused() {
    TokenDataset bad = new TokenDataset(new int[] {1, 2, ToyTraining.VOCAB, 3}, new int[] {0});
    TrainingConfig config = ToyTraining.config(1, 1, 1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Trainer(ToyTraining.hparams(), config, bad, ToyTraining.data()))
        .withMessageContaining("0 to 23");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Trainer(ToyTraining.hparams(), config, ToyTraining.data(), bad));
  }

  @Test
  void whatCannotBeTrainedIsRefused() {
    Hparams h = ToyTraining.hparams();
    Hparams experts =
        new Hparams("llama", 12, 32, 2, 4, 2, 8, 8, 64, 24, 4, 2, 1e-5f, 8, h.ropeScaling());
    Hparams scaled =
        new Hparams(
            "llama",
            12,
            32,
            2,
            4,
            2,
            8,
            8,
            64,
            24,
            0,
            0,
            1e-5f,
            8,
            new RopeScaling(10_000f, "linear", 4, 12, 1, 0, 32, 1));
    for (Hparams bad : List.of(experts, scaled)) {
      assertThatThrownBy(
              () ->
                  new Trainer(
                      bad, ToyTraining.config(1, 1, 1), ToyTraining.data(), ToyTraining.data()))
          .isInstanceOf(UnsupportedModelException.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0.001",
    "4, 0.005",
    "9, 0.01",
    "10, 0.01",
    "35, 0.008682",
    "60, 0.0055",
    "110, 0.001",
    "1000, 0.001"
  })
  void learningRates(int step, float expected) {
    TrainingConfig config =
        new TrainingConfig(12, 1, 1, 110, 10, 1e-2f, 1e-3f, 0.9f, 0.95f, 0.1f, 1, 1, 1, 10, 1);
    assertThat(config.learningRate(step)).isCloseTo(expected, within(2e-6f));
    assertThat(config.tokensPerStep()).isEqualTo(12);
  }

  static TrainingConfig with(
      int nCtx, int nRows, int acc, int steps, int warmup, float lr, float min, float beta) {
    return new TrainingConfig(
        nCtx, nRows, acc, steps, warmup, lr, min, beta, 0.95f, 0.1f, 1, 1, 1, 10, 1);
  }

  @Test
  void configurationsThatMakeNoSense() {
    Stream<ThrowingCallable> wrong =
        Stream.of(
            () -> with(1, 1, 1, 1, 0, 1, 0, 0.9f),
            () -> with(8, 0, 1, 1, 0, 1, 0, 0.9f),
            () -> with(8, 1, 0, 1, 0, 1, 0, 0.9f),
            () -> with(8, 1, 1, 0, 0, 1, 0, 0.9f),
            () -> with(8, 1, 1, 1, -1, 1, 0, 0.9f),
            () -> with(8, 1, 1, 1, 0, 0, 0, 0.9f),
            () -> with(8, 1, 1, 1, 0, Float.NaN, 0, 0.9f),
            () -> with(8, 1, 1, 1, 0, 1, 2, 0.9f),
            () -> with(8, 1, 1, 1, 0, 1, -1, 0.9f),
            () -> with(8, 1, 1, 1, 0, 1, Float.NaN, 0.9f),
            () -> with(8, 1, 1, 1, 0, Float.POSITIVE_INFINITY, 0, 0.9f),
            () -> with(8, 1, 1, 1, 0, 1, 0, 1),
            () -> with(8, 1, 1, 1, 0, 1, 0, Float.NaN));
    wrong.forEach(call -> assertThatIllegalArgumentException().isThrownBy(call));
  }
}
