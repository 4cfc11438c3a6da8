package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.ggml4j.decode.StopReason;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.sampling.Sampler;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts as they are generated: pieces, reasons to stop, and what the session holds afterwards. */
@NothingStaysOpen.Shared
class GenerationTest {
  private static final List<String> WORDS =
      List.of(
          "\u2581the",
          "\u2581fox",
          "\u2581ran",
          "\u2581home",
          "en",
          "d",
          ".",
          "\u2581",
          "\u2581th",
          "\u2581t",
          "\u2581fo",
          "\u2581f",
          "\u2581ra",
          "\u2581r"); // the steps to the words
  private static final int BOS = 1;
  private static final int EOS = 2;
  private static final int FIRST_BYTE = 3;
  private static final int FIRST_WORD = FIRST_BYTE + 256;
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(64).withThreads(1);

  @TempDir static Path folder;
  private static Model model;
  private Session session;

  @BeforeAll
  static void load() throws IOException {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
      types.add(6);
    }
    tokens.addAll(WORDS);
    WORDS.forEach(w -> types.add(1));
    float[] scores = new float[tokens.size()];
    for (int i = FIRST_WORD; i < scores.length; i++) {
      scores[i] = -i;
    }
    TinyGguf.Content content = TinyGguf.small().content(tokens.size());
    content.metadata.put("tokenizer.ggml.model", "llama");
    content.metadata.put("tokenizer.ggml.tokens", tokens);
    content.metadata.put("tokenizer.ggml.token_type", types);
    content.metadata.put("tokenizer.ggml.scores", scores);
    content.metadata.put("tokenizer.ggml.bos_token_id", BOS);
    content.metadata.put("tokenizer.ggml.eos_token_id", EOS);
    Path path = folder.resolve("words.gguf");
    content.write(path);
    model = Model.load(path);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @BeforeEach
  void open() {
    session = model.newSession(OPTIONS);
  }

  @AfterEach
  void closeSession() {
    session.close();
  }

  private static int word(String text) {
    return FIRST_WORD + WORDS.indexOf(text.replace(' ', '\u2581'));
  }

  private static int[] bytes(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[utf8.length];
    Arrays.setAll(tokens, i -> FIRST_BYTE + (utf8[i] & 0xff));
    return tokens;
  }

  /** A sampler that picks these tokens, whatever the logits are. */
  private static GenerationConfig script(int... tokens) {
    int[] at = {0};
    Sampler sampler = logits -> tokens[at[0]++];
    return GenerationConfig.defaults().withSampler(sampler);
  }

  private static List<Piece> all(Generation generation) {
    return generation.stream().toList();
  }

  private static List<String> texts(List<Piece> pieces) {
    return pieces.stream().map(Piece::text).toList();
  }

  private static int[] tokens(List<Piece> pieces) {
    return pieces.stream().mapToInt(Piece::token).toArray();
  }

  @Test
  void greedyTakesTheLikeliestTokens() {
    GenerationConfig config = GenerationConfig.greedy().withMaxTokens(20);
    List<Piece> pieces = all(session.generate("the fox", config));
    List<Integer> expected = new ArrayList<>();
    List<Double> logProbabilities = new ArrayList<>();
    try (Session manual = model.newSession(OPTIONS)) {
      manual.append(model.tokenizer().encode("the fox"));
      float[] logits = new float[model.hparams().nVocab()];
      for (int i = 0; i < pieces.size(); i++) {
        manual.readLogits(0, logits);
        int best = 0;
        double sum = 0;
        for (int t = 0; t < logits.length; t++) {
          best = logits[t] > logits[best] ? t : best;
          sum += Math.exp(logits[t]);
        }
        expected.add(best);
        logProbabilities.add(logits[best] - Math.log(sum));
        manual.append(best);
      }
    }
    assertThat(tokens(pieces)).containsExactly(expected.stream().mapToInt(i -> i).toArray());
    for (int i = 0; i < pieces.size(); i++) {
      assertThat(pieces.get(i).logProbability()).isCloseTo(logProbabilities.get(i), within(1e-4));
    }
  }

  @Test
  void theSameSeedGivesTheSameText() {
    GenerationConfig config = GenerationConfig.defaults().withTemperature(1.5f).withMaxTokens(30);
    int[] first = tokens(all(session.generate("the", config.withSeed(5))));
    session.reset();
    assertThat(tokens(all(session.generate("the", config.withSeed(5))))).isEqualTo(first);
    session.reset();
    assertThat(tokens(all(session.generate("the", config.withSeed(6))))).isNotEqualTo(first);
  }

