package org.ggml4j.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.ggml4j.ggml.GgmlInfo;
import picocli.CommandLine;

/**
 * The command {@code ggml4j}. Exit codes: 0 done, 1 failed, 2 called wrongly, 130 stopped by
 * Ctrl-C.
 */
public final class Main {
  private static final List<String> COMMANDS =
      List.of(
          "generate",
          "chat",
          "logits",
          "tokenize",
          "inspect",
          "train",
          "quantize",
          "imatrix",
          "eval",
          "embed",
          "bench",
          "quants",
          "doctor",
          "pull",
          "models",
          "rm");

  private Main() {}

  public static void main(String... args) {
    Locale.setDefault(
        Locale.ROOT); // figures look alike everywhere, also where picocli formats them
    if (Boolean.getBoolean(StartupCache.REHEARSAL)) {
      StartupCache.rehearse();
    }
    System.exit(run(Streams.ofProcess(), args));
  }

  /** Runs one command; returns its exit code. */
  static int run(Streams streams, String... args) {
    return run(streams, System.getenv(), args);
  }

  static int run(Streams streams, Map<String, String> environment, String... args) {
    String first = args.length == 0 ? "" : args[0];
    if (first.equals("generate") || first.equals("chat") || first.equals("logits")) {
      GgmlInfo.linkInBackground(); // meanwhile the command line and the model are read
    }
    CommandLine root = new CommandLine(new RootCommand(streams));
    if (COMMANDS.contains(first)) {
      add(
          root,
          first,
          streams,
          environment); // the others would cost time that every start would feel
    } else {
      COMMANDS.forEach(name -> add(root, name, streams, environment));
      root.addSubcommand(new CommandLine.HelpCommand());
    }
    Errors errors = new Errors();
    root.setOut(new PrintWriter(streams.out(), true, streams.out().charset()));
    root.setErr(new PrintWriter(streams.err(), true, streams.err().charset()));
    root.setParameterExceptionHandler(errors);
    root.setExecutionExceptionHandler(errors);
    try {
      return root.execute(args);
    } catch (OutOfMemoryError e) {
      streams
          .err()
          .println("ggml4j: Java's heap is too small: give it more with JAVA_TOOL_OPTIONS=-Xmx8g");
      return Errors.FAILED;
    } finally {
      streams.out().flush();
    }
  }

  private static void add(
      CommandLine root, String name, Streams streams, Map<String, String> environment) {
    root.addSubcommand(
        name,
        switch (name) {
          case "generate" -> new GenerateCommand(streams);
          case "chat" -> new ChatCommand(streams);
          case "logits" -> new LogitsCommand(streams);
          case "tokenize" -> new TokenizeCommand(streams);
          case "inspect" -> new InspectCommand(streams);
          case "train" -> new TrainCommand(streams);
          case "quantize" -> new QuantizeCommand(streams);
          case "imatrix" -> new ImatrixCommand(streams);
          case "eval" -> new EvalCommand(streams);
          case "embed" -> new EmbedCommand(streams);
          case "bench" -> new BenchCommand(streams);
          case "quants" -> new QuantsCommand(streams);
          case "doctor" -> new DoctorCommand(streams);
          case "pull" -> new PullCommand(streams, environment);
          case "models" -> new ModelsCommand(streams, environment);
          case "rm" -> new RemoveCommand(streams, environment);
          default -> throw new IllegalArgumentException(name);
        });
  }
}
