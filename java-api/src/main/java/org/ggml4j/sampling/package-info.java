/**
 * From logits to a token: processors edit and filter, a sampler picks. Pure Java, without the
 * native library.
 *
 * <p>{@link org.ggml4j.sampling.Logits} is one step's view, reused from step to step; {@link
 * org.ggml4j.sampling.LogitsProcessor} and {@link org.ggml4j.sampling.Sampler} are one method each,
 * so that a lambda will do; {@link org.ggml4j.sampling.Samplers} makes the usual ones. The meaning
 * of each filter is llama.cpp's ({@code src/llama-sampler.cpp}); ties are decided by the lower
 * token id, and the arithmetic is the same on every machine, so a seed means the same text
 * everywhere.
 */
@NullMarked
package org.ggml4j.sampling;

import org.jspecify.annotations.NullMarked;
