package org.ggml4j.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** Scratch memory that the arrays of one {@link Logits} share, so that a step allocates nothing. */
final class Workspace {
  final Exponential exponential = new Exponential();
  final double[] innerLanes = new double[Exponential.LANES];
  final double[] productLanes = new double[Exponential.LANES];
  final int[] marks = new int[Exponential.MARKED_CHUNK];
  final Deviation deviation = new Deviation();
  final Candidates others = new Candidates();
  private final int[] bits = new int[Exponential.CHUNK];
  private @Nullable MassCut massCut;
  private @Nullable AdaptedLogits adapted;

  /** Made when it is first needed: most never need it. */
  MassCut massCut() {
    MassCut made = massCut;
    if (made == null) {
      made = new MassCut();
      massCut = made;
    }
    return made;
  }

  /** Likewise. */
  AdaptedLogits adapted() {
    AdaptedLogits made = adapted;
    if (made == null) {
      made = new AdaptedLogits();
      adapted = made;
    }
    return made;
  }

  /**
   * Finds the highest float of each block of {@value LogitArray#BLOCK}; NaN if there is one.
   *
   * @param memory floats
   * @param from index of the first
   * @param count how many, at most {@value Exponential#CHUNK}
   * @param maxima receives one value per block from index {@code block} on
   */
  void maxima(MemorySegment memory, int from, int count, float[] maxima, int block) {
    MemorySegment.copy(memory, ValueLayout.JAVA_INT, 4L * from, bits, 0, count);
    int b = block;
    for (int i = 0; i < count; i += LogitArray.BLOCK) {
      maxima[b++] = Loops.highest(bits, i, Math.min(count, i + LogitArray.BLOCK));
    }
  }
}
