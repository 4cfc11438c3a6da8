package org.ggml4j.eval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Tasks from the files that llama-perplexity reads ({@code tools/perplexity} of llama.cpp says
 * where to get them), and a random part of them, the same that it takes.
 */
public final class ChoiceTasks {
  /** The seed that llama-perplexity always has. */
  public static final int SEED = 1;

  private ChoiceTasks() {}

  /** A format of tasks. */
  public enum Format {
    /**
     * HellaSwag (arXiv 1905.07830), for {@code --hellaswag}: UTF-8, six lines for each task: a
     * context, the number of the right ending from 0 to 3, four endings.
     */
    HELLASWAG,
    /**
     * WinoGrande (arXiv 1907.10641), for {@code --winogrande}: UTF-8, a line for each task: {@code
     * index,sentence,first,second,answer}, with a {@code _} in the sentence and an answer of 1 or
     * 2. A sentence with commas stands in quotes.
     */
    WINOGRANDE,
    /**
     * Questions with any number of answers (ARC, MMLU, TruthfulQA), for {@code --multiple-choice}:
     * binary, each task with its question, answers and labels.
     */
    MULTIPLE_CHOICE
  }

  /**
   * All tasks of a file.
   *
   * @throws TaskFormatException if it is not of the format; it names the line or byte
   * @throws IOException if it can't be read
   */
  public static List<ChoiceTask> read(Path file, Format format) throws IOException {
    return switch (format) {
      case HELLASWAG -> new TaskLines(file).hellaSwag();
      case WINOGRANDE -> new TaskLines(file).winogrande();
      case MULTIPLE_CHOICE -> new TaskBinary(file).tasks();
    };
  }

  /**
   * Some tasks in random order, each at most once: with the seed {@link #SEED} those that
   * llama-perplexity (as built with GNU's library) takes. All of them stay in their order, except
   * HellaSwag's, which it always shuffles.
   *
   * @param n how many; all if there are not so many
   * @param seed of the Mersenne twister
   */
  public static List<ChoiceTask> select(List<ChoiceTask> tasks, Format format, int n, int seed) {
    if (n < 1) {
      throw new IllegalArgumentException("tasks: expected 1 or more, found " + n);
    }
    boolean shuffled = format == Format.HELLASWAG;
    if (n >= tasks.size() && !shuffled) {
      return List.copyOf(tasks);
    }
    MersenneTwister random = new MersenneTwister(seed);
    List<ChoiceTask> left = new ArrayList<>(tasks);
    List<ChoiceTask> selected = new ArrayList<>();
    while (selected.size() < n && !left.isEmpty()) {
      if (shuffled) {
        selected.add(left.remove(random.uniform(left.size())));
      } else {
        int at = random.scaled(left.size());
        selected.add(left.get(at));
        left.set(at, left.get(left.size() - 1));
        left.remove(left.size() - 1);
      }
    }
    return selected;
  }
}
