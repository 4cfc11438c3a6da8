/**
 * The GGUF file format: reading, checking and writing, in pure Java.
 *
 * <p>{@link org.ggml4j.gguf.GgufFile} maps a model file and describes it; {@link
 * org.ggml4j.gguf.GgufMetadata} answers typed questions about its key-value pairs; {@link
 * org.ggml4j.gguf.GgufWriter} writes one. Nothing here loads the native library, and nothing a file
 * says is believed before it has been checked against the size of the file.
 */
@NullMarked
package org.ggml4j.gguf;

import org.jspecify.annotations.NullMarked;
