package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code generate} over several runs, beyond the context, and into gaps. */
class LongTextsTest {
  private static final String MODEL = Cli.tinyModel().toString();

  @TempDir Path folder;

  private static Cli.Result generate(String... more) {
    String[] args = new String[more.length + 5];
    System.arraycopy(
        new String[] {"generate", "-m", MODEL, "--temp", "0"},
        0,
        args,
        0,
        args.length - more.length);
    System.arraycopy(more, 0, args, args.length - more.length, more.length);
    return Cli.run(args);
  }

  @Test
  void aSavedTextGoesOnAsIfInOneRun() {
    String file = folder.resolve("cat.session").toString();
    String whole = generate("-n", "14", "The cat").out();
    String first = generate("-n", "8", "--save", file, "The cat").out().replaceFirst("\n$", "");
    Cli.Result second = generate("-n", "6", "--load", file, "--save", file);
    assertThat(second.code()).as(second.err()).isZero();
    assertThat(first + second.out()).isEqualTo(whole);
    assertThat(second.err()).contains("prompt 1 tokens");
    String third = generate("-n", "4", "--load", file, " The").out();
    assertThat(third).isNotBlank();
  }

  @Test
  void aDamagedFileIsRefusedInOneLine() throws IOException {
    Path file = folder.resolve("cat.session");
    generate("-n", "2", "--save", file.toString(), "The cat");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    Cli.Result result = generate("--load", file.toString());
    assertThat(result.code()).isEqualTo(Errors.FAILED);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).contains("damaged").contains(file.toString()).hasLineCount(1);
    Cli.Result absent = generate("--load", folder.resolve("absent").toString());
    assertThat(absent.code()).isEqualTo(Errors.FAILED);
    assertThat(absent.err()).contains("there is no file").hasLineCount(1);
  }

  @Test
  void aShiftedContextDoesNotEndTheText() {
    String[] sizes = {"--ctx", "32", "-n", "80"};
    String[] shift = {"--ctx", "32", "-n", "80", "--context-shift"};
    assertThat(generate(with(sizes, "The cat")).err()).contains("the context is full");
    assertThat(generate(with(shift, "The cat")).err())
        .contains("generated 80 tokens")
        .contains("the token limit");
    assertThat(generate(with(shift, "--keep", "40", "The cat")).err())
        .contains("contextShift")
        .contains("32");
    assertThat(generate("--keep", "4", "The cat").code()).isEqualTo(Errors.USAGE);
  }

  private static String[] with(String[] args, String... more) {
    String[] all = new String[args.length + more.length];
    System.arraycopy(args, 0, all, 0, args.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    return all;
  }

  @Test
  void aModelThatCannotFillGapsSaysWhatItLacks() {
    Cli.Result result = generate("--suffix", "on the mat.", "The cat");
    assertThat(result.code()).isEqualTo(Errors.FAILED);
    assertThat(result.err())
        .contains("can't fill a gap")
        .contains("FIM_PREFIX (tokenizer.ggml.fim_pre_token_id)")
        .hasLineCount(1);
    assertThat(generate("--spm-infill", "The cat").code()).isEqualTo(Errors.USAGE);
  }
}
