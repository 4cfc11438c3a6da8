package org.ggml4j.cli;

import java.io.IOException;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.eval.MachineLimits;
import org.ggml4j.eval.Profile;
import org.ggml4j.eval.Profiler;
import org.ggml4j.eval.SpeedBenchmark;
import org.ggml4j.eval.SpeedOptions;
import org.ggml4j.eval.SpeedResult;
import org.ggml4j.eval.SpeedTest;
import org.ggml4j.ggml.CpuTopology;
import org.ggml4j.ggml.GgmlException;
import org.ggml4j.gguf.GgmlType;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code bench}: how many tokens a second. */
@Command(
    name = "bench",
    description = {
      "Measures how many tokens a second a model evaluates, as llama-bench does: prompts (pp),",
      "generation (tg), or both, each several times; mean and standard deviation.",
      "Lists are separated by commas; numbers may be ranges: 1-4, 128-512+128, 128-1024*2.",
      "Every combination is measured."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Examples:",
      "  ggml4j bench -m a.gguf,b.gguf -p 256 -n 48",
      "  ggml4j bench -m model.gguf -p 256 -n 48 --profile=kind",
      "  ggml4j bench -m model.gguf -p 512 -n 0 -d 0,4096 -ctk f16,q8_0 -ctv f16,q8_0 -o md"
    })
final class BenchCommand implements Callable<Integer> {
  private static final double NANOS_PER_SECOND = 1e9;

