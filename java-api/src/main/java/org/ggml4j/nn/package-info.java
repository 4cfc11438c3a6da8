/**
 * The parts that architectures are built from: layers that hold weights, attention over the KV
 * cache, the inputs of a graph, and the loading of weights by name and shape.
 *
 * <p>Shapes are in GGML's order, fastest dimension first. The symbols: nEmbd (width of the residual
 * stream), nHead, nHeadKv (heads of queries; of keys and values), headDim, nFf (width of the
 * feed-forward), nVocab, nTokens (of this batch), nKv (cells of the cache that are looked at),
 * nOutputs (rows whose logits are wanted).
 */
@NullMarked
package org.ggml4j.nn;

import org.jspecify.annotations.NullMarked;
