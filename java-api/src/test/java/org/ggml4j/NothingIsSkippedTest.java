package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A test that is skipped proves nothing and nobody notices: none may have the means to. */
class NothingIsSkippedTest {
  /** What makes JUnit or AssertJ pass a test by; spelt so that this file has none. */
  private static final Pattern SKIPS =
      Pattern.compile(
          String.join(
              "|",
              "\\bDisabled" + "\\w*;",
              "\\bjupiter\\.api\\.Assu" + "mptions\\b",
              "\\bAssumptions" + "ForJUnit\\b|\\bassertj\\.core\\.api\\.Assu" + "mptions\\b",
              "\\bapi\\.condi" + "tion\\.",
              "\\bTestAborted" + "Exception\\b"));

  @Test
  void noTestOfAnyModuleCanBeSkipped() throws IOException {
    var found = new TreeMap<String, String>();
    var modules = new TreeSet<String>();
    Path root = Path.of("..").toRealPath();
    for (Path module : List.of(root, root.resolve("samples"))) {
      try (Stream<Path> folders = Files.list(module)) {
        for (Path tests : folders.map(f -> f.resolve("src/test/java")).toList()) {
          if (Files.isDirectory(tests)) {
            modules.add(root.relativize(tests.getParent().getParent().getParent()).toString());
            search(root, tests, found);
          }
        }
      }
    }
    assertThat(modules).contains("bindings", "java-api", "samples/cli", "samples/benchmarks");
    assertThat(found).isEmpty();
  }

  private static void search(Path root, Path tests, TreeMap<String, String> found)
      throws IOException {
    try (Stream<Path> files = Files.walk(tests)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        var match = SKIPS.matcher(Files.readString(file));
        if (match.find()) {
          found.put(root.relativize(file).toString(), match.group());
        }
      }
    }
  }
}
