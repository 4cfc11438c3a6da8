/**
 * Spring AI's chat and embedding models on a model of this process: no server in between, and
 * answers and tool calls held to their JSON schemas by a grammar.
 */
@NullMarked
package org.ggml4j.springai;

import org.jspecify.annotations.NullMarked;