  private final Streams streams;
  @Spec private CommandSpec spec;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      split = ",",
      converter = ModelPath.class,
      description =
          "GGUF files or names of pulled models. Default: the small story teller that comes with"
              + " the command.")
  private List<Path> models = List.of();

  @Option(
      names = {"-p", "--n-prompt"},
      paramLabel = "N",
      split = ",",
      converter = IntRange.Converter.class,
      description = "Tokens of a prompt; 0 for none. Default: 512.")
  private List<IntRange> prompts = List.of(IntRange.of(512));

  @Option(
      names = {"-n", "--n-gen"},
      paramLabel = "N",
      split = ",",
      converter = IntRange.Converter.class,
      description = "Tokens to generate; 0 for none. Default: 128.")
  private List<IntRange> generations = List.of(IntRange.of(128));

  @Option(
      names = "-pg",
      paramLabel = "P,G",
      converter = PairConverter.class,
      description = "A prompt and tokens to generate after it, together; may be repeated.")
  private List<SpeedTest> pairs = List.of();

  @Option(
      names = {"-d", "--n-depth"},
      paramLabel = "N",
      split = ",",
      converter = IntRange.Converter.class,
      description = "Tokens that are in the context before. Default: 0.")
  private List<IntRange> depths = List.of(IntRange.of(0));

  @Option(
      names = {"-b", "--batch-size"},
      paramLabel = "N",
      split = ",",
      converter = IntRange.Converter.class,
      description = "Tokens of a prompt for each output. Default: 2048.")
  private List<IntRange> batches = List.of(IntRange.of(2048));

  @Option(
      names = {"-ub", "--ubatch-size"},
      paramLabel = "N",
      split = ",",
      converter = IntRange.Converter.class,
      description = "Tokens that are computed at once. Default: 512.")
  private List<IntRange> microBatches = List.of(IntRange.of(512));

  @Option(
      names = {"-ctk", "--cache-type-k"},
      paramLabel = "TYPE",
      split = ",",
      converter = Types.Cache.class,
      description = "Types of the cached keys. Default: F16.")
  private List<GgmlType> typesK = List.of(GgmlType.F16);

  @Option(
      names = {"-ctv", "--cache-type-v"},
      paramLabel = "TYPE",
      split = ",",
      converter = Types.Cache.class,
      description = "Types of the cached values. Default: F16.")
  private List<GgmlType> typesV = List.of(GgmlType.F16);

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      split = ",",
      converter = IntRange.Converter.class,
      description = "CPU threads. Default: the number of physical cores.")
  private List<IntRange> threads = List.of();

  @Option(
      names = {"-ngl", "--n-gpu-layers", "--gpu-layers"},
      paramLabel = "N",
      split = ",",
      converter = IntRange.Converter.class,
      description = "Layers on graphics cards. Without a card it has no effect. Default: all.")
  private List<IntRange> gpuLayers = List.of();

  @Option(
      names = {"-fa", "--flash-attn"},
      paramLabel = "on|off",
      split = ",",
      converter = OnOff.Converter.class,
      description = "Whether attention is one operation. Default: on.")
  private List<OnOff> flashAttn = List.of(OnOff.ON);

  @Option(
      names = "--repack",
      paramLabel = "on|off",
      split = ",",
      converter = OnOff.Converter.class,
      description = "Whether weights may be rearranged for faster kernels. Default: on.")
  private List<OnOff> repack = List.of(OnOff.ON);

  @Option(
      names = {"-r", "--repetitions"},
      paramLabel = "N",
      description = "How often each is measured. Default: ${DEFAULT-VALUE}.")
  private int repetitions = 5;

  @Option(
      names = "--min-time",
      paramLabel = "SECONDS",
      description =
          "Repeat each more often, until so many seconds are timed; of profiles not. Default: 0.")
  private double minTime;

  @Option(
      names = "--no-warmup",
      description = "Measure at once, instead of when the time has settled.")
  private boolean noWarmUp;

  @Option(
      names = "--profile",
      paramLabel = "BY",
      arity = "0..1",
      fallbackValue = "op",
      converter = GroupingConverter.class,
      description = {
        "Show where the time goes, and how far that is from what the machine can do: by operation"
            + " (op, the default), by operation and tensor whatever the layer (kind), or node by"
            + " node (node). Half of the repetitions are timed as a whole."
      })
  private Optional<Profile.Grouping> profile = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      converter = FormatConverter.class,
      description = "table, md, csv, json or jsonl. Default: table.")
  private BenchReport.Format format = BenchReport.Format.TABLE;

  @Mixin private Common common;

  private final Map<Integer, MachineLimits> limits = new HashMap<>();

  BenchCommand(Streams streams) {
    this.streams = streams;
  }

  /** How the sessions of one load of a model differ, and what each runs. */
  private record Setup(SessionOptions session, int nBatch, List<SpeedTest> tests) {}

  @Override
  public Integer call() throws IOException {
    List<Path> files = models.isEmpty() ? List.of(EmbeddedModel.file()) : models;
    List<Setup> setups = setups();
    List<BenchRow.ModelFacts> facts = new ArrayList<>();
    for (Path file : files) {
      facts.add(BenchRow.ModelFacts.of(file)); // all of them, before the first is measured
    }
    List<Integer> layers = layers();
    int total =
        files.size()
            * layers.size()
            * repack.size()
            * setups.stream().mapToInt(s -> s.tests().size()).sum();
    BenchReport report = format.on(streams.out());
    try (Interruption interruption = Interruption.begin();
        Bar bar = new Bar(streams, "bench")) {
      Progress progress = new Progress(interruption, bar, total);
      for (BenchRow.ModelFacts model : facts) {
        for (int nGpuLayers : layers) {
          for (OnOff arranged : repack) {
            measure(model, nGpuLayers, arranged.isOn(), setups, progress, report);
          }
        }
      }
    } catch (CancellationException e) {
      streams.err().println("ggml4j: stopped");
      return Errors.FAILED;
    } finally {
      report.end();
      streams.out().flush();
    }
    return 0;
  }

  private List<Integer> layers() {
    if (gpuLayers.isEmpty()) {
      return List.of(GpuLayersOption.ALL);
    }
    List<Integer> layers = IntRange.flatten(gpuLayers);
    GpuLayersOption.tellIfUseless(Collections.max(layers), streams.err());
    return layers;
  }

  /** In the order in which least has to be loaded or opened again. */
  private List<Setup> setups() {
    List<Integer> threadCounts = IntRange.flatten(threads);
    if (threadCounts.isEmpty()) {
      threadCounts = List.of(CpuTopology.physicalCores());
    }
    List<Setup> setups = new ArrayList<>();
    try {
      for (int nBatch : IntRange.flatten(batches)) {
        for (int nMicro : IntRange.flatten(microBatches)) {
          for (GgmlType k : typesK) {
            for (GgmlType v : typesV) {
              for (OnOff flash : flashAttn) {
                for (int n : threadCounts) {
                  SessionOptions session =
                      SessionOptions.defaults()
                          .withFlashAttn(flash.isOn())
                          .withKvTypes(k, v)
                          .withThreads(n)
                          .withBatch(Math.min(nMicro, nBatch));
                  setups.add(new Setup(session, nBatch, tests()));
                }
              }
            }
          }
        }
      }
      SpeedOptions.defaults().withRepetitions(repetitions).withLeastTime(leastTime());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    return setups;
  }

  private List<SpeedTest> tests() {
    List<SpeedTest> tests = new ArrayList<>();
    for (int depth : IntRange.flatten(depths)) {
      IntRange.flatten(prompts).stream()
          .filter(n -> n > 0)
          .forEach(n -> tests.add(SpeedTest.prompt(n).atDepth(depth)));
      IntRange.flatten(generations).stream()
          .filter(n -> n > 0)
          .forEach(n -> tests.add(SpeedTest.generation(n).atDepth(depth)));
      pairs.forEach(pair -> tests.add(pair.atDepth(depth)));
    }
    if (tests.isEmpty()) {
      throw new IllegalArgumentException("nothing to measure: give -p, -n or -pg");
    }
    return tests;
  }

  private void measure(
      BenchRow.ModelFacts facts,
      int nGpuLayers,
      boolean arranged,
      List<Setup> setups,
      Progress progress,
      BenchReport report)
      throws IOException {
    ModelOptions options =
        ModelOptions.defaults()
            .withGpuLayers(nGpuLayers)
            .withRepack(arranged)
            .withProgress(share -> !progress.interruption.requested());
    long begin = System.nanoTime();
    try (Model model = Model.load(facts.file(), options)) {
      long loadNanos = System.nanoTime() - begin;
      if (common.verbose) {
        streams.err().println(model.placement());
      }
      for (Setup setup : setups) {
        for (SpeedTest test : setup.tests()) {
          SessionOptions sessionOptions = setup.session().withContext(test.nCtx());
          Instant time = Instant.now();
          try (Session session = model.newSession(sessionOptions)) {
            SpeedOptions speed = speedOptions(test, setup.nBatch(), progress);
            Optional<Profile> found =
                profile.map(
                    by -> stoppable(session, progress, () -> Profiler.run(session, test, speed)));
            SpeedResult result =
                found.isPresent()
                    ? new SpeedResult(test, found.get().plainNanos(), 0)
                    : stoppable(session, progress, () -> SpeedBenchmark.run(session, test, speed));
            BenchRow row =
                new BenchRow(
                    facts,
                    sessionOptions,
                    setup.nBatch(),
                    nGpuLayers,
                    arranged,
                    loadNanos,
                    result,
                    time);
            if (found.isPresent()) {
              MachineLimits most = limits(sessionOptions.threads(), found.get().productTypes());
              report.profile(new BenchProfile(row, found.get(), most, profile.orElseThrow()));
            } else {
              report.row(row);
            }
          }
        }
      }
    }
  }

  private Duration leastTime() {
    return Duration.ofNanos(Math.round(NANOS_PER_SECOND * minTime));
  }

  private SpeedOptions speedOptions(SpeedTest test, int nBatch, Progress progress) {
    return SpeedOptions.defaults()
        .withRepetitions(repetitions)
        .withLeastTime(leastTime())
        .withBatch(nBatch)
        .withWarmUp(!noWarmUp)
        .withClock(new JavaClock())
        .withProgress(share -> progress.at(share, test.label()));
  }

  /** The machine's, which are measured once for each number of threads and type. */
  private MachineLimits limits(int nThreads, Set<GgmlType> types) {
    MachineLimits known = limits.get(nThreads);
    if (known == null) {
      known = MachineLimits.measure(nThreads, types, new JavaClock());
    } else {
      known = known.withProducts(types, new JavaClock());
    }
    limits.put(nThreads, known);
    return known;
  }

  private static <R> R stoppable(Session session, Progress progress, Supplier<R> measurement) {
    progress.interruption.onInterrupt(session::cancel);
    try {
      return measurement.get();
    } catch (GgmlException e) {
      if (progress.interruption.requested()) {
        throw new CancellationException("interrupted");
      }
      throw e;
    } finally {
      progress.interruption.onInterrupt(() -> {});
      progress.done++;
    }
  }

  /** How far it has come. */
  private static final class Progress {
    final Interruption interruption;
    int done;
    private final Bar bar;
    private final int total;

    Progress(Interruption interruption, Bar bar, int total) {
      this.interruption = interruption;
      this.bar = bar;
      this.total = total;
    }

    boolean at(double share, String label) {
      bar.at((done + share) / total, label);
      return !interruption.requested();
    }
  }

  /** Tells also for how long Java has compiled. */
  static final class JavaClock implements SpeedOptions.Clock {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Optional<CompilationMXBean> compiler =
        Optional.ofNullable(ManagementFactory.getCompilationMXBean())
            .filter(CompilationMXBean::isCompilationTimeMonitoringSupported);

    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public long compilationNanos() {
      return compiler.map(c -> NANOS_PER_MILLI * c.getTotalCompilationTime()).orElse(0L);
    }
  }

  /** A prompt and a generation. */
  static final class PairConverter implements ITypeConverter<SpeedTest> {
    @Override
    public SpeedTest convert(String text) {
      String[] parts = text.split(",", -1);
      try {
        if (parts.length == 2) {
          return new SpeedTest(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), 0);
        }
      } catch (IllegalArgumentException e) {
        // Said below.
      }
      throw new TypeConversionException(
          "expected tokens of a prompt and of what is generated, as 512,128, found '" + text + "'");
    }
  }

  /** How a profile is grouped. */
  static final class GroupingConverter implements ITypeConverter<Profile.Grouping> {
    @Override
    public Profile.Grouping convert(String text) {
      return switch (text) {
        case "op" -> Profile.Grouping.OPERATION;
        case "kind" -> Profile.Grouping.KIND;
        case "node" -> Profile.Grouping.NODE;
        default ->
            throw new TypeConversionException("expected op, kind or node, found '" + text + "'");
      };
    }
  }

  /** A format's name. */
  static final class FormatConverter implements ITypeConverter<BenchReport.Format> {
    @Override
    public BenchReport.Format convert(String text) {
      for (BenchReport.Format f : BenchReport.Format.values()) {
        if (f.name().toLowerCase(Locale.ROOT).equals(text)) {
          return f;
        }
      }
      throw new TypeConversionException(
          "expected table, md, csv, json or jsonl, found '" + text + "'");
    }
  }
}
