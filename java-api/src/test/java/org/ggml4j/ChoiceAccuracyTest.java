package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import org.ggml4j.eval.ChoiceAccuracy;
import org.ggml4j.eval.ChoiceAccuracy.Outcome;
import org.ggml4j.eval.ChoiceAccuracy.Result;
import org.ggml4j.eval.ChoiceTask;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.tokenizer.EncodeOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Many tasks in one cache against each text alone; llama-perplexity's results are the command's.
 */
@NothingStaysOpen.Shared
class ChoiceAccuracyTest {
  /** Attention over all, with a window, recurrent layers, both. */
  private static final List<String> ROWS = List.of("llama", "gemma2", "mamba", "jamba");

  private static final SessionOptions OPTIONS =
      SessionOptions.defaults()
          .withContext(512)
          .withBatch(96)
          .withThreads(1)
          .withKvType(GgmlType.F32)
          .withFlashAttn(false);

  @TempDir Path folder;

  private Model model(String row) throws IOException {
    return TinyWords.load(folder, Toys.byName(row));
  }

  private static String letters(SplittableRandom random, int n) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < n; i++) {
      text.append(i == 0 ? "" : " ").append((char) ('d' + random.nextInt('z' - 'd' + 1)));
    }
    return text.toString();
  }

  /** Questions of many lengths, with 2 to 70 answers, the empty question among them. */
  private static List<ChoiceTask> questions() {
    SplittableRandom random = new SplittableRandom(11);
    List<ChoiceTask> tasks = new ArrayList<>();
    for (int nAnswers : new int[] {4, 4, 2, 70, 5, 4, 3}) {
      List<String> answers = new ArrayList<>();
      for (int i = 0; i < nAnswers; i++) {
        answers.add(letters(random, 1 + random.nextInt(6)));
      }
      String question = letters(random, 5 * tasks.size());
      tasks.add(new ChoiceTask.Continuation(question, answers, Set.of(nAnswers / 2)));
    }
    return tasks;
  }

  /** The log-probabilities of a text's tokens, after those before them. */
  private static double[] logProbabilities(Session session, String text) {
    int[] tokens = session.model().tokenizer().encode(text, EncodeOptions.defaults());
    Batch batch = new Batch();
    for (int i = 0; i < tokens.length; i++) {
      batch.add(tokens[i], i, 0, true);
    }
    session.reset();
    session.evaluate(batch);
    float[] logits = new float[session.model().hparams().nVocab()];
    double[] found = new double[tokens.length];
    for (int i = 1; i < tokens.length; i++) {
      session.readLogits(i - 1, logits);
      double sum = 0;
      for (float logit : logits) {
        sum += Math.exp(logit);
      }
      found[i] = logits[tokens[i]] - Math.log(sum);
    }
    return found;
  }

  private static double mean(double[] values, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += values[i];
    }
    return sum / (to - from);
  }

  private static List<Outcome> outcomes(Session session, List<ChoiceTask> tasks) {
    List<Outcome> outcomes = new ArrayList<>();
    Result result = ChoiceAccuracy.of(session, tasks, outcomes::add);
    assertThat(outcomes).hasSameSizeAs(tasks);
    assertThat(outcomes.get(tasks.size() - 1).soFar()).isEqualTo(result);
    assertThat(result.nRight()).isEqualTo(outcomes.stream().filter(Outcome::isRight).count());
    assertThat(session.nPast()).isZero();
    return outcomes;
  }

  @ParameterizedTest
  @FieldSource("ROWS")
  void answersScoreAsEachTextAlone(String row) throws IOException {
    try (Model model = model(row);
        Session session = model.newSession(OPTIONS);
        Session alone = model.newSession(OPTIONS)) {
      for (Outcome outcome : outcomes(session, questions())) {
        List<String> texts = outcome.task().texts();
        int nCommon = commonBegin(model, texts);
        double best = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < texts.size(); c++) {
          double[] values = logProbabilities(alone, texts.get(c));
          double expected = mean(values, nCommon, values.length);
          assertThat(outcome.scores().get(c)).isCloseTo(expected, within(1e-4));
          best = Math.max(best, outcome.scores().get(c));
        }
        assertThat(outcome.scores().get(outcome.chosen())).isEqualTo(best);
      }
    }
  }

  private static int commonBegin(Model model, List<String> texts) {
    int[] first = model.tokenizer().encode(texts.get(0), EncodeOptions.defaults());
    int n = first.length - 1;
    for (String text : texts) {
      int[] tokens = model.tokenizer().encode(text, EncodeOptions.defaults());
      int common = 0;
      while (common < Math.min(n, tokens.length - 1) && tokens[common] == first[common]) {
        common++;
      }
      n = common;
    }
    return n;
  }

  @Test
  void ofASentenceWhatFollowsTheGapCounts() throws IOException {
    ChoiceTask task =
        new ChoiceTask.Gap("d e f", List.of(" g", " h i"), " j k l m n", 1); // begins with BOS
    try (Model model = model("llama");
        Session session = model.newSession(OPTIONS);
        Session alone = model.newSession(OPTIONS)) {
      Outcome outcome = outcomes(session, List.of(task)).get(0);
      double[] first = logProbabilities(alone, "d e f g j k l m n");
      double[] second = logProbabilities(alone, "d e f h i j k l m n");
      assertThat(outcome.scores().get(0)).isCloseTo(mean(first, 5, 9), within(1e-4));
      assertThat(outcome.scores().get(1)).isCloseTo(mean(second, 6, 10), within(1e-4));
    }
  }

  @Test
  void whatIsCountedIsTold() throws IOException {
    List<ChoiceTask> tasks = questions().subList(0, 2);
    try (Model model = model("llama");
        Session session = model.newSession(OPTIONS)) {
      Result result = ChoiceAccuracy.of(session, tasks, outcome -> true);
      assertThat(result.nTasks()).isEqualTo(2);
      assertThat(result.chance()).isEqualTo(0.25);
      assertThat(result.accuracy().value()).isEqualTo(result.nRight() / 2.0);
      assertThat(result.low()).isBetween(0.0, result.accuracy().value());
      assertThat(result.high()).isBetween(result.accuracy().value(), 1.0);
    }
  }

  @Test
  void whatCannotBeDoneIsSaid() throws IOException {
    List<ChoiceTask> tasks = questions();
    List<ChoiceTask> tooLong =
        List.of(
            new ChoiceTask.Continuation(
                letters(new SplittableRandom(1), 510), List.of("d e f", "g"), Set.of(0)));
    List<Outcome> told = new ArrayList<>();
    try (Model model = model("llama");
        Session session = model.newSession(OPTIONS)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> ChoiceAccuracy.of(session, List.of(), told::add));
      assertThatExceptionOfType(ContextFullException.class)
          .isThrownBy(() -> ChoiceAccuracy.of(session, tooLong, told::add));
      assertThat(told).isEmpty();
      assertThatExceptionOfType(CancellationException.class)
          .isThrownBy(() -> ChoiceAccuracy.of(session, tasks, o -> told.add(o) && o.index() < 1));
      assertThat(told).hasSize(2);
      assertThat(outcomes(session, tasks)).hasSize(tasks.size());
    }
  }
}
