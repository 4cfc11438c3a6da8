package org.ggml4j.decode;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.TokenHistory;

/**
 * The tokens of a continuation that is being searched for, with their scores; and the history that
 * its processors see: the prompt, then these tokens.
 */
final class Beam implements TokenHistory {
  private final int[] prompt;
  private final ScoredToken[] tokens;
  private final double score;
  private final double rank;
  private final Optional<PieceDecoder> decoder;
  private List<LogitsProcessor> processors = List.of();
  private boolean processorsGiven;
  private int branch = Branches.TRUNK;

  /**
   * A beam without tokens.
   *
   * @param processors which it may use itself
   * @param decoder that looks for stop strings, if there are any
   */
  Beam(int[] prompt, List<LogitsProcessor> processors, Optional<PieceDecoder> decoder) {
    this.prompt = prompt;
    this.processors = processors;
    this.decoder = decoder;
    tokens = new ScoredToken[0];
    score = 0;
    rank = 0;
  }

  /** A beam with one more token. */
  Beam(Extension extension) {
    Beam parent = extension.parent();
    int n = parent.length();
    prompt = parent.prompt;
    tokens = Arrays.copyOf(parent.tokens, n + 1);
    tokens[n] = extension.scored();
    score = parent.score + extension.scored().logProbability();
    rank = extension.rank();
    decoder = parent.decoder.map(PieceDecoder::fork);
    decoder.ifPresent(d -> d.accept(extension.token()));
  }

  /** A beam and a token that it may go on with. */
  record Extension(Beam parent, ScoredToken scored, double rank) {
    int token() {
      return scored.token();
    }
  }

  /** Number of tokens. */
  int length() {
    return tokens.length;
  }

  int lastToken() {
    return tokens[tokens.length - 1].token();
  }

  /** The sum of the log-probabilities. */
  double score() {
    return score;
  }

  /** The score and what processors added to the logits. */
  double rank() {
    return rank;
  }

  /** Whether a stop string has appeared. */
  boolean isStopped() {
    return decoder.isPresent() && decoder.get().isStopped();
  }

  List<ScoredToken> scoredTokens() {
    return List.of(tokens);
  }

  /** The branch of the cache that holds the tokens. */
  int branch() {
    return branch;
  }

  void setBranch(int branch) {
    this.branch = branch;
  }

  List<LogitsProcessor> processors() {
    return processors;
  }

  /** Takes the parent's processors, or forks of them if they were given away before. */
  void takeProcessors(Beam parent) {
    if (parent.processorsGiven) {
      processors = parent.processors.stream().map(LogitsProcessor::fork).toList();
    } else {
      processors = parent.processors;
      parent.processorsGiven = true;
    }
  }

  @Override
  public int size() {
    return prompt.length + tokens.length;
  }

  @Override
  public int get(int index) {
    Objects.checkIndex(index, size());
    return index < prompt.length ? prompt[index] : tokens[index - prompt.length].token();
  }

  @Override
  public int promptSize() {
    return prompt.length;
  }
}
