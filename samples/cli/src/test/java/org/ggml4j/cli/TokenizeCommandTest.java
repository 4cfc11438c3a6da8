package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.ggml4j.Model;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Piece;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizeCommandTest {
  private static final String MODEL = Cli.tinyModel().toString();
  private static final String TEXT = "The cat sät\non 12 mats\u0007 €🦊";
  @TempDir private Path folder;

  private static Tokenizer tokenizer() throws IOException {
    try (Model model = Model.load(Cli.tinyModel())) {
      return model.tokenizer();
    }
  }

  private static String run(String... args) {
    Cli.Result result = Cli.run(args);
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    return result.out();
  }

  @Test
  void nulSeparatedTextsGiveALineEach() throws IOException {
    // One is longer than what is read at once.
    String[] texts = {"The cat", "", "sat <|endoftext|> on\nthe mat", "mätt €".repeat(30_000), "x"};
    Path file = folder.resolve("texts");
    Tokenizer tokenizer = tokenizer();
    StringBuilder expected = new StringBuilder();
    StringBuilder counts = new StringBuilder();
    for (String text : texts) {
      int[] ids = tokenizer.encode(text, EncodeOptions.plain());
      expected
          .append(IntStream.of(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")))
          .append('\n');
      counts.append(ids.length).append('\n');
    }
    for (String end : new String[] {"", "\0"}) {
      Files.writeString(file, String.join("\0", texts) + end);
      assertThat(run("tokenize", "-m", MODEL, "--ids", "-0", "-f", file.toString()))
          .isEqualTo(expected.toString());
    }
    assertThat(run("tokenize", "-m", MODEL, "--count", "--bos", "off", "-0", "-f", file.toString()))
        .isEqualTo(counts.toString());
  }

  @Test
  void linesShowWhatTokensPrint() {
    assertThat(run("tokenize", "-m", MODEL, "The cat\n"))
        .startsWith("      0  \"<|endoftext|>\"\n")
        .endsWith("\"\\n\"\n");
    assertThat(run("tokenize", "-m", MODEL, "--bos", "off", "The cat\n"))
        .doesNotContain("endoftext");
    assertThat(run("tokenize", "-m", MODEL, "--ids", "--special", "on", "<|endoftext|>"))
        .isEqualTo("0\n");
    assertThat(run("tokenize", "-m", MODEL, "--ids", "--special", "off", "<|endoftext|>"))
        .isNotEqualTo("0\n");
  }

  @Test
  void offsetsTellWhichCharactersATokenCovers() throws IOException {
    List<Piece> pieces = tokenizer().encodePieces(TEXT, EncodeOptions.plain());
    String[] lines =
        run("tokenize", "-m", MODEL, "--offsets", "--bos", "off", TEXT).split("\n", -1);
    assertThat(lines).hasSize(pieces.size() + 1);
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      assertThat(lines[i].strip().split(" +"))
          .startsWith(
              Integer.toString(piece.id()),
              Integer.toString(piece.start()),
              Integer.toString(piece.end()));
    }
    Map<String, Object> json =
        Cli.run("tokenize", "-m", MODEL, "--json", "--offsets", "--bos", "off", TEXT).json().get(0);
    assertThat(json.get("offsets"))
        .isEqualTo(pieces.stream().map(p -> List.<Object>of(p.start(), p.end())).toList());
  }

  @Test
  void jsonHasIdsAndPieces() {
    Map<String, Object> json = Cli.run("tokenize", "-m", MODEL, "--json", "The cat").json().get(0);
    List<?> pieces = (List<?>) json.get("pieces");
    assertThat(pieces.stream().map(String::valueOf).collect(Collectors.joining()))
        .isEqualTo("<|endoftext|>The cat");
    assertThat((List<?>) json.get("ids")).hasSameSizeAs(pieces);
    assertThat(json).doesNotContainKey("offsets");
  }

  @Test
  void coloursShowTheWholeTextOnce() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Streams terminal =
        new Streams(
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
            Streams.Terminals.of(false, true, false));
    assertThat(Main.run(terminal, "tokenize", "-m", MODEL, "--color", "on", TEXT)).isZero();
    String shown = out.toString(StandardCharsets.UTF_8);
    int tokens = tokenizer().encode(TEXT).length;
    String plain = shown.replaceAll("\033\\[[0-9;]*m", "");
    assertThat(plain)
        .isEqualTo(
            TEXT.replace("\n", "⏎\n").replace('\u0007', '·')
                + "\n"
                + tokens
                + " tokens, "
                + TEXT.codePointCount(0, TEXT.length())
                + " characters\n");
    assertThat(shown).contains("\033[30;").endsWith("characters\n");
    // Neighbours differ, and no line break is coloured.
    assertThat(shown)
        .doesNotContainPattern("(\033\\[30;\\d+m)[^\033]*\033\\[0m\\1")
        .doesNotContainPattern("\033\\[30;\\d+m\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--ids --count | mutually exclusive",
        "--json --color on | mutually exclusive",
        "--offsets --ids | --offsets goes with",
        "--offsets --color on | --offsets goes with",
        "--special maybe | on"
      })
  void contradictionsAreOneLine(String options, String part) {
    String[] args = ("tokenize -m " + MODEL + " " + options + " text").split(" ");
    Cli.Result result = Cli.run(args);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err().lines()).hasSize(1).first().asString().contains(part);
  }
}
