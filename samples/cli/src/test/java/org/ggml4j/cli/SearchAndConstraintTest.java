package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code generate} with beams, with a form to hold to, and with guesses. */
class SearchAndConstraintTest {
  private static final String MODEL = Cli.tinyModel().toString();

  @TempDir static Path folder;

  private static Cli.Result generate(String... more) {
    List<String> args = new ArrayList<>(List.of("generate", "-m", MODEL, "--threads", "1"));
    args.addAll(List.of(more));
    Cli.Result result = Cli.run(args.toArray(String[]::new));
    assertThat(result.code()).as(result.err()).isZero();
    return result;
  }

  private static double number(Map<String, Object> line, String field) {
    return ((Number) line.getOrDefault(field, Double.NaN)).doubleValue();
  }

  @Test
  void oneBeamIsGreedy() {
    String greedy = generate("--temp", "0", "-n", "12", "The cat").out();
    Cli.Result beam = generate("--beams", "1", "-n", "12", "The cat");
    assertThat(beam.out()).isEqualTo(greedy);
    assertThat(beam.err())
        .matches("1 beam, [\\d.]+ s; best: score -[\\d.]+, 12 tokens, ordered by -[\\d.]+; .*\n");
  }

  @Test
  void beamsWriteTheBestTextsBestFirst() {
    List<Map<String, Object>> found =
        generate("--beams", "4", "--n-best", "4", "-n", "10", "--json", "The cat").json();
    assertThat(found).hasSize(4);
    assertThat(found.stream().map(o -> o.get("text")).distinct()).hasSize(4);
    assertThat(found)
        .isSortedAccordingTo(Comparator.comparingDouble(o -> -number(o, "normalized_score")));
    for (Map<String, Object> o : found) {
      List<?> logprobs = (List<?>) o.get("logprobs");
      double sum = logprobs.stream().mapToDouble(x -> ((Number) x).doubleValue()).sum();
      assertThat(sum).isCloseTo(number(o, "score"), offset(1e-9));
      assertThat((List<?>) o.get("ids")).hasSameSizeAs(logprobs);
    }
    String text =
        generate("--beams", "4", "--n-best", "4", "-n", "10", "--echo", "on", "The cat").out();
    assertThat(text)
        .matches("(?s)1\\. score -[\\d.]+, 10 tokens.*\nThe cat.*\n\n2\\. score .*4\\. score .*");
    assertThat(text).contains("The cat" + found.get(0).get("text") + "\n");
  }

  @Test
  void beamsTellTheAlternatives() {
    String[] plain = {"--beams", "2", "--n-best", "2", "-n", "5", "The cat"};
    for (Map<String, Object> o : generate(with(plain, "--logprobs", "3", "--json")).json()) {
      List<?> alternatives = (List<?>) o.get("alternatives");
      List<?> logprobs = (List<?>) o.get("logprobs");
      assertThat(alternatives).hasSameSizeAs(logprobs);
      for (int i = 0; i < alternatives.size(); i++) {
        Map<?, ?> token = (Map<?, ?>) alternatives.get(i);
        assertThat((List<?>) token.get("top")).hasSize(3).isEqualTo(token.get("top_after"));
        assertThat(((Number) token.get("logprob_after")).doubleValue())
            .isCloseTo(((Number) logprobs.get(i)).doubleValue(), offset(1e-6));
      }
    }
    assertThat(generate(with(plain, "--logprobs", "1")).out())
        .matches("(?s)1\\. score [^\n]*\n( *\\d+  \"[^\n]* \\| [^\n]* \\| [^\n]*\n){5}\n2\\. .*");
  }

  @Test
  void settingsOfASearchCount() {
    String[] plain = {"--beams", "4", "--n-best", "4", "-n", "10", "--json", "The cat"};
    assertThat(generate(with(plain, "--beam-groups", "4", "--diversity", "5")).out())
        .isNotEqualTo(generate(plain).out());
    Map<String, Object> unpenalized = generate(with(plain, "--length-penalty", "0")).json().get(0);
    assertThat(number(unpenalized, "normalized_score")).isEqualTo(number(unpenalized, "score"));
    for (String when : List.of("on", "heuristic", "never")) {
      assertThat(generate(with(plain, "--early-stopping", when)).json()).hasSize(4);
    }
  }

  private static String[] with(String[] args, String... more) {
    List<String> all = new ArrayList<>(List.of(more));
    all.addAll(List.of(args));
    return all.toArray(String[]::new);
  }

