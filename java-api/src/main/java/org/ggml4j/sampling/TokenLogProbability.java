package org.ggml4j.sampling;

/**
 * A token with its logit and the natural logarithm of its probability.
 *
 * @param token the token id
 * @param logit the logit that the probability was computed from
 * @param logProbability log-softmax, at most 0
 */
public record TokenLogProbability(int token, float logit, double logProbability) {}
