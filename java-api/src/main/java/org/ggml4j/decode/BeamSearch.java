package org.ggml4j.decode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.ggml4j.decode.Beam.Extension;
import org.ggml4j.decode.Evaluator.Output;
import org.ggml4j.ggml.GgmlException;
import org.ggml4j.sampling.InvalidLogitsException;
import org.ggml4j.sampling.LogProbs;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.tokenizer.SpecialTokens;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * Beam search: keeps the {@code width} continuations whose tokens' log-probabilities have the
 * largest sums, goes on with each in every way, and keeps the best again; as Hugging Face's
 * Transformers ({@code BeamSearchScorer}) does it. In groups that are kept apart it is the diverse
 * beam search of Vijayakumar et al., 2016 (arXiv 1610.02424).
 *
 * <p>The beams are branches of one text in the KV cache: nothing is computed twice, and all of them
 * take a step in one batch. A step needs a cell for each beam, and beams share what they have in
 * common, so at most {@code prompt + width * (maxTokens - 1)} cells are used.
 */
public final class BeamSearch {
  private final Branches branches;
  private final Tokenizer tokenizer;
  private final SpecialTokens special;
  private final int[] prompt;
  private final BeamSearchConfig config;
  private final Logits logits;
  private final int candidates;
  private final Beam root;
  private final List<BeamGroup> groups = new ArrayList<>();

  /**
   * @param branches of the text that is continued
   * @param prompt tokens that come before the continuations; at least one
   * @param logits to work on, of the model's vocabulary
   * @throws IllegalArgumentException if the beams are more than one batch can have tokens
   */
  public BeamSearch(
      Branches branches,
      Tokenizer tokenizer,
      int[] prompt,
      BeamSearchConfig config,
      Logits logits) {
    int most = branches.evaluator().nBatch();
    if (config.width() > most) {
      throw new IllegalArgumentException(
          "width: expected at most the session's batch size " + most + ", found " + config.width());
    }
    this.branches = branches;
    this.tokenizer = tokenizer;
    this.prompt = prompt.clone();
    this.config = config;
    this.logits = logits;
    special = tokenizer.special();
    // Enough for a group whose best choices all end, or were all chosen by the groups before it.
    candidates =
        2 * config.groupWidth()
            + special.endOfGeneration().length
            + (config.groups() > 1 ? config.width() : 0);
    root =
        new Beam(
            this.prompt,
            config.processors().stream().map(LogitsProcessor::fork).toList(),
            config.stop().isEmpty() ? Optional.empty() : Optional.of(decoder()));
    for (int g = 0; g < config.groups(); g++) {
      groups.add(new BeamGroup(config, root, special::isEndOfGeneration));
    }
  }

  private PieceDecoder decoder() {
    return new PieceDecoder(tokenizer, prompt, config.stop());
  }

  /**
   * Searches. Afterwards the text in the cache ends with the prompt.
   *
   * @return the best hypotheses, best first; when it was cancelled those it had, the unfinished
   *     ones with {@link StopReason#CANCELLED}, and the text is without the prompt if that had not
   *     been evaluated
   * @throws org.ggml4j.nn.ContextFullException if the prompt does not fit; the text is as before
   * @throws IllegalStateException if the cache has fewer sequences left than there are beams; the
   *     text is as before
   * @throws InvalidLogitsException if processors leave no token at all
   */
  public List<Hypothesis> run() {
    try (branches) {
      branches.open(config.width());
      search();
    } catch (GgmlException e) {
      if (e.status() != GgmlException.Status.ABORTED) {
        throw e;
      }
      if (groups.get(0).live().contains(root)) {
        return List.of(hypothesis(root, Optional.of(StopReason.CANCELLED)));
      }
      groups.forEach(group -> group.finishAll(StopReason.CANCELLED));
    }
    return BeamGroup.merged(groups).stream()
        .limit(config.nBest())
        .map(f -> hypothesis(f.beam(), Optional.of(f.reason())))
        .toList();
  }

  private void search() {
    branches.appendToTrunk(prompt);
    int begin = branches.end(Branches.TRUNK);
    logits.setHistory(root);
    expand(extensions(root, 0));
    for (List<Beam> live = live(); !live.isEmpty(); live = live()) {
      if (branches.room() < live.size()) {
        groups.forEach(group -> group.finishAll(StopReason.CONTEXT_FULL));
        return;
      }
      branches.beginStep();
      for (Beam beam : live) {
        branches.add(beam.branch(), beam.lastToken(), begin + beam.length() - 1, true);
      }
      branches.evaluate(Output.LOGITS);
      List<Extension> extensions = new ArrayList<>();
      for (int row = 0; row < live.size(); row++) {
        extensions.addAll(extensions(live.get(row), row));
      }
      expand(extensions);
    }
  }

