package org.ggml4j.cli;

import java.io.PrintStream;
import java.util.Optional;
import org.ggml4j.ModelOptions;
import org.ggml4j.ggml.Device;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How much of a model goes to graphics cards. */
final class GpuLayersOption {
  /** As many as there are. */
  static final int ALL = 999;

  @Option(
      names = {"-ngl", "--n-gpu-layers", "--gpu-layers"},
      paramLabel = "N",
      converter = Converter.class,
      description =
          "Layers on graphics cards, the last ones first, the output counting as one; 0 for none."
              + " Without a card it has no effect. Default: all.")
  private Optional<Integer> layers = Optional.empty();

  /** What was given. */
  Optional<Integer> layers() {
    return layers;
  }

  /**
   * The options of a model with so many.
   *
   * @param err is told if there is no card for them, as llama.cpp tells it
   */
  ModelOptions apply(ModelOptions options, PrintStream err) {
    if (layers.isEmpty()) {
      return options;
    }
    tellIfUseless(layers.get(), err);
    return options.withGpuLayers(layers.get());
  }

  /** Says that layers stay on the CPU, if they are meant for a card that is not there. */
  static void tellIfUseless(int nLayers, PrintStream err) {
    if (nLayers > 0 && Device.all().stream().noneMatch(d -> d.type() == Device.Type.GPU)) {
      err.println(
          "ggml4j: no graphics card was found, so all layers are on the CPU; ggml4j doctor tells"
              + " what there is");
    }
  }

  /** A number from 0, or {@code all}. */
  static final class Converter implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      try {
        int n = text.equals("all") ? ALL : Integer.parseInt(text);
        if (n >= 0) {
          return n;
        }
      } catch (NumberFormatException e) {
        // Said below.
      }
      throw new TypeConversionException("expected a number from 0, or all, found '" + text + "'");
    }
  }
}
