package org.ggml4j.eval;

import java.util.List;
import java.util.Set;

/** A question to which a model answers by what it finds likeliest, without writing anything. */
public sealed interface ChoiceTask permits ChoiceTask.Continuation, ChoiceTask.Gap {

  /**
   * A text and what may come after it: HellaSwag, ARC, MMLU, TruthfulQA. The model's choice is the
   * one whose tokens have the largest mean log-probability, beginning where the choices' tokens
   * part.
   *
   * @param question what comes before
   * @param answers at least one; a space comes between question and answer
   * @param right indices of the answers that count as right
   */
  record Continuation(String question, List<String> answers, Set<Integer> right)
      implements ChoiceTask {
    public Continuation {
      answers = List.copyOf(answers);
      right = Set.copyOf(right);
      if (answers.isEmpty()) {
        throw new IllegalArgumentException("answers: expected at least one, found none");
      }
      checkIndices(right, answers.size());
    }

    @Override
    public List<String> texts() {
      return answers.stream().map(answer -> question + " " + answer).toList();
    }
  }

  /**
   * A sentence with a gap and what may fill it: WinoGrande. What counts is how likely the rest of
   * the sentence is after each filling.
   *
   * @param before the text before the gap
   * @param fillings two
   * @param after the text after it
   * @param answer index of the right one
   */
  record Gap(String before, List<String> fillings, String after, int answer) implements ChoiceTask {
    public Gap {
      fillings = List.copyOf(fillings);
      if (fillings.size() != 2) {
        throw new IllegalArgumentException("fillings: expected 2, found " + fillings.size());
      }
      checkIndices(Set.of(answer), fillings.size());
    }

    @Override
    public Set<Integer> right() {
      return Set.of(answer);
    }

    @Override
    public List<String> texts() {
      return fillings.stream().map(filling -> before + filling + after).toList();
    }
  }

  /** Indices of the choices that count as right. */
  Set<Integer> right();

  /** The whole text with each choice in its place. */
  List<String> texts();

  private static void checkIndices(Set<Integer> indices, int n) {
    for (int index : indices) {
      if (index < 0 || index >= n) {
        throw new IllegalArgumentException(
            "right answer: expected 0 to " + (n - 1) + ", found " + index);
      }
    }
  }
}
