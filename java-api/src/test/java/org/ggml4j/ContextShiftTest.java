package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ggml4j.Recorded.NO_TOKENS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.decode.StopReason;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.ContextFullException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Texts that are longer than the context. */
@NothingStaysOpen.Shared
class ContextShiftTest {
  private static final int N_CTX = 256;
  private static final SessionOptions FLASH =
      SessionOptions.defaults().withContext(N_CTX).withThreads(1).withContextShift(4);

  @TempDir static Path folder;
  private static Model model;
  private static Model oneLayer;

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(WordModel.write(TinyGguf.llama(), folder));
    oneLayer = Model.load(WordModel.write(TinyGguf.llama().withLayers(1), folder));
  }

  @AfterAll
  static void close() {
    model.close();
    oneLayer.close();
  }

  static List<SessionOptions> options() {
    return List.of(
        FLASH,
        FLASH.withKvType(GgmlType.F32).withFlashAttn(false),
        FLASH.withKvTypes(GgmlType.Q8_0, GgmlType.F16).withContextShift(70),
        FLASH.withContextShift(0));
  }

  /** First tokens, and as many of the last as there is room for. */
  private static int[] ends(int[] text, int first, int last) {
    int[] ends = Arrays.copyOf(text, first + last);
    System.arraycopy(text, text.length - last, ends, first, last);
    return ends;
  }

  @ParameterizedTest
  @MethodSource("options")
  void aTextGoesOnWhenTheContextIsFull(SessionOptions options) {
    int[] prompt = WordModel.text(100, 1);
    try (Session session = model.newSession(options)) {
      Recorded endless = new Recorded(session, prompt, 1, 900).all();
      assertThat(endless.generation().stopReason()).contains(StopReason.TOKEN_LIMIT);
      int[] whole = Arrays.copyOf(prompt, 1000);
      System.arraycopy(endless.tokens(), 0, whole, 100, 900);
      int[] tokens = session.tokens();
      int keep = options.contextShift().orElseThrow();
      assertThat(tokens).hasSizeBetween(N_CTX / 2, N_CTX + 1);
      assertThat(tokens).isEqualTo(ends(whole, keep, tokens.length - keep));
      assertThat(session.nPast()).isEqualTo(session.cache().used()).isEqualTo(tokens.length - 1);
    }
  }

  /**
   * With a single layer keys and values depend on nothing but their token and its position: what is
   * left of a shifted text is what evaluating it anew gives.
   */
  @ParameterizedTest
  @MethodSource("options")
  void aShiftedTextEqualsWhatIsLeftAlone(SessionOptions options) {
    try (Session session = oneLayer.newSession(options);
        Session alone = oneLayer.newSession(options)) {
      session.append(WordModel.text(700, 1));
      alone.append(session.tokens());
      assertThat(alone.nPast()).isEqualTo(session.nPast()).isLessThanOrEqualTo(N_CTX);
      float[][] actual = Logit.batch(session, 0, 7, 8, 9);
      float[][] expected = Logit.batch(alone, 0, 7, 8, 9);
      double limit = options.typeK() == GgmlType.F32 ? 1e-10 : 1e-4;
      assertThat(Logit.nmse(actual, expected)).isLessThan(limit);
    }
  }

  @Test
  void aLongPromptKeepsItsBeginAndItsEnd() {
    int[] prompt = WordModel.text(2000, 1);
    for (int nBatch : new int[] {512, 64, 100}) {
      try (Session session = model.newSession(FLASH.withBatch(nBatch))) {
        session.append(prompt);
        int[] tokens = session.tokens();
        assertThat(tokens).hasSizeBetween(N_CTX / 2, N_CTX);
        assertThat(tokens).isEqualTo(ends(prompt, 4, tokens.length - 4));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("options")
  void aShiftedTextIsSavedAndRestored(SessionOptions options) throws IOException {
    Path file = folder.resolve("shifted.session");
    try (Session session = model.newSession(options);
        Session restored = model.newSession(options)) {
      new Recorded(session, WordModel.text(200, 1), 1, 150).all();
      session.save(file);
      Recorded expected = new Recorded(session, WordModel.text(70, 2), 2, 100).all();
      restored.restore(file);
      new Recorded(restored, WordModel.text(70, 2), 2, 100).all().assertEquals(expected);
    }
  }

  @Test
  void aForkKeepsWhatItsParentForgets() {
    int[] prompt = WordModel.text(100, 1);
    try (Session alone = model.newSession(FLASH);
        Session parent = model.newSession(FLASH);
        Session fork = fork(parent, prompt)) {
      alone.append(prompt);
      Recorded expected = new Recorded(alone, NO_TOKENS, 3, 20).all();
      Recorded endless = new Recorded(parent, NO_TOKENS, 1, 600).all();
      assertThat(endless.generation().stopReason()).contains(StopReason.TOKEN_LIMIT);
      assertThat(fork.tokens()).isEqualTo(prompt);
      int[] whole = Arrays.copyOf(prompt, 700);
      System.arraycopy(endless.tokens(), 0, whole, 100, 600);
      int n = parent.tokens().length;
      assertThat(parent.tokens()).isEqualTo(ends(whole, 4, n - 4));
      parent.rewind(4);
      new Recorded(fork, NO_TOKENS, 3, 20).all().assertEquals(expected);
    }
  }

  /** Tokens that a fork has too are copied before they are moved. */
  @ParameterizedTest
  @MethodSource("options")
  void commonTokensAreMovedInOneTextOnly(SessionOptions options) {
    int[] prompt = WordModel.text(120, 1);
    try (Session alone = oneLayer.newSession(options);
        Session parent = oneLayer.newSession(options);
        Session fork = fork(parent, prompt)) {
      parent.removeTokens(0, 0, 20);
      parent.shiftTokens(0, 20, Integer.MAX_VALUE, -20);
      assertThat(parent.cache().used()).isEqualTo(220);
      assertThat(fork.tokens()).isEqualTo(prompt);
      alone.append(ends(prompt, 0, 100));
      double limit = options.typeK() == GgmlType.F32 ? 1e-10 : 1e-4;
      float[][] expected = Logit.batch(alone, 0, 7, 8);
      assertThat(Logit.nmse(Logit.batch(parent, 0, 7, 8), expected)).isLessThan(limit);
      alone.prefill(prompt);
      expected = Logit.batch(alone, 0, 7, 8);
      assertThat(Logit.nmse(Logit.batch(fork, fork.sequence(), 7, 8), expected)).isLessThan(limit);
      fork.rewind(120);
      try (Session third = fork.fork()) {
        assertThatThrownBy(() -> third.shiftTokens(third.sequence(), 0, 120, 5))
            .isInstanceOf(ContextFullException.class);
        assertThat(third.tokens()).isEqualTo(prompt);
        assertThat(third.nPast()).isEqualTo(120);
      }
    }
  }

  private static Session fork(Session parent, int[] prompt) {
    parent.append(prompt);
    return parent.fork();
  }

  @Test
  void aContextThatForksHoldIsFull() {
    int[] prompt = WordModel.text(250, 1);
    try (Session parent = model.newSession(FLASH)) {
      try (Session fork = fork(parent, prompt)) {
        Recorded some = new Recorded(parent, NO_TOKENS, 1, 100).all();
        assertThat(some.generation().stopReason()).contains(StopReason.CONTEXT_FULL);
        assertThat(some.tokens()).hasSize(7);
        assertThatThrownBy(() -> fork.append(1)).isInstanceOf(ContextFullException.class);
        assertThat(fork.tokens()).isEqualTo(prompt);
      }
      assertThat(new Recorded(parent, NO_TOKENS, 1, 100).all().tokens()).hasSize(100);
    }
  }

  /** What was forgotten to make room stays so; what was appended goes. */
  @Test
  void aPromptThatFailsLeavesNothingOfItself() {
    try (Session session = model.newSession(FLASH.withBatch(50));
        Session fork = session.fork()) {
      int[] prompt = WordModel.text(200, 1);
      session.append(prompt);
      fork.append(WordModel.text(30, 2));
      // Sooner or later all of the prompt is forgotten, but not what the fork shares.
      fork.rewind(0);
      try (Session second = session.fork()) {
        assertThatThrownBy(() -> session.append(WordModel.text(500, 2)))
            .isInstanceOf(ContextFullException.class);
        assertThat(session.tokens()).isEqualTo(prompt);
        assertThat(second.tokens()).isEqualTo(prompt);
      }
      session.append(WordModel.text(500, 2));
      assertThat(session.tokens()).hasSizeLessThanOrEqualTo(N_CTX).startsWith(prompt[0]);
    }
  }

  @Test
  void whatCannotBeKept() {
    for (int keep : new int[] {N_CTX - 1, N_CTX, 10_000}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.newSession(FLASH.withContextShift(keep)))
          .withMessageContaining("contextShift")
          .withMessageContaining("256");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FLASH.withContextShift(-1))
        .withMessageContaining("contextShift");
    try (Session session = model.newSession(FLASH.withContext(8).withContextShift(6))) {
      assertThat(new Recorded(session, new int[] {1, 2, 3}, 1, 50).all().tokens()).hasSize(50);
      assertThat(session.tokens()).startsWith(1, 2, 3);
    }
  }

  /** Guessing ahead forgets at the same places, so the text is the same. */
  @Test
  void guessedTextsAreForgottenAtTheSamePlaces() {
    int[] prompt = WordModel.text(150, 1);
    GenerationConfig plain =
        GenerationConfig.greedy().withMaxTokens(700).withProcessor(l -> l.ban(WordModel.EOS));
    List<Speculation> kinds =
        List.of(Speculation.ngram(), Speculation.draft(oneLayer), Speculation.draft(model));
    try (Session alone = model.newSession(FLASH)) {
      String expected = alone.generate(prompt, plain).text();
      for (Speculation kind : kinds) {
        try (Session session = model.newSession(FLASH)) {
          Generation guessed = session.generate(prompt, plain.withSpeculation(kind));
          assertThat(guessed.text()).isEqualTo(expected);
          assertThat(guessed.stopReason()).contains(StopReason.TOKEN_LIMIT);
          assertThat(session.tokens()).isEqualTo(alone.tokens());
        }
      }
    }
  }

  @Test
  void aTextOfAModelWithWindowsGoesOn() throws IOException {
    try (Model windows = Model.load(Toys.byName("gemma2").write(folder));
        Session session = windows.newSession(FLASH.withBatch(64))) {
      int[] text = Logit.tokens(900, windows.hparams().nVocab());
      session.append(Arrays.copyOf(text, 500));
      for (int i = 500; i < 900; i++) {
        session.append(text[i]);
      }
      int[] tokens = session.tokens();
      assertThat(tokens).hasSizeBetween(N_CTX / 2, N_CTX);
      assertThat(tokens).isEqualTo(ends(text, 4, tokens.length - 4));
    }
  }

  @Test
  void aModelWhoseTokensCannotBeMovedIsRefused() throws IOException {
    try (Model gpt2 = Model.load(Toys.byName("gpt2").write(folder))) {
      assertThatThrownBy(() -> gpt2.newSession(FLASH))
          .isInstanceOf(UnsupportedModelException.class)
          .hasMessageContaining("'gpt2' can't move tokens");
      gpt2.newSession(FLASH.withoutContextShift()).close();
    }
  }

  @Test
  void withoutItAFullContextEndsTheText() {
    SessionOptions off = SessionOptions.defaults().withContext(N_CTX).withThreads(1);
    try (Session session = model.newSession(off)) {
      Recorded some = new Recorded(session, WordModel.text(200, 1), 1, 100).all();
      assertThat(some.generation().stopReason()).contains(StopReason.CONTEXT_FULL);
      assertThatThrownBy(() -> session.append(WordModel.text(10, 1)))
          .isInstanceOf(ContextFullException.class);
    }
  }
}
