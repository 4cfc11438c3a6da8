package org.ggml4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.ggml4j.ModelOptions;
import org.ggml4j.SessionOptions;
import org.ggml4j.cli.stories.StoryGenerator;
import org.ggml4j.eval.EvaluationOptions;
import org.ggml4j.ggml.CpuTopology;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.GgmlInfo;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.quantize.ImportanceMatrix;
import org.ggml4j.quantize.QuantizationPlan;
import org.ggml4j.quantize.QuantizationRecipe;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quants}: what each quantization level of a model costs, and gives. */
@Command(
    name = "quants",
    description = {
      "Makes each quantization level of a model in turn, and measures it: size, load time, memory,",
      "speed, perplexity, distance from the original. Writes a table, JSON, and a page with"
          + " charts.",
      "A run that was interrupted goes on where it was when it is started again."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Examples:",
      "  ggml4j quants",
      "  ggml4j quants model-f16.gguf --levels Q8_0,Q5_K_M,Q4_K_M,Q4_0 --text novel.txt",
      "  ggml4j quants --shape llama-3.1-8b --levels Q4_K_M",
      "  ggml4j quants --shape llama-3.1-8b --fit --ctx 32768"
    })
final class QuantsCommand implements Callable<Integer> {
  private static final int EMBEDDED_STORIES = 45;
  private static final long STORY_SEED = 4;
  private static final int STORY_CAST = 5;
  private static final int CHUNK = 512;
  private static final int FIT_CONTEXT = 4096;
  private static final String LEAST_SECONDS = "0.5";
  private static final List<QuantizationRecipe> DEFAULT_LEVELS =
      List.of(
          QuantizationRecipe.Q8_0,
          QuantizationRecipe.Q6_K,
          QuantizationRecipe.Q5_K_M,
          QuantizationRecipe.Q5_K_S,
          QuantizationRecipe.Q4_K_M,
          QuantizationRecipe.Q4_K_S,
          QuantizationRecipe.Q4_0,
          QuantizationRecipe.IQ4_NL,
          QuantizationRecipe.IQ4_XS,
          QuantizationRecipe.Q3_K_L,
          QuantizationRecipe.Q3_K_M,
          QuantizationRecipe.Q3_K_S,
          QuantizationRecipe.IQ3_S,
          QuantizationRecipe.Q2_K);

