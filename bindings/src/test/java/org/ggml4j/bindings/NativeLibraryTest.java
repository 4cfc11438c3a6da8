package org.ggml4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.ggml4j.bindings.ggml.Ggml;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The libraries of this machine, loaded into this process and into fresh ones. */
class NativeLibraryTest {
  private static final String ALLOW = "--enable-native-access=ALL-UNNAMED";

  @TempDir Path folder;

  /** A copy of the libraries, without those whose name holds {@code without}. */
  private Path copy(String name, String without) throws IOException {
    Path copy = Files.createDirectories(folder.resolve(name));
    for (Path library : NativeLibrary.load().libraries()) {
      if (!library.getFileName().toString().contains(without)) {
        Files.copy(library, copy.resolve(library.getFileName()));
      }
    }
    return copy;
  }

  @Test
  void loadsOnce() {
    NativeLibrary library = NativeLibrary.load();
    assertThat(NativeLibrary.load()).isSameAs(library);
    assertThat(library.origin()).startsWith("jar ");
    assertThat(library.directory()).isDirectory();
    assertThat(library.libraries())
        .hasSizeGreaterThanOrEqualTo(3)
        .allMatch(path -> path.startsWith(library.directory()));
    assertThat(library.version()).isEqualTo(Ggml.ggml_version().getString(0));
    assertThat(Ggml.ggml_backend_dev_count()).isPositive();
  }

  @Test
  void theVersionIsTheOneThatTheBuildPins() throws IOException {
    assertThat(Files.readString(Path.of("..", "native", "cmake", "Pins.cmake")))
        .contains("set(GGML4J_GGML_VERSION " + NativeLibrary.VERSION + ")");
  }

  @Test
  void manyProcessesExtractAtOnce() throws Exception {
    Path cache = folder.resolve("cache");
    List<LoadingProcess> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(LoadingProcess.start(cache, Map.of(), ALLOW));
    }
    Set<String> outputs = new HashSet<>();
    for (LoadingProcess process : processes) {
      outputs.add(process.output());
    }
    assertThat(outputs).hasSize(1);
    assertThat(outputs.iterator().next())
        .contains("origin: jar ", "devices: ")
        .doesNotContain("failed");
    try (Stream<Path> extracted = Files.list(cache.resolve("ggml4j").resolve("native"))) {
      assertThat(extracted).hasSize(1);
    }
  }

  @Test
  void aDamagedCacheIsRepaired() throws Exception {
    Path cache = folder.resolve("cache");
    String first = LoadingProcess.start(cache, Map.of(), ALLOW).output();
    assertThat(first).contains("origin: jar ");
    try (Stream<Path> files = Files.walk(cache)) {
      for (Path file : files.filter(f -> f.toString().contains("ggml-base")).toList()) {
        Files.write(file, new byte[100]);
      }
    }
    assertThat(LoadingProcess.start(cache, Map.of(), ALLOW).output()).isEqualTo(first);
  }

  @Test
  void propertyThenVariable() throws Exception {
    Path one = copy("one", "nothing");
    Path two = copy("two", "nothing");
    Map<String, String> environment = Map.of("GGML4J_NATIVE_PATH", two.toString());
    assertThat(
            LoadingProcess.start(folder, environment, ALLOW, "-Dggml4j.native.path=" + one)
                .output())
        .contains("origin: system property ggml4j.native.path", "directory: " + one, "devices: ");
    assertThat(LoadingProcess.start(folder, environment, ALLOW).output())
        .contains("origin: environment variable GGML4J_NATIVE_PATH", "directory: " + two);
  }

  @Test
  void aFileThatIsNoLibraryIsSaid() throws Exception {
    Path broken = copy("broken", "nothing");
    try (Stream<Path> files = Files.list(broken)) {
      for (Path file : files.filter(f -> f.toString().contains("ggml-base")).toList()) {
        Files.writeString(file, "no library");
      }
    }
    assertThat(
            LoadingProcess.start(folder, Map.of(), ALLOW, "-Dggml4j.native.path=" + broken)
                .output())
        .contains("failed: " + broken, "cannot be loaded: ", "mvn -pl native package");
  }

  @Test
  void aFolderWithoutBackendIsSaid() throws Exception {
    Path bare = copy("bare", "ggml-cpu");
    assertThat(
            LoadingProcess.start(folder, Map.of(), ALLOW, "-Dggml4j.native.path=" + bare).output())
        .contains("failed: GGML has no backend in " + bare, "mvn -Pportable -pl native package");
  }

  @Test
  void aBackendThatDoesNotLoadIsSaidWithTheReason() throws Exception {
    Path broken = copy("broken", "nothing");
    try (Stream<Path> files = Files.list(broken)) {
      for (Path file : files.filter(f -> f.toString().contains("ggml-cpu")).toList()) {
        Files.writeString(file, "no library");
      }
    }
    assertThat(
            LoadingProcess.start(folder, Map.of(), ALLOW, "-Dggml4j.native.path=" + broken)
                .output())
        .contains("failed: GGML has no backend in " + broken, "failed to load");
  }

  @Test
  void deniedNativeAccessNamesTheFlag() throws Exception {
    assertThat(
            LoadingProcess.start(folder.resolve("cache"), Map.of(), "--illegal-native-access=deny")
                .output())
        .contains("failed: Java does not let ggml4j load", "--enable-native-access=ALL-UNNAMED");
  }
}
