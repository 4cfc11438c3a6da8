/** Measures of quality: how well a model predicts a text, and how far one is from another. */
@NullMarked
package org.ggml4j.eval;

import org.jspecify.annotations.NullMarked;
