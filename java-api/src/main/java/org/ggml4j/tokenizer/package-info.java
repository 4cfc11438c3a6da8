/**
 * Text to token ids and back: the tokenizers that GGUF files carry, and a trainer for new ones.
 *
 * <p>{@link org.ggml4j.tokenizer.Tokenizer} is the entry point. Everything here is plain Java on
 * UTF-8 bytes; nothing loads a native library.
 */
@NullMarked
package org.ggml4j.tokenizer;

import org.jspecify.annotations.NullMarked;
