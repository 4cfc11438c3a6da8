/**
 * Large language models on one's own machine: load a {@link org.ggml4j.Model}, open a {@link
 * org.ggml4j.Session} on it, and read what it writes.
 */
@NullMarked
package org.ggml4j;

import org.jspecify.annotations.NullMarked;
