package org.ggml4j.decode;

/**
 * A token of a continuation.
 *
 * @param token its id
 * @param logProbability natural logarithm of the probability that the model gave it, before any
 *     processor
 */
public record ScoredToken(int token, double logProbability) {}
