/**
 * Conversations as models were trained on them: messages, tools, and the template that a model's
 * file carries. Pure Java, without the native library.
 *
 * <p>{@link org.ggml4j.chat.ChatTemplate} is the entry point; {@code org.ggml4j.Chat} puts it on a
 * session.
 */
@NullMarked
package org.ggml4j.chat;

import org.jspecify.annotations.NullMarked;
