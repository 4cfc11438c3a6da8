/**
 * Grammars that a generated text must follow: GBNF, llama.cpp's notation, its matcher, and the
 * masks that keep a sampler from picking a token that does not fit. Pure Java, without the native
 * library.
 *
 * <p>{@link org.ggml4j.grammar.Grammar} is the entry point.
 */
@NullMarked
package org.ggml4j.grammar;

import org.jspecify.annotations.NullMarked;
