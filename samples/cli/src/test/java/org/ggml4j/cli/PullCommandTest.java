package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.ggml4j.gguf.GgufWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** pull, models and rm against a hub on this machine. */
class PullCommandTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  @TempDir private Path root;
  private final AtomicBoolean wrongDigest = new AtomicBoolean();
  private HttpServer hub;
  private byte[] model;

  @BeforeEach
  void start() throws IOException {
    model = Files.readAllBytes(Cli.tinyModel());
    hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    hub.createContext("/", this::answer);
    hub.start();
  }

  @AfterEach
  void stop() {
    hub.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    byte[] body =
        switch (path) {
          case "/api/models/o/tiny/refs" ->
              bytes("{'branches':[{'name':'main','targetCommit':'" + COMMIT + "'}]}");
          case "/api/models/o/tiny/tree/" + COMMIT ->
              bytes(
                  "[{'type':'file','path':'tiny-F32.gguf','size':"
                      + model.length
                      + ",'lfs':{'oid':'"
                      + sha256()
                      + "','size':"
                      + model.length
                      + "}}]");
          case "/o/tiny/resolve/" + COMMIT + "/tiny-F32.gguf" -> model;
          default -> new byte[0];
        };
    exchange.sendResponseHeaders(body.length == 0 ? 404 : 200, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private String sha256() {
    return wrongDigest.get()
        ? "0".repeat(64)
        : HexFormat.of().formatHex(EmbeddedModel.sha256().digest(model));
  }

  private static byte[] bytes(String json) {
    return json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }

  private Cli.Result run(String... args) {
    return runIn(Streams.Terminals.none(), "", args);
  }

  private Cli.Result runIn(Streams.Terminals terminals, String input, String... args) {
    String endpoint = "http://localhost:" + hub.getAddress().getPort();
    return Cli.runIn(
        Map.of("GGML4J_MODELS", root.toString(), "HF_ENDPOINT", endpoint), terminals, input, args);
  }

  private Path file() {
    return root.resolve("hf/o/tiny/tiny-F32.gguf");
  }

  @Test
  void aModelIsPulledListedAndRemoved() throws IOException {
    Cli.Result pulled = run("pull", "hf:o/tiny");
    assertThat(pulled.err())
        .matches("pulled hf:o/tiny:F32 \\(.* KiB\\) in 0:.*; its checksum is right\n");
    assertThat(pulled.out()).isEqualTo(file() + "\n");
    assertThat(pulled.code()).isZero();
    assertThat(Files.readAllBytes(file())).isEqualTo(model);

    Cli.Result again = run("pull", "hf:o/tiny:f32");
    assertThat(again.err()).startsWith("hf:o/tiny:F32 is there (");
    assertThat(again.out()).isEqualTo(pulled.out());

    Cli.Result table = run("models");
    assertThat(table.out().lines())
        .hasSize(2)
        .last()
        .asString()
        .matches("hf:o/tiny:F32 +[\\d.]+ KiB +F32 +llama");
    Cli.Result json = run("models", "--json");
    assertThat(json.json())
        .singleElement()
        .isEqualTo(
            Map.of(
                "name", "hf:o/tiny:F32",
                "bytes", model.length,
                "level", "F32",
                "architecture", "llama",
                "complete", "true",
                "checked", "true",
                "files", List.of(file().toString())));

    assertThat(run("rm", "hf:o/tiny").code()).isEqualTo(Errors.USAGE);
    Streams.Terminals terminal = Streams.Terminals.of(true, true, true);
    assertThat(runIn(terminal, "no\n", "rm", "hf:o/tiny").err())
        .contains("remove hf:o/tiny:F32 (", "[y/N] nothing was removed");
    assertThat(file()).exists();
    Cli.Result removed = runIn(terminal, "y\n", "rm", "tiny-F32");
    assertThat(removed.err()).contains("removed hf:o/tiny:F32");
    assertThat(removed.code()).isZero();
    assertThat(root).isEmptyDirectory();
    assertThat(run("models").err()).contains("no models in " + root + " yet");
  }

  @Test
  void inATerminalThereIsABar() {
    Cli.Result result = runIn(Streams.Terminals.of(false, false, true), "", "pull", "hf:o/tiny");
    assertThat(result.code()).isZero();
    assertThat(result.err()).contains("pull", "%", "pulled hf:o/tiny:F32");
  }

  @Test
  void aWrongDigestLeavesNothing() {
    wrongDigest.set(true);
    Cli.Result result = run("pull", "hf:o/tiny");
    assertThat(result.err()).contains("arrived with SHA-256", "expected 000").hasLineCount(1);
    assertThat(result.code()).isEqualTo(Errors.FAILED);
    assertThat(result.out()).isEmpty();
    assertThat(root.resolve("hf/o/tiny")).isEmptyDirectory();
  }

  @Test
  void whatCannotBeHadIsSaidInOneLine() {
    check(Errors.FAILED, "there is no Q2_K in hf:o/tiny; it has F32", "pull", "hf:o/tiny:Q2_K");
    check(Errors.FAILED, "there is no repository o/other (status 404)", "pull", "hf:o/other");
    check(Errors.FAILED, "network is switched off", "pull", "hf:o/tiny", "--offline");
    check(Errors.USAGE, "expected hf:owner/repository[:level] or a URL", "pull", "tiny");
    check(Errors.USAGE, "no repository of the hub", "pull", "hf:../..");
    check(Errors.USAGE, "connections: expected 1 to 64", "pull", "hf:o/r", "--connections", "0");
    check(Errors.FAILED, "there is no model tiny in " + root, "rm", "tiny", "--yes");
  }

  private void check(int code, String expected, String... args) {
    Cli.Result result = run(args);
    assertThat(result.err()).contains(expected).startsWith("ggml4j: ").hasLineCount(1);
    assertThat(result.code()).isEqualTo(code);
  }

  /** The folder of the tests themselves, which every command looks into. */
  private static Path own() {
    return Path.of(System.getenv("GGML4J_MODELS"));
  }

  @Test
  void everyCommandTakesTheNameOfAModel() throws IOException {
    Path folder = own().resolve("hf/test/named");
    Files.createDirectories(folder);
    Files.write(folder.resolve("named-F32.gguf"), model);
    for (String name : List.of("hf:test/named:F32", "hf:test/named", "test/named", "named-F32")) {
      Cli.Result result = Cli.run("inspect", name, "--json");
      assertThat(result.err()).isEmpty();
      assertThat(result.code()).isZero();
    }
    String ids = Cli.run("tokenize", "-m", Cli.tinyModel().toString(), "--ids", "The cat").out();
    assertThat(Cli.run("tokenize", "-m", "test/named", "--ids", "The cat").out()).isEqualTo(ids);
    Cli.Result generated =
        Cli.run("generate", "-m", "hf:test/named", "-n", "2", "--threads", "1", "The cat");
    assertThat(generated.code()).isZero();
    Cli.Result quantized = Cli.run("quantize", "named-F32", "Q8_0", "--dry-run");
    assertThat(quantized.code()).isZero();
    Path text = Files.writeString(root.resolve("text.txt"), Cli.TEXT);
    Cli.Result evaluated =
        Cli.run(
            "eval",
            "-m",
            "test/named",
            "--reference",
            "named-F32",
            "-f",
            text.toString(),
            "--ctx",
            "32");
    assertThat(evaluated.code()).as(evaluated.err()).isZero();
  }

  @Test
  void aNameThatIsNotThereSaysHowToGetIt() throws IOException {
    Path half = own().resolve("hf/test/half");
    Files.createDirectories(half);
    Files.writeString(half.resolve(".half-F32.gguf.part"), "GG");
    missing(
        "hf:test/none:Q4_0",
        "the model hf:test/none:Q4_0 is not in ",
        "ggml4j pull hf:test/none:Q4_0");
    missing(
        "test/none",
        "there is no file test/none, and no such model in",
        "ggml4j pull hf:test/none");
    missing("hf:test/half", "has not arrived completely", "ggml4j pull hf:test/half:F32");
    missing("none.gguf", "there is no file none.gguf");
  }

  private static void missing(String name, String... expected) {
    Cli.Result result = Cli.run("generate", "-m", name, "hi");
    assertThat(result.err()).contains(expected).startsWith("ggml4j: ").hasLineCount(1);
    assertThat(result.code()).isEqualTo(Errors.FAILED);
  }

  @Test
  void anUnfinishedAndAForeignModelAreListed() throws IOException {
    Path folder = root.resolve("hf/o/half");
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(".half-Q8_0.gguf.part"), "GG");
    Files.writeString(root.resolve("broken.gguf"), "no model");
    Files.writeString(root.resolve("later.gguf"), "GGUF9999");
    GgufWriter.create().putString("general.architecture", "mamba").write(root.resolve("mine.gguf"));
    assertThat(run("models").out())
        .containsPattern("broken.gguf +8 B +unreadable +-")
        .containsPattern("later.gguf +8 B +unsupported +-")
        .containsPattern("hf:o/half:Q8_0 +0 B +unfinished +-")
        .containsPattern("mine.gguf +\\d+ B +- +mamba");
    assertThat(run("rm", "hf:o/half", "--yes").code()).isZero();
    assertThat(folder).doesNotExist();
  }
}
