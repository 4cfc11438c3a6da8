package org.ggml4j.tokenizer;

/**
 * A token and the stretch of the input that it covers.
 *
 * <p>A character whose bytes are spread over several tokens lies in the stretch of each of them. A
 * token that stands for no text (begin of text) has an empty stretch.
 *
 * @param id the token
 * @param start index of its first character in the input
 * @param end index after its last character
 */
public record Piece(int id, int start, int end) {}
