package org.ggml4j.cli;

import java.util.Optional;
import org.ggml4j.GenerationConfig;
import picocli.CommandLine.Option;

/** Whether tokens come with their probabilities. */
final class LogProbsOption {
  @Option(
      names = "--logprobs",
      paramLabel = "N",
      description =
          "Tell of each token how probable it was, and N alternatives, before and after the"
              + " samplers: a line each, or with --json more fields.")
  private Optional<Integer> logProbs = Optional.empty();

  /**
   * @throws IllegalArgumentException for numbers that make no sense
   */
  GenerationConfig apply(GenerationConfig config) {
    return logProbs.map(config::withLogProbs).orElse(config);
  }
}