  @Test
  void aBosTokenComesFirstOnly() {
    Generation first = session.generate("the fox", script(word(" ran")).withMaxTokens(1));
    assertThat(first.text()).isEqualTo(" ran");
    assertThat(first.stats().promptTokens()).isEqualTo(3);
    Generation second = session.generate(new int[] {word(".")}, script(word("d")).withMaxTokens(1));
    assertThat(second.text()).isEqualTo("d");
    assertThat(second.stats().promptTokens()).as("what was picked last, and the dot").isEqualTo(2);
    assertThat(session.nPast()).isEqualTo(5);
  }

  @Test
  void charactersAreNotTorn() {
    int[] script = bytes("h\u00f6r \ud83e\udd8a!");
    Generation generation = session.generate("the", script(script).withMaxTokens(script.length));
    List<String> texts = texts(all(generation));
    assertThat(texts).containsExactly("h", "", "\u00f6", "r", " ", "", "", "", "\ud83e\udd8a", "!");
    assertThat(generation.text()).isEqualTo("h\u00f6r \ud83e\udd8a!");
    assertThat(generation.stopReason()).contains(StopReason.TOKEN_LIMIT);
  }

  @Test
  void halfACharacterAtTheEndIsShownAsDamaged() {
    Generation generation = session.generate("the", script(bytes("\ud83e\udd8a")).withMaxTokens(2));
    assertThat(generation.text()).isEqualTo("\ufffd");
  }

  @Test
  void aStopStringMaySpanPieces() {
    int[] script = {word(" the"), word(" "), word("en"), word("d"), word("."), word(" fox")};
    Generation generation =
        session.generate("the", script(script).withMaxTokens(6).withStop("xyz", "end."));
    List<Piece> pieces = all(generation);
    assertThat(texts(pieces)).containsExactly(" th", "e ", "", "", "");
    assertThat(generation.text()).isEqualTo(" the ");
    assertThat(generation.stopReason()).contains(StopReason.STOP_STRING);
    assertThat(generation.stats().generatedTokens()).isEqualTo(5);
  }

  @Test
  void whatOnlyBeganLikeAStopStringIsShown() {
    int[] script = {word("en"), word("en"), word("d"), word("."), word("en")};
    Generation generation =
        session.generate("the", script(script).withMaxTokens(5).withStop("endless"));
    assertThat(texts(all(generation))).containsExactly("", "en", "", "end.", "en");
    assertThat(generation.text()).isEqualTo("enend.en");
    assertThat(generation.stopReason()).contains(StopReason.TOKEN_LIMIT);
  }

  @Test
  void theModelEndsItsText() {
    int[] script = {word(" fox"), EOS};
    Generation generation = session.generate("the", script(script));
    List<Piece> pieces = all(generation);
    assertThat(tokens(pieces)).containsExactly(script);
    assertThat(generation.text()).isEqualTo(" fox");
    assertThat(generation.stopReason()).contains(StopReason.END_OF_TEXT);
    assertThat(generation.stats().reason()).isEqualTo(StopReason.END_OF_TEXT);
    assertThat(session.nPast()).as("the end is not part of the text").isEqualTo(3);
    assertThat(session.generate(" fox", script(word(" ran")).withMaxTokens(1)).text())
        .isEqualTo(" ran");
  }

  @Test
  void theContextIsFullAtSomeTime() {
    int[] script = new int[100];
    Arrays.fill(script, word(" fox"));
    Generation generation = session.generate("the", script(script));
    assertThat(all(generation)).hasSize(64 - 2 + 1);
    assertThat(generation.stopReason()).contains(StopReason.CONTEXT_FULL);
    assertThat(session.nPast()).isEqualTo(64);
    assertThatThrownBy(() -> session.generate("the", script(script)))
        .isInstanceOf(ContextFullException.class);
    session.reset();
    assertThat(session.generate("the", script(word("d")).withMaxTokens(1)).text()).isEqualTo("d");
  }

