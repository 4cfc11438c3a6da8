package org.ggml4j;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** Keeps mapped weights from being paged out, by POSIX {@code mlock}; unmapping releases them. */
final class MemoryLock {
  private static final Logger LOG = System.getLogger("org.ggml4j");

  private MemoryLock() {}

  /** Locks the pages; a refusal is a warning, because the model works without. */
  static void lock(MemorySegment segment) {
    if (!tryLock(segment)) {
      LOG.log(
          Level.WARNING,
          "{0} bytes of weights could not be locked into memory: raise the limit of locked memory"
              + " (ulimit -l)",
          segment.byteSize());
    }
  }

  private static boolean tryLock(MemorySegment segment) {
    Optional<MemorySegment> symbol = Linker.nativeLinker().defaultLookup().find("mlock");
    if (symbol.isEmpty()) {
      return false;
    }
    MethodHandle mlock =
        Linker.nativeLinker()
            .downcallHandle(
                symbol.get(),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    try {
      return (int) mlock.invokeExact(segment, segment.byteSize()) == 0;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
