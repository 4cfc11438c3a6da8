/**
 * The graph layer over GGML: devices, backends, stored weights, graphs and the operations on
 * tensors.
 *
 * <p>The only room that calls the native bindings. Every operation checks its operands in Java
 * before the native call, because a failed assertion in GGML would end the JVM.
 *
 * <p>Shapes are given in GGML's order, fastest dimension first; PyTorch's order is the reverse.
 */
@NullMarked
package org.ggml4j.ggml;

import org.jspecify.annotations.NullMarked;
