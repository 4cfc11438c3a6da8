package org.ggml4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
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
      "  ggml4j quants model-f16.gguf --levels Q8_0,Q5_K_M,Q4_K_M,Q4_0 --text novel.txt"
    })
final class QuantsCommand implements Callable<Integer> {
  private static final int EMBEDDED_STORIES = 45;
  private static final long STORY_SEED = 4;
  private static final int STORY_CAST = 5;
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
      description =
          "GGUF file, best F16, BF16 or F32. Default: the small story teller that comes with the"
              + " command.")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--levels",
      paramLabel = "LEVEL",
      split = ",",
      converter = QuantizeCommand.LevelConverter.class,
      description = "Which levels. Default: 14 from Q8_0 to Q2_K that need no importance matrix.")
  private List<QuantizationRecipe> levels = DEFAULT_LEVELS;

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
      description = "Tokens of a chunk of the text. Default: ${DEFAULT-VALUE}.")
  private int nCtx = 512;

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
      description = "How often both are timed. Default: ${DEFAULT-VALUE}.")
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

  @Option(names = "--restart", description = "Forget what an interrupted run has measured.")
  private boolean restart;

  @Mixin private Common common;

  QuantsCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    Path file = model.isPresent() ? model.get() : EmbeddedModel.file();
    Path page = suffixed(file, ".html");
    Path json = suffixed(file, ".json");
    Path unfinished = suffixed(file, ".unfinished.jsonl");
    Outputs.requireWritable(page);
    QuantsRun.Job job;
    Map<String, Object> setting;
    String title;
    try (GgufFile gguf = GgufFile.open(file)) {
      title = gguf.metadata().getString("general.name", name(file));
      job = job(file, gguf);
      setting = setting(file, job);
      checkLevels(gguf, job);
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
      rows = run.run();
    } catch (CancellationException e) {
      streams.err().println("ggml4j: stopped; the same command goes on from here");
      return Errors.FAILED;
    }
    QuantsReport report = new QuantsReport(title, setting, rows);
    report.writeJson(json);
    report.writePage(page);
    journal.delete();
    report.print(streams.out());
    streams.err().println("wrote " + page + " and " + json);
    return 0;
  }

  private Path suffixed(Path file, String suffix) {
    Path prefix = output.orElseGet(() -> Path.of(name(file) + "-quants"));
    return prefix.resolveSibling(prefix.getFileName() + suffix);
  }

  private String name(Path file) {
    return model.isEmpty()
        ? "tiny-stories"
        : file.getFileName().toString().replaceFirst("\\.gguf$", "");
  }

  private QuantsRun.Job job(Path file, GgufFile gguf) throws IOException {
    GgufMetadata metadata = gguf.metadata();
    Optional<QuantizationRecipe> own = level(metadata);
    boolean tokens = Inspection.of(gguf).tokenizer().supported();
    Optional<ImportanceMatrix> matrix = Optional.empty();
    if (importance.isPresent()) {
      matrix = Optional.of(ImportanceMatrix.read(importance.get()));
    }
    try {
      return new QuantsRun.Job(
          file,
          own.map(Enum::name).orElse("original"),
          levels.stream().filter(l -> own.isEmpty() || own.get() != l).distinct().toList(),
          matrix,
          own.isEmpty() || own.get().baseType().isQuantized(),
          tokens ? Optional.of(corpus()) : Optional.empty(),
          EvaluationOptions.defaults().withContext(nCtx).withMaxChunks(chunks),
          new ChildBench.Options(nPrompt, nGen, repetitions, threads, List.of()),
          Objects.requireNonNull(suffixed(file, "").toAbsolutePath().getParent()));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
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

  /** Finds out before the first is measured that one can't be made. */
  private void checkLevels(GgufFile gguf, QuantsRun.Job job) throws IOException {
    for (QuantizationRecipe level : job.levels()) {
      try {
        QuantizationPlan plan = QuantizationPlan.of(gguf, job.options(level), job.importance());
        if (common.verbose) {
          streams.err().println(level + ": " + Figures.bytes(plan.nBytes()));
        }
      } catch (IllegalArgumentException e) {
        throw new ParameterException(
            spec.commandLine(), "level " + level + ": " + e.getMessage(), e);
      }
    }
  }

  /** All that the figures depend on. */
  private Map<String, Object> setting(Path file, QuantsRun.Job job) throws IOException {
    Map<String, Object> s = new LinkedHashMap<>();
    s.put("ggml4j_version", Version.version());
    s.put("ggml_version", GgmlInfo.load().version());
    s.put("cpu_info", Device.cpu().description());
    s.put("threads", threads);
    s.put("model", file.getFileName().toString());
    s.put("model_bytes", Files.size(file));
    s.put("model_time", Files.getLastModifiedTime(file).toString());
    s.put("text", text.map(Path::toString).orElse("stories of ggml4j"));
    s.put("text_sha256", job.text().map(QuantsCommand::hash).orElse("none"));
    s.put("n_ctx", nCtx);
    s.put("chunks", chunks);
    s.put("n_prompt", nPrompt);
    s.put("n_gen", nGen);
    s.put("repetitions", repetitions);
    s.put("imatrix", importance.map(Path::toString).orElse("none"));
    return s;
  }

  private static String hash(String text) {
    byte[] digest = EmbeddedModel.sha256().digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest, 0, 8);
  }
}
