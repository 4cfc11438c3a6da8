package org.ggml4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.quantize.ImportanceMatrix;
import org.ggml4j.quantize.QuantizationOptions;
import org.ggml4j.quantize.QuantizationPlan;
import org.ggml4j.quantize.QuantizationRecipe;
import org.ggml4j.quantize.Quantizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code quantize}: writes a model with smaller types. */
@Command(
    name = "quantize",
    description = {
      "Writes a model with smaller types, tensor for tensor as llama-quantize does.",
      "From an F32, F16 or BF16 file; the result appears when it is complete."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Examples:",
      "  ggml4j quantize model-f16.gguf Q4_K_M",
      "  ggml4j quantize model-f16.gguf Q4_0 --tensor-type attn_v=q8_0 --dry-run"
    })
final class QuantizeCommand implements Callable<Integer> {
  private final Streams streams;
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      converter = ModelPath.class,
      description = "GGUF file to quantize, or the name of a model that was pulled.")
  private Path model;

  @Parameters(
      index = "1",
      paramLabel = "LEVEL",
      converter = LevelConverter.class,
      description = "F32, F16, BF16, Q8_0, Q6_K, Q5_K_M, Q4_K_M, Q4_0, IQ4_XS, Q3_K_M, Q2_K, ...")
  private QuantizationRecipe recipe;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.gguf",
      description = "The file to write. Default: MODEL's name with LEVEL at its end.")
  private Optional<Path> output = Optional.empty();

  @Option(
      names = "--imatrix",
      paramLabel = "FILE",
      description = "Importance matrix, in llama.cpp's GGUF format.")
  private Optional<Path> importance = Optional.empty();

  @Option(
      names = "--tensor-type",
      paramLabel = "REGEX=TYPE",
      description = "Type of the tensors in whose name the expression is found; may be repeated.")
  private Map<String, String> overrides = new LinkedHashMap<>();

  @Option(
      names = "--output-tensor-type",
      paramLabel = "TYPE",
      converter = TypeConverter.class,
      description = "Type of output.weight.")
  private Optional<GgmlType> outputType = Optional.empty();

  @Option(
      names = "--token-embedding-type",
      paramLabel = "TYPE",
      converter = TypeConverter.class,
      description = "Type of token_embd.weight.")
  private Optional<GgmlType> tokenEmbeddingType = Optional.empty();

  @Option(names = "--leave-output-tensor", description = "Leave output.weight as it is.")
  private boolean keepOutput;

  @Option(names = "--pure", description = "One type for all matrices instead of a mixture.")
  private boolean pure;

  @Option(
      names = "--allow-requantize",
      description = "Take tensors that are quantized already; costs quality.")
  private boolean allowRequantize;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that convert. Default: one a processor.")
  private int threads;

  @Option(
      names = "--dry-run",
      description = "Write nothing; print what each tensor would become, and the size.")
  private boolean dryRun;

  @Mixin private Common common;

  QuantizeCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    Path target = output.orElseGet(this::defaultOutput);
    if (!dryRun) {
      Outputs.requireWritable(target);
    }
    try (Interruption interruption = Interruption.begin();
        GgufFile file = GgufFile.open(model)) {
      Quantizer quantizer = quantizer(file);
      QuantizationPlan plan = quantizer.plan();
      if (dryRun || common.verbose) {
        print(plan, dryRun ? streams.out() : streams.err());
      }
      Fallbacks.of(plan).ifPresent(f -> streams.err().println(recipe + ": " + f));
      if (dryRun) {
        return 0;
      }
      if (Files.exists(target) && Files.isSameFile(target, model)) {
        throw new ParameterException(
            spec.commandLine(), "the output is the model itself; give another name with -o");
      }
      long begin = System.nanoTime();
      try (Bar bar = new Bar(streams, "quantize")) {
        quantizer.write(
            target,
            (tensor, done, total) -> {
              bar.at((double) done / total, tensor.name());
              return !interruption.requested();
            });
      } catch (CancellationException e) {
        streams.err().println("ggml4j: stopped; nothing was written");
        return Errors.FAILED;
      }
      streams
          .err()
          .println(
              "wrote "
                  + target
                  + " ("
                  + size(plan)
                  + ") in "
                  + Figures.decimal((System.nanoTime() - begin) / 1e9, 1)
                  + " s");
      return 0;
    }
  }

  private Quantizer quantizer(GgufFile file) throws IOException {
    try {
      Optional<ImportanceMatrix> matrix = Optional.empty();
      if (importance.isPresent()) {
        matrix = Optional.of(ImportanceMatrix.read(importance.get()));
      }
      return Quantizer.of(file, options(), matrix);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private QuantizationOptions options() {
    Map<Pattern, GgmlType> types = new LinkedHashMap<>();
    overrides.forEach(
        (regex, type) -> types.put(pattern(regex), new TypeConverter().convert(type)));
    return new QuantizationOptions(
        recipe, types, outputType, tokenEmbeddingType, keepOutput, pure, allowRequantize, threads);
  }

  private static Pattern pattern(String regex) {
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("--tensor-type: " + e.getMessage(), e);
    }
  }

  private Path defaultOutput() {
    String name = model.getFileName().toString().replaceFirst("\\.gguf$", "");
    String base = name.replaceFirst("(?i)[-.](f32|f16|bf16)$", "");
    return model.resolveSibling(base + "-" + recipe.name().toLowerCase(Locale.ROOT) + ".gguf");
  }

  private static void print(QuantizationPlan plan, PrintStream out) {
    Table table = new Table(4).right(3);
    plan.tensors()
        .forEach(
            p ->
                table.row(
                    p.source().name(),
                    p.source().type().toString(),
                    p.type().toString(),
                    Figures.bytes(p.nBytes())));
    table.print(out, "");
    Map<GgmlType, Long> counts =
        plan.tensors().stream()
            .collect(
                Collectors.groupingBy(
                    QuantizationPlan.Planned::type,
                    () -> new EnumMap<>(GgmlType.class),
                    Collectors.counting()));
    out.println(plan.recipe() + ": " + size(plan) + "; tensors " + counts);
  }

  private static String size(QuantizationPlan plan) {
    return Figures.bytes(plan.nBytes())
        + ", "
        + Figures.decimal(plan.bitsPerWeight(), 2)
        + " bits per weight";
  }

  /** A level's name. */
  static final class LevelConverter implements ITypeConverter<QuantizationRecipe> {
    @Override
    public QuantizationRecipe convert(String value) {
      try {
        return QuantizationRecipe.byName(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** Any type that can be written. */
  static final class TypeConverter implements ITypeConverter<GgmlType> {
    @Override
    public GgmlType convert(String value) {
      for (GgmlType type : GgmlType.values()) {
        if (type.name().equalsIgnoreCase(value)) {
          return type;
        }
      }
      throw new TypeConversionException("expected a type such as Q8_0, found '" + value + "'");
    }
  }
}
