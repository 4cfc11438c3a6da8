package org.ggml4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the libraries are looked for, in which order, and what is said when they are not there. */
class LibraryLocatorTest {
  @TempDir Path folder;

  private final Map<String, String> properties = new HashMap<>();
  private final Map<String, String> environment = new HashMap<>();
  private Path cache;
  private Packed packed;

  @BeforeEach
  void useFoldersOfOurOwn() {
    cache = folder.resolve("cache");
    environment.put("XDG_CACHE_HOME", cache.toString());
    packed = new Packed(folder.resolve("jar"));
  }

  private LibraryLocator locator() throws IOException {
    return new LibraryLocator(
        Packed.PLATFORM, properties::get, environment::get, List.of(packed.loader()));
  }

  private Path libraries(String name) throws IOException {
    Path libraries = Files.createDirectories(folder.resolve(name));
    Files.writeString(libraries.resolve("libggml-base.so"), "");
    Files.writeString(libraries.resolve("libggml.so.0"), "");
    return libraries;
  }

  @Test
  void thePropertyComesFirst() throws IOException {
    packed.write();
    Path mine = libraries("mine");
    properties.put("ggml4j.native.path", mine.toString());
    environment.put("GGML4J_NATIVE_PATH", libraries("other").toString());
    LibraryLocator.Located located = locator().locate();
    assertThat(located.directory()).isEqualTo(mine);
    assertThat(located.backends()).isEqualTo(mine);
    assertThat(located.origin()).isEqualTo("system property ggml4j.native.path");
    assertThat(cache).doesNotExist();
  }

  @Test
  void theVariableComesSecond() throws IOException {
    packed.write();
    Path mine = libraries("mine");
    properties.put("ggml4j.native.path", " ");
    environment.put("GGML4J_NATIVE_PATH", mine.toString());
    LibraryLocator.Located located = locator().locate();
    assertThat(located.directory()).isEqualTo(mine);
    assertThat(located.origin()).isEqualTo("environment variable GGML4J_NATIVE_PATH");
  }

  @Test
  void theJarComesThird() throws IOException {
    packed.write();
    LibraryLocator.Located located = locator().locate();
    assertThat(located.directory()).startsWith(cache.resolve("ggml4j").resolve("native"));
    assertThat(located.directory().resolve("libggml-base.so"))
        .hasBinaryContent(packed.content("libggml-base.so"));
    assertThat(located.directory().resolve("libggml.so"))
        .hasBinaryContent(packed.content("libggml.so"));
    assertThat(located.origin()).startsWith("jar file:").contains("linux-x86_64");
    assertThat(locator().libraries(located.directory())).hasSize(2);
  }

  @Test
  void theJarMayNameAnInstalledGgml() throws IOException {
    Path system = libraries("system");
    Path backends = folder.resolve("backends");
    packed.index("system " + system + "\nbackends " + backends + "\n");
    LibraryLocator.Located located = locator().locate();
    assertThat(located.directory()).isEqualTo(system);
    assertThat(located.backends()).isEqualTo(backends);
    assertThat(located.origin()).isEqualTo("installed ggml");
  }

  @Test
  void anInstalledGgmlThatIsGoneIsSaid() throws IOException {
    packed.index("system /no/such/folder\nbackends /no/such/folder\n");
    assertThatThrownBy(() -> locator().locate())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("/no/such/folder is no folder");
  }

  @Test
  void aPropertyThatLeadsNowhereIsAnError() throws IOException {
    packed.write();
    properties.put("ggml4j.native.path", folder.resolve("nowhere").toString());
    assertThatThrownBy(() -> locator().locate())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("system property ggml4j.native.path")
        .hasMessageContaining(folder.resolve("nowhere") + " is no folder");
  }

  @Test
  void aFolderWithoutTheLibrariesSaysWhichAreMissing() throws IOException {
    Path mine = libraries("mine");
    Files.delete(mine.resolve("libggml-base.so"));
    environment.put("GGML4J_NATIVE_PATH", mine.toString());
    assertThatThrownBy(() -> locator().locate())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("environment variable GGML4J_NATIVE_PATH")
        .hasMessageContaining("lacks [ggml-base]");
  }

  @Test
  void withoutAnyThingTheMessageSaysWhatWasTriedAndWhatToAdd() throws IOException {
    Path other = folder.resolve("jar/META-INF/ggml4j/native/macos-aarch64");
    Files.createDirectories(other);
    Files.writeString(other.resolve("index.txt"), "");
    assertThatThrownBy(() -> locator().locate())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContainingAll(
            "linux-x86_64",
            "system property ggml4j.native.path: not set",
            "environment variable GGML4J_NATIVE_PATH: not set",
            "no META-INF/ggml4j/native/linux-x86_64/index.txt (there is one for macos-aarch64)",
            "org.ggml4j:ggml4j-native with the classifier linux-x86_64",
            "--add-modules org.ggml4j.natives",
            "mvn -pl native package",
            "-Dggml4j.native.path=");
  }

  @Test
  void aCacheThatCannotBeWrittenIsSaid() throws IOException {
    packed.write();
    Files.writeString(cache, "a file where the folder should be");
    assertThatThrownBy(() -> locator().locate())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("XDG_CACHE_HOME")
        .hasMessageContaining(cache.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "library 00 x libggml.so\n",
        "library 00 -1 libggml.so\n",
        "library 00 99999999999999999999 libggml.so\n",
        "library 00 1 ../libggml.so\n",
        "library 00 1 a/libggml.so\n",
        "library 00 1\n",
        "something else\n",
        "nothing\n",
        ""
      })
  void anIndexThatIsNotUnderstoodIsRefused(String lines) throws IOException {
    packed.index(lines);
    assertThatThrownBy(() -> locator().locate())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("index.txt");
    assertThat(folder.resolve("libggml.so")).doesNotExist();
  }

  @Test
  void anIndexOfAnotherFormatIsRefused() throws IOException {
    packed.index("");
    Files.writeString(packed.folder().resolve("index.txt"), "ggml4j-native 2\n");
    assertThatThrownBy(() -> locator().locate())
        .isInstanceOf(NativeLibraryException.class)
        .hasMessageContaining("ggml4j-native 2");
  }
}
