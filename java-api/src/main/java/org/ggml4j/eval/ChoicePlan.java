package org.ggml4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;

/** A task as tokens: what is evaluated, and the log-probabilities that the choices' scores need. */
final class ChoicePlan {
  private static final int LEAST_TRAILING = 3;

  /**
   * A token whose log-probability counts for a choice.
   *
   * @param sequence of the text after whose token at {@code position} it is looked at
   */
  record Prediction(int sequence, int position, int token, int choice) {}

  private final ChoiceTask task;
  private final int[][] texts;
  private final int nCommon;
  private final List<Prediction> predictions = new ArrayList<>();
  private final double[] sums;
  private final int[] counts;

  /**
   * @throws IllegalArgumentException if a choice has no token that something predicts
   */
  ChoicePlan(ChoiceTask task, Tokenizer tokenizer) {
    this.task = task;
    texts = task.texts().stream().map(text -> encode(tokenizer, text)).toArray(int[][]::new);
    sums = new double[texts.length];
    counts = new int[texts.length];
    nCommon = commonBegin(texts);
    if (task instanceof ChoiceTask.Gap gap) {
      planGap(gap, tokenizer);
    } else {
      for (int c = 0; c < texts.length; c++) {
        predict(c, nCommon, texts[c].length);
      }
    }
    for (int c = 0; c < texts.length; c++) {
      if (counts[c] == 0) {
        throw new IllegalArgumentException(
            "\"" + task.texts().get(c) + "\" has too few tokens for a score");
      }
    }
  }

  private static int[] encode(Tokenizer tokenizer, String text) {
    return tokenizer.encode(text, EncodeOptions.defaults());
  }

  /** Tokens that all texts begin with; of each at least one is left. */
  private static int commonBegin(int[][] texts) {
    int n = Integer.MAX_VALUE;
    for (int[] text : texts) {
      int differs = Arrays.mismatch(texts[0], text);
      n = Math.min(n, differs < 0 ? text.length : differs);
      n = Math.min(n, text.length - 1);
    }
    return Math.max(0, n);
  }

  /**
   * What follows the filling counts, if more than three tokens follow the common begin of both
   * texts; otherwise the filling too. The last token, mostly a full stop, does not.
   *
   * <p>In the second case llama-perplexity looks for the first token of the second text after the
   * end of the first one. Its source knows that for a mistake; figures compare only if it is made
   * here too.
   */
  private void planGap(ChoiceTask.Gap gap, Tokenizer tokenizer) {
    boolean restOnly =
        texts[0].length - nCommon > LEAST_TRAILING && texts[1].length - nCommon > LEAST_TRAILING;
    for (int c = 0; c < texts.length; c++) {
      int n = texts[c].length;
      int first = nCommon;
      if (restOnly) {
        int filled = encode(tokenizer, gap.before() + gap.fillings().get(c)).length;
        first = Math.min(filled, n - 1);
      }
      int end = n - first > 1 ? n - 1 : n;
      if (c > 0 && !restOnly && first > 0) {
        add(0, texts[0].length - 1, texts[c][first], c);
        first++;
      }
      predict(c, first, end);
    }
  }

  /** The tokens of a text from {@code first} to before {@code end}; nothing predicts the first. */
  private void predict(int choice, int first, int end) {
    for (int i = Math.max(1, first); i < end; i++) {
      add(choice, i - 1, texts[choice][i], choice);
    }
  }

  private void add(int sequence, int position, int token, int choice) {
    predictions.add(new Prediction(sequence, position, token, choice));
    counts[choice]++;
  }

  ChoiceTask task() {
    return task;
  }

  int nChoices() {
    return texts.length;
  }

  /** Tokens that all texts begin with. */
  int nCommon() {
    return nCommon;
  }

  /** The tokens of the text with a choice. */
  int[] text(int choice) {
    return texts[choice];
  }

  List<Prediction> predictions() {
    return predictions;
  }

  void add(Prediction prediction, double logProbability) {
    sums[prediction.choice] += logProbability;
  }

  /** Mean log-probabilities. */
  double[] scores() {
    double[] scores = new double[sums.length];
    for (int c = 0; c < scores.length; c++) {
      scores[c] = sums[c] / counts[c];
    }
    return scores;
  }

  /** The first of the best; of a gap's two, the second if they are alike. */
  int chosen() {
    double[] scores = scores();
    if (task instanceof ChoiceTask.Gap) {
      return scores[0] > scores[1] ? 0 : 1;
    }
    int best = 0;
    for (int c = 1; c < scores.length; c++) {
      if (scores[c] > scores[best]) {
        best = c;
      }
    }
    return best;
  }
}
