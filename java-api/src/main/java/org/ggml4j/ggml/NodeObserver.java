package org.ggml4j.ggml;

/**
 * Watches a computation node by node. Nodes are computed in groups, each up to one that is wanted;
 * wanting many makes the computation slower.
 *
 * <p>Both methods run in the thread that computes, while it does. What they throw ends the
 * computation and comes out of {@link Scheduler#compute}. A tensor that is given to them is valid
 * until they return; the data of its {@linkplain Tensor#source sources} can be read in {@link
 * #computed}.
 */
public interface NodeObserver {
  /** Whether {@link #computed} shall be called with this node, which is going to be computed. */
  boolean wants(Tensor node);

  /** A node that was wanted has been computed, and nothing that comes after it. */
  void computed(Tensor node);
}
