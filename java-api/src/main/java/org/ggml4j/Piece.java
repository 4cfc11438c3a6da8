package org.ggml4j;

/**
 * A token that was generated.
 *
 * @param token its id
 * @param logProbability natural logarithm of the probability that the model gave it, before any
 *     filter
 * @param text what can be shown now: never part of a character; empty while a character or a
 *     possible stop string is incomplete
 */
public record Piece(int token, double logProbability, String text) {}
