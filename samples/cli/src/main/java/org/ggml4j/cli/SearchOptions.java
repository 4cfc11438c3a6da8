package org.ggml4j.cli;

import java.lang.reflect.Member;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.BeamSearchConfig.EarlyStopping;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** Looking for the likeliest texts, instead of drawing one. */
final class SearchOptions {
  /** Whose options a search has a use for. */
  private static final Set<Class<?>> OWNERS =
      Set.of(
          SearchOptions.class,
          ConstraintOptions.class,
          EngineOptions.class,
          GpuLayersOption.class,
          ModelOption.class,
          Common.class);

  /** Others that it has a use for. */
  private static final Set<String> SHARED =
      Set.of("--max-tokens", "--stop", "--ctx", "--load", "--echo", "--json", "--logprobs");

  @Option(
      names = "--beams",
      paramLabel = "N",
      description = "Look for the likeliest text with N beams.")
  private Optional<Integer> beams = Optional.empty();

  @Option(
      names = "--n-best",
      paramLabel = "N",
      description = "With --beams: write the N best texts with their scores. Default: 1.")
  private Optional<Integer> nBest = Optional.empty();

  @Option(
      names = "--length-penalty",
      paramLabel = "A",
      description =
          "With --beams: order texts by score / length^A; 0 favours short ones. Default: 1.")
  private Optional<Double> lengthPenalty = Optional.empty();

  @Option(
      names = "--beam-groups",
      paramLabel = "N",
      description = "With --beams: divide them into N groups that differ. Default: 1.")
  private Optional<Integer> groups = Optional.empty();

  @Option(
      names = "--diversity",
      paramLabel = "P",
      description =
          "With --beam-groups: what a token costs a group that another one chose. Default: 1.")
  private Optional<Double> diversity = Optional.empty();

  @Option(
      names = "--early-stopping",
      paramLabel = "on|heuristic|never",
      description =
          "With --beams: end when as many texts as beams are complete, when no better one is"
              + " likely, or when none is possible. Default: heuristic.")
  private Optional<Early> earlyStopping = Optional.empty();

  /** {@link EarlyStopping} as it is written on the command line. */
  enum Early {
    on(EarlyStopping.ON),
    heuristic(EarlyStopping.HEURISTIC),
    never(EarlyStopping.NEVER);

    private final EarlyStopping when;

    Early(EarlyStopping when) {
      this.when = when;
    }
  }

  /**
   * The search, if one is asked for.
   *
   * @param parsed the command line, whose other options must make sense for a search
   * @throws IllegalArgumentException for values that make no sense, or not together
   */
  Optional<BeamSearchConfig> config(ParseResult parsed, int maxTokens, List<String> stop) {
    Optional<String> own =
        parsed.matchedOptions().stream()
            .filter(option -> owner(option) == SearchOptions.class)
            .map(OptionSpec::longestName)
            .findFirst();
    if (beams.isEmpty()) {
      if (own.isPresent()) {
        throw new IllegalArgumentException(own.get() + " is for --beams; give that too");
      }
      return Optional.empty();
    }
    for (OptionSpec option : parsed.matchedOptions()) {
      if (!isForSearches(option)) {
        throw new IllegalArgumentException(
            option.longestName()
                + " has no use with --beams, which looks for the likeliest texts; leave one out");
      }
    }
    if (diversity.isPresent() && groups.isEmpty()) {
      throw new IllegalArgumentException("--diversity is for --beam-groups; give that too");
    }
    BeamSearchConfig config =
        BeamSearchConfig.of(beams.get())
            .withNBest(nBest.orElse(1))
            .withMaxTokens(maxTokens)
            .withStop(stop.toArray(String[]::new));
    if (lengthPenalty.isPresent()) {
      config = config.withLengthPenalty(lengthPenalty.get());
    }
    if (groups.isPresent()) {
      config = config.withGroups(groups.get(), diversity.orElse(1.0));
    }
    return Optional.of(
        earlyStopping.isPresent() ? config.withEarlyStopping(earlyStopping.get().when) : config);
  }

  private static boolean isForSearches(OptionSpec option) {
    return OWNERS.contains(owner(option)) || SHARED.contains(option.longestName());
  }

  /** The class that has an option as a field. */
  private static Class<?> owner(OptionSpec option) {
    return option.userObject() instanceof Member member ? member.getDeclaringClass() : Object.class;
  }
}
