/** The loader of GGML's libraries. */
@NullMarked
package org.ggml4j.bindings;

import org.jspecify.annotations.NullMarked;
