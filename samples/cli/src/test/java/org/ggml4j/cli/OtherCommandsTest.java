package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.ggml4j.Model;
import org.ggml4j.ModelOptions;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OtherCommandsTest {
  private static final String MODEL = Cli.tinyModel().toString();
  @TempDir private Path folder;

  @Test
  void logitsAreThoseOfASession() throws IOException {
    int[] tokens = IntStream.range(0, 40).map(i -> (i * 37 + 5) % 250).toArray();
    String list = IntStream.of(tokens).mapToObj(Integer::toString).collect(Collectors.joining(","));
    float[] batch = logits("batch.f32", list);
    float[] single = logits("single.f32", list, "--one-by-one");
    SessionOptions options =
        SessionOptions.defaults()
            .withKvType(GgmlType.F32)
            .withFlashAttn(false)
            .withContext(256)
            .withThreads(1);
    try (Model model = Model.load(Cli.tinyModel(), ModelOptions.defaults().withRepack(false));
        Session session = model.newSession(options)) {
      int nVocab = model.hparams().nVocab();
      assertThat(batch).hasSize(tokens.length * nVocab);
      float[] row = new float[nVocab];
      for (int i = 0; i < tokens.length; i++) {
        session.append(tokens[i]);
        session.readLogits(0, row);
        int at = i * nVocab;
        assertThat(Arrays.copyOfRange(single, at, at + nVocab)).isEqualTo(row);
        assertThat(difference(Arrays.copyOfRange(batch, at, at + nVocab), row)).isLessThan(1e-4f);
      }
    }
    try (var files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("batch.f32", "single.f32");
    }
  }

  private static float difference(float[] a, float[] b) {
    float most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  private float[] logits(String name, String tokens, String... more) throws IOException {
    Path file = folder.resolve(name);
    String[] args = new String[more.length + 9];
    List.of("logits", "-m", MODEL, "--tokens", tokens, "-o", file.toString(), "--threads", "1")
        .toArray(args);
    System.arraycopy(more, 0, args, 9, more.length);
    Cli.Result result = Cli.run(args);
    assertThat(result.code()).as(result.err()).isZero();
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  @Test
  void aFailureLeavesNoFileOfLogits() throws IOException {
    Path file = folder.resolve("out.f32");
    Cli.Result result =
        Cli.run("logits", "-m", MODEL, "--tokens", "1,999999", "-o", file.toString());
    assertThat(result.code()).isEqualTo(1);
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void inspectShowsWhatIsInTheFile() throws IOException {
    Cli.Result result = Cli.run("inspect", MODEL);
    assertThat(result.code()).isZero();
    assertThat(result.out())
        .containsPattern("general\\.architecture +str +\"llama\"")
        .containsPattern("tokenizer\\.ggml\\.tokens +str\\[\\d+] +\\[.*, \\.\\.\\.]")
        .containsPattern("blk\\.1\\.ffn_down\\.weight +F32 +\\[96, 64] +24\\.0 KiB")
        .contains("Architecture: llama, supported")
        .contains("Tokenizer:    gpt2/gpt-2, supported");
    Map<String, Object> json = Cli.run("inspect", "--json", MODEL).json().get(0);
    assertThat(json)
        .containsEntry("bits_per_weight", 32.0)
        .containsEntry("bytes", (int) Files.size(Cli.tinyModel()))
        .containsEntry("architecture_supported", "true");
    assertThat((List<?>) json.get("tensors")).hasSize(20);
  }

  @Test
  void doctorSaysWhatThereIs() {
    Cli.Result result = Cli.run("doctor");
    assertThat(result.code()).isZero();
    assertThat(result.out())
        .contains("found by:", "free of", "start-up cache")
        .contains(System.getProperty("java.vm.version"))
        .containsPattern("features +\\S+");
    assertThat(Cli.run("doctor", "--json").json().get(0))
        .containsEntry("ok", "true")
        .containsKeys("machine", "java", "ggml", "device_0");
  }

  @Test
  void doctorExplainsLibrariesThatAreNotThere() throws IOException, InterruptedException {
    ProcessBuilder builder = Cli.process("doctor");
    builder.environment().put("GGML4J_NATIVE_PATH", folder.resolve("nowhere").toString());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(out).contains("GGML4J_NATIVE_PATH", "nowhere", "mvn -pl native package");
    ProcessBuilder generate = Cli.process("generate", "-m", MODEL, "hi");
    generate.environment().put("GGML4J_NATIVE_PATH", folder.resolve("nowhere").toString());
    Process other = generate.start();
    String err = new String(other.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(other.waitFor()).isEqualTo(1);
    assertThat(err.lines()).hasSize(1);
    assertThat(err).contains("GGML4J_NATIVE_PATH").doesNotContain("ExceptionInInitializer");
  }

  @ParameterizedTest
  @ValueSource(strings = {"generate", "logits", "tokenize", "inspect", "train", "doctor"})
  void everyCommandExplainsItself(String command) {
    Cli.Result help = Cli.run(command, "--help");
    assertThat(help.code()).isZero();
    assertThat(help.out()).startsWith("Usage: ggml4j " + command).contains("--verbose");
    assertThat(Cli.run(command, "--version").out()).startsWith("ggml4j 0.");
    assertThat(Cli.run("--help").out()).contains("  " + command + " ");
  }
}