  @Test
  void promptsThatDoNotFit() {
    int[] long65 = new int[65];
    Arrays.fill(long65, word(" the"));
    assertThatThrownBy(() -> session.generate(long65, GenerationConfig.greedy()))
        .isInstanceOf(ContextFullException.class)
        .hasMessageContaining("65");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> session.generate(new int[0], GenerationConfig.greedy()))
        .withMessageContaining("nothing to continue");
    for (int bad : new int[] {-1, model.hparams().nVocab(), Integer.MAX_VALUE}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> session.generate(new int[] {1, bad}, GenerationConfig.greedy()))
          .withMessageContaining("token");
    }
    assertThat(session.nPast()).isZero();
  }

  @Test
  void aTextGoesOnWhereItStopped() {
    GenerationConfig config = GenerationConfig.greedy();
    int[] whole = tokens(all(session.generate("the fox", config.withMaxTokens(20))));
    session.reset();
    int[] first = tokens(all(session.generate("the fox", config.withMaxTokens(8))));
    int[] second = tokens(all(session.generate(new int[0], config.withMaxTokens(12))));
    int[] both = Arrays.copyOf(first, 20);
    System.arraycopy(second, 0, both, 8, 12);
    assertThat(both).isEqualTo(whole);
  }

  @Test
  void itCanBeCancelledBetweenSteps() {
    int[] script = new int[50];
    Arrays.fill(script, word(" fox"));
    Generation generation = session.generate("the", script(script));
    int n = 0;
    for (Piece piece : generation) {
      assertThat(piece.text()).isEqualTo(" fox");
      if (++n == 3) {
        generation.cancel();
      }
    }
    assertThat(n).isEqualTo(3);
    assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
    assertThat(generation.text()).isEqualTo(" fox fox fox");
    assertThat(session.generate("fox", script(word(".")).withMaxTokens(1)).text()).isEqualTo(".");
  }

  @Test
  void itCanBeCancelledFromAnotherThread() throws Exception {
    Sampler endless = logits -> word(" fox");
    for (boolean whole : new boolean[] {true, false}) {
      try (Session other = model.newSession(OPTIONS.withContext(100_000))) {
        CountDownLatch running = new CountDownLatch(5);
        Generation generation =
            other.generate(
                "the",
                GenerationConfig.defaults()
                    .withSampler(endless)
                    .withProcessor(logits -> running.countDown()));
        Thread thread = new Thread(generation::text);
        thread.start();
        assertThat(running.await(60, TimeUnit.SECONDS)).isTrue();
        if (whole) {
          other.cancel();
        } else {
          generation.cancel();
        }
        thread.join(60_000);
        assertThat(thread.isAlive()).isFalse();
        assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
        assertThat(generation.text()).startsWith(" fox fox fox fox");
      }
    }
  }

  @Test
  void itIsReadOnce() {
    Generation generation = session.generate("the", script(word("d")).withMaxTokens(1));
    Iterator<Piece> pieces = generation.iterator();
    assertThatIllegalStateException()
        .isThrownBy(generation::iterator)
        .withMessageContaining("once");
    assertThat(pieces.hasNext()).isTrue();
    assertThat(pieces.hasNext()).isTrue();
    pieces.next();
    assertThat(pieces.hasNext()).isFalse();
    assertThatThrownBy(pieces::next)
        .isInstanceOf(NoSuchElementException.class)
        .hasMessageContaining("TOKEN_LIMIT");
  }

  @Test
  void theSessionIsItsOwnMeanwhile() {
    Generation generation = session.generate("the", script(word("d"), word("d"), word("d")));
    Iterator<Piece> pieces = generation.iterator();
    pieces.next();
    session.append(word(" ran"));
    assertThatIllegalStateException()
        .isThrownBy(pieces::next)
        .withMessageContaining("something else");
    Generation later = session.generate("fox", script(word(".")).withMaxTokens(1));
    assertThat(later.text()).isEqualTo(".");
  }

  @Test
  void processorsSeeTheHistoryAndEditTheLogits() {
    List<Integer> sizes = new ArrayList<>();
    GenerationConfig config =
        GenerationConfig.greedy()
            .withMaxTokens(3)
            .withProcessor(
                logits -> {
                  sizes.add(logits.history().size());
                  assertThat(logits.history().promptSize()).isEqualTo(2);
                  assertThat(logits.history().get(0)).isEqualTo(BOS);
                  logits.add(word(" home"), 1000);
                });
    assertThat(session.generate("the", config).text()).isEqualTo(" home home home");
    assertThat(sizes).containsExactly(2, 3, 4);
  }

  @Test
  void aProcessorThatFailsLeavesTheSessionUsable() {
    GenerationConfig failing =
        GenerationConfig.greedy()
            .withProcessor(
                logits -> {
                  throw new UnsupportedOperationException("from the processor");
                });
    Generation generation = session.generate("the", failing);
    assertThatThrownBy(generation::text).hasMessage("from the processor");
    assertThat(session.generate("fox", script(word(".")).withMaxTokens(1)).text()).isEqualTo(".");
  }

  @Test
  void closingTheSessionEndsIt() {
    Generation generation = session.generate("the", script(word("d"), word("d"), word("d")));
    Iterator<Piece> pieces = generation.iterator();
    pieces.next();
    session.close();
    assertThatIllegalStateException().isThrownBy(pieces::next).withMessageContaining("closed");
    generation.cancel();
  }

  @Test
  void figures() {
    int[] script = new int[10];
    Arrays.fill(script, word(" fox"));
    Generation generation = session.generate("the fox ran", script(script).withMaxTokens(10));
    generation.text();
    GenerationStats stats = generation.stats();
    assertThat(stats.promptTokens()).isEqualTo(4);
    assertThat(stats.generatedTokens()).isEqualTo(10);
    assertThat(stats.promptSeconds()).isPositive();
    assertThat(stats.promptTokensPerSecond()).isPositive();
    assertThat(stats.tokensPerSecond())
        .isCloseTo(9 / stats.generateSeconds(), within(1e-6 / stats.generateSeconds()));
  }
}
