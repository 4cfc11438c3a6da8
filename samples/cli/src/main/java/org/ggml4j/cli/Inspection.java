package org.ggml4j.cli;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.ggml4j.arch.Architectures;
import org.ggml4j.arch.Hparams;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.TensorInfo;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.tokenizer.Tokenizer;

/** What a file's tensors add up to, and whether the library can use it. */
record Inspection(
    Map<GgmlType, Total> perType, Total total, Support architecture, Support tokenizer) {

  /** Some tensors together. */
  record Total(int tensors, long elements, long bytes) {
    static final Total NONE = new Total(0, 0, 0);

    Total plus(TensorInfo tensor) {
      return new Total(tensors + 1, elements + tensor.nElements(), bytes + tensor.nBytes());
    }

    double bitsPerWeight() {
      return elements == 0 ? 0 : 8.0 * bytes / elements;
    }
  }

  /**
   * @param problem why it is not supported; empty if it is
   */
  record Support(String name, String problem) {
    boolean supported() {
      return problem.isEmpty();
    }

    String line() {
      return name + (supported() ? ", supported" : ", not supported: " + problem);
    }
  }

  static Inspection of(GgufFile file) throws IOException {
    Map<GgmlType, Total> perType = new TreeMap<>();
    Total total = Total.NONE;
    for (TensorInfo tensor : file.tensors()) {
      total = total.plus(tensor);
      perType.put(tensor.type(), perType.getOrDefault(tensor.type(), Total.NONE).plus(tensor));
    }
    return new Inspection(
        perType, total, architecture(file.metadata()), tokenizer(file.metadata()));
  }

  private static Support architecture(GgufMetadata metadata) throws IOException {
    if (!metadata.contains("general.architecture")) {
      return new Support("none", "the file has no general.architecture");
    }
    String name = metadata.getString("general.architecture");
    try {
      Architectures.byName(name);
      Hparams.of(metadata);
      return new Support(name, "");
    } catch (UnsupportedModelException | IOException e) {
      return new Support(name, Errors.line(e));
    }
  }

  private static Support tokenizer(GgufMetadata metadata) throws IOException {
    if (!metadata.contains("tokenizer.ggml.model")) {
      return new Support("none", "the file has no tokenizer.ggml.model");
    }
    String pre = metadata.getString("tokenizer.ggml.pre", "");
    String name = metadata.getString("tokenizer.ggml.model") + (pre.isEmpty() ? "" : "/" + pre);
    try {
      Tokenizer.of(metadata);
      return new Support(name, "");
    } catch (UnsupportedModelException | IOException e) {
      return new Support(name, Errors.line(e));
    }
  }
}
