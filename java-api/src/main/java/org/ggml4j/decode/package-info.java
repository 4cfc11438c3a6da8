/** The decoding loops: a batch through the model, and token after token. */
@NullMarked
package org.ggml4j.decode;

import org.jspecify.annotations.NullMarked;
