package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_backend_set_abort_callback_t;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.jspecify.annotations.Nullable;

/**
 * A stream of work on a device. On the CPU it owns a pool of threads, made once, and a flag that
 * stops a running computation.
 *
 * <p>Used by one thread at a time, except for {@link #abort()}, which may come from any thread.
 */
public final class Backend implements CloseStack.Closing {
  private final Device device;
  private final int threads;
  private final MemorySegment handle;
  private final CloseStack owned = new CloseStack();
  private final MemorySegment flagTensor;
  private final MemorySegment setAbort;
  private @Nullable ThreadPools pools;
  private boolean closed;

  private Backend(Device device, int threads) {
    this.device = device;
    this.threads = threads;
    try {
      Arena arena = Arena.ofShared();
      owned.push(arena::close);
      flagTensor = arena.allocate(ggml_tensor.layout());
      for (int i = 0; i < Ggml.GGML_MAX_DIMS(); i++) {
        ggml_tensor.ne(flagTensor, i, 1);
      }
      MemorySegment opened = Ggml.ggml_backend_dev_init(device.handle(), MemorySegment.NULL);
      if (opened.address() == 0) {
        throw new GgmlException(
            GgmlException.Status.FAILED, 0, "device " + device + " could not be opened");
      }
      handle = opened.reinterpret(arena, null);
      owned.push(() -> Ggml.ggml_backend_free(opened));
      if (device.type() == Device.Type.CPU) {
        pools = owned.own(new ThreadPools(handle, device.registry(), threads));
      }
      setAbort = Native.procAddress(device.registry(), "ggml_backend_set_abort_callback");
      useAbortFlag();
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  /**
   * Opens a device.
   *
   * @param threads number of CPU threads, at least 1; ignored by other devices
   * @throws GgmlException if the device does not open
   */
  public static Backend open(Device device, int threads) {
    if (threads < 1 || threads > Ggml.GGML_MAX_N_THREADS()) {
      throw new IllegalArgumentException(
          "threads: expected 1 to " + Ggml.GGML_MAX_N_THREADS() + ", found " + threads);
    }
    return new Backend(device, threads);
  }

  /** Takes as many of its threads as other processes leave processors to; the CPU's only. */
  void useFreeThreads() {
    if (pools != null) {
      pools.use(ThreadGovernor.ofProcess().threads(threads, System.nanoTime()));
    }
  }

  /**
   * GGML asks once per node and thread whether to stop, also from threads that the JVM does not
   * know, so an upcall would be slow. A function of GGML itself answers: {@code ggml_is_empty}
   * takes a pointer, reads the sizes of the tensor there, and says true if one of them is zero. The
   * flag is such a tensor's first size.
   */
  void useAbortFlag() {
    askWhetherToAbort(Ggml.ggml_is_empty$address());
  }

  /**
   * @param function that takes a pointer and tells whether to stop
   */
  void askWhetherToAbort(MemorySegment function) {
    if (asksWhetherToAbort()) {
      ggml_backend_set_abort_callback_t.invoke(setAbort, handle, function, flagTensor);
    }
  }

  /** Whether the device asks whether to stop: the CPU does, after each node. */
  boolean asksWhetherToAbort() {
    return setAbort.address() != 0;
  }

  /** Whether {@link #abort()} was called and {@link #resume()} was not. */
  boolean isAborted() {
    return ggml_tensor.ne(flagTensor, 0) == 0;
  }

  MemorySegment handle() {
    return handle;
  }

  public Device device() {
    return device;
  }

  /** Threads of the CPU's pool; less of them compute while other processes keep processors busy. */
  public int threads() {
    return threads;
  }

  /**
   * Makes the running computation end soon with {@link GgmlException.Status#ABORTED}; also the next
   * ones.
   */
  public void abort() {
    setFirstSize(0);
  }

  /** Lets computations run again after {@link #abort()}. */
  public void resume() {
    setFirstSize(1);
  }

  private synchronized void setFirstSize(long value) {
    if (!closed) {
      ggml_tensor.ne(flagTensor, 0, value);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      owned.close();
    }
  }
}
