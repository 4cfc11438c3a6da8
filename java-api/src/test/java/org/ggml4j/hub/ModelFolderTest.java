package org.ggml4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelFolderTest {
  @TempDir private Path root;
  private ModelFolder folder;

  @BeforeEach
  void fill() throws IOException {
    folder = ModelFolder.of(root);
    put("hf/o/r/m-Q4_K_M.gguf");
    new PullRecord("x", 4, "", Checksum.of(Checksum.Kind.SHA256, "a".repeat(64)), List.of())
        .write(PullRecord.besideFile(root.resolve("hf/o/r/m-Q4_K_M.gguf")));
    put("hf/o/r/m-Q8_0.gguf");
    put("hf/o/r/sub/m-Q8_0.gguf");
    put("hf/o/s/big-F16-00001-of-00002.gguf");
    put("hf/o/s/big-F16-00002-of-00002.gguf");
    put("hf/o/t/cut-F16-00001-of-00002.gguf");
    put("hf/o/t/.half.gguf.part");
    put("url/h_8080/a/x.gguf");
    new PullRecord("http://h:8080/a/x.gguf", 4, "", Optional.empty(), List.of())
        .write(root.resolve("url/h_8080/a/.x.gguf.json"));
    put("mine.gguf");
    put("notes.txt");
  }

  private void put(String path) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "GGUF");
  }

  @Test
  void listsWhatIsThere() throws IOException {
    assertThat(
            folder.list().stream()
                .map(m -> m.name() + " " + m.size() + " " + m.complete() + " " + m.checked()))
        .containsExactly(
            "hf:o/r:Q4_K_M 4 true true",
            "hf:o/r:Q8_0 4 true false",
            "hf:o/r:sub/m-Q8_0.gguf 4 true false",
            "hf:o/s:F16 8 true false",
            "hf:o/t:F16 4 false false",
            "hf:o/t:half.gguf 0 false false",
            "http://h:8080/a/x.gguf 4 true false",
            "mine.gguf 4 true false");
    assertThat(ModelFolder.of(root.resolve("none")).list()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "hf:o/r, m-Q4_K_M.gguf",
    "hf:o/r:q8_0, m-Q8_0.gguf",
    "o/r:Q8_0, m-Q8_0.gguf",
    "o/r:q8_0, m-Q8_0.gguf",
    "o/r, m-Q4_K_M.gguf",
    "m-Q4_K_M, m-Q4_K_M.gguf",
    "m-Q4_K_M.gguf, m-Q4_K_M.gguf",
    "hf:o/s, big-F16-00001-of-00002.gguf",
    "hf:o/r:sub/m-Q8_0.gguf, m-Q8_0.gguf",
    "http://h:8080/a/x.gguf?query, x.gguf",
    "x, x.gguf",
    "mine, mine.gguf",
    "hf:o/r:Q2_K, none",
    "hf:no/body, none",
    "no/body, none",
    "m, none",
    "../mine, none",
    "http://h/a/x.gguf, none",
  })
  void findsWhatIsMeant(String text, String expected) throws IOException {
    assertThat(folder.find(text).map(m -> m.file().getFileName().toString()).orElse("none"))
        .isEqualTo(expected);
  }

  @Test
  void severalOfOneNameAreNamed() {
    assertThatThrownBy(() -> folder.find("m-Q8_0"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("several models are called m-Q8_0: hf:o/r:Q8_0, hf:o/r:sub/m-Q8_0.gguf");
  }

  @Test
  void removesAModelAndTheFoldersThatAreThenEmpty() throws IOException {
    folder.remove(folder.find("hf:o/s").orElseThrow());
    assertThat(root.resolve("hf/o/s")).doesNotExist();
    assertThat(root.resolve("hf/o/r")).exists();
    folder.remove(folder.find("x").orElseThrow());
    assertThat(root.resolve("url")).doesNotExist();
    for (StoredModel model : folder.list()) {
      folder.remove(model);
      folder.remove(model);
    }
    assertThat(Pulls.files(root)).containsExactly("notes.txt");
    assertThat(root).exists();
  }

  @Test
  void removesNothingElsewhere() {
    StoredModel other =
        new StoredModel("x", List.of(root.resolveSibling("other.gguf")), 0, true, false);
    assertThatThrownBy(() -> folder.remove(other)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void doesNotRemoveWhatIsBeingPulled() throws IOException {
    StoredModel model = folder.find("mine").orElseThrow();
    try (PullLock lock = PullLock.take(model.file())) {
      assertThatThrownBy(() -> folder.remove(model)).isInstanceOf(HubException.class);
      assertThat(model.file()).exists();
      assertThat(lock).isNotNull();
    }
    folder.remove(model);
    assertThat(model.file()).doesNotExist();
  }

  @Test
  void liesWhereTheSystemKeepsData() {
    Path home = Path.of("/home/me");
    assertThat(ModelFolder.ofEnvironment(Map.of("GGML4J_MODELS", root.toString())).root())
        .isEqualTo(root);
    String xdg = root.resolve("xdg").toString();
    assertThat(ModelFolder.ofEnvironment(Map.of("XDG_DATA_HOME", xdg)).root())
        .isEqualTo(root.resolve("xdg/ggml4j/models"));
    assertThat(ModelFolder.data(Map.of("XDG_DATA_HOME", "not/absolute"), "Linux", home))
        .isEqualTo(home.resolve(".local/share"));
    assertThat(ModelFolder.data(Map.of(), "Mac OS X", home))
        .isEqualTo(home.resolve("Library/Application Support"));
    assertThat(ModelFolder.data(Map.of("LOCALAPPDATA", xdg), "Windows 11", home))
        .isEqualTo(Path.of(xdg));
    assertThat(ModelFolder.data(Map.of(), "Windows 11", home))
        .isEqualTo(home.resolve("AppData/Local"));
  }
}
