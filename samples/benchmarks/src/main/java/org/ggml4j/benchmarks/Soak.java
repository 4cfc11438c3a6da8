package org.ggml4j.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Piece;
import org.ggml4j.Session;

/**
 * Does memory grow? Loads and closes a model with a session many times, then generates for minutes,
 * and compares the process's resident memory at the end with that at the beginning (Linux only).
 *
 * <p>{@code java -Xms256m -Xmx256m -XX:+AlwaysPreTouch -cp benchmarks.jar
 * org.ggml4j.benchmarks.Soak MODEL [LOADS [MINUTES]]}. Exit status 1 if it grew by more than 5%.
 * The heap has a fixed size, so that only what lies outside of it can grow.
 */
public final class Soak {
  private static final double LIMIT = 1.05;
  private static final int WARM_UP = 20;

  private final PrintStream out;
  private final Path model;

  private Soak(PrintStream out, Path model) {
    this.out = out;
    this.model = model;
  }

  /** Runs both parts. */
  public static void main(String[] args) throws IOException {
    if (args.length < 1) {
      System.err.println("usage: Soak MODEL [LOADS [MINUTES]]");
      System.exit(2);
    }
    Soak soak = new Soak(System.out, Path.of(args[0]));
    int loads = args.length > 1 ? Integer.parseInt(args[1]) : 200;
    int minutes = args.length > 2 ? Integer.parseInt(args[2]) : 10;
    boolean loadsSteady = soak.loads(loads);
    boolean generatingSteady = soak.generate(minutes);
    System.exit(loadsSteady && generatingSteady ? 0 : 1);
  }

  private boolean loads(int n) throws IOException {
    long before = 0;
    for (int i = 0; i < WARM_UP + n; i++) {
      if (i == WARM_UP) {
        before = resident();
      }
      try (Model opened = Model.load(model, ModelOptions.defaults());
          Session session = opened.newSession()) {
        session.generate("Once", GenerationConfig.greedy().withMaxTokens(2)).text();
      }
    }
    return report(n + " loads and closes", before, resident());
  }

  private boolean generate(int minutes) throws IOException {
    try (Model opened = Model.load(model, ModelOptions.defaults());
        Session session = opened.newSession()) {
      long tokens = 0;
      long before = 0;
      long begin = System.nanoTime();
      long end = begin + minutes * 60_000_000_000L;
      for (int i = 0; System.nanoTime() < end; i++) {
        if (i == WARM_UP) {
          before = resident();
        }
        session.reset();
        for (Piece piece :
            session.generate("Once upon a time", GenerationConfig.defaults().withSeed(i))) {
          tokens += piece.token() >= 0 ? 1 : 0;
        }
      }
      String what =
          String.format(Locale.ROOT, "%d minutes of generating, %d tokens", minutes, tokens);
      return report(what, before, resident());
    }
  }

  private boolean report(String what, long before, long after) {
    double ratio = (double) after / before;
    out.printf(
        Locale.ROOT,
        "%s: resident memory %.1f MiB before, %.1f MiB after, ratio %.3f%n",
        what,
        before / 1024.0,
        after / 1024.0,
        ratio);
    return ratio <= LIMIT;
  }

  /** Resident memory in KiB, after a garbage collection. */
  private static long resident() throws IOException {
    System.gc();
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("/proc/self/status tells no VmRSS");
  }
}
