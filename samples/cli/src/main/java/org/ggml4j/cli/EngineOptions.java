package org.ggml4j.cli;

import java.io.PrintStream;
import java.util.Optional;
import org.ggml4j.ModelOptions;
import org.ggml4j.SessionOptions;
import org.ggml4j.gguf.GgmlType;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is computed; what is not given is as the command's own defaults say. */
final class EngineOptions {
  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads. Default: the number of physical cores.")
  private int threads;

  @Option(
      names = "--kv-type",
      paramLabel = "TYPE",
      converter = Types.Cache.class,
      description =
          "Type of the KV cache: F32, F16, BF16, Q8_0, Q5_1, Q5_0, Q4_1, Q4_0 or IQ4_NL. Default:"
              + " F16 for generate, F32 for logits.")
  private Optional<GgmlType> kvType = Optional.empty();

  @Option(
      names = "--flash-attn",
      paramLabel = "on|off",
      converter = OnOff.Converter.class,
      description = "Whether attention is one operation. Default: on for generate, off for logits.")
  private Optional<OnOff> flashAttn = Optional.empty();

  @Option(
      names = "--repack",
      paramLabel = "on|off",
      converter = OnOff.Converter.class,
      description =
          "Whether weights may be rearranged for faster kernels (AMX, VNNI). Default: on for"
              + " generate, off for logits.")
  private Optional<OnOff> repack = Optional.empty();

  @Mixin private GpuLayersOption gpuLayers;

  /**
   * @param err is told of what has no effect
   * @throws IllegalArgumentException for values that make no sense
   */
  ModelOptions model(boolean repackByDefault, PrintStream err) {
    return gpuLayers.apply(
        ModelOptions.defaults()
            .withRepack(repack.map(OnOff::isOn).orElse(repackByDefault))
            .withThreads(threads),
        err);
  }

  /**
   * @throws IllegalArgumentException for values that make no sense together
   */
  SessionOptions session(GgmlType kvTypeByDefault, boolean flashAttnByDefault) {
    // Flash attention first: a quantized cache is refused without.
    return SessionOptions.defaults()
        .withThreads(threads)
        .withFlashAttn(flashAttn.map(OnOff::isOn).orElse(flashAttnByDefault))
        .withKvType(kvType.orElse(kvTypeByDefault));
  }
}
