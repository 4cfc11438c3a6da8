/** An architecture of one's own, and what lets the library find it. */
@NullMarked
package org.ggml4j.samples.own;

import org.jspecify.annotations.NullMarked;
