/**
 * The command {@code ggml4j}: a sample that uses the library's public API, and nothing else of it.
 */
@NullMarked
package org.ggml4j.cli;

import org.jspecify.annotations.NullMarked;
