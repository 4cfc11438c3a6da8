/**
 * Jinja templates as chat models carry them: a lexer, a parser and an evaluator with Python's
 * semantics, set up as Hugging Face transformers sets Jinja2 up. Pure Java, of use alone.
 *
 * <p>{@link org.ggml4j.jinja.Template} is the entry point. What it renders remembers which parts
 * came from the template and which from the values it was given: {@link org.ggml4j.jinja.Text}.
 */
@NullMarked
package org.ggml4j.jinja;

import org.jspecify.annotations.NullMarked;
