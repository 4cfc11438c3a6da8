package org.ggml4j.cli;

import java.util.Optional;
import org.ggml4j.Generation;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Infill;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import picocli.CommandLine.Option;

/** What a model sees of a text. */
final class ContextOptions {
  @Option(
      names = "--ctx",
      paramLabel = "N",
      description = "Tokens of context. Default: the model's own, at most 4096.")
  private int nCtx;

  @Option(
      names = "--context-shift",
      description =
          "When the context is full, forget the older half of the text and go on, instead of"
              + " ending.")
  private boolean shift;

  @Option(
      names = "--keep",
      paramLabel = "N",
      description = "Tokens at the begin that --context-shift never forgets. Default: 4.")
  private Optional<Integer> keep = Optional.empty();

  @Option(
      names = "--suffix",
      paramLabel = "TEXT",
      description = "Write what belongs between the prompt and TEXT, with a model that can.")
  private Optional<String> suffix = Optional.empty();

  @Option(
      names = "--spm-infill",
      description = "With --suffix: give the model the suffix first, which some want.")
  private boolean suffixFirst;

  /**
   * @throws IllegalArgumentException for values that make no sense
   */
  SessionOptions session(SessionOptions options) {
    if (keep.isPresent() && !shift) {
      throw new IllegalArgumentException("--keep says what --context-shift keeps; give that too");
    }
    if (suffixFirst && suffix.isEmpty()) {
      throw new IllegalArgumentException("--spm-infill is for --suffix; give that too");
    }
    SessionOptions sized = options.withContext(nCtx);
    return shift ? sized.withContextShift(keep.orElse(4)) : sized;
  }

  /** Continues a text, or fills the gap behind it. */
  Generation generate(Session session, String prompt, GenerationConfig config) {
    return suffix.isPresent()
        ? session.infill(new Infill(prompt, suffix.get(), suffixFirst), config)
        : session.generate(prompt, config);
  }
}
