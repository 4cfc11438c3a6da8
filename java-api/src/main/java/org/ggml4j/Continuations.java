package org.ggml4j;

import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.ggml4j.decode.BatchLoop;
import org.ggml4j.decode.BeamSearch;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.ContrastiveSearch;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.sampling.Samplers;

/** Searches and parallel generations of a session. */
final class Continuations {
  private final Session session;

  Continuations(Session session) {
    this.session = session;
  }

  List<Hypothesis> search(int[] prompt, BeamSearchConfig config) {
    return session.continuing(
        prompt,
        true,
        tokens ->
            new BeamSearch(
                    session.branches(),
                    session.model().tokenizer(),
                    tokens,
                    config,
                    session.logits())
                .run());
  }

  Hypothesis search(int[] prompt, ContrastiveSearchConfig config) {
    return session.continuing(
        prompt,
        true,
        tokens ->
            new ContrastiveSearch(
                    session.branches(),
                    session.model().tokenizer(),
                    tokens,
                    config,
                    session.logits())
                .run());
  }

  ParallelGeneration parallel(int[] prompt, int most) {
    return parallel(prompt, most, false);
  }

  /**
   * @param again whether something is to be continued without more tokens
   */
  private ParallelGeneration parallel(int[] prompt, int most, boolean again) {
    if (most < 1) {
      throw new IllegalArgumentException("parallel: expected 1 or more, found " + most);
    }
    Function<int[], ParallelGeneration> open =
        tokens ->
            new ParallelGeneration(
                session,
                tokens,
                session.nPast() == 0 && tokens.length == 0,
                new BatchLoop(
                    session.branches(),
                    session.model().tokenizer(),
                    tokens,
                    most,
                    session.logits()));
    return session.continuing(prompt, again, open);
  }

  List<Hypothesis> generateAll(int[] prompt, int n, GenerationConfig config) {
    long seed = config.seed().orElseGet(Samplers::freshSeed);
    try (ParallelGeneration parallel = parallel(prompt, n, true)) {
      for (int i = 0; i < n; i++) {
        parallel.add(new int[0], config.withSeed(seed + i));
      }
      return parallel.finish();
    }
  }

  List<Hypothesis> generateAll(List<String> prompts, GenerationConfig config) {
    if (prompts.isEmpty()) {
      return List.of();
    }
    long seed = config.seed().orElseGet(Samplers::freshSeed);
    try (ParallelGeneration parallel = parallel(new int[0], prompts.size())) {
      for (int i = 0; i < prompts.size(); i++) {
        parallel.add(prompts.get(i), config.withSeed(seed + i));
      }
      return parallel.finish();
    }
  }

  List<Hypothesis> bestOf(int[] prompt, int n, GenerationConfig config) {
    return generateAll(prompt, n, config).stream()
        .sorted(Comparator.comparingDouble(Hypothesis::normalizedScore).reversed())
        .toList();
  }
}
