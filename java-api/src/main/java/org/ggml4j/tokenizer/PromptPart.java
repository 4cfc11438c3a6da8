package org.ggml4j.tokenizer;

/**
 * A stretch of a prompt.
 *
 * @param text its characters
 * @param trusted whether the text of a control token in it is that token; if not, it is plain text
 */
public record PromptPart(String text, boolean trusted) {}
