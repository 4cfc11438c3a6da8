package org.ggml4j;

import java.util.List;

/**
 * How a model is loaded.
 *
 * @param devices names of the devices that may hold layers, such as {@code CUDA0}, in order; empty
 *     for all graphics cards there are
 * @param nGpuLayers how many layers go to those devices, the last ones first, the output counting
 *     as one; large for all, 0 for none
 * @param threads default number of CPU threads of this model's sessions; 0 for the number of
 *     physical cores
 * @param mmap whether weights stay where the file is mapped, if the device can use them there
 * @param mlock whether mapped weights are locked into memory
 * @param repack whether weights may be stored rearranged for faster kernels (AMX, VNNI)
 * @param progress is told how far loading has come, and may cancel it
 */
public record ModelOptions(
    List<String> devices,
    int nGpuLayers,
    int threads,
    boolean mmap,
    boolean mlock,
    boolean repack,
    Progress progress) {

  /** Follows the loading of a model. */
  @FunctionalInterface
  public interface Progress {
    /**
     * @param fraction from 0 to 1
     * @return false to cancel: {@link Model#load} then throws {@link
     *     java.util.concurrent.CancellationException}
     */
    boolean report(double fraction);
  }

  public ModelOptions {
    devices = List.copyOf(devices);
    if (nGpuLayers < 0) {
      throw new IllegalArgumentException("nGpuLayers: expected 0 or more, found " + nGpuLayers);
    }
    if (threads < 0) {
      throw new IllegalArgumentException("threads: expected 0 or more, found " + threads);
    }
  }

  /** Everything that fits on graphics cards, weights mapped and repacked. */
  public static ModelOptions defaults() {
    return new ModelOptions(List.of(), Integer.MAX_VALUE, 0, true, false, true, fraction -> true);
  }

  public ModelOptions withDevices(List<String> names) {
    return new ModelOptions(names, nGpuLayers, threads, mmap, mlock, repack, progress);
  }

  public ModelOptions withGpuLayers(int layers) {
    return new ModelOptions(devices, layers, threads, mmap, mlock, repack, progress);
  }

  public ModelOptions withThreads(int n) {
    return new ModelOptions(devices, nGpuLayers, n, mmap, mlock, repack, progress);
  }

  public ModelOptions withMmap(boolean on) {
    return new ModelOptions(devices, nGpuLayers, threads, on, mlock, repack, progress);
  }

  public ModelOptions withMlock(boolean on) {
    return new ModelOptions(devices, nGpuLayers, threads, mmap, on, repack, progress);
  }

  public ModelOptions withRepack(boolean on) {
    return new ModelOptions(devices, nGpuLayers, threads, mmap, mlock, on, progress);
  }

  public ModelOptions withProgress(Progress listener) {
    return new ModelOptions(devices, nGpuLayers, threads, mmap, mlock, repack, listener);
  }
}
