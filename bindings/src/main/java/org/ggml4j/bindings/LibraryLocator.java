package org.ggml4j.bindings;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the folder of GGML's libraries: where the system property says, else where the environment
 * variable says, else in the jar of this platform, from which they are extracted into the user's
 * cache.
 *
 * <p>A setting that is there and leads nowhere is an error, not a reason to look further: whoever
 * set it meant it.
 */
final class LibraryLocator {
  static final String PROPERTY = "ggml4j.native.path";
  static final String VARIABLE = "GGML4J_NATIVE_PATH";

  private static final String RESOURCES = "META-INF/ggml4j/native/";

  /**
   * @param directory holds ggml-base and ggml
   * @param backends holds the backends; mostly the same folder
   * @param origin for people: "system property ggml4j.native.path", "jar file:/..."
   */
  record Located(Path directory, Path backends, String origin) {}

  private final Platform platform;
  private final UnaryOperator<@Nullable String> properties;
  private final UnaryOperator<@Nullable String> environment;
  private final List<ClassLoader> loaders;
  private final List<String> tried = new ArrayList<>();

  LibraryLocator(
      Platform platform,
      UnaryOperator<@Nullable String> properties,
      UnaryOperator<@Nullable String> environment,
      List<ClassLoader> loaders) {
    this.platform = platform;
    this.properties = properties;
    this.environment = environment;
    this.loaders = loaders;
  }

  /** The locator for this process. */
  static LibraryLocator forProcess() {
    List<ClassLoader> loaders = new ArrayList<>();
    loaders.add(LibraryLocator.class.getClassLoader());
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (context != null && !loaders.contains(context)) {
      loaders.add(context);
    }
    return new LibraryLocator(
        Platform.current(), System::getProperty, System::getenv, List.copyOf(loaders));
  }

  Located locate() {
    String property = properties.apply(PROPERTY);
    if (property != null && !property.isBlank()) {
      return folder(property, "system property " + PROPERTY);
    }
    tried.add("system property " + PROPERTY + ": not set");
    String variable = environment.apply(VARIABLE);
    if (variable != null && !variable.isBlank()) {
      return folder(variable, "environment variable " + VARIABLE);
    }
    tried.add("environment variable " + VARIABLE + ": not set");
    return jar();
  }

  private Located folder(String value, String setting) {
    Path folder;
    try {
      folder = Path.of(value).toAbsolutePath();
    } catch (InvalidPathException e) {
      throw failure("The " + setting + " is \"" + value + "\", which is no path.", e);
    }
    requireLibraries(folder, setting);
    return new Located(folder, folder, setting);
  }

  private void requireLibraries(Path folder, String setting) {
    List<String> missing = new ArrayList<>();
    for (String name : List.of("ggml-base", "ggml")) {
      if (find(folder, name) == null) {
        missing.add(name);
      }
    }
    if (!missing.isEmpty()) {
      tried.add(
          setting
              + ": "
              + folder
              + (Files.isDirectory(folder) ? " lacks " + missing : " is no folder"));
      throw failure("GGML's libraries are not where the " + setting + " says.", null);
    }
  }

  /** The file of the library {@code name} in {@code folder}, or null. */
  @Nullable Path find(Path folder, String name) {
    return files(folder).stream()
        .filter(file -> platform.isLibrary(file.getFileName().toString(), name))
        .findFirst()
        .orElse(null);
  }

  /** GGML's libraries in {@code folder}, by name. */
  List<Path> libraries(Path folder) {
    return files(folder).stream()
        .filter(file -> platform.isAnyLibrary(file.getFileName().toString()))
        .toList();
  }

  private static List<Path> files(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new NativeLibraryException("The folder " + folder + " cannot be read: " + e, e);
    }
  }

  private Located jar() {
    String name = RESOURCES + platform.name() + "/index.txt";
    for (ClassLoader loader : loaders) {
      URL url = loader.getResource(name);
      if (url != null) {
        return jar(url);
      }
    }
    tried.add("class path and modules: no " + name + others());
    throw failure("GGML's libraries for " + platform.name() + " are not found.", null);
  }

  private Located jar(URL index) {
    String base = index.toString().substring(0, index.toString().length() - "index.txt".length());
    try {
      LibraryIndex content;
      try (BufferedReader reader =
          new BufferedReader(new InputStreamReader(open(index), StandardCharsets.UTF_8))) {
        content = LibraryIndex.read(reader, index.toString());
      }
      if (content.system().isPresent()) {
        Path folder = content.system().get();
        requireLibraries(folder, "installed ggml named by " + index);
        return new Located(folder, content.backends().orElse(folder), "installed ggml");
      }
      Path home = Path.of(Objects.requireNonNullElse(properties.apply("user.home"), "."));
      Path cache = platform.userCache(environment, home).resolve("ggml4j").resolve("native");
      tried.add(base + ": extracted to " + cache);
      Path folder =
          new Extraction(content, file -> open(URI.create(base + file).toURL()), cache, platform)
              .folder();
      return new Located(folder, folder, "jar " + container(base));
    } catch (IOException e) {
      tried.add(base + ": " + e);
      throw failure(
          "GGML's libraries could not be extracted from the jar. Is the user's cache folder"
              + " writable? Another one is named by the environment variable XDG_CACHE_HOME.",
          e);
    }
  }

  /**
   * What holds the folder at {@code base}: of {@code jar:file:/a.jar!/META-INF/...}, {@code
   * /a.jar}.
   */
  private static String container(String base) {
    int inside = base.indexOf("!/");
    return base.startsWith("jar:file:") && inside > 0
        ? Path.of(URI.create(base.substring("jar:".length(), inside))).toString()
        : base;
  }

  /** Without the JVM's cache of open jars: it would hold a jar that a build replaces. */
  private static InputStream open(URL url) throws IOException {
    URLConnection connection = url.openConnection();
    connection.setUseCaches(false);
    InputStream in = connection.getInputStream();
    if (in == null) {
      throw new FileNotFoundException(url.toString());
    }
    return in;
  }

  private String others() {
    List<String> present = new ArrayList<>();
    for (String other : Platform.KNOWN) {
      for (ClassLoader loader : loaders) {
        if (loader.getResource(RESOURCES + other + "/index.txt") != null) {
          present.add(other);
          break;
        }
      }
    }
    return present.isEmpty() ? "" : " (there is one for " + String.join(", ", present) + ")";
  }

  /** An exception that says what was tried and what to do. */
  NativeLibraryException failure(String what, @Nullable Throwable cause) {
    StringBuilder message = new StringBuilder(what);
    message.append("\nTried:");
    for (String attempt : tried) {
      message.append("\n  ").append(attempt);
    }
    message
        .append("\nEither add the dependency org.ggml4j:ggml4j-native with the classifier ")
        .append(platform.name())
        .append(" (on the module path also: --add-modules org.ggml4j.natives),")
        .append(
            "\nor build the libraries with \"mvn -pl native package\" and name their folder: -D")
        .append(PROPERTY)
        .append("=native/target/cmake/bin");
    return new NativeLibraryException(message.toString(), cause);
  }
}
