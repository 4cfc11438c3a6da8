package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shell script, with JDKs and a build that only look like it. */
class LauncherTest {
  private static final Path SCRIPT = Path.of("..", "ggml4j");

  @TempDir private Path folder;
  private Path launcher;
  private Path app;

  @BeforeEach
  void install() throws IOException {
    launcher = folder.resolve("project with space/samples/ggml4j");
    app = launcher.resolveSibling("cli/target/app");
    Files.createDirectories(app);
    Files.copy(SCRIPT, launcher);
    executable(launcher);
    Files.writeString(app.resolve("app.env"), "name=ggml4j-0123456789abcdef\njava=/nowhere\n");
    Files.writeString(app.resolve("ggml4j-0123456789abcdef.jar"), "");
  }

  private static void executable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = folder.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(
        home.resolve("release"),
        "IMPLEMENTOR=\"A Maker\"\nJAVA_RUNTIME_VERSION=\""
            + version
            + "+9-LTS\"\nJAVA_VERSION=\""
            + version
            + "\"\n");
    Path java = home.resolve("bin/java");
    Files.writeString(java, "#!/bin/sh\necho \"" + name + "\"\nfor a; do echo \"[$a]\"; done\n");
    executable(java);
    return home;
  }

  private List<String> run(String javaHome, Path onPath, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("sh", launcher.toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", javaHome);
    builder.environment().put("HOME", folder.toString());
    builder.environment().put("PATH", onPath.resolve("bin") + ":/usr/bin:/bin");
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out.lines().toList();
  }

  @Test
  void isWellFormed() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("sh", "-n", SCRIPT.toString()).redirectErrorStream(true).start();
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEmpty();
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void javaHomeIsTakenIfItIsNewEnough() throws IOException, InterruptedException {
    List<String> out = run(jdk("home", "22.0.1").toString(), jdk("path", "25.0.3"), "doctor");
    assertThat(out.get(0)).isEqualTo("home");
    // Before Java 25 the archive is the one that Java keeps by itself.
    assertThat(out)
        .contains("[-XX:+AutoCreateSharedArchive]")
        .anyMatch(a -> a.endsWith("ggml4j-0123456789abcdef-22.0.1_9-LTS-A_Maker.jsa]"));
  }

  @Test
  void aJavaHomeThatIsTooOldIsPassedOver() throws IOException, InterruptedException {
    Path old = jdk("old", "17.0.2");
    Path good = jdk("path", "25.0.3");
    Path cache = app.resolve("ggml4j-0123456789abcdef-25.0.3_9-LTS-A_Maker.aot");
    Files.writeString(cache, "");
    List<String> out = run(old.toString(), good, "generate", "two words", "");
    assertThat(out.get(0)).isEqualTo("path");
    assertThat(out)
        .anyMatch(a -> a.startsWith("[-XX:AOTCache=") && a.endsWith(cache.getFileName() + "]"));
    assertThat(out.subList(out.size() - 3, out.size()))
        .containsExactly("[generate]", "[two words]", "[]");
    // What was found is remembered, and looked for again when it is gone.
    assertThat(run(old.toString(), good).get(0)).isEqualTo("path");
    assertThat(Files.readString(app.resolve("java"))).contains(good.toRealPath().toString());
    assertThat(run(jdk("newer", "26").toString(), good).get(0)).isEqualTo("newer");
  }

  @Test
  void isFoundThroughALink() throws IOException, InterruptedException {
    Path link = folder.resolve("link");
    Files.createSymbolicLink(link, launcher);
    launcher = link;
    assertThat(run(jdk("home", "25").toString(), folder, "x").get(0)).isEqualTo("home");
  }
}
