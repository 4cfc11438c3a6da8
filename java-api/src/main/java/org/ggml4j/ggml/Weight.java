package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import org.ggml4j.gguf.GgmlType;

/**
 * A stored tensor: a parameter of a model or a cache of a session. It lives as long as the {@link
 * WeightStore} it came from, longer than any graph that uses it.
 *
 * <p>A weight is not a {@link Tensor}: {@link Graph#use} makes a graph's view of it.
 */
public final class Weight {
  private final MemorySegment handle;
  private final String name;
  private final GgmlType type;
  private final long[] ne;

  Weight(MemorySegment handle, String name, GgmlType type, long[] ne) {
    this.handle = handle;
    this.name = name;
    this.type = type;
    this.ne = ne;
  }

  MemorySegment handle() {
    return handle;
  }

  public String name() {
    return name;
  }

  public GgmlType type() {
    return type;
  }

  /** Size in dimension {@code i}, fastest first; 1 beyond the tensor's own dimensions. */
  public long ne(int i) {
    return ne[i];
  }

  /** Number of elements. */
  public long nElements() {
    return ne[0] * ne[1] * ne[2] * ne[3];
  }

  /** Size in bytes. */
  public long nBytes() {
    return type.rowSize(ne[0]) * ne[1] * ne[2] * ne[3];
  }

  @Override
  public String toString() {
    return name + " " + type + " [" + ne[0] + ", " + ne[1] + ", " + ne[2] + ", " + ne[3] + "]";
  }
}
