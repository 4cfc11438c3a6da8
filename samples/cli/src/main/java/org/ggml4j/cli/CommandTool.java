package org.ggml4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An outside program as a tool: it gets the arguments, a JSON object, on its standard input, and
 * gives the result on its standard output. No shell is in between.
 */
final class CommandTool {
  private static final int MAX_OUTPUT = 100_000;

  private final List<String> command;
  private final long seconds;

  CommandTool(List<String> command, long seconds) {
    this.command = List.copyOf(command);
    this.seconds = seconds;
  }

  /**
   * Runs it.
   *
   * @return what it wrote, or, if it failed, that and why
   */
  String run(String arguments) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try {
      CompletableFuture<String> output =
          CompletableFuture.supplyAsync(() -> read(process.getInputStream()), CommandTool::start);
      CompletableFuture<Void> input =
          CompletableFuture.runAsync(
              () -> write(arguments, process.getOutputStream()), CommandTool::start);
      input.get(seconds, TimeUnit.SECONDS);
      String text = output.get(seconds, TimeUnit.SECONDS);
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        throw new TimeoutException();
      }
      int code = process.exitValue();
      return code == 0 ? text : text + "\nerror: exit code " + code;
    } catch (TimeoutException e) {
      return "error: no result within " + seconds + " seconds";
    } catch (ExecutionException e) {
      return "error: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "error: interrupted";
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** In a thread of its own: the common pool may have one thread only. */
  private static void start(Runnable task) {
    Thread.ofPlatform().daemon().start(task);
  }

  private static void write(String arguments, OutputStream to) {
    try (to) {
      to.write(arguments.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It does not read its input, which it need not.
    }
  }

  private static String read(InputStream in) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    try {
      int n = in.read(buffer);
      while (n >= 0) {
        text.write(buffer, 0, Math.min(n, MAX_OUTPUT - text.size()));
        n = in.read(buffer);
      }
    } catch (IOException e) {
      // It was ended; what there is counts.
    }
    return text.toString(StandardCharsets.UTF_8).strip();
  }

  @Override
  public String toString() {
    return String.join(" ", command);
  }
}
