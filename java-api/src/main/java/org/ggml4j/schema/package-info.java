/**
 * What a text must look like, written as a grammar (GBNF): JSON Schema, regular expressions, lists
 * of choices, Java records. Pure Java; the grammars are text, which {@code org.ggml4j.grammar} or
 * llama.cpp reads.
 */
@NullMarked
package org.ggml4j.schema;

import org.jspecify.annotations.NullMarked;