  private final Streams streams;
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      arity = "0..1",
      converter = ModelPath.class,
      description =
          "GGUF file or the name of a pulled model, best F16, BF16 or F32. Default: the small story"
              + " teller that comes with the command.")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--shape",
      paramLabel = "NAME|SIZES",
      description =
          "Instead of a file: random weights of a known model's shape, such as llama-3.2-1b, or of"
              + " sizes, such as n_embd=2048,n_layer=16. Nothing is fetched.")
  private Optional<String> shape = Optional.empty();

  @Option(
      names = "--fit",
      description = "Only estimate the memory that each level takes, from the header or the shape.")
  private boolean fit;

  @Option(
      names = "--levels",
      paramLabel = "LEVEL",
      split = ",",
      converter = QuantizeCommand.LevelConverter.class,
      description = "Which levels. Default: 14 from Q8_0 to Q2_K that need no importance matrix.")
  private List<QuantizationRecipe> levels = List.of();

  @Option(
      names = "--imatrix",
      paramLabel = "FILE",
      description = "Importance matrix for all levels; ggml4j imatrix makes one.")
  private Optional<Path> importance = Optional.empty();

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "The text to predict, in UTF-8. Default: stories of our own.")
  private Optional<Path> text = Optional.empty();

  @Option(
      names = "--ctx",
      paramLabel = "N",
      description =
          "Tokens of a chunk of the text, by default 512; with --fit of the context, by default"
              + " 4096.")
  private Optional<Integer> context = Optional.empty();

  @Option(
      names = "--chunks",
      paramLabel = "N",
      description = "Chunks at most. Default: ${DEFAULT-VALUE}.")
  private int chunks = 16;

  @Option(
      names = {"-p", "--n-prompt"},
      paramLabel = "N",
      description = "Tokens of the prompt that is timed. Default: ${DEFAULT-VALUE}.")
  private int nPrompt = 256;

  @Option(
      names = {"-n", "--n-gen"},
      paramLabel = "N",
      description = "Tokens that are timed one by one. Default: ${DEFAULT-VALUE}.")
  private int nGen = 64;

  @Option(
      names = {"-r", "--repetitions"},
      paramLabel = "N",
      description =
          "How often both are timed, and more often until half a second is timed of each. Default:"
              + " ${DEFAULT-VALUE}.")
  private int repetitions = 3;

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "CPU threads. Default: the number of physical cores.")
  private int threads = CpuTopology.physicalCores();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "PREFIX",
      description =
          "Where PREFIX.html and PREFIX.json are written. Default: MODEL's name and -quants, in"
              + " this folder.")
  private Optional<Path> output = Optional.empty();

  @Mixin private GpuLayersOption gpuLayers;

  @Option(names = "--restart", description = "Forget what an interrupted run has measured.")
  private boolean restart;

  @Mixin private Common common;

  QuantsCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    if (shape.isPresent() && model.isPresent()) {
      throw new ParameterException(spec.commandLine(), "expected a model or --shape, found both");
    }
    try (LevelSource source = source()) {
      return fit ? fit(source) : measure(source);
    }
  }

  private Path file() throws IOException {
    return model.isPresent() ? model.get() : EmbeddedModel.file();
  }

  private LevelSource source() throws IOException {
    if (shape.isPresent()) {
      try {
        return LevelSource.OfShape.of(ModelShape.parse(shape.get()));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), e.getMessage(), e);
      }
    }
    Optional<ImportanceMatrix> matrix = Optional.empty();
    if (importance.isPresent()) {
      matrix = Optional.of(ImportanceMatrix.read(importance.get()));
    }
    return new LevelSource.OfFile(GgufFile.open(file()), matrix);
  }

  private int fit(LevelSource source) throws IOException {
    QuantsRun.Job job = job(source);
    SessionOptions options = SessionOptions.defaults().withContext(context.orElse(FIT_CONTEXT));
    long free = Device.cpu().memoryFree();
    Table table = new Table(7).right(1, 2, 3, 4, 5);
    table.row("level", "weights", "cache", "compute", "java", "together", "");
    List<String> others = new ArrayList<>();
    for (QuantizationRecipe level : job.levels()) {
      QuantizationPlan plan = plan(source, job, level);
      Fallbacks.of(plan).ifPresent(f -> others.add(level + ": " + f));
      MemoryFit memory = MemoryFit.of(source.metadata(), plan, options);
      table.row(
          level.name(),
          Figures.bytes(memory.weights()),
          Figures.bytes(memory.cache()),
          Figures.bytes(memory.compute()),
          Figures.bytes(memory.java()),
          Figures.bytes(memory.total()),
          memory.total() <= free ? "fits" : "does not fit");
    }
    table.print(streams.out(), "");
    others.forEach(streams.out()::println);
    streams
        .out()
        .println(
            "For a context of "
                + options.nCtx()
                + " tokens; "
                + Figures.bytes(free)
                + " of memory are free.");
    return 0;
  }

  private int measure(LevelSource source) throws IOException {
    Path page = suffixed(".html");
    Path json = suffixed(".json");
    Path unfinished = suffixed(".unfinished.jsonl");
    Outputs.requireWritable(page);
    QuantsRun.Job job = job(source);
    Map<String, Object> setting = setting(job);
    for (QuantizationRecipe level : job.levels()) { // before the first is measured
      String size = Figures.bytes(plan(source, job, level).nBytes());
      if (common.verbose) {
        streams.err().println(level + ": " + size);
      }
    }
    if (restart) {
      Files.deleteIfExists(unfinished);
    }
    QuantsJournal journal = QuantsJournal.open(unfinished, setting);
    if (journal.size() > 0) {
      streams.err().println("goes on: " + journal.size() + " levels were measured before");
    }
    List<QuantsRow> rows;
    try (Interruption interruption = Interruption.begin();
        Bar bar = new Bar(streams, "quants");
        QuantsRun run = new QuantsRun(job, journal, interruption, bar)) {
      rows = run.run(source);
    } catch (CancellationException e) {
      streams.err().println("ggml4j: stopped; the same command goes on from here");
      return Errors.FAILED;
    }
    String title = source.metadata().getString("general.name", name());
    QuantsReport report = new QuantsReport(title, setting, rows);
    report.writeJson(json);
    report.writePage(page);
    journal.delete();
    report.print(streams.out());
    streams.err().println("wrote " + page + " and " + json);
    return 0;
  }

  private QuantizationPlan plan(LevelSource source, QuantsRun.Job job, QuantizationRecipe level)
      throws IOException {
    try {
      QuantizationPlan plan = source.plan(job.options(level));
      Fallbacks.requireSome(plan);
      return plan;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "level " + level + ": " + e.getMessage(), e);
    }
  }

  private Path suffixed(String suffix) {
    Path prefix = output.orElseGet(() -> Path.of(name() + "-quants"));
    return prefix.resolveSibling(prefix.getFileName() + suffix);
  }

  private String name() {
    if (shape.isPresent()) {
      return shape.get().contains("=") ? "shape" : shape.get();
    }
    return model
        .map(file -> file.getFileName().toString().replaceFirst("\\.gguf$", ""))
        .orElse("tiny-stories");
  }

  private QuantsRun.Job job(LevelSource source) throws IOException {
    Optional<QuantizationRecipe> own = level(source.metadata());
    boolean tokens =
        source instanceof LevelSource.OfFile f && Inspection.of(f.file()).tokenizer().supported();
    List<QuantizationRecipe> wanted = levels.isEmpty() ? DEFAULT_LEVELS : levels;
    try {
      return new QuantsRun.Job(
          shape.isPresent() ? Optional.empty() : Optional.of(file()),
          own.map(Enum::name).orElse("original"),
          wanted.stream().filter(l -> own.isEmpty() || own.get() != l).distinct().toList(),
          own.isEmpty() || own.get().baseType().isQuantized(),
          tokens ? Optional.of(corpus()) : Optional.empty(),
          EvaluationOptions.defaults().withContext(context.orElse(CHUNK)).withMaxChunks(chunks),
          new ChildBench.Options(nPrompt, nGen, repetitions, threads, more()),
          gpuLayers.apply(ModelOptions.defaults().withThreads(threads), streams.err()),
          Objects.requireNonNull(suffixed("").toAbsolutePath().getParent()));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  /** More options for {@code bench}. */
  private List<String> more() {
    List<String> more = new ArrayList<>(List.of("--min-time", LEAST_SECONDS));
    gpuLayers.layers().ifPresent(n -> more.addAll(List.of("-ngl", n.toString())));
    return more;
  }

  /** The level that a file says it is of. */
  private static Optional<QuantizationRecipe> level(GgufMetadata metadata) throws IOException {
    int type = metadata.getInt("general.file_type", -1);
    for (QuantizationRecipe recipe : QuantizationRecipe.values()) {
      if (recipe.fileType() == type) {
        return Optional.of(recipe);
      }
    }
    return Optional.empty();
  }

  private String corpus() throws IOException {
    return text.isPresent()
        ? Files.readString(text.get())
        : new StoryGenerator(STORY_SEED, STORY_CAST)
            .stream().limit(EMBEDDED_STORIES).collect(Collectors.joining("\n\n"));
  }

  /** All that the figures depend on. */
  private Map<String, Object> setting(QuantsRun.Job job) throws IOException {
    Map<String, Object> s = new LinkedHashMap<>();
    s.put("ggml4j_version", Version.version());
    s.put("ggml_version", GgmlInfo.load().version());
    s.put("cpu_info", Device.cpu().description());
    s.put("threads", threads);
    if (job.model().isPresent()) {
      Path file = job.model().get();
      s.put("model", file.getFileName().toString());
      s.put("model_bytes", Files.size(file));
      s.put("model_time", Files.getLastModifiedTime(file).toString());
    }
    shape.ifPresent(name -> s.put("shape", name));
    s.put("text", text.map(Path::toString).orElse("stories of ggml4j"));
    s.put("text_sha256", job.text().map(QuantsCommand::hash).orElse("none"));
    s.put("n_ctx", job.evaluation().nCtx());
    s.put("chunks", chunks);
    s.put("n_prompt", nPrompt);
    s.put("n_gen", nGen);
    s.put("repetitions", repetitions);
    s.put("min_seconds", LEAST_SECONDS);
    gpuLayers.layers().ifPresent(n -> s.put("n_gpu_layers", n));
    s.put("imatrix", importance.map(Path::toString).orElse("none"));
    return s;
  }

  private static String hash(String text) {
    byte[] digest = EmbeddedModel.sha256().digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest, 0, 8);
  }
}
