package org.ggml4j.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What the build and the launcher run beside the command itself: it puts the command's jar under a
 * name that holds its hash, and makes Java's AOT cache for it (JEP 483, 514), which makes a start
 * several times faster. A cache serves one jar and one Java only, so both are in its name: a jar
 * that was replaced never meets the classes of the one before.
 *
 * <pre>
 * index  CLASSES      writes size and hash of the embedded model beside it
 * install JAR FOLDER  puts the jar into the launcher's folder, with a cache for this Java
 * cache  JAR CACHE    makes a cache for this Java
 * </pre>
 */
public final class StartupCache {
  /** System property: the command is run to be watched, not to be used. */
  static final String REHEARSAL = "ggml4j.rehearsal";

  /** What the launcher reads. */
  private static final String DESCRIPTION = "app.env";

  private static final int FIRST_JAVA_WITH_AOT = 25;
  private static final int HASH_DIGITS = 16;
  private static final int SECONDS_AT_MOST = 180;

  private StartupCache() {}

  public static void main(String... args) throws IOException {
    Streams streams = Streams.ofProcess();
    switch (args.length == 0 ? "" : args[0]) {
      case "index" -> index(Path.of(args[1]), streams);
      case "install" -> install(Path.of(args[1]), Path.of(args[2]), streams);
      case "cache" -> make(Path.of(args[1]), Path.of(args[2]), streams);
      default -> throw new IllegalArgumentException("expected index, install or cache");
    }
  }

  private static void index(Path classes, Streams streams) throws IOException {
    Path folder = classes.resolve("org/ggml4j/cli");
    Path model = folder.resolve(EmbeddedModel.RESOURCE);
    Path index = folder.resolve(EmbeddedModel.INDEX);
    if (Files.exists(model)) {
      Files.writeString(index, EmbeddedModel.index(Files.newInputStream(model)) + "\n");
    } else {
      Files.deleteIfExists(index);
      streams.err().println("the command has no model of its own: there is no " + model);
    }
  }

  private static void install(Path jar, Path folder, Streams streams) throws IOException {
    Files.createDirectories(folder);
    String name = "ggml4j-" + hash(jar);
    Path installed = folder.resolve(name + ".jar");
    if (!Files.exists(installed)) {
      Path temporary = Outputs.temporary(installed);
      Files.copy(jar, temporary);
      EmbeddedModel.move(temporary, installed);
    }
    Path cache = folder.resolve(name + "-" + javaId() + ".aot");
    if (!Files.exists(cache)) {
      make(installed, cache, streams);
    }
    removeOthers(folder, name);
    Path description = folder.resolve(DESCRIPTION);
    Path temporary = Outputs.temporary(description);
    Files.writeString(
        temporary, "name=" + name + "\njava=" + System.getProperty("java.home") + "\n");
    EmbeddedModel.move(temporary, description);
  }

  private static String hash(Path jar) throws IOException {
    String index = EmbeddedModel.index(Files.newInputStream(jar));
    return index.substring(index.indexOf(' ') + 1).substring(0, HASH_DIGITS);
  }

  private static void removeOthers(Path folder, String name) throws IOException {
    try (DirectoryStream<Path> old = Files.newDirectoryStream(folder, "ggml4j-*")) {
      for (Path file : old) {
        if (!String.valueOf(file.getFileName()).startsWith(name)) {
          try {
            Files.delete(file);
          } catch (IOException e) {
            // Windows keeps what a running command uses; the next build removes it.
          }
        }
      }
    }
  }

  /** Version and maker of this Java, as its release file says, which the launcher reads too. */
  private static String javaId() throws IOException {
    String version = System.getProperty("java.runtime.version");
    String maker = System.getProperty("java.vendor");
    Path release = Path.of(System.getProperty("java.home"), "release");
    if (Files.isRegularFile(release)) {
      for (String line : Files.readAllLines(release)) {
        int equals = line.indexOf('=');
        String value = equals < 0 ? "" : line.substring(equals + 1).replace("\"", "");
        version = line.startsWith("JAVA_RUNTIME_VERSION=") ? value : version;
        maker = line.startsWith("IMPLEMENTOR=") ? value : maker;
      }
    }
    StringBuilder id = new StringBuilder();
    for (char c : (version + "-" + maker).toCharArray()) {
      boolean plain = c < 128 && (Character.isLetterOrDigit(c) || c == '.' || c == '-');
      id.append(plain ? c : '_');
    }
    return id.toString();
  }

  /**
   * Makes a cache from a rehearsal in a Java of its own; without one the command only starts
   * slower.
   */
  private static void make(Path jar, Path cache, Streams streams) throws IOException {
    if (Runtime.version().feature() < FIRST_JAVA_WITH_AOT) {
      return; // the launcher lets these keep a class-data archive by themselves
    }
    Path temporary = Outputs.temporary(cache);
    Path userCache = Files.createTempDirectory("ggml4j-rehearsal-");
    try {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("-XX:AOTCacheOutput=" + temporary.toAbsolutePath());
      command.addAll(flags());
      command.addAll(withoutProfiles());
      command.add("-D" + REHEARSAL + "=true");
      command.add("-jar");
      command.add(jar.toAbsolutePath().toString());
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().put("XDG_CACHE_HOME", userCache.toString());
      builder.environment().remove("JAVA_TOOL_OPTIONS");
      builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.PIPE);
      Process process = builder.start();
      process.getOutputStream().close();
      String said = read(process);
      if (process.exitValue() == 0 && Files.exists(temporary)) {
        EmbeddedModel.move(temporary, cache);
      } else {
        streams.err().println("no start-up cache was made; the command starts slower: " + said);
      }
    } finally {
      Files.deleteIfExists(temporary);
      deleteTree(userCache);
    }
  }

  private static String read(Process process) throws IOException {
    Thread watch =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    if (!process.waitFor(SECONDS_AT_MOST, TimeUnit.SECONDS)) {
                      process.destroyForcibly();
                    }
                  } catch (InterruptedException e) {
                    process.destroyForcibly();
                  }
                });
    try (InputStream in = process.getInputStream()) {
      String said = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
      process.onExit().join();
      watch.interrupt();
      return said;
    }
  }

  private static void deleteTree(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (Files.isDirectory(entry)) {
          deleteTree(entry);
        } else {
          Files.delete(entry);
        }
      }
    }
    Files.delete(folder);
  }

  /** The flags that decide whether a cache fits; the launchers start Java with the same. */
  private static List<String> flags() {
    return List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
  }

  /**
   * What Java's compiler learned in the rehearsal (JEP 515) stays out of the cache: it would
   * compile more methods at once, and take the cores from the start. The flag is for diagnosis, so
   * another Java may not have it.
   */
  private static List<String> withoutProfiles() {
    return List.of(
        "-XX:+IgnoreUnrecognizedVMOptions",
        "-XX:+UnlockDiagnosticVMOptions",
        "-XX:-AOTRecordTraining");
  }

  /** Runs what people run, so that the classes it needs are in the cache. */
  static void rehearse() {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    Streams streams =
        new Streams(
            new ByteArrayInputStream(new byte[0]), nowhere, nowhere, Streams.Terminals.none());
    String prompt = "Once upon a time";
    Main.run(streams, "generate", "-n", "32", "--seed", "1", "--threads", "1", prompt);
    Main.run(streams, "generate", "-n", "8", "--temp", "0", "--threads", "1", "--json", prompt);
    Main.run(streams, "tokenize", prompt);
    Main.run(streams, "generate", "--help");
    Main.run(streams, "generate", "--temp", "wrong");
    System.exit(0);
  }
}
