/** Training of small models from random weights, with the same architectures that generate. */
@NullMarked
package org.ggml4j.train;

import org.jspecify.annotations.NullMarked;
