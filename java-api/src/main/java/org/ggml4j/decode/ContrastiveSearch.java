package org.ggml4j.decode;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.ggml4j.decode.Beam.Extension;
import org.ggml4j.decode.Evaluator.Output;
import org.ggml4j.ggml.GgmlException;
import org.ggml4j.sampling.LogProbs;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.TokenLogProbability;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * Contrastive search (Su et al., "A contrastive framework for neural text generation", 2022, arXiv
 * 2202.06417): of the {@code topK} likeliest tokens v it takes the one with the largest {@code (1 -
 * alpha) p(v) - alpha max cos(h(v), h(x))}, x being the tokens before and h the model's last hidden
 * state. So what makes the text go in circles is avoided without chance.
 *
 * <p>The candidates are branches of one text in the KV cache, and all of them take a step in one
 * batch; the one that is chosen has then been computed already. A step needs {@code topK} cells, of
 * which one stays.
 */
public final class ContrastiveSearch {
  private final Branches branches;
  private final Tokenizer tokenizer;
  private final int[] prompt;
  private final ContrastiveSearchConfig config;
  private final Logits logits;
  private final Similarity before;
  private final float[] state;
  private final StringBuilder text = new StringBuilder();
  private final PieceDecoder decoder;
  private Beam chosen;
  private double[] probabilities = {}; // of the present candidates, after the processors

  /**
   * @param branches of the text that is continued
   * @param prompt tokens that come before the continuation; at least one. Older ones of the text
   *     are not looked at when the penalty is computed
   * @param logits to work on, of the model's vocabulary
   * @throws IllegalArgumentException if the candidates are more than one batch can have tokens
   */
  public ContrastiveSearch(
      Branches branches,
      Tokenizer tokenizer,
      int[] prompt,
      ContrastiveSearchConfig config,
      Logits logits) {
    int most = branches.evaluator().nBatch();
    if (config.topK() > most) {
      throw new IllegalArgumentException(
          "topK: expected at most the session's batch size " + most + ", found " + config.topK());
    }
    this.branches = branches;
    this.tokenizer = tokenizer;
    this.prompt = prompt.clone();
    this.config = config;
    this.logits = logits;
    before = new Similarity(branches.evaluator().nEmbd());
    state = new float[branches.evaluator().nEmbd()];
    decoder = new PieceDecoder(tokenizer, this.prompt, config.stop());
    List<LogitsProcessor> processors =
        config.processors().stream().map(LogitsProcessor::fork).toList();
    chosen = new Beam(this.prompt, processors, Optional.empty());
  }

  /**
   * Searches. Afterwards the text in the cache ends with the prompt.
   *
   * @return what was generated; when it was cancelled, until then. Its normalized score is the mean
   *     of the log-probabilities
   * @throws org.ggml4j.nn.ContextFullException if the prompt does not fit; the text is as before
   * @throws IllegalStateException if the cache has fewer sequences left than there are candidates;
   *     the text is as before
   * @throws UnsupportedOperationException if the architecture gives no hidden states
   */
  public Hypothesis run() {
    StopReason reason;
    try (branches) {
      branches.open(config.topK());
      reason = search();
    } catch (GgmlException e) {
      if (e.status() != GgmlException.Status.ABORTED) {
        throw e;
      }
      reason = StopReason.CANCELLED;
    }
    if (!decoder.isStopped()) {
      text.append(decoder.finish());
    }
    return hypothesis(Optional.of(decoder.isStopped() ? StopReason.STOP_STRING : reason));
  }

  private StopReason search() {
    branches.appendToTrunk(prompt, before::add);
    int begin = branches.end(Branches.TRUNK);
    int row = 0;
    while (chosen.length() < config.maxTokens()) {
      List<ScoredToken> candidates = candidates(row);
      int n = candidates.size();
      int[] parents = new int[n];
      Arrays.fill(parents, chosen.branch());
      branches.reassign(parents);
      if (branches.room() < n) {
        return StopReason.CONTEXT_FULL;
      }
      branches.beginStep();
      for (int i = 0; i < n; i++) {
        branches.add(i, candidates.get(i).token(), begin + chosen.length(), true);
      }
      branches.evaluate(Output.LOGITS_AND_EMBEDDINGS);
      row = best();
      int token = candidates.get(row).token();
      accept(candidates.get(row), row);
      if (tokenizer.special().isEndOfGeneration(token)) {
        return StopReason.END_OF_TEXT;
      }
      text.append(decoder.accept(token));
      config.listener().ifPresent(listener -> listener.accept(hypothesis(Optional.empty())));
      if (decoder.isStopped()) {
        return StopReason.STOP_STRING;
      }
    }
    return StopReason.TOKEN_LIMIT;
  }

  /** The likeliest tokens after the processors, with the alternatives that were asked for. */
  private List<ScoredToken> candidates(int row) {
    branches.evaluator().readLogits(row, logits);
    logits.setHistory(chosen);
    chosen.processors().forEach(processor -> processor.process(logits));
    List<TokenLogProbability> best =
        logits.topCandidates(config.topK()).stream()
            .filter(candidate -> candidate.logit() > Float.NEGATIVE_INFINITY)
            .toList();
    probabilities = best.stream().mapToDouble(t -> StrictMath.exp(t.logProbability())).toArray();
    OptionalInt n = config.logProbs();
    Optional<LogProbs> alternatives =
        n.isPresent()
            ? Optional.of(LogProbs.of(logits, best.get(0).token(), n.getAsInt()))
            : Optional.empty();
    return best.stream()
        .map(
            t ->
                new ScoredToken(
                    t.token(),
                    logits.logProbability(t.token()),
                    alternatives.map(a -> a.withPicked(t.logProbability()))))
        .toList();
  }

  /** The row of the candidate that is both likely and unlike what was before; it is added to it. */
  private int best() {
    double alpha = config.penaltyAlpha();
    int best = -1;
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < probabilities.length; i++) {
      branches.evaluator().readEmbedding(i, state);
      double value = (1 - alpha) * probabilities[i] - alpha * before.maxCosine(state);
      if (value > max) {
        max = value;
        best = i;
      }
    }
    branches.evaluator().readEmbedding(best, state);
    before.add(state);
    return best;
  }

  private void accept(ScoredToken token, int branch) {
    Beam next = new Beam(new Extension(chosen, token, 0));
    next.takeProcessors(chosen);
    next.setBranch(branch);
    chosen = next;
  }

  private Hypothesis hypothesis(Optional<StopReason> reason) {
    double mean = chosen.length() == 0 ? 0 : chosen.score() / chosen.length();
    return new Hypothesis(chosen.scoredTokens(), text.toString(), chosen.score(), mean, reason);
  }
}
