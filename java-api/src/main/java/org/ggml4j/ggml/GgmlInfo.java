package org.ggml4j.ggml;

import java.nio.file.Path;
import java.util.List;
import org.ggml4j.bindings.NativeLibrary;

/**
 * The GGML that this process uses, for diagnostics.
 *
 * @param version GGML's version
 * @param origin how the libraries were found, in words: {@code system property ggml4j.native.path},
 *     or {@code jar} and its path
 * @param directory the folder they were loaded from
 * @param libraries the libraries in that folder, backends that this machine cannot run included
 */
public record GgmlInfo(String version, String origin, Path directory, List<Path> libraries) {

  public GgmlInfo {
    libraries = List.copyOf(libraries);
  }

  /**
   * Loads GGML, if that has not been done, and tells where it came from.
   *
   * @throws RuntimeException {@code NativeLibraryException}, if there is none for this machine; its
   *     message says what was tried and what to do
   */
  public static GgmlInfo load() {
    NativeLibrary library = Native.library();
    return new GgmlInfo(
        library.version(), library.origin(), library.directory(), library.libraries());
  }

  /**
   * Loads GGML and links its functions now, in a thread of its own, instead of one by one when they
   * are first used: for programs whose first text should come soon. What fails fails again, and is
   * reported, when GGML is used.
   */
  public static void linkInBackground() {
    Thread thread =
        new Thread(
            () -> {
              try {
                LinkAhead.run();
              } catch (RuntimeException | LinkageError e) {
                // Whoever uses GGML gets the same, and can tell the user.
              }
            },
            "ggml4j link");
    thread.setDaemon(true);
    thread.start();
  }
}
