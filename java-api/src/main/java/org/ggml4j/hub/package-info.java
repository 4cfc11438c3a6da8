/**
 * Fetches models by name into the user's model folder: from the Hugging Face hub or a URL, resumed
 * where it broke off, and checked. {@link org.ggml4j.hub.Hub} is the entry; {@link
 * org.ggml4j.hub.ModelFolder} is what was fetched, and works without a network.
 *
 * <p>The only package of the library that opens a connection, and only in {@link
 * org.ggml4j.hub.Hub#pull}. Nothing else in the library depends on it.
 */
@NullMarked
package org.ggml4j.hub;

import org.jspecify.annotations.NullMarked;
