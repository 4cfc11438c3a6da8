package org.ggml4j;

import org.ggml4j.chat.Message;
import org.ggml4j.decode.StopReason;

/**
 * A reply and what it took. With tools it is about the last round.
 *
 * @param message what the model said
 * @param reason why it ended
 * @param stats figures; {@link GenerationStats#promptTokens} is only what was new
 * @param keptTokens tokens of the prompt that the session had already
 * @param leftOut messages that were left out of the prompt for lack of room
 */
public record ChatReply(
    Message message, StopReason reason, GenerationStats stats, int keptTokens, int leftOut) {}
