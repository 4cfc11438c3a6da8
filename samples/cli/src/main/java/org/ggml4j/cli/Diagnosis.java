package org.ggml4j.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CpuTopology;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.GgmlInfo;

/**
 * What there is to know about this machine, this Java and this GGML.
 *
 * @param failure why GGML could not be loaded, if so
 */
record Diagnosis(List<Section> sections, Optional<RuntimeException> failure) {
  /** Facts that belong together. */
  record Section(String name, List<Fact> facts) {
    Section(String name) {
      this(name, new ArrayList<>());
    }

    void add(String name, Object value) {
      facts.add(new Fact(name, value.toString(), ""));
    }

    void add(String name, Object value, String why) {
      facts.add(new Fact(name, value.toString(), why));
    }
  }

  /**
   * @param why it is so, or what to do about it; may be empty
   */
  record Fact(String name, String value, String why) {}

  /** Whether models can be run. */
  boolean ok() {
    return failure.isEmpty();
  }

  static Diagnosis make() throws IOException {
    List<Section> sections = new ArrayList<>();
    sections.add(machine());
    sections.add(java());
    Optional<RuntimeException> failure = ggml(sections);
    sections.add(model());
    return new Diagnosis(List.copyOf(sections), failure);
  }

  private static Section machine() throws IOException {
    Section s = new Section("machine");
    s.add("ggml4j", Version.version());
    s.add(
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + System.getProperty("os.arch"));
    int logical = Runtime.getRuntime().availableProcessors();
    int physical = CpuTopology.physicalCores();
    s.add("processors", logical + " that this process may use");
    s.add(
        "threads",
        physical + " by default",
        "one for each physical core: two threads of a core share the units that multiply;"
            + " --threads changes it");
    s.add("cache", Cache.folder(), "XDG_CACHE_HOME names another folder");
    return s;
  }

  private static Section java() {
    Section s = new Section("java");
    s.add(
        "version",
        System.getProperty("java.vm.version") + ", " + System.getProperty("java.vendor"));
    s.add("home", System.getProperty("java.home", ""));
    StringJoiner flags = new StringJoiner(" ");
    String startupCache = "";
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      flags.add(flag);
      for (String prefix : List.of("-XX:AOTCache=", "-XX:SharedArchiveFile=")) {
        startupCache = flag.startsWith(prefix) ? flag.substring(prefix.length()) : startupCache;
      }
    }
    s.add("flags", flags.length() == 0 ? "none" : flags.toString());
    boolean allowed = Diagnosis.class.getModule().isNativeAccessEnabled();
    s.add(
        "native access",
        allowed ? "allowed" : "not allowed",
        allowed ? "" : "start Java with --enable-native-access=ALL-UNNAMED");
    s.add(
        "heap",
        Figures.bytes(Runtime.getRuntime().maxMemory()) + " at most",
        "weights and caches are not in it; JAVA_TOOL_OPTIONS=-Xmx... changes it");
    if (startupCache.isEmpty()) {
      s.add(
          "start-up cache",
          "none",
          "the launcher uses one when the build, or a run before, made it for this Java");
    } else {
      Path file = Path.of(startupCache);
      s.add("start-up cache", file, startupCacheState(file));
    }
    return s;
  }

  private static String startupCacheState(Path file) {
    if (!Files.isRegularFile(file)) {
      return "there is no such file; building again makes it";
    }
    Path maps = Path.of("/proc/self/maps");
    if (!Files.isReadable(maps)) {
      return "Java was told to use it";
    }
    try {
      return Files.readString(maps).contains(file.getFileName().toString())
          ? "in use"
          : "not in use: Java found that it does not fit, and started without; building again makes"
              + " a new one";
    } catch (IOException e) {
      return "Java was told to use it";
    }
  }

  private static Optional<RuntimeException> ggml(List<Section> sections) {
    Section s = new Section("ggml");
    sections.add(s);
    GgmlInfo info;
    try {
      info = GgmlInfo.load();
    } catch (RuntimeException e) {
      s.add("failed", String.valueOf(e.getMessage()));
      return Optional.of(e);
    }
    s.add("version", info.version());
    s.add(
        "folder",
        info.directory(),
        "found by: "
            + info.origin()
            + "; -Dggml4j.native.path or GGML4J_NATIVE_PATH names another folder");
    StringJoiner libraries = new StringJoiner(", ");
    info.libraries().forEach(library -> libraries.add(library.getFileName().toString()));
    s.add("libraries", libraries);
    int n = 0;
    for (Device device : Device.all()) {
      sections.add(device(n++, device));
    }
    try {
      Device.cpu();
    } catch (RuntimeException e) {
      s.add("failed", Errors.line(e));
      return Optional.of(e);
    }
    return Optional.empty();
  }

  private static Section device(int number, Device device) {
    Section s = new Section("device " + number);
    s.add("name", device.name() + ", " + device.description());
    s.add("backend", device.backendName() + ", " + device.type());
    s.add(
        "memory",
        Figures.bytes(device.memoryFree()) + " free of " + Figures.bytes(device.memoryTotal()));
    StringJoiner features = new StringJoiner(" ");
    device
        .features()
        .forEach((name, value) -> features.add(value.equals("1") ? name : name + "=" + value));
    if (features.length() > 0) {
      s.add("features", features, "what the library was built for and found on this machine");
    }
    StringJoiner buffers = new StringJoiner(", ");
    for (BufferType type : device.extraBufferTypes()) {
      buffers.add(type.name());
    }
    s.add(
        "memory type",
        device.bufferType().name()
            + (device.canUseHostMemory() ? ", weights stay where the file is mapped" : ""));
    s.add(
        "repacking",
        buffers.length() == 0 ? "none" : buffers.toString(),
        buffers.length() == 0
            ? ""
            : "weights whose type and shape allow it are rearranged for faster kernels, the first"
                + " that fits; --repack off doesn't");
    return s;
  }

  private static Section model() {
    Section s = new Section("embedded model");
    try {
      s.add("file", EmbeddedModel.file());
    } catch (IOException e) {
      s.add("file", "none", Errors.line(e));
    }
    return s;
  }
}
