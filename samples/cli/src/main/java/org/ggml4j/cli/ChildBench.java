package org.ggml4j.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import org.ggml4j.eval.Estimate;

/**
 * Speed and memory of a file, measured by {@code bench} in a process of its own: what others need
 * is not in its peak, and nothing that ran before has warmed up anything.
 */
final class ChildBench {
  /**
   * What is run.
   *
   * @param more options of {@code bench}
   */
  record Options(int nPrompt, int nGen, int repetitions, int threads, List<String> more) {}

  /** What was measured; speeds are tokens per second. */
  record Result(double loadSeconds, OptionalLong peakBytes, Estimate prefill, Estimate decode) {}

  private ChildBench() {}

  /**
   * Measures.
   *
   * @throws CancellationException if it was interrupted
   * @throws IOException if the process failed; says what it said
   */
  static Result run(Path model, Options options, Interruption interruption) throws IOException {
    Process process = new ProcessBuilder(command(model, options)).start();
    interruption.onInterrupt(process::destroy);
    String out;
    String err;
    int code;
    try {
      process.getOutputStream().close();
      out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      code = process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    } finally {
      interruption.onInterrupt(() -> {});
      process.destroy();
    }
    if (interruption.requested()) {
      throw new CancellationException("interrupted");
    }
    if (code != 0) {
      throw new IOException("measuring " + model.getFileName() + " failed: " + err);
    }
    return result(out);
  }

  private static List<String> command(Path model, Options options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.addAll(
        List.of("bench", "-m", model.toString(), "-o", "jsonl", "-p", "" + options.nPrompt));
    command.addAll(List.of("-n", "" + options.nGen, "-r", "" + options.repetitions));
    command.addAll(List.of("-t", "" + options.threads));
    command.addAll(options.more);
    return command;
  }

  private static Result result(String lines) throws IOException {
    Estimate prefill = new Estimate(0, 0);
    Estimate decode = new Estimate(0, 0);
    double load = 0;
    OptionalLong peak = OptionalLong.empty();
    for (String line : lines.lines().toList()) {
      Map<String, Object> row = Json.parse(line);
      Estimate speed = new Estimate(number(row, "avg_ts"), number(row, "stddev_ts"));
      if (number(row, "n_gen") > 0) {
        decode = speed;
      } else {
        prefill = speed;
      }
      load = number(row, "load_ns") / 1e9;
      if (row.containsKey("peak_bytes")) {
        peak = OptionalLong.of((long) number(row, "peak_bytes"));
      }
    }
    return new Result(load, peak, prefill, decode);
  }

  private static double number(Map<String, Object> row, String name) throws IOException {
    if (row.get(name) instanceof Number n) {
      return n.doubleValue();
    }
    throw new IOException("bench said nothing of " + name);
  }
}