  private List<Beam> live() {
    return groups.stream().flatMap(group -> group.live().stream()).toList();
  }

  /** The best tokens that a beam may go on with, best first. */
  private List<Extension> extensions(Beam beam, int row) {
    branches.evaluator().readLogits(row, logits);
    logits.setHistory(beam);
    int best = logits.best();
    double logSum = logits.get(best) - logits.logProbability(best);
    beam.processors().forEach(processor -> processor.process(logits));
    Optional<LogProbs> alternatives =
        config.logProbs().isPresent() && hasCandidate()
            ? Optional.of(LogProbs.of(logits, logits.best(), config.logProbs().getAsInt()))
            : Optional.empty();
    logits.keepTop(candidates);
    List<Extension> extensions = new ArrayList<>(logits.size());
    for (int i = 0; i < logits.size(); i++) {
      float logit = logits.logit(i);
      if (logit == Float.NEGATIVE_INFINITY) {
        break;
      }
      int token = logits.token(i);
      double logProbability = logits.logProbability(token);
      double edited = beam.processors().isEmpty() ? logProbability : logit - logSum;
      float belowBest = logit - logits.logit(0);
      ScoredToken scored =
          new ScoredToken(
              token,
              logProbability,
              alternatives.map(a -> a.withPicked(a.candidateLogProbability() + belowBest)));
      extensions.add(new Extension(beam, scored, beam.rank() + edited));
    }
    return extensions;
  }

  /** Whether the processors have left any token to a beam. */
  private boolean hasCandidate() {
    for (int i = 0; i < logits.size(); i++) {
      if (logits.logit(i) > Float.NEGATIVE_INFINITY) {
        return true;
      }
    }
    return false;
  }

  /** Chooses the beams of the next step, group by group, and gives each its branch. */
  private void expand(List<Extension> extensions) {
    Map<Integer, Integer> chosen = new HashMap<>();
    for (BeamGroup group : groups) {
      List<Beam> live = group.live();
      if (!live.isEmpty()) {
        group.select(extensions.stream().filter(e -> live.contains(e.parent())).toList(), chosen);
        group.count(chosen);
      }
    }
    checkSomethingIsLeft();
    endGroups();
    List<Beam> next = live();
    branches.reassign(next.stream().mapToInt(Beam::branch).toArray());
    for (int i = 0; i < next.size(); i++) {
      next.get(i).setBranch(i);
    }
    config.listener().ifPresent(listener -> best().ifPresent(listener));
  }

  private void checkSomethingIsLeft() {
    if (groups.stream().allMatch(g -> g.live().isEmpty() && g.finished().isEmpty())) {
      throw new InvalidLogitsException(
          "no token can be chosen: the processors left none to any beam; relax the bans, biases or"
              + " filters that were applied");
    }
  }

  private void endGroups() {
    for (BeamGroup group : groups) {
      if (group.live().isEmpty()) {
        continue;
      }
      int length = group.live().get(0).length();
      group.stopIfDone((int) Math.min(config.maxTokens(), (long) length + branches.room()));
      if (length == config.maxTokens()) {
        group.finishAll(StopReason.TOKEN_LIMIT);
      }
    }
  }

  /** The best hypothesis as of now, complete or not. */
  private Optional<Hypothesis> best() {
    Stream<Hypothesis> complete =
        BeamGroup.merged(groups).stream()
            .limit(1)
            .map(f -> hypothesis(f.beam(), Optional.of(f.reason())));
    Stream<Hypothesis> growing = live().stream().map(beam -> hypothesis(beam, Optional.empty()));
    return Stream.concat(complete, growing)
        .reduce((a, b) -> a.normalizedScore() >= b.normalizedScore() ? a : b);
  }

  private Hypothesis hypothesis(Beam beam, Optional<StopReason> reason) {
    List<ScoredToken> tokens = beam.scoredTokens();
    PieceDecoder decoder = decoder();
    StringBuilder text = new StringBuilder();
    int n = tokens.size() - (reason.equals(Optional.of(StopReason.END_OF_TEXT)) ? 1 : 0);
    for (int i = 0; i < n && !decoder.isStopped(); i++) {
      text.append(decoder.accept(tokens.get(i).token()));
    }
    if (reason.isPresent() && !decoder.isStopped()) {
      text.append(decoder.finish());
    }
    return new Hypothesis(
        tokens,
        text.toString(),
        beam.score(),
        config.normalized(beam.rank(), beam.length()),
        decoder.isStopped() ? Optional.of(StopReason.STOP_STRING) : reason);
  }
}
