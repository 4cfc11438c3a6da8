package org.ggml4j.ggml;

import java.lang.foreign.MemorySegment;
import org.ggml4j.bindings.ggml.Ggml;

/**
 * A kind of memory of a device: plain, pinned, or one that stores weights rearranged for its
 * kernels.
 */
public final class BufferType {
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
