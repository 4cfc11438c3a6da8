package org.ggml4j.ggml;

import java.io.FileInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;

/** How much of the processor's time was used, by all processes and by this one. */
interface CpuTimes {
  /**
   * What was used since some fixed time.
   *
   * @param nanos when this was read, as {@link System#nanoTime}
   * @param busy nanoseconds in which processors worked, added up over those that this process may
   *     use; without what low-priority processes took, who stand back when others want to work
   * @param own nanoseconds in which processors worked for this process
   */
  record Sample(long nanos, long busy, long own) {}

  /** Processors that this process may use. */
  int processors();

  /** Empty if the system doesn't tell. */
  Optional<Sample> sample();

  /** Those of this machine. */
  static CpuTimes ofSystem() {
    return Files.isReadable(Linux.ALL) ? Linux.ofProcess() : new Managed();
  }

  /** From {@code /proc}, see proc(5); there, time is counted in hundredths of a second. */
  final class Linux implements CpuTimes {
    static final Path ALL = Path.of("/proc/stat");
    private static final Path OWN = Path.of("/proc/self/stat");
    private static final long TICK = 10_000_000;

    private final Path all;
    private final Path own;
    private final BitSet allowed;
    // The lines of processors come first, at most 12 numbers each; what follows is long and unused.
    private final byte[] buffer;

    Linux(Path all, Path own, BitSet allowed) {
      this.all = all;
      this.own = own;
      this.allowed = allowed;
      this.buffer = new byte[(allowed.length() + 1) * 256];
    }

    static Linux ofProcess() {
      return new Linux(ALL, OWN, allowed(Path.of("/proc/self/status")));
    }

    /** The processors that a process may use, of a list such as {@code 0-3,8}. */
    static BitSet allowed(Path status) {
      BitSet set = new BitSet();
      try {
        for (String line : Files.readAllLines(status, StandardCharsets.ISO_8859_1)) {
          if (line.startsWith("Cpus_allowed_list:")) {
            for (String part : line.substring(line.indexOf(':') + 1).strip().split(",", -1)) {
              String[] ends = part.split("-", 2);
              set.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
            }
          }
        }
      } catch (IOException | RuntimeException e) {
        set.clear(); // then nothing is told
      }
      return set;
    }

    @Override
    public int processors() {
      return allowed.cardinality();
    }

    @Override
    public Optional<Sample> sample() {
      try {
        long own = own();
        return Optional.of(new Sample(System.nanoTime(), busy(), own));
      } catch (IOException | RuntimeException e) {
        return Optional.empty();
      }
    }

    private String begin(Path file) throws IOException {
      try (FileInputStream in = new FileInputStream(file.toFile())) {
        int n = in.readNBytes(buffer, 0, buffer.length);
        return new String(buffer, 0, n, StandardCharsets.ISO_8859_1);
      }
    }

    private long busy() throws IOException {
      long ticks = 0;
      int found = 0;
      for (String line : begin(all).split("\n", -1)) {
        if (!line.startsWith("cpu") || line.startsWith("cpu ")) {
          continue;
        }
        String[] f = line.split(" +", -1);
        if (allowed.get(Integer.parseInt(f[0].substring(3)))) {
          // user, system, irq, softirq; not nice, idle, iowait
          ticks +=
              Long.parseLong(f[1])
                  + Long.parseLong(f[3])
                  + Long.parseLong(f[6])
                  + Long.parseLong(f[7]);
          found++;
        }
      }
      if (found == 0) {
        throw new IOException("no processor in " + all);
      }
      return ticks * TICK;
    }

    private long own() throws IOException {
      String text = begin(own);
      // The name of the program may hold anything; what follows its last parenthesis is regular.
      String[] f = text.substring(text.lastIndexOf(')') + 2).split(" ", 16);
      return (Long.parseLong(f[11]) + Long.parseLong(f[12])) * TICK;
    }
  }

  /** From Java's management interface, which other systems than Linux need. */
  final class Managed implements CpuTimes {
    private final int processors = Runtime.getRuntime().availableProcessors();
    private long nanos = System.nanoTime();
    private double busy;

    @Override
    public int processors() {
      return processors;
    }

    @Override
    public synchronized Optional<Sample> sample() {
      try {
        return Beans.sample(this);
      } catch (LinkageError e) {
        return Optional.empty(); // a Java without jdk.management
      }
    }

    /** Apart, so that the interface is needed only here. */
    private static final class Beans {
      static Optional<Sample> sample(Managed to) {
        if (!(ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system)) {
          return Optional.empty();
        }
        double load = system.getCpuLoad(); // since it was asked last
        long own = system.getProcessCpuTime();
        long now = System.nanoTime();
        if (load < 0 || own < 0) {
          return Optional.empty();
        }
        to.busy += load * to.processors * (now - to.nanos);
        to.nanos = now;
        return Optional.of(new Sample(now, (long) to.busy, own));
      }
    }
  }
}
