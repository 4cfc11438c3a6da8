package org.ggml4j.bindings;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The operating system and processor, as far as names depend on them.
 *
 * @param name as the classifiers of ggml4j-native spell it, such as {@code linux-x86_64}
 * @param system {@code linux}, {@code macos} or {@code windows}; another system by its own name
 */
record Platform(String name, String system) {
  /** The platforms that the build knows a classifier for. */
  static final List<String> KNOWN =
      List.of("linux-x86_64", "linux-aarch64", "macos-aarch64", "macos-x86_64", "windows-x86_64");

  static Platform current() {
    return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
  }

  static Platform of(String osName, String osArch) {
    String os = osName.toLowerCase(Locale.ROOT);
    String system;
    if (os.startsWith("mac") || os.startsWith("darwin")) {
      system = "macos";
    } else if (os.startsWith("windows")) {
      system = "windows";
    } else {
      system = os.replaceAll("[^a-z0-9]", "");
    }
    String arch = osArch.toLowerCase(Locale.ROOT);
    String processor =
        switch (arch) {
          case "amd64", "x86_64", "x64" -> "x86_64";
          case "arm64", "aarch64" -> "aarch64";
          default -> arch;
        };
    return new Platform(system + "-" + processor, system);
  }

  /**
   * Whether {@code fileName} is the library {@code name}, with or without a version: {@code
   * libggml.so}, {@code libggml.so.0}, {@code libggml.0.dylib}, {@code ggml.dll}.
   */
  boolean isLibrary(String fileName, String name) {
    String version = "(\\.\\d+)*";
    String pattern =
        switch (system) {
          case "windows" -> "\\Q" + name + "\\E\\.dll";
          case "macos" -> "lib\\Q" + name + "\\E" + version + "\\.dylib";
          default -> "lib\\Q" + name + "\\E\\.so" + version;
        };
    return fileName.matches(pattern);
  }

  /** Whether {@code fileName} is any library of GGML: a backend is {@code .so} on macOS too. */
  boolean isAnyLibrary(String fileName) {
    return fileName.matches("(lib)?ggml[^/]*\\.(dll|dylib|so)(\\.\\d+)*");
  }

  /**
   * The folder where this user's programs keep what they can make again; a non-blank {@code
   * XDG_CACHE_HOME} overrides it on every system.
   */
  Path userCache(UnaryOperator<@Nullable String> environment, Path home) {
    String xdg = environment.apply("XDG_CACHE_HOME");
    if (xdg != null && Path.of(xdg).isAbsolute()) {
      return Path.of(xdg);
    }
    String local = environment.apply("LOCALAPPDATA");
    return switch (system) {
      case "windows" ->
          local != null && !local.isBlank()
              ? Path.of(local)
              : home.resolve("AppData").resolve("Local");
      case "macos" -> home.resolve("Library").resolve("Caches");
      default -> home.resolve(".cache");
    };
  }
}
