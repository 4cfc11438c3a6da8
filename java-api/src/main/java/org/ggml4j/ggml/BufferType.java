package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.gguf.GgmlType;

/**
 * A kind of memory of a device: plain, pinned, or one that stores weights rearranged for its
 * kernels.
 */
public final class BufferType {
  /** Kernels for {@link #isAmx} take matrices of a multiple of so many rows. */
  public static final int AMX_ROWS = 32;

  private final MemorySegment handle;
  private final String name;
  private final boolean isHost;

  BufferType(MemorySegment handle) {
    this.handle = handle;
    name = Native.string(Ggml.ggml_backend_buft_name(handle));
    isHost = Ggml.ggml_backend_buft_is_host(handle);
  }

  MemorySegment handle() {
    return handle;
  }

  /** GGML's name, such as {@code CPU}, {@code CPU_REPACK}, {@code AMX}, {@code CUDA0}. */
  public String name() {
    return name;
  }

  /** Whether weights are rearranged here for Intel's matrix extensions. */
  public boolean isAmx() {
    return name.equals("AMX");
  }

  /**
   * Whether products from this memory have two dimensions only. AMX's take others too, but write
   * the results of all matrices but the first four times too far on, into foreign memory
   * (ggml_batch_offset in ggml-cpu/amx/mmq.cpp gives bytes, and is added to a pointer to floats).
   */
  boolean isForOneMatrix() {
    return isAmx();
  }

  /**
   * Whether products of such weights take longer from this memory than from plain one. AMX's
   * kernels unpack six bits slowly.
   *
   * <p>Measured for a Q6_K matrix of 2048 by 128,256, from AMX's memory against plain one, as
   * ggml4j builds GGML: 1 vector 17 against 8 ms, 4 41 against 11, 8 57 against 17, 16 62 against
   * 32.
   */
  boolean isSlow(GgmlType type) {
    return type == GgmlType.Q6_K && isAmx() && Native.library().hasFewRows();
  }

  /** Whether the CPU reads this memory directly and in GGML's usual layout. */
  public boolean isHost() {
    return isHost;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BufferType that && handle.address() == that.handle.address();
  }

  @Override
  public int hashCode() {
    return Long.hashCode(handle.address());
  }

  @Override
  public String toString() {
    return name;
  }
}
