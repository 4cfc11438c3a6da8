package org.ggml4j.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.ggml4j.Generation;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.Speculation;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.tokenizer.EncodeOptions;

/**
 * What speculation gains and what it costs: tokens per second with and without prompt lookup, in
 * turns, on a text that repeats much of its prompt (a class is written again with small changes)
 * and on one that repeats nothing but what any prose repeats.
 *
 * <p>{@code java -cp benchmarks.jar org.ggml4j.benchmarks.SpeculationBenchmark MODEL [TOKENS
 * [ROUNDS [THREADS [DRAFT]]]]}; with a draft model, it guesses instead of prompt lookup. A model of
 * random weights would write neither text, so the sampler picks the given text's tokens. The model
 * computes every step as for a text of its own, and the token that it finds likeliest is compared.
 */
public final class SpeculationBenchmark {
  /**
   * A text to be written.
   *
   * @param name what it is
   * @param prompt what comes before it
   * @param text what is picked
   */
  private record Task(String name, String prompt, String text) {}

  /**
   * One generation.
   *
   * @param likeliest token of each step
   */
  private record Run(
      List<Integer> likeliest, double tokensPerSecond, SpeculationStats speculation) {}

  /**
   * What a task showed.
   *
   * @param name the task's
   * @param plain tokens per second without speculation, median of the rounds
   * @param speculative with it
   * @param ratio median of the rounds' ratios
   * @param different at how many steps another token was the likeliest with it, of all rounds
   * @param last of the last round
   */
  record Result(
      String name,
      double plain,
      double speculative,
      double ratio,
      int different,
      SpeculationStats last) {}

  private static final int CONTEXT = 2048;

  private final Model model;
  private final int nTokens;
  private final int rounds;
  private final SessionOptions options;

  private SpeculationBenchmark(Model model, int nTokens, int rounds, int threads) {
    this.model = model;
    this.nTokens = nTokens;
    this.rounds = rounds;
    options = SessionOptions.defaults().withContext(CONTEXT).withThreads(threads);
  }

  /** Measures both texts and prints a table. */
  public static void main(String[] args) throws IOException {
    if (args.length < 1) {
      System.err.println("usage: SpeculationBenchmark MODEL [TOKENS [ROUNDS [THREADS [DRAFT]]]]");
      System.exit(2);
    }
    int nTokens = number(args, 1, 256);
    int rounds = number(args, 2, 3);
    int threads = number(args, 3, 0);
    Optional<Path> draft = args.length > 4 ? Optional.of(Path.of(args[4])) : Optional.empty();
    print(System.out, measure(Path.of(args[0]), nTokens, rounds, threads, draft));
  }

  private static int number(String[] args, int i, int otherwise) {
    return i < args.length ? Integer.parseInt(args[i]) : otherwise;
  }

  static List<Result> measure(Path path, int nTokens, int rounds, int threads, Optional<Path> draft)
      throws IOException {
    try (Model model = Model.load(path, ModelOptions.defaults())) {
      SpeculationBenchmark benchmark = new SpeculationBenchmark(model, nTokens, rounds, threads);
      if (draft.isEmpty()) {
        return benchmark.measure(Speculation.ngram());
      }
      try (Model drafting = Model.load(draft.get(), ModelOptions.defaults())) {
        return benchmark.measure(Speculation.draft(drafting));
      }
    }
  }

  private List<Result> measure(Speculation speculation) throws IOException {
    List<Result> results = new ArrayList<>();
    for (Task task :
        List.of(
            new Task("repeats its prompt", read("edit-before"), read("edit-after")),
            new Task("repeats nothing", read("prose-before"), read("prose-after")))) {
      results.add(measure(task, speculation));
    }
    return results;
  }

  static void print(PrintStream out, List<Result> results) {
    out.printf(
        "%-20s %9s %9s %6s %10s %8s %8s %8s%n",
        "text", "plain", "with", "ratio", "different", "drafted", "accepted", "steps");
    for (Result r : results) {
      out.printf(
          Locale.ROOT,
          "%-20s %7.2f/s %7.2f/s %6.2f %10d %8d %8d %8d%n",
          r.name,
          r.plain,
          r.speculative,
          r.ratio,
          r.different,
          r.last.drafted(),
          r.last.accepted(),
          r.last.steps());
    }
  }

  private static String read(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            SpeculationBenchmark.class.getResourceAsStream(name + ".txt"), name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private Result measure(Task task, Speculation speculation) {
    double[] plain = new double[rounds];
    double[] speculative = new double[rounds];
    double[] ratios = new double[rounds];
    int different = 0;
    SpeculationStats last = new SpeculationStats(0, 0, 0, 0);
    for (int i = 0; i < rounds; i++) {
      Run a = run(task, GenerationConfig.defaults());
      Run b = run(task, GenerationConfig.defaults().withSpeculation(speculation));
      plain[i] = a.tokensPerSecond;
      speculative[i] = b.tokensPerSecond;
      ratios[i] = b.tokensPerSecond / a.tokensPerSecond;
      for (int t = 0; t < a.likeliest.size(); t++) {
        different += a.likeliest.get(t).equals(b.likeliest.get(t)) ? 0 : 1;
      }
      last = b.speculation;
    }
    return new Result(
        task.name, median(plain), median(speculative), median(ratios), different, last);
  }

  private Run run(Task task, GenerationConfig config) {
    int[] text = model.tokenizer().encode(task.text, EncodeOptions.plain().withAddSpecial(false));
    int n = Math.min(nTokens, text.length);
    int[] at = {0};
    int[] likeliest = new int[n];
    Sampler picks =
        logits -> {
          likeliest[at[0]] = logits.best();
          return text[at[0]++];
        };
    try (Session session = model.newSession(options)) {
      Generation generation =
          session.generate(task.prompt, config.withSampler(picks).withMaxTokens(n));
      int written = (int) generation.stream().count();
      return new Run(
          Arrays.stream(likeliest, 0, written).boxed().toList(),
          generation.stats().tokensPerSecond(),
          generation.stats().speculation().orElse(new SpeculationStats(0, 0, 0, 0)));
    }
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }
}
