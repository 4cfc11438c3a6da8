package org.ggml4j.nn;

import java.util.List;

/**
 * A file's tensors are not those that its architecture declares; all problems of the file at once.
 */
public final class WeightException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN = 20;

  private final transient List<String> problems;

  /**
   * @param problems a sentence for each tensor that is missing, misshapen or left over
   */
  public WeightException(List<String> problems) {
    super(message(problems));
    this.problems = List.copyOf(problems);
  }

  private static String message(List<String> problems) {
    String shown = String.join("; ", problems.subList(0, Math.min(SHOWN, problems.size())));
    int more = problems.size() - SHOWN;
    return more > 0 ? shown + "; and " + more + " more" : shown;
  }

  public List<String> problems() {
    return problems;
  }
}
