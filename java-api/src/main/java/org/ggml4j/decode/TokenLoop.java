package org.ggml4j.decode;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.ggml4j.sampling.LogProbs;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * The plain decoding loop: evaluate, pick, decode, and see whether it is time to stop.
 *
 * <p>Each call of {@link #next} evaluates what the call before picked, so that the last token costs
 * nothing.
 */
public final class TokenLoop {
  /**
   * What is generated.
   *
   * @param maxTokens at most so many tokens
   * @param stop texts that end it
   * @param processors edit the logits before the sampler sees them
   * @param logProbs how many alternatives of each token are kept with their log-probabilities;
   *     empty for none of it
   */
  public record Options(
      int maxTokens, List<String> stop, List<LogitsProcessor> processors, OptionalInt logProbs) {}

  private static final int[] NOTHING = {};

  private final Sequence sequence;
  private final Tokenizer tokenizer;
  private final Sampler sampler;
  private final Options options;
  private final Logits logits;
  private final PieceDecoder decoder;
  private final TokenLog history;
  private final int[] last = new int[1];
  private int[] toEvaluate;
  private int generated;
  private int token = -1;
  private double logProbability;
  private Optional<LogProbs> logProbs = Optional.empty();
  private String text = "";
  private Optional<StopReason> reason = Optional.empty();

  /**
   * @param history tokens that samplers and processors see as the prompt
   * @param due the last of them, which are not evaluated yet
   * @param logits to work on, of the model's vocabulary
   */
  public TokenLoop(
      Sequence sequence,
      Tokenizer tokenizer,
      int[] history,
      int[] due,
      Sampler sampler,
      Options options,
      Logits logits) {
    this.sequence = sequence;
    this.tokenizer = tokenizer;
    this.sampler = sampler;
    this.options = options;
    this.logits = logits;
    toEvaluate = due;
    this.history = new TokenLog(history);
    decoder = new PieceDecoder(tokenizer, history, options.stop);
  }

  /**
   * Generates a token.
   *
   * @return false if the text has ended, and there is none
   */
  public boolean next() {
    if (reason.isPresent()) {
      return false;
    }
    sequence.append(toEvaluate);
    toEvaluate = NOTHING; // should what follows fail
    sequence.readLogits(logits);
    logits.setHistory(history); // others may work with these logits too
    for (LogitsProcessor processor : options.processors) {
      processor.process(logits);
    }
    token = sampler.sample(logits);
    logProbability = logits.logProbability(token);
    if (options.logProbs.isPresent()) {
      logProbs = Optional.of(LogProbs.of(logits, token, options.logProbs.getAsInt()));
    }
    history.add(token);
    last[0] = token;
    toEvaluate = last;
    generated++;

    if (tokenizer.special().isEndOfGeneration(token)) {
      text = "";
      end(StopReason.END_OF_TEXT);
      return true;
    }
    text = decoder.accept(token);
    if (decoder.isStopped()) {
      reason = Optional.of(StopReason.STOP_STRING);
    } else if (generated >= options.maxTokens) {
      end(StopReason.TOKEN_LIMIT);
    } else if (sequence.room() < 1) {
      end(StopReason.CONTEXT_FULL);
    }
    return true;
  }

  /** Ends with all text that was held back; that may still complete a stop string. */
  private void end(StopReason why) {
    text += decoder.finish();
    reason = Optional.of(decoder.isStopped() ? StopReason.STOP_STRING : why);
  }

  /** Ends it from outside, after this step. */
  public void cancel() {
    if (reason.isEmpty()) {
      reason = Optional.of(StopReason.CANCELLED);
    }
  }

  /** The token that was picked last. */
  public int token() {
    return token;
  }

  /** Natural logarithm of its probability before any filter. */
  public double logProbability() {
    return logProbability;
  }

  /** Its alternatives, if the options ask for them. */
  public Optional<LogProbs> logProbs() {
    return logProbs;
  }

  /** The text that became certain with it. */
  public String text() {
    return text;
  }

  /** Number of tokens that were picked. */
  public int generated() {
    return generated;
  }

  /** Why it ended, if it has. */
  public Optional<StopReason> reason() {
    return reason;
  }

  /** The last token if it is part of the text but has not been evaluated; else nothing. */
  public int[] pending() {
    boolean ended = reason.isPresent() && reason.get() == StopReason.END_OF_TEXT;
    return generated == 0 || ended ? new int[0] : toEvaluate;
  }
}
