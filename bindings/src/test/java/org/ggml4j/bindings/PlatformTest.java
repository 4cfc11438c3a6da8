package org.ggml4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, linux-x86_64",
    "Linux, aarch64, linux-aarch64",
    "Mac OS X, aarch64, macos-aarch64",
    "Mac OS X, x86_64, macos-x86_64",
    "Windows 11, amd64, windows-x86_64",
    "FreeBSD, amd64, freebsd-x86_64",
    "Linux, riscv64, linux-riscv64"
  })
  void isNamedAsTheClassifiersAre(String os, String arch, String name) {
    assertThat(Platform.of(os, arch).name()).isEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource({
    "Linux, libggml.so, true",
    "Linux, libggml.so.0, true",
    "Linux, libggml.so.0.25.1, true",
    "Linux, libggml-base.so, false",
    "Linux, libggml.sorry, false",
    "Linux, libggmlxso, false",
    "Linux, libggml.dylib, false",
    "Mac OS X, libggml.dylib, true",
    "Mac OS X, libggml.0.dylib, true",
    "Mac OS X, libggml.so, false",
    "Windows 10, ggml.dll, true",
    "Windows 10, ggml-base.dll, false"
  })
  void knowsItsLibrariesFileNames(String os, String file, boolean is) {
    assertThat(Platform.of(os, "amd64").isLibrary(file, "ggml")).isEqualTo(is);
  }

  @Test
  void putsTheCacheWhereTheSystemWantsIt() {
    Path home = Path.of("home").toAbsolutePath();
    assertThat(cache("Linux", home, Map.of())).isEqualTo(home.resolve(".cache"));
    assertThat(cache("Mac OS X", home, Map.of())).isEqualTo(home.resolve("Library/Caches"));
    assertThat(cache("Windows 11", home, Map.of())).isEqualTo(home.resolve("AppData/Local"));
    Path other = Path.of("other").toAbsolutePath();
    assertThat(cache("Windows 11", home, Map.of("LOCALAPPDATA", other.toString())))
        .isEqualTo(other);
    assertThat(cache("Linux", home, Map.of("XDG_CACHE_HOME", other.toString()))).isEqualTo(other);
    assertThat(cache("Mac OS X", home, Map.of("XDG_CACHE_HOME", other.toString())))
        .isEqualTo(other);
    assertThat(cache("Linux", home, Map.of("XDG_CACHE_HOME", "relative/is/ignored")))
        .isEqualTo(home.resolve(".cache"));
  }

  private static Path cache(String os, Path home, Map<String, String> environment) {
    return Platform.of(os, "amd64").userCache(environment::get, home);
  }
}
