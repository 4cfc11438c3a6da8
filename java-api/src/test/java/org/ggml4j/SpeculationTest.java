package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.ggml4j.decode.Draft;
import org.ggml4j.decode.Drafter;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.StopReason;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.sampling.TokenHistory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Speculation changes nothing but the time: the pieces, the reason to stop, and what the session
 * holds afterwards are those of plain decoding.
 */
@NothingStaysOpen.Shared
class SpeculationTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(256).withThreads(1);
  static final String PROMPT = "the fox ran home";

  @TempDir static Path folder;
  private static Model model;
  private static Model other;

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(WordModel.write(TinyGguf.small(), folder));
    other = Model.load(WordModel.write(TinyGguf.small().withLayers(1), folder));
  }

  @AfterAll
  static void close() {
    other.close();
    model.close();
  }

  /** A session for which only its own steps take time, one as much as the other. */
  private static Session open(SessionOptions options) {
    Session session = model.newSession(options);
    session.lookahead().setClock(clockOf(session));
    return session;
  }

  /** Steps take time, one as much as the other, and nothing else does. */
  static LongSupplier clockOf(Session session) {
    long[] now = {0};
    int[] nPast = {0};
    return () -> {
      int p = session.nPast();
      now[0] += p == nPast[0] ? 0 : 1_000_000;
      nPast[0] = p;
      return now[0];
    };
  }

  /** Guesses the tokens of a text, every {@code nth} of them wrong; 0 for none. */
  static Drafter knowing(int[] text, int nth) {
    return (TokenHistory history, Draft draft) -> {
      boolean more = true;
      for (int at = history.size(); more && at < text.length; at++) {
        boolean wrong = nth > 0 && at % nth == 0;
        more = draft.add(wrong ? (text[at] + 1) % draft.nVocab() : text[at], 0.9);
      }
    };
  }

  /** What one can see of a generation, and of the session afterwards. */
  private record Outcome(
      List<Integer> tokens,
      List<String> texts,
      StopReason reason,
      int nPast,
      List<Integer> continuation) {}

  private static Outcome outcome(Session session, Generation generation) {
    List<Piece> pieces = generation.stream().toList();
    return new Outcome(
        pieces.stream().map(Piece::token).toList(),
        pieces.stream().map(Piece::text).toList(),
        generation.stopReason().orElseThrow(),
        session.nPast(),
        continuation(session));
  }

  /** What comes next, if there is room for it. */
  private static List<Integer> continuation(Session session) {
    if (session.nCtx() - session.nPast() < 8) {
      return List.of();
    }
    Generation next = session.generate("ran", GenerationConfig.greedy().withMaxTokens(4));
    return next.stream().map(Piece::token).toList();
  }

  private static Outcome plain(SessionOptions options, GenerationConfig config) {
    try (Session session = open(options)) {
      return outcome(session, session.generate(PROMPT, config));
    }
  }

  /** The prompt and what a generation wrote after it. */
  private static int[] whole(Outcome outcome) {
    return after(promptTokens(), outcome.tokens.stream().mapToInt(t -> t).toArray());
  }

  /** Writes the same with speculation, expects the same, and returns how it went. */
  private static SpeculationStats expectSame(
      SessionOptions options, GenerationConfig config, Outcome expected, Speculation speculation) {
    try (Session session = open(options)) {
      Generation generation = session.generate(PROMPT, config.withSpeculation(speculation));
      assertThat(outcome(session, generation)).isEqualTo(expected);
      assertThat(session.cache().used()).isLessThanOrEqualTo(session.nCtx());
      return generation.stats().speculation().orElseThrow();
    }
  }

  static List<GenerationConfig> configs() {
    LogitsProcessor noRepeats =
        logits -> {
          TokenHistory h = logits.history();
          for (int i = Math.max(h.promptSize(), h.size() - 3); i < h.size(); i++) {
            logits.add(h.get(i), -2f);
          }
        };
    GenerationConfig greedy = GenerationConfig.greedy().withMaxTokens(200);
    GenerationConfig sampled = GenerationConfig.defaults().withMaxTokens(120);
    return List.of(
        greedy,
        greedy.withProcessor(noRepeats),
        sampled.withSeed(1),
        sampled.withTemperature(1.5f).withTopK(0).withTopP(1).withMinP(0).withSeed(2),
        sampled.withProcessor(noRepeats).withTemperature(0.4f).withTopP(0.9f).withSeed(3));
  }

  @ParameterizedTest
  @MethodSource("configs")
  void writesTheSameWithAnySpeculation(GenerationConfig config) {
    Outcome expected = plain(OPTIONS, config);
    int[] text = whole(expected);
    List<Speculation> all =
        List.of(
            Speculation.ngram(),
            Speculation.ngram().withShortest(1),
            Speculation.draft(model),
            Speculation.draft(other),
            Speculation.draft(model).withPMin(0.2),
            Speculation.with(knowing(text, 0)),
            Speculation.with(knowing(text, 1)),
            Speculation.with(knowing(text, 3)));
    List<SpeculationStats> stats = new ArrayList<>();
    for (Speculation speculation : all) {
      stats.add(expectSame(OPTIONS, config, expected, speculation));
    }
    assertThat(stats.get(5).acceptance()).isEqualTo(1);
    assertThat(stats.get(5).accepted()).isGreaterThan(expected.tokens.size() / 3);
    assertThat(stats.get(6).accepted()).isZero();
    assertThat(stats.get(7).accepted()).isPositive();
    assertThat(stats.get(7).drafted()).isGreaterThan(stats.get(7).accepted());
  }

  @Test
  void aModelThatDraftsForItselfIsAlwaysRight() {
    GenerationConfig config = GenerationConfig.greedy().withMaxTokens(150);
    Outcome expected = plain(OPTIONS, config);
    SpeculationStats stats = expectSame(OPTIONS, config, expected, Speculation.draft(model));
    assertThat(stats.acceptance()).isEqualTo(1);
    assertThat(stats.tokensPerStep()).isGreaterThan(4);
  }

  @Test
  void aTextThatRepeatsItselfTakesFewSteps() {
    GenerationConfig config = GenerationConfig.greedy().withMaxTokens(200);
    Outcome expected = plain(OPTIONS, config); // soon in a circle, as greedy texts are
    SpeculationStats stats = expectSame(OPTIONS, config, expected, Speculation.ngram());
    assertThat(stats.steps()).isLessThan(100);
    assertThat(stats.steps() + stats.accepted()).isEqualTo(199);
  }

  @Test
  void whatThePiecesSayIsTheSame() {
    GenerationConfig config = GenerationConfig.greedy().withMaxTokens(60);
    try (Session a = open(OPTIONS);
        Session b = open(OPTIONS)) {
      List<Piece> expected = a.generate(PROMPT, config).stream().toList();
      List<Piece> pieces =
          b.generate(PROMPT, config.withSpeculation(Speculation.ngram())).stream().toList();
      for (int i = 0; i < expected.size(); i++) {
        assertThat(pieces.get(i).text()).isEqualTo(expected.get(i).text());
        assertThat(pieces.get(i).logProbability())
            .isCloseTo(expected.get(i).logProbability(), within(1e-4));
      }
    }
  }

  /** Picks these tokens, whatever the logits are; afterwards the likeliest. */
  private static GenerationConfig script(int... tokens) {
    int[] at = {0};
    Sampler sampler = logits -> at[0] < tokens.length ? tokens[at[0]++] : logits.best();
    return GenerationConfig.defaults().withSampler(sampler);
  }

  private static int[] letters(int n) {
    return WordModel.bytes("abcdefghijklmnopqrstuvwxyz".repeat(20).substring(0, n));
  }

  static int[] after(int[] prompt, int... more) {
    int[] all = Arrays.copyOf(prompt, prompt.length + more.length);
    System.arraycopy(more, 0, all, prompt.length, more.length);
    return all;
  }

  private static int[] promptTokens() {
    return model.tokenizer().encode(PROMPT);
  }

  @Test
  void stopsInTheMidstOfWhatWasAcceptedAsPlainDecodingDoes() {
    int[] text = letters(120);
    int[] ended = after(letters(60), WordModel.EOS);
    record Case(StopReason reason, SessionOptions options, int[] tokens, GenerationConfig config) {}
    List<Case> cases =
        List.of(
            new Case(StopReason.TOKEN_LIMIT, OPTIONS, text, script().withMaxTokens(77)),
            new Case(StopReason.STOP_STRING, OPTIONS, text, script().withStop("xyzabcd")),
            new Case(StopReason.STOP_STRING, OPTIONS, text, script().withStop("nop", "q")),
            new Case(StopReason.END_OF_TEXT, OPTIONS, ended, script()),
            new Case(StopReason.CONTEXT_FULL, OPTIONS.withContext(64), text, script()));
    for (Case c : cases) {
      GenerationConfig a = c.config.withSampler(script(c.tokens).sampler().orElseThrow());
      GenerationConfig b = c.config.withSampler(script(c.tokens).sampler().orElseThrow());
      Outcome expected = plain(c.options, a);
      assertThat(expected.reason).isEqualTo(c.reason);
      Drafter drafter = knowing(after(promptTokens(), letters(200)), 0);
      SpeculationStats stats = expectSame(c.options, b, expected, Speculation.with(drafter));
      assertThat(stats.accepted()).as(c.reason.name()).isGreaterThan(5);
    }
  }

  @Test
  void cancelledInTheMidstOfWhatWasAcceptedItLeavesTheSameText() {
    for (int n : List.of(5, 20, 21, 22)) {
      List<List<Integer>> seen = new ArrayList<>();
      for (boolean speculative : List.of(false, true)) {
        try (Session session = open(OPTIONS)) {
          GenerationConfig config = script(letters(100));
          Drafter drafter = knowing(after(promptTokens(), letters(100)), 0);
          Generation generation =
              session.generate(
                  PROMPT, speculative ? config.withSpeculation(Speculation.with(drafter)) : config);
          Iterator<Piece> pieces = generation.iterator();
          for (int i = 0; i < n; i++) {
            pieces.next();
          }
          generation.cancel();
          assertThat(generation.stopReason()).isEmpty();
          while (pieces.hasNext()) {
            pieces.next();
          }
          assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
          List<Integer> all = new ArrayList<>(List.of(generation.stats().generatedTokens()));
          all.add(session.nPast());
          all.add(session.cache().used());
          all.addAll(continuation(session));
          seen.add(all);
        }
      }
      assertThat(seen.get(1)).isEqualTo(seen.get(0));
    }
  }

  @Test
  void betweenTwoPiecesTheSessionLooksAsInPlainDecoding() {
    Drafter drafter = knowing(after(promptTokens(), letters(100)), 7);
    float[] x = new float[model.hparams().nVocab()];
    float[] y = new float[model.hparams().nVocab()];
    try (Session a = open(OPTIONS);
        Session b = open(OPTIONS)) {
      Iterator<Piece> expected = a.generate(PROMPT, script(letters(60))).iterator();
      Generation generation =
          b.generate(PROMPT, script(letters(60)).withSpeculation(Speculation.with(drafter)));
      Iterator<Piece> pieces = generation.iterator();
      for (int i = 0; i < 50; i++) {
        assertThat(pieces.next().token()).isEqualTo(expected.next().token());
        assertThat(b.nPast()).isEqualTo(a.nPast());
        assertThat(b.nOutputs()).isEqualTo(a.nOutputs()).isEqualTo(1);
        a.readLogits(0, x);
        b.readLogits(0, y);
        for (int t = 0; t < x.length; t++) {
          assertThat(y[t]).isCloseTo(x[t], within(1e-2f)); // keys and values are rounded to 16 bits
        }
      }
      assertThat(generation.stats().speculation().orElseThrow().accepted()).isGreaterThan(20);
    }
  }

  @Test
  void anAbandonedGenerationLeavesNoGuessBehind() {
    Drafter drafter = knowing(after(promptTokens(), letters(100)), 0);
    for (int n : List.of(4, 10, 11)) {
      List<List<Integer>> seen = new ArrayList<>();
      for (boolean speculative : List.of(false, true)) {
        try (Session session = open(OPTIONS)) {
          GenerationConfig config = script(letters(100));
          Iterator<Piece> pieces =
              session
                  .generate(
                      PROMPT,
                      speculative ? config.withSpeculation(Speculation.with(drafter)) : config)
                  .iterator();
          for (int i = 0; i < n; i++) {
            pieces.next();
          }
          session.copySequence(0, 1);
          List<Integer> all = new ArrayList<>(List.of(session.nPast(1), session.cache().used()));
          all.addAll(continuation(session));
          seen.add(all);
          assertThatIllegalStateException()
              .isThrownBy(pieces::next)
              .withMessageContaining("used for something else");
        }
      }
      assertThat(seen.get(1)).isEqualTo(seen.get(0));
    }
  }

  @Test
  void aConversationIsDraftedFromAllOfItsText() {
    List<Integer> sizes = new ArrayList<>();
    Drafter noting =
        new Drafter() {
          @Override
          public void begin(TokenHistory text) {
            sizes.add(text.size());
          }

          @Override
          public void draft(TokenHistory text, Draft draft) {}
        };
    GenerationConfig config =
        GenerationConfig.greedy().withMaxTokens(5).withSpeculation(Speculation.with(noting));
    try (Session session = open(OPTIONS)) {
      session.generate(PROMPT, config).text();
      int first = session.nPast();
      session.generate("ran", config).text();
      assertThat(session.nPast()).isEqualTo(sizes.get(1) + 4);
      assertThat(sizes.get(1)).isGreaterThan(first);
      session.reset();
      session.generate("ran", config).text();
      assertThat(sizes.get(2)).isLessThan(first);
    }
  }

  @Test
  void aProcessorSeesTheTextGrowByOneTokenAtATime() {
    List<List<Integer>> seen = new ArrayList<>();
    for (boolean speculative : List.of(false, true)) {
      List<Integer> history = new ArrayList<>();
      LogitsProcessor noting =
          logits -> {
            TokenHistory h = logits.history();
            history.add(h.size());
            history.add(h.get(h.size() - 1));
          };
      GenerationConfig config = GenerationConfig.greedy().withMaxTokens(80).withProcessor(noting);
      try (Session session = open(OPTIONS)) {
        session
            .generate(PROMPT, speculative ? config.withSpeculation(Speculation.ngram()) : config)
            .text();
      }
      seen.add(history);
    }
    assertThat(seen.get(1)).isEqualTo(seen.get(0));
  }

  @Test
  void plainGenerationsHaveNoFigures() {
    try (Session session = open(OPTIONS)) {
      Generation generation = session.generate(PROMPT, GenerationConfig.greedy().withMaxTokens(2));
      assertThat(generation.text()).isNotNull();
      assertThat(generation.stats().speculation()).isEmpty();
    }
  }

  @Test
  void anotherVocabularyIsRefused() throws IOException {
    TinyGguf.Content larger = WordModel.content(TinyGguf.small());
    TinyGguf.Content renamed = WordModel.content(TinyGguf.small());
    @SuppressWarnings("unchecked")
    List<String> tokens =
        new ArrayList<>((List<String>) renamed.metadata.get("tokenizer.ggml.tokens"));
    int fox = WordModel.word(" fox");
    tokens.set(fox, "\u2581cat");
    renamed.metadata.put("tokenizer.ggml.tokens", tokens);
    larger.metadata.put("tokenizer.ggml.bos_token_id", WordModel.EOS);
    larger.write(folder.resolve("bos.gguf"));
    renamed.write(folder.resolve("renamed.gguf"));
    TinyGguf.Content many =
        WordModel.content(
            TinyGguf.small(), IntStream.range(0, 129).mapToObj(i -> "<c" + i + ">").toList());
    many.write(folder.resolve("many.gguf"));

    expectRefused("many.gguf", "it has 402 tokens, the model has 273");
    expectRefused("bos.gguf", "added at the begin of a text is token 2 there and token 1 here");
    expectRefused(
        "renamed.gguf", "token " + fox + " is \"\u2581cat\" there and \"\u2581fox\" here");
  }

  private static void expectRefused(String file, String why) throws IOException {
    try (Model draft = Model.load(folder.resolve(file));
        Session session = open(OPTIONS)) {
      GenerationConfig config =
          GenerationConfig.greedy().withMaxTokens(5).withSpeculation(Speculation.draft(draft));
      assertThatThrownBy(() -> session.generate(PROMPT, config))
          .isInstanceOf(VocabularyMismatchException.class)
          .hasMessageContaining(why)
          .hasMessageContaining("same family");
      assertThat(session.generate(PROMPT, GenerationConfig.greedy().withMaxTokens(5)).text())
          .isNotNull();
    }
  }

  @Test
  void aDraftModelThatWasClosedIsAnErrorAndTheSessionStays() throws IOException {
    Path file = WordModel.write(TinyGguf.small().withLayers(1), folder);
    GenerationConfig greedy = GenerationConfig.greedy().withMaxTokens(20);
    try (Session session = open(OPTIONS)) {
      Model draft = Model.load(file);
      GenerationConfig config = greedy.withSpeculation(Speculation.draft(draft));
      Iterator<Piece> pieces = session.generate(PROMPT, config).iterator();
      pieces.next();
      draft.close();
      assertThatIllegalStateException()
          .isThrownBy(
              () -> {
                while (pieces.hasNext()) {
                  pieces.next();
                }
              })
          .withMessage("this session was closed");
      assertThatIllegalStateException()
          .isThrownBy(() -> session.generate("ran", config).text())
          .withMessageContaining("closed");
      assertThat(session.generate("ran", greedy).text()).isNotNull();
    }
  }

  @Test
  void aSmallerContextOfTheDraftModelEndsTheDrafts() {
    GenerationConfig config = GenerationConfig.greedy().withMaxTokens(100);
    Outcome expected = plain(OPTIONS, config);
    SpeculationStats stats =
        expectSame(
            OPTIONS,
            config,
            expected,
            Speculation.draft(model).withOptions(OPTIONS.withContext(40)));
    assertThat(stats.accepted()).isPositive();
    assertThat(stats.drafted()).isLessThan(60);
  }

  @Test
  void valuesThatMakeNoSenseAreRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Speculation.Ngram(0, 5));
    assertThatIllegalArgumentException().isThrownBy(() -> new Speculation.Ngram(5, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Speculation.draft(model).withPMin(2))
        .withMessage("pMin: expected 0 to 1, found 2.0");
    assertThat(Speculation.ngram().withShortest(8)).isEqualTo(new Speculation.Ngram(8, 8));
    assertThat(Speculation.draft(model).options()).isEqualTo(Optional.empty());
  }

  /**
   * With a draft model, sampling draws from the model's own distribution: over many seeds the
   * triples of tokens are as frequent as their probabilities say (Pearson's chi-square).
   */
  @Test
  void samplesFromTheModelsOwnDistribution() {
    int[] allowed = likelyTokens();
    LogitsProcessor few = logits -> logits.keepIf((t, l) -> Arrays.binarySearch(allowed, t) >= 0);
    int n = allowed.length;
    double[] expected = new double[n * n * n];
    int[] counts = new int[n * n * n];
    int samples = 3000;
    GenerationConfig config =
        GenerationConfig.defaults()
            .withTemperature(0.5f)
            .withTopK(0)
            .withTopP(1)
            .withMinP(0)
            .withMaxTokens(3)
            .withProcessor(few);
    long accepted = 0;
    try (Session session = open(OPTIONS)) {
      triples(session, allowed, expected);
      GenerationConfig speculative = config.withSpeculation(Speculation.draft(model));
      for (int seed = -1; seed < samples; seed++) {
        session.reset();
        boolean warmUp = seed < 0; // lets it learn what a step costs
        Generation generation =
            session.generate(PROMPT, speculative.withSeed(seed).withMaxTokens(warmUp ? 8 : 3));
        int[] tokens = generation.stream().mapToInt(Piece::token).toArray();
        if (!warmUp) {
          int triple = 0;
          for (int token : tokens) {
            triple = n * triple + Arrays.binarySearch(allowed, token);
          }
          counts[triple]++;
          accepted += generation.stats().speculation().orElseThrow().accepted();
        }
      }
    }
    double chiSquare = 0;
    for (int i = 0; i < counts.length; i++) {
      double e = expected[i] * samples;
      chiSquare += (counts[i] - e) * (counts[i] - e) / e;
    }
    assertThat(accepted).isBetween(samples / 10L, samples * 9L / 10);
    assertThat(chiSquare).isLessThan(54.1); // 26 degrees of freedom: exceeded once in 1000 times
  }

  /** Three tokens of which the draft model guesses one after some of them, in ascending order. */
  private static int[] likelyTokens() {
    List<Integer> found = new ArrayList<>();
    float[] logits = new float[model.hparams().nVocab()];
    try (Session session = open(OPTIONS)) {
      int[] text = promptTokens();
      while (found.size() < 3) {
        session.reset();
        session.append(text);
        session.readLogits(0, logits);
        int best = 0;
        for (int t = 0; t < logits.length; t++) {
          best = logits[t] > logits[best] && !found.contains(t) ? t : best;
        }
        found.add(best);
        text = after(promptTokens(), best);
      }
    }
    return found.stream().mapToInt(t -> t).sorted().toArray();
  }

  /** The probabilities of all triples of tokens after the prompt, by teacher forcing. */
  private static void triples(Session session, int[] allowed, double[] to) {
    int n = allowed.length;
    float[] logits = new float[model.hparams().nVocab()];
    for (int i = 0; i < to.length; i++) {
      session.reset();
      int[] path = {i / (n * n), i / n % n, i % n};
      session.append(promptTokens());
      double p = 1;
      for (int token : path) {
        session.readLogits(0, logits);
        double sum = 0;
        for (int a : allowed) {
          sum += Math.exp(logits[a] / 0.5);
        }
        p *= Math.exp(logits[allowed[token]] / 0.5) / sum;
        session.append(allowed[token]);
      }
      to[i] = p;
    }
  }
}
