package org.ggml4j.nn;

/**
 * Sizes of a layer with a state space model.
 *
 * @param nEmbd width of what goes in and comes out
 * @param nConv tokens that the convolution before it looks at
 * @param nInner channels
 * @param nState numbers of the state for each channel
 * @param rank of Mamba's step lengths; of Mamba-2 the number of heads
 * @param nGroup groups of heads that share their input and output
 */
public record StateSpace(int nEmbd, int nConv, int nInner, int nState, int rank, int nGroup) {}
