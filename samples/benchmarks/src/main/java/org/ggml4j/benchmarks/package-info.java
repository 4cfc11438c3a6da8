/** Measurements of speed and of garbage, with JMH. */
@NullMarked
package org.ggml4j.benchmarks;

import org.jspecify.annotations.NullMarked;
