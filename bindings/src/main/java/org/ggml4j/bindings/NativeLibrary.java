package org.ggml4j.bindings;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.ggml4j.bindings.ggml.Ggml;
import org.jspecify.annotations.Nullable;

/**
 * GGML's libraries, loaded into this process. {@link #load} must have returned before anything of
 * {@code org.ggml4j.bindings.ggml} is called.
 *
 * <p>They are looked for in the folder that the system property {@code ggml4j.native.path} names,
 * then in the one that the environment variable {@code GGML4J_NATIVE_PATH} names, then in the jar
 * of this platform (ggml4j-native with a classifier), from which they are extracted once into the
 * user's cache. Of the backends in the folder, GGML takes those that the machine can run. Once
 * loaded they stay until the process ends.
 */
public final class NativeLibrary {
  /** The version whose headers {@code org.ggml4j.bindings.ggml} is made of. */
  static final String VERSION = "0.25.1";

  private static final Object LOCK = new Object();
  private static volatile @Nullable NativeLibrary loaded;

  private final Path directory;
  private final String origin;
  private final List<Path> libraries;
  private final boolean hasFewRows;

  private NativeLibrary(Path directory, String origin, List<Path> libraries) {
    this.directory = directory;
    this.origin = origin;
    this.libraries = libraries;
    hasFewRows = SymbolLookup.loaderLookup().find("ggml4j_few_rows").isPresent();
  }

  /**
   * Loads the libraries, the first time; after that returns what was loaded. Any thread may call
   * it.
   *
   * @throws NativeLibraryException if they are not found, cannot be loaded, are of another version,
   *     or hold no backend that this machine can run; the message says what to do
   */
  public static NativeLibrary load() {
    NativeLibrary library = loaded;
    if (library != null) {
      return library;
    }
    synchronized (LOCK) {
      library = loaded;
      if (library == null) {
        library = load(LibraryLocator.forProcess());
        loaded = library;
      }
      return library;
    }
  }

  private static NativeLibrary load(LibraryLocator locator) {
    LibraryLocator.Located located = locator.locate();
    for (String name : List.of("ggml-base", "ggml")) {
      Path file = locator.find(located.directory(), name);
      if (file == null) {
        throw locator.failure(located.directory() + " has no library " + name + ".", null);
      }
      load(file, located.origin());
    }
    String version = Ggml.ggml_version().getString(0);
    if (!version.equals(VERSION)) {
      throw new NativeLibraryException(
          String.format(
              Locale.ROOT,
              "%s (%s) is ggml %s, and ggml4j is written against ggml %s, whose structures it"
                  + " relies on. Use the libraries that ggml4j builds (mvn -pl native package).",
              located.directory(),
              located.origin(),
              version,
              VERSION));
    }
    GgmlLog log = GgmlLog.install();
    loadBackends(locator, located, log);
    Set<Path> libraries = new LinkedHashSet<>(locator.libraries(located.directory()));
    libraries.addAll(locator.libraries(located.backends()));
    return new NativeLibrary(located.directory(), located.origin(), List.copyOf(libraries));
  }

  // System.load is what this class is for; whoever starts the JVM allows it with
  // --enable-native-access.
  @SuppressWarnings("restricted")
  private static void load(Path file, String origin) {
    try {
      System.load(file.toAbsolutePath().toString());
    } catch (IllegalCallerException e) {
      Module module = NativeLibrary.class.getModule();
      throw new NativeLibraryException(
          "Java does not let ggml4j load "
              + file
              + ". Start it with --enable-native-access="
              + (module.isNamed() ? module.getName() : "ALL-UNNAMED")
              + ", or put \"Enable-Native-Access: ALL-UNNAMED\" into the manifest of the jar that"
              + " is started.",
          e);
    } catch (UnsatisfiedLinkError e) {
      throw new NativeLibraryException(
          file
              + " ("
              + origin
              + ") cannot be loaded: "
              + e.getMessage()
              + "\n"
              + "If a shared library is missing, install it (on Debian and Ubuntu: apt install"
              + " libstdc++6). If a symbol version such as GLIBC_2.38 is, the libraries were built"
              + " on a newer system: build them on this one with \"mvn -pl native package\".",
          e);
    }
  }

  private static void loadBackends(
      LibraryLocator locator, LibraryLocator.Located located, GgmlLog log) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment folder = arena.allocateFrom(located.backends().toString());
      String said = log.during(() -> Ggml.ggml_backend_load_all_from_path(folder));
      if (Ggml.ggml_backend_dev_count() > 0) {
        return;
      }
      StringBuilder reasons = new StringBuilder(said);
      for (Path file : locator.libraries(located.backends())) {
        if (file.getFileName().toString().contains("ggml-cpu")) {
          // Above, GGML is silent about a library that it does not take; asked for that one, it
          // says why.
          MemorySegment path = arena.allocateFrom(file.toString());
          reasons.append("\n  ").append(log.during(() -> Ggml.ggml_backend_load(path)));
        }
      }
      throw new NativeLibraryException(
          "GGML has no backend in "
              + located.backends()
              + " ("
              + located.origin()
              + ") that this machine can run:"
              + reasons
              + "\n"
              + "A CPU library is built for the processor of the machine that builds it. Build it"
              + " on this one with \"mvn -pl native package\", or for all processors with \"mvn"
              + " -Pportable -pl native package\".");
    }
  }

  /** The folder that the libraries were loaded from. */
  public Path directory() {
    return directory;
  }

  /**
   * How that folder was found, in words: {@code system property ggml4j.native.path}, or {@code jar}
   * and its path.
   */
  public String origin() {
    return origin;
  }

  /** The libraries in that folder, backends that this machine cannot run included. */
  public List<Path> libraries() {
    return libraries;
  }

  /**
   * Whether the CPU's products of Q6_K matrices in plain memory are those of ggml4j's build, as
   * quick as from any other memory; a GGML that was installed has them not.
   */
  public boolean hasFewRows() {
    return hasFewRows;
  }

  /** The version of the GGML that was loaded, such as {@code 0.25.1}. */
  public String version() {
    return VERSION;
  }
}
