package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.ggml4j.bindings.NativeLibrary;
import org.ggml4j.bindings.ggml.Ggml;

/** Loads GGML once, on first use, and holds what the rooms' classes share of it. */
final class Native {
  private Native() {}

  /**
   * Loads the library if that has not been done; every entry point of this package starts here. Not
   * from a static initialiser: a failure there would reach the user as an error of class loading.
   */
  static NativeLibrary library() {
    return NativeLibrary.load();
  }

  /** The text at a pointer that GGML owns. */
  static String string(MemorySegment pointer) {
    return pointer.address() == 0
        ? ""
        : pointer.reinterpret(Long.MAX_VALUE).getString(0, StandardCharsets.UTF_8);
  }

  /**
   * The address of one of a backend registry's own functions.
   *
   * @return the null pointer when the registry has no such function
   */
  static MemorySegment procAddress(MemorySegment registry, String name) {
    try (Arena arena = Arena.ofConfined()) {
      return Ggml.ggml_backend_reg_get_proc_address(registry, arena.allocateFrom(name));
    }
  }
}
