package org.ggml4j.ggml;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * How many cores there are to compute on: two threads of one core share the units that multiply.
 */
public final class CpuTopology {
  private static final Path CPUS = Path.of("/sys/devices/system/cpu");

  private CpuTopology() {}

  /**
   * Number of physical cores that this process may use. Where the system does not tell (not Linux),
   * the number of logical ones.
   */
  public static int physicalCores() {
    int available = Runtime.getRuntime().availableProcessors();
    int physical = linuxCores();
    return physical < 1 ? available : Math.min(physical, available);
  }

  private static int linuxCores() {
    Set<String> cores = new HashSet<>();
    if (!Files.isDirectory(CPUS)) {
      return 0;
    }
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(CPUS, "cpu[0-9]*")) {
      for (Path cpu : folders) {
        Path siblings = cpu.resolve("topology/thread_siblings_list");
        if (Files.isReadable(siblings)) {
          cores.add(Files.readString(siblings).strip());
        }
      }
    } catch (IOException e) {
      return 0;
    }
    return cores.size();
  }
}
