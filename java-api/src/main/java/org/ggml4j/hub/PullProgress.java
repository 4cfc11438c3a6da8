package org.ggml4j.hub;

import java.util.OptionalLong;

/**
 * How far a pull is.
 *
 * @param phase what is being done
 * @param file the name of the file it is done with
 * @param done bytes of the model that are here, or are checked; those of an earlier pull count
 * @param total bytes of the whole model; empty as long as no server has said it
 */
public record PullProgress(Phase phase, String file, long done, OptionalLong total) {
  /** What is being done. */
  public enum Phase {
    /** Bytes arrive. */
    RECEIVING,
    /** The checksum of what arrived is computed. */
    CHECKING
  }

  /** Is told how far a pull is, now and then, by several threads but one at a time. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Called with each piece that has arrived.
     *
     * @return whether to go on; if not, the pull ends, and the next one goes on from there
     */
    boolean at(PullProgress progress);
  }
}