  @Test
  void aFormHoldsTexts() throws IOException {
    Path grammar = Files.writeString(folder.resolve("a.gbnf"), "root ::= \"<\" [xy]{2} \">\"");
    String schema =
        "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":1,"
            + "\"maximum\":3}},\"required\":[\"n\"]}";
    Path file = Files.writeString(folder.resolve("schema.json"), schema);
    for (int seed = 0; seed < 3; seed++) {
      String s = Integer.toString(seed);
      assertThat(generate("--temp", "2", "--seed", s, "--grammar", grammar.toString(), "The").out())
          .matches("<[xy]{2}>\n");
      for (String given : List.of(schema, file.toString())) {
        assertThat(generate("--temp", "2", "--seed", s, "-j", given, "The").out())
            .matches("\\{\\s*\"n\"\\s*:\\s*[123]\\s*}\\s*\n");
      }
      assertThat(generate("--temp", "2", "--seed", s, "--regex", "a[bc]+d{2}", "The").out())
          .matches("a[bc]+dd\n");
      assertThat(generate("--temp", "2", "--seed", s, "--choices", "yes,no,per haps", "The").out())
          .isIn("yes\n", "no\n", "per haps\n");
    }
  }

  @Test
  void beamsFollowAForm() {
    List<Map<String, Object>> found =
        generate("--beams", "3", "--n-best", "3", "--choices", "cat,dog,mat", "--json", "The")
            .json();
    assertThat(found).hasSize(3);
    assertThat(found.stream().map(o -> o.get("text"))).isSubsetOf("cat", "dog", "mat");
  }

  @Test
  void guessesGiveTheSameTextAndAreTold() {
    String prompt = "The cat sat on the mat. The dog sat on the log. The cat sat on the";
    String plain = generate("--temp", "0", "-n", "20", prompt).out();
    for (String source : List.of("ngram", MODEL)) {
      Cli.Result guessed = generate("--temp", "0", "-n", "20", "--speculate", source, prompt);
      assertThat(guessed.out()).isEqualTo(plain);
      assertThat(guessed.err())
          .containsPattern("; guessed \\d+, right \\d+ \\(\\d+%\\), [\\d.]+ tokens a step; ");
      assertThat(generate("--json", "--temp", "0", "-n", "9", "--speculate", source, prompt).json())
          .last()
          .satisfies(o -> assertThat(o).containsKeys("drafted", "accepted", "steps"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 | --beams 2 --temp 1 | --temp has no use with --beams",
        "2 | --beams 2 --top-k 3 | --top-k has no use with --beams",
        "2 | --beams 2 --seed 3 | --seed has no use with --beams",
        "2 | --beams 2 --speculate ngram | --speculate has no use with --beams",
        "2 | --beams 2 --context-shift | --context-shift has no use with --beams",
        "2 | --beams 2 --suffix x | --suffix has no use with --beams",
        "2 | --beams 2 --save x | --save has no use with --beams",
        "2 | --beams 0 | width: expected 1 or more",
        "2 | --beams 2 --n-best 3 | nBest: expected at most width",
        "2 | --beams 4 --beam-groups 3 | groups: expected a divisor",
        "2 | --beams 4 --beam-groups 2 --diversity -1 | diversityPenalty: expected 0 or more",
        "2 | --beams 4 --diversity 1 | --diversity is for --beam-groups",
        "2 | --beams 4 --early-stopping maybe | 'maybe'",
        "2 | --n-best 3 | --n-best is for --beams",
        "2 | --length-penalty 0 | --length-penalty is for --beams",
        "2 | --choices a,b --regex a | --regex and --choices each say",
        "2 | --regex a(?=b) | look around",
        "2 | -j {\"type\":\"integer\",\"unevaluatedItems\":true} | unevaluatedItems",
        "2 | -j {\"type\":\"strin\"} | --json-schema: schema at #/type",
        "1 | -j @/missing.json | there is no file",
        "2 | --choices a,,b | found an empty one",
        "1 | --speculate @/missing.gguf | there is no file",
      })
  void whatContradictsIsOneLine(int code, String options, String expected) {
    String[] args =
        ("generate -m MODEL " + options.replace("@", folder.toString()) + " hi").split(" ");
    args[2] = MODEL;
    Cli.Result result = Cli.run(args);
    assertThat(result.err()).contains(expected).startsWith("ggml4j: ");
    assertThat(result.err().lines()).as(result.err()).hasSize(1);
    assertThat(result.code()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
  }
}
