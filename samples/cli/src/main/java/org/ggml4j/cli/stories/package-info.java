/**
 * Stories for training the project's own model: a grammar of our own and the generator that reads
 * it.
 */
@NullMarked
package org.ggml4j.cli.stories;

import org.jspecify.annotations.NullMarked;
