/** Makes models smaller: which type each tensor gets, and the conversion itself. */
@NullMarked
package org.ggml4j.quantize;

import org.jspecify.annotations.NullMarked;
