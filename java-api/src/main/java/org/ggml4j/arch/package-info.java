/**
 * The architectures: one file each, to be read from top to bottom. Start with {@link
 * org.ggml4j.arch.Llama}.
 */
@NullMarked
package org.ggml4j.arch;

import org.jspecify.annotations.NullMarked;
