package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.ggml4j.SessionOptions;
import org.ggml4j.eval.SpeedResult;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.GgmlInfo;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.quantize.QuantizationRecipe;

/**
 * One measured speed and how it came about.
 *
 * @param gpuLayers as they were asked for
 * @param loadNanos how long loading the model took
 */
record BenchRow(
    ModelFacts model,
    SessionOptions session,
    int nBatch,
    int gpuLayers,
    boolean repack,
    long loadNanos,
    SpeedResult result,
    Instant time) {

  /**
   * What a file says about itself.
   *
   * @param label architecture, parameters and type in words
   */
  record ModelFacts(Path file, String label, long bytes, long parameters) {
    static ModelFacts of(Path file) throws IOException {
      try (GgufFile gguf = GgufFile.open(file)) {
        Inspection.Total total = Inspection.of(gguf).total();
        GgufMetadata metadata = gguf.metadata();
        String label =
            metadata.getString("general.architecture", "unknown")
                + " "
                + count(total.elements())
                + " "
                + level(metadata);
        return new ModelFacts(file, label, total.bytes(), total.elements());
      }
    }

    private static String level(GgufMetadata metadata) throws IOException {
      int type = metadata.getInt("general.file_type", -1);
      for (QuantizationRecipe recipe : QuantizationRecipe.values()) {
        if (recipe.fileType() == type) {
          return recipe.name();
        }
      }
      return "of unknown type";
    }
  }

  /** A number of parameters: {@code 134.52 M}. */
  static String count(long parameters) {
    return parameters < 1_000_000_000
        ? Figures.decimal(parameters / 1e6, 2) + " M"
        : Figures.decimal(parameters / 1e9, 2) + " B";
  }

  String speed() {
    return Figures.plusMinus(result.mean(), result.deviation(), 2);
  }

  /**
   * Everything by name; the names are llama-bench's where it has one for it. Values are strings,
   * numbers, booleans and lists of numbers.
   */
  Map<String, Object> fields() throws IOException {
    Map<String, Object> f = new LinkedHashMap<>();
    f.put("ggml4j_version", Version.version());
    f.put("ggml_version", GgmlInfo.load().version());
    f.put("cpu_info", Device.cpu().description());
    f.put("gpu_info", gpus().stream().map(Device::description).collect(Collectors.joining(", ")));
    f.put("backends", backends());
    f.put("model_filename", model.file().toString());
    f.put("model_type", model.label());
    f.put("model_size", model.bytes());
    f.put("model_n_params", model.parameters());
    f.put("n_batch", nBatch);
    f.put("n_ubatch", session.nBatch());
    f.put("n_threads", session.threads());
    f.put("type_k", session.typeK().name().toLowerCase(Locale.ROOT));
    f.put("type_v", session.typeV().name().toLowerCase(Locale.ROOT));
    f.put("n_gpu_layers", gpuLayers);
    f.put("flash_attn", session.flashAttn() ? 1 : 0);
    f.put("repack", repack);
    f.put("load_ns", loadNanos);
    ProcessMemory.peakBytes().ifPresent(bytes -> f.put("peak_bytes", bytes));
    f.put("n_prompt", result.test().nPrompt());
    f.put("n_gen", result.test().nGen());
    f.put("n_depth", result.test().nDepth());
    f.put("test_time", time.truncatedTo(ChronoUnit.SECONDS).toString());
    f.put("n_warmup", result.warmUps());
    f.put("avg_ns", Math.round(result.meanNanos()));
    f.put("stddev_ns", Math.round(result.deviationNanos()));
    f.put("avg_ts", result.mean());
    f.put("stddev_ts", result.deviation());
    f.put("samples_ns", result.nanos());
    f.put("samples_ts", result.tokensPerSecond());
    return f;
  }

  private static List<Device> gpus() {
    return Device.all().stream()
        .filter(d -> d.type() == Device.Type.GPU || d.type() == Device.Type.IGPU)
        .toList();
  }

  static String backends() {
    List<String> names = new ArrayList<>();
    gpus().stream().map(Device::backendName).distinct().forEach(names::add);
    return names.isEmpty() ? "CPU" : String.join(",", names);
  }
}
