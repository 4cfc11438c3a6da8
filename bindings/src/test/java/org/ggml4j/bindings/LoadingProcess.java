package org.ggml4j.bindings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.ggml4j.bindings.ggml.Ggml;

/** A Java process that loads the libraries and says from where, or why not. */
final class LoadingProcess {
  private final Process process;

  private LoadingProcess(Process process) {
    this.process = process;
  }

  static LoadingProcess start(Path cache, Map<String, String> environment, String... options)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx128m"));
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(LoadingProcess.class.getName());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("XDG_CACHE_HOME", cache.toString());
    builder.environment().remove("GGML4J_NATIVE_PATH");
    builder.environment().putAll(environment);
    return new LoadingProcess(builder.start());
  }

  /** What it said. */
  String output() throws IOException, InterruptedException {
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(2, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IOException("The process did not end: " + output);
    }
    return output;
  }

  public static void main(String[] arguments) {
    try {
      NativeLibrary library = NativeLibrary.load();
      System.out.println("origin: " + library.origin());
      System.out.println("directory: " + library.directory());
      System.out.println("devices: " + Ggml.ggml_backend_dev_count());
    } catch (NativeLibraryException e) {
      System.out.println("failed: " + e.getMessage());
    }
  }
}
