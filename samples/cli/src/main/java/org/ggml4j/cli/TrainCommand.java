package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.ggml4j.arch.Hparams;
import org.ggml4j.arch.RopeScaling;
import org.ggml4j.cli.stories.TinyStoriesRecipe;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.tokenizer.TrainedVocabulary;
import org.ggml4j.train.TrainingConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code train}: a small model from random weights. */
@Command(
    name = "train",
    description = {
      "Trains a small Llama from random weights, with its own vocabulary, and writes it as GGUF.",
      "Ctrl-C saves a checkpoint first; the same command with --resume goes on, bit for bit."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Examples:",
      "  ggml4j train --recipe tiny-stories -o stories.gguf",
      "  ggml4j train --text book.txt --steps 500 -o book.gguf"
    })
final class TrainCommand implements Callable<Integer> {
  private static final int HEAD_DIM_UNIT = 2;

  private final Streams streams;
  @Spec private CommandSpec spec;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Source source = new Source();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "OUT.gguf",
      description = "The model to write; it appears when it is complete.")
  private Path output;

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE",
      description =
          "Where the training's state is saved. Default: OUT.gguf.checkpoint. Removed when the"
              + " model is written.")
  private Optional<Path> checkpoint = Optional.empty();

  @Option(
      names = "--resume",
      description = "Go on from the checkpoint; all else must be as before.")
  private boolean resume;

  @Option(
      names = "--save-every",
      paramLabel = "N",
      description = "Steps between checkpoints. Default: 100.")
  private int saveEvery = 100;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps in all. Default: the recipe's; 1000 for text.")
  private Optional<Integer> steps = Optional.empty();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads. Default: the number of physical cores.")
  private int threads;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      converter = Types.Written.class,
      description =
          "Type of the written matrices: F32, F16, BF16, Q8_0, Q5_1, Q5_0, Q4_1 or Q4_0. Default:"
              + " Q8_0.")
  private GgmlType type = GgmlType.Q8_0;

  @ArgGroup(exclusive = false, heading = "%nFor --text:%n")
  private TextOptions text = new TextOptions();

  @Mixin private Common common;

  TrainCommand(Streams streams) {
    this.streams = streams;
  }

  /** What is learnt. */
  static final class Source {
    @Option(
        names = "--recipe",
        paramLabel = "NAME",
        description = "A recipe that comes with the command: tiny-stories.")
    private Optional<String> recipe = Optional.empty();

    @Option(
        names = "--text",
        arity = "1..*",
        paramLabel = "FILE",
        description = "Text files in UTF-8.")
    private List<Path> files = List.of();
  }

  /** The shape of a model of one's own, and how it learns. */
  static final class TextOptions {
    @Option(
        names = "--delimiter",
        paramLabel = "TEXT",
        description = "What stands between two texts of a file. Default: <|endoftext|>.")
    private String delimiter = "<|endoftext|>";

    @Option(
        names = "--vocab",
        paramLabel = "N",
        description = "Tokens of the vocabulary. Default: 2048.")
    private int vocab = 2048;

    @Option(names = "--layers", paramLabel = "N", description = "Blocks. Default: 4.")
    private int layers = 4;

    @Option(
        names = "--embd",
        paramLabel = "N",
        description = "Width; a multiple of 256 suits every type. Default: 256.")
    private int embd = 256;

    @Option(names = "--heads", paramLabel = "N", description = "Attention heads. Default: 8.")
    private int heads = 8;

    @Option(
        names = "--heads-kv",
        paramLabel = "N",
        description = "Heads of keys and values. Default: 4.")
    private int headsKv = 4;

    @Option(
        names = "--ff",
        paramLabel = "N",
        description = "Width of the feed-forward part. Default: 3 times --embd.")
    private Optional<Integer> ff = Optional.empty();

    @Option(names = "--ctx", paramLabel = "N", description = "Tokens of context. Default: 256.")
    private int nCtx = 256;

    @Option(
        names = "--rows",
        paramLabel = "N",
        description = "Rows of --ctx tokens computed at once. Default: 4.")
    private int rows = 4;

    @Option(
        names = "--accumulation",
        paramLabel = "N",
        description = "Batches per step. Default: 1.")
    private int accumulation = 1;

    @Option(
        names = "--lr",
        paramLabel = "X",
        description = "Highest learning rate. Default: 0.002.")
    private float learningRate = 2e-3f;

    @Option(
        names = "--min-lr",
        paramLabel = "X",
        description = "Last learning rate. Default: 0.00005.")
    private float minLearningRate = 5e-5f;

    @Option(
        names = "--eval-every",
        paramLabel = "N",
        description = "Steps between looks at the held-out text. Default: 100.")
    private int evalEvery = 100;

    @Option(
        names = "--seed",
        paramLabel = "S",
        description = "Seed of weights and order. Default: 1.")
    private long seed = 1;
  }

  @Override
  public Integer call() throws IOException {
    if (saveEvery < 1) {
      throw usage("--save-every: expected 1 or more, found " + saveEvery);
    }
    Path state =
        checkpoint.orElseGet(() -> output.resolveSibling(output.getFileName() + ".checkpoint"));
    Outputs.requireWritable(output);
    Outputs.requireWritable(state);
    if (resume && !Files.exists(state)) {
      throw usage("--resume: there is no checkpoint " + state);
    }
    if (!resume && Files.exists(state)) {
      throw usage(state + " holds a training that was stopped: go on with --resume, or remove it");
    }
    TrainingRun.Job job = source.recipe.isPresent() ? recipe(source.recipe.get()) : own();
    TrainingRun run =
        new TrainingRun(streams, job, new TrainingRun.Targets(output, state, type), saveEvery);
    return run.run(resume, common.verbose);
  }

  private TrainingRun.Job recipe(String name) {
    if (!name.equals("tiny-stories")) {
      throw usage("--recipe: expected tiny-stories, found '" + name + "'");
    }
    TrainingConfig config = config(TinyStoriesRecipe.config());
    streams.err().println("writing stories and learning a vocabulary from them ...");
    TinyStoriesRecipe.Prepared prepared = TinyStoriesRecipe.prepare();
    return new TrainingRun.Job(
        TinyStoriesRecipe.NAME,
        TinyStoriesRecipe.hparams(prepared.vocabulary()),
        config,
        prepared.vocabulary(),
        prepared.data(),
        prepared.heldOut());
  }

  private TrainingConfig config(TrainingConfig base) {
    try {
      TrainingConfig config = base.withThreads(threads);
      return steps.isPresent() ? config.withSteps(steps.get()) : config;
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private TrainingRun.Job own() throws IOException {
    TextOptions t = text;
    int total = steps.orElse(1000);
    TrainingConfig config;
    try {
      config =
          new TrainingConfig(
              t.nCtx,
              t.rows,
              t.accumulation,
              total,
              Math.min(100, total / 10),
              t.learningRate,
              t.minLearningRate,
              0.9f,
              0.95f,
              0.1f,
              1,
              t.seed,
              threads,
              t.evalEvery,
              4);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
    checkShape(t);
    if (common.verbose || streams.terminals().err()) {
      streams.err().println("reading text and learning a vocabulary from it ...");
    }
    TextCorpus corpus;
    try {
      corpus = TextCorpus.read(source.files, t.delimiter, t.vocab, t.nCtx);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
    String name = String.valueOf(output.getFileName());
    return new TrainingRun.Job(
        name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name,
        hparams(t, corpus.vocabulary()),
        config,
        corpus.vocabulary(),
        corpus.data(),
        corpus.heldOut());
  }

  private void checkShape(TextOptions t) {
    if (t.layers < 1 || t.heads < 1 || t.headsKv < 1 || t.embd < 1 || t.ff.orElse(1) < 1) {
      throw usage("--layers, --embd, --heads, --heads-kv and --ff: expected 1 or more");
    }
    if (t.embd % (HEAD_DIM_UNIT * t.heads) != 0) {
      throw usage("--embd: expected a multiple of twice --heads, found " + t.embd);
    }
    if (t.heads % t.headsKv != 0) {
      throw usage("--heads: expected a multiple of --heads-kv, found " + t.heads);
    }
    if (t.delimiter.isEmpty()) {
      throw usage("--delimiter: expected a text, found none");
    }
  }

  private static Hparams hparams(TextOptions t, TrainedVocabulary vocabulary) {
    int headDim = t.embd / t.heads;
    float freqBase = 10000;
    return new Hparams(
        "llama",
        t.nCtx,
        t.embd,
        t.layers,
        t.heads,
        t.headsKv,
        headDim,
        headDim,
        t.ff.orElse(3 * t.embd),
        vocabulary.tokens().size(),
        0,
        0,
        1e-5f,
        headDim,
        RopeScaling.none(freqBase, t.nCtx));
  }

  private ParameterException usage(@Nullable String message) {
    return new ParameterException(spec.commandLine(), Objects.requireNonNullElse(message, ""));
  }
}
