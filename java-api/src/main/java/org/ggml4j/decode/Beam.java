package org.ggml4j.decode;

import java.util.ArrayList;
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
  private static final int[] NONE = {};

  private final int[] prompt;
  private final int[] tokens;
  private final double[] logProbabilities;
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
    tokens = NONE;
    logProbabilities = new double[0];
    score = 0;
    rank = 0;
  }

  /** A beam with one more token. */
  Beam(Extension extension) {
    Beam parent = extension.parent();
    int n = parent.length();
    prompt = parent.prompt;
    tokens = Arrays.copyOf(parent.tokens, n + 1);
    tokens[n] = extension.token();
    logProbabilities = Arrays.copyOf(parent.logProbabilities, n + 1);
    logProbabilities[n] = extension.logProbability();
    score = parent.score + extension.logProbability();
    rank = extension.rank();
    decoder = parent.decoder.map(PieceDecoder::fork);
    decoder.ifPresent(d -> d.accept(extension.token()));
  }

  /** A beam and a token that it may go on with. */
  record Extension(Beam parent, int token, double logProbability, double rank) {}

  /** Number of tokens. */
  int length() {
    return tokens.length;
  }

  int lastToken() {
    return tokens[tokens.length - 1];
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
    List<ScoredToken> list = new ArrayList<>();
    for (int i = 0; i < tokens.length; i++) {
      list.add(new ScoredToken(tokens[i], logProbabilities[i]));
    }
    return list;
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
    return index < prompt.length ? prompt[index] : tokens[index - prompt.length];
  }

  @Override
  public int promptSize() {
    return prompt.length;
  }
}
