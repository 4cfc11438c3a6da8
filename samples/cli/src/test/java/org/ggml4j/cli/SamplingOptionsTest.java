package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** All samplers as options, and the probabilities of what they pick. */
class SamplingOptionsTest {
  private static final String PLAIN =
      "generate -m MODEL --threads 1 -n 24 --seed 5 --top-k 0 --top-p 1 --min-p 0 --temp 1.5";

  private static Cli.Result run(String... more) {
    List<String> args = new ArrayList<>(Arrays.asList(PLAIN.split(" ")));
    args.set(2, Cli.tinyModel().toString());
    for (String option : more) { // each may be given once only
      int at = args.indexOf(option);
      if (at >= 0 && option.startsWith("--") || option.equals("-n")) {
        args.subList(at, at + 2).clear();
      }
    }
    args.addAll(List.of(more));
    args.add("The cat");
    return Cli.run(args.toArray(String[]::new));
  }

  private static String text(String options) {
    Cli.Result result = run(options.isEmpty() ? new String[0] : options.split(" "));
    assertThat(result.code()).as(options + ": " + result.err()).isZero();
    return result.out();
  }

  /** Each changes the text: it reaches the sampler that it is named for. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--temp 0.5",
        "--dynatemp-range 1",
        "--dynatemp-range 1 --dynatemp-exp 3",
        "--top-k 3",
        "--top-p 0.5",
        "--min-p 0.3",
        "--typical 0.5",
        "--typical-p 0.5",
        "--top-nsigma 0.5",
        "--top-n-sigma 0.5",
        "--xtc-probability 1 --xtc-threshold 0.001",
        "--repeat-penalty 3",
        "--repeat-penalty 3 --repeat-last-n 2",
        "--presence-penalty 5",
        "--frequency-penalty 5",
        "--dry-multiplier 50 --dry-base 3 --dry-allowed-length 0 --dry-penalty-last-n 200",
        "--mirostat 1 --mirostat-ent 2",
        "--mirostat 2 --mirostat-ent 2 --mirostat-lr 0.5",
        "--adaptive-target 0.1 --adaptive-decay 0.5",
        "--samplers top_k;infill --top-k 20",
        "--sampler-seq k --top-k 20",
        "--seed 6"
      })
  void anOptionIsASampler(String options) {
    String changed = text(options);
    assertThat(changed).isNotEqualTo(text("")).isEqualTo(text(options));
  }

  @Test
  void theOrderMatters() {
    String flat = "--top-p 0.4 --temp 5 --samplers ";
    assertThat(text(flat + "top_p;temperature")).isNotEqualTo(text(flat + "temperature;top_p"));
    assertThat(text(flat + "temp;top-p")).isEqualTo(text("--top-p 0.4 --temp 5 --sampler-seq tp"));
  }

  @Test
  void breakersEndRepetitions() {
    String dry = "--dry-multiplier 50 --dry-base 3 --dry-allowed-length 0 --dry-penalty-last-n 200";
    Set<String> texts = new LinkedHashSet<>();
    texts.add(text(dry + " --dry-sequence-breaker none"));
    texts.add(text(dry + " --dry-sequence-breaker e --dry-sequence-breaker a"));
    assertThat(texts).hasSize(2);
  }

  @Test
  void biasesBanAndForce() {
    Map<String, Object> first = json("--logprobs", "1").get(0);
    int token = ((Number) first.get("id")).intValue();
    assertThat(ids(json("--logit-bias", token + "-inf"))).doesNotContain(token);
    assertThat(ids(json("-l", token + "+1e3"))).containsOnly(token);
    assertThat(ids(json("-l", token + "+500", "--logit-bias", token + "-inf")))
        .doesNotContain(token);
  }

  private static List<Map<String, Object>> json(String... more) {
    List<String> args = new ArrayList<>(List.of(more));
    args.add("--json");
    List<Map<String, Object>> lines = run(args.toArray(String[]::new)).json();
    return lines.subList(0, lines.size() - 1);
  }

  private static List<Integer> ids(List<Map<String, Object>> pieces) {
    return pieces.stream().map(piece -> ((Number) piece.get("id")).intValue()).toList();
  }

  @Test
  void theEndCanBeIgnored() {
    // At this temperature every token is about as likely as another, the one that ends a text too.
    String[] endless = {"--temp", "1e6", "-n", "300", "--ctx", "512", "--ignore-eos"};
    assertThat(run(endless).err()).contains("generated 300 tokens");
  }

  @Test
  @SuppressWarnings("unchecked")
  void logProbabilitiesInJson() {
    List<Map<String, Object>> pieces = json("--top-k", "5", "--logprobs", "3");
    assertThat(ids(pieces)).isEqualTo(ids(json("--top-k", "5")));
    for (Map<String, Object> piece : pieces) {
      assertThat(piece)
          .containsOnlyKeys("id", "logprob", "text", "logprob_after", "top", "top_after");
      List<Map<String, Object>> top = (List<Map<String, Object>>) piece.get("top");
      List<Map<String, Object>> after = (List<Map<String, Object>>) piece.get("top_after");
      assertThat(top).hasSize(3).allMatch(t -> t.keySet().equals(Set.of("id", "logprob", "text")));
      assertThat(ids(after)).isEqualTo(ids(top));
      for (Map<String, Object> candidate : after) {
        if (candidate.get("id").equals(piece.get("id"))) {
          assertThat(number(candidate, "logprob"))
              .isCloseTo(number(piece, "logprob_after"), within(1e-9));
        }
      }
      assertThat(number(piece, "logprob_after")).isGreaterThan(number(piece, "logprob"));
    }
    assertThat(json("--top-k", "2", "--logprobs", "9"))
        .allSatisfy(
            piece -> {
              assertThat((List<Object>) piece.get("top_after")).hasSize(2);
              assertThat((List<Object>) piece.get("top")).hasSize(9);
            });
  }

  private static double number(Map<String, Object> of, String name) {
    return ((Number) of.get(name)).doubleValue();
  }

  @Test
  void logProbabilitiesInLines() {
    List<Map<String, Object>> pieces = json("--top-k", "5", "--logprobs", "2");
    List<String> lines = run("--top-k", "5", "--logprobs", "2").out().lines().toList();
    assertThat(lines).hasSameSizeAs(pieces);
    for (int i = 0; i < lines.size(); i++) {
      String number = "-?\\d+\\.\\d{4}";
      assertThat(lines.get(i).strip())
          .startsWith(pieces.get(i).get("id") + "  ")
          .matches(
              "\\d+  \\S.* "
                  + number
                  + " +"
                  + number
                  + "  \\|( .+? "
                  + number
                  + " ?){2} \\|( .+? "
                  + number
                  + " ?){2}")
          .contains(String.format(Locale.ROOT, "%.4f", number(pieces.get(i), "logprob")));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --samplers best        | sampler: expected one of penalties, dry
          --sampler-seq kz       | sampler letter: expected one of
          --samplers top_k;top_k | samplers: one of them comes twice
          --mirostat 3           | mirostat: expected 0, 1 or 2, found 3
          --logit-bias 5         | --logit-bias: expected a token's id, + or -, and a number
          -l 5+inf               | logit bias of token 5 is Infinity
          -l 99999999+1          | logitBias: expected a token, 0 to 280, found 99999999
          --repeat-penalty 0     | penalties.repeat: expected more than 0
          --repeat-last-n -1     | penalties.lastN: expected 0 or more
          --typical 2            | typicalP: expected 0 to 1
          --dry-base 0.5         | dry.base: expected 1 or more
          --adaptive-decay 1     | adaptiveP.decay: expected 0 to 0.99
          --xtc-probability 7    | xtc.probability: expected 0 to 1
          --logprobs -1          | logProbs: expected 0 or more
          --temp NaN             | temperature: expected 0 or more
          """)
  void wrongValuesAreSaid(String options, String message) {
    Cli.Result result = run(options.strip().split(" "));
    assertThat(result.code()).isNotZero();
    assertThat(result.err()).contains(message.strip()).doesNotContain("\tat ");
  }
}
