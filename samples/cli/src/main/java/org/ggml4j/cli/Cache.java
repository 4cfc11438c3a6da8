package org.ggml4j.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The folder of what can be made again. */
final class Cache {
  private Cache() {}

  /** XDG_CACHE_HOME/ggml4j if that variable is set, else in the system's usual place. */
  static Path folder() {
    return root(System.getenv("XDG_CACHE_HOME"), System.getenv("LOCALAPPDATA")).resolve("ggml4j");
  }

  private static Path root(@Nullable String xdg, @Nullable String local) {
    if (xdg != null && Path.of(xdg).isAbsolute()) {
      return Path.of(xdg);
    }
    Path home = Path.of(System.getProperty("user.home", "."));
    String system = System.getProperty("os.name", "");
    if (system.startsWith("Windows")) {
      return local != null && !local.isBlank()
          ? Path.of(local)
          : home.resolve("AppData").resolve("Local");
    }
    return system.startsWith("Mac")
        ? home.resolve("Library").resolve("Caches")
        : home.resolve(".cache");
  }
}
