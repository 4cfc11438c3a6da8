package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_threadpool_params;

/**
 * The threads of a CPU backend: a pool of all of them, and while fewer are wanted a pool of so
 * many.
 *
 * <p>A pool's thread that has nothing to do in a graph waits for the next by polling for a quarter
 * of a second (ggml_graph_compute_poll_for_work in ggml-cpu.c), and so keeps busy the very
 * processor that was to be left to others. The threads of a pool that another one replaces sleep.
 *
 * <p>Used by one thread at a time.
 */
final class ThreadPools implements CloseStack.Closing {
  private final MemorySegment backend;
  private final int threads;
  private final MethodHandle newPool;
  private final MethodHandle freePool;
  private final MethodHandle setPool;
  private final MethodHandle setThreads;
  private final MemorySegment all;
  private MemorySegment fewer = MemorySegment.NULL;
  private int nFewer;
  private int using;

  /**
   * @param backend of the CPU
   * @param registry of the CPU's library
   * @param threads how many there are at most
   */
  ThreadPools(MemorySegment backend, MemorySegment registry, int threads) {
    this.backend = backend;
    this.threads = threads;
    newPool =
        downcall(
            registry, "ggml_threadpool_new", FunctionDescriptor.of(Ggml.C_POINTER, Ggml.C_POINTER));
    freePool =
        downcall(registry, "ggml_threadpool_free", FunctionDescriptor.ofVoid(Ggml.C_POINTER));
    setPool =
        downcall(
            registry,
            "ggml_backend_cpu_set_threadpool",
            FunctionDescriptor.ofVoid(Ggml.C_POINTER, Ggml.C_POINTER));
    setThreads =
        downcall(
            registry,
            "ggml_backend_set_n_threads",
            FunctionDescriptor.ofVoid(Ggml.C_POINTER, Ggml.C_INT));
    all = open(threads);
    use(all, threads);
  }

  /**
   * @param type of the layouts that all functions have, so that Java has linked its like before
   */
  private static MethodHandle downcall(
      MemorySegment registry, String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(Native.procAddress(registry, name), type);
  }

  private MemorySegment open(int n) {
    MemorySegment pool;
    try (Arena call = Arena.ofConfined()) {
      MemorySegment params = call.allocate(ggml_threadpool_params.layout());
      Ggml.ggml_threadpool_params_init(params, n);
      ggml_threadpool_params.paused(params, true); // the first graph wakes them
      pool = (MemorySegment) newPool.invokeExact(params);
    } catch (Throwable e) {
      throw unchecked(e);
    }
    if (pool.address() == 0) {
      throw new GgmlException(GgmlException.Status.ALLOC_FAILED, 0, "no pool of " + n + " threads");
    }
    return pool;
  }

  /** How many threads the next computation has. */
  int using() {
    return using;
  }

  /**
   * Lets the next computations have so many threads.
   *
   * @param n 1 to the number there is
   */
  void use(int n) {
    if (n == using) {
      return;
    }
    if (n == threads) {
      use(all, n);
      return;
    }
    MemorySegment old = fewer;
    boolean fits = nFewer == n;
    if (!fits) {
      fewer = open(n);
      nFewer = n;
    }
    use(fewer, n);
    if (!fits && old.address() != 0) {
      free(old);
    }
  }

  private void use(MemorySegment pool, int n) {
    try {
      setPool.invokeExact(backend, pool); // puts the threads of the one before to sleep
      setThreads.invokeExact(backend, n);
    } catch (Throwable e) {
      throw unchecked(e);
    }
    using = n;
  }

  private void free(MemorySegment pool) {
    try {
      freePool.invokeExact(pool);
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  private static RuntimeException unchecked(Throwable e) {
    if (e instanceof RuntimeException runtime) {
      return runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
    throw new AssertionError(e);
  }

  @Override
  public void close() {
    free(all);
    if (fewer.address() != 0) {
      free(fewer);
    }
  }
}
