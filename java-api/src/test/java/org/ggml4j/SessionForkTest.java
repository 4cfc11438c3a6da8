package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.ggml4j.Recorded.NO_TOKENS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.StopReason;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions that share a cache: each must do what it would do alone. */
@NothingStaysOpen.Shared
class SessionForkTest {
  private static final SessionOptions FLASH =
      SessionOptions.defaults().withContext(2048).withThreads(1);

  @TempDir static Path folder;
  private static Model model;

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(WordModel.write(TinyGguf.llama(), folder));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  static List<SessionOptions> options() {
    return List.of(
        FLASH,
        FLASH.withKvType(GgmlType.F32).withFlashAttn(false),
        FLASH.withFlashAttn(false),
        FLASH.withKvType(GgmlType.Q8_0).withBatch(96));
  }

  /** What a branch of a text does: generates, takes a long and a short prompt, and goes on. */
  private static List<Recorded> alone(SessionOptions options, int[] prompt, int branch) {
    try (Session session = model.newSession(options)) {
      session.prefill(prompt);
      return List.of(
          new Recorded(session, NO_TOKENS, branch, 50).all(),
          new Recorded(session, WordModel.text(90, branch), branch, 20).all(),
          new Recorded(session, WordModel.text(5, branch), branch, 20).all());
    }
  }

  /** As {@link #alone}, on from a fork, step by step. */
  private static final class Branch {
    private final Session session;
    private final int branch;
    private final List<Recorded> done = new ArrayList<>();

    Branch(Session session, int branch) {
      this.session = session;
      this.branch = branch;
      done.add(new Recorded(session, NO_TOKENS, branch, 50));
    }

    boolean step() {
      if (done.get(done.size() - 1).step()) {
        return true;
      }
      if (done.size() == 3) {
        return false;
      }
      done.add(
          new Recorded(session, WordModel.text(done.size() == 1 ? 90 : 5, branch), branch, 20));
      return true;
    }
  }

  @ParameterizedTest
  @MethodSource("options")
  void forksContinueAsIfAlone(SessionOptions options) {
    int[] prompt = WordModel.text(100, 3); // one page and a part of the next
    int n = 5;
    try (Session parent = model.newSession(options)) {
      parent.prefill(prompt);
      List<Branch> branches = new ArrayList<>(List.of(new Branch(parent, 0)));
      for (int b = 1; b < n; b++) {
        branches.add(new Branch(parent.fork(), b));
      }
      List<Branch> running = new ArrayList<>(branches);
      Random random = new Random(42);
      while (!running.isEmpty()) {
        Branch branch = running.get(random.nextInt(running.size()));
        if (!branch.step()) {
          running.remove(branch);
        }
      }
      for (int b = 0; b < n; b++) {
        List<Recorded> expected = alone(options, prompt, b);
        for (int i = 0; i < expected.size(); i++) {
          branches.get(b).done.get(i).assertEquals(expected.get(i));
        }
      }
      assertThat(parent.cache().used()).isGreaterThan(512); // cells of others were looked at
      branches.forEach(b -> b.session.close());
    }
  }

  /** Texts that come and go leave gaps, which are closed when there is no page behind the last. */
  @ParameterizedTest
  @MethodSource("options")
  void pagesThatAreSlidTogetherChangeNothing(SessionOptions options) {
    int[] prompt = WordModel.text(100, 3);
    try (Session parent = model.newSession(options.withContext(8 * 64));
        Session alone = model.newSession(options.withContext(8 * 64))) {
      parent.append(prompt);
      Session fork = parent.fork();
      fork.append(WordModel.text(100, 4)); // to the fourth page
      parent.append(WordModel.text(40, 5)); // to the sixth
      fork.close();
      assertThat(last(parent)).isEqualTo(5 * 64 + 11);
      parent.append(WordModel.text(220, 6));
      assertThat(last(parent)).as("slid together").isEqualTo(359);
      alone.append(prompt);
      alone.append(WordModel.text(40, 5));
      alone.append(WordModel.text(220, 6));
      Recorded expected = new Recorded(alone, NO_TOKENS, 3, 20).all();
      new Recorded(parent, NO_TOKENS, 3, 20).all().assertEquals(expected);
    }
  }

  private static int last(Session session) {
    int[] cells = session.cache().tables().get(0).cells(session.sequence());
    return cells[cells.length - 1];
  }

  /** From 512 cells on GGML may divide them among threads; here it must not. */
  @Test
  void theNumberOfThreadsChangesNothing() {
    int[] prompt = WordModel.text(500, 3);
    int n = 4;
    try (Session parent = model.newSession(FLASH.withThreads(2));
        Session alone = model.newSession(FLASH)) {
      parent.prefill(prompt);
      alone.prefill(prompt);
      try (Session fork = parent.fork();
          Session second = alone.fork()) {
        Recorded a = new Recorded(parent, NO_TOKENS, 1, n);
        Recorded b = new Recorded(fork, NO_TOKENS, 2, n);
        while (a.step() && b.step()) {
          // by turns
        }
        a.assertEquals(new Recorded(alone, NO_TOKENS, 1, n).all());
        b.assertEquals(new Recorded(second, NO_TOKENS, 2, n).all());
      }
    }
  }

  @Test
  void theCommonBeginIsStoredOnce() {
    int[] prompt = WordModel.text(1000, 1);
    try (Session parent = model.newSession(FLASH)) {
      parent.prefill(prompt);
      long bytes = parent.nativeBytes();
      List<Session> forks = IntStream.range(0, 16).mapToObj(i -> parent.fork()).toList();
      assertThat(parent.cache().used()).isEqualTo(1000);
      forks.forEach(f -> f.append(WordModel.word(" fox")));
      // The first goes on in the last page; each other one copies its 40 tokens to a page of its
      // own.
      assertThat(parent.cache().used()).isEqualTo(1000 + 16 + 15 * 40);
      assertThat(parent.nativeBytes()).isEqualTo(bytes);
      forks.forEach(Session::close);
      assertThat(parent.cache().used()).isEqualTo(1000);
    }
  }

  @Test
  void aTightCacheIsSharedToTheLastCell() {
    int[] prompt = WordModel.text(100, 1);
    SessionOptions tight = FLASH.withContext(128).withKvType(GgmlType.F32).withFlashAttn(false);
    try (Session parent = model.newSession(tight)) {
      parent.prefill(prompt);
      List<Session> forks = IntStream.range(0, 4).mapToObj(i -> parent.fork()).toList();
      for (int i = 0; i < 7; i++) {
        for (Session fork : forks) {
          fork.append(WordModel.text(7, fork.sequence())[i]);
        }
      }
      assertThat(parent.cache().used()).isEqualTo(128);
      for (Session fork : forks) {
        assertThatThrownBy(() -> fork.append(1)).isInstanceOf(ContextFullException.class);
        int[] whole = Arrays.copyOf(prompt, 107);
        System.arraycopy(WordModel.text(7, fork.sequence()), 0, whole, 100, 7);
        assertThat(fork.tokens()).isEqualTo(whole);
        float[] row = new float[model.hparams().nVocab()];
        fork.rewind(106);
        fork.append(whole[106]);
        fork.readLogits(0, row);
        float[][] expected = Logit.last(Logit.alone(model, tight, whole), 1);
        assertThat(Logit.nmse(new float[][] {row}, expected)).isLessThan(1e-10);
      }
      forks.forEach(Session::close);
    }
  }

  @Test
  void theParentMayGoFirst() {
    int[] prompt = WordModel.text(70, 2);
    List<Recorded> expected = alone(FLASH, prompt, 7);
    Session parent = model.newSession(FLASH);
    parent.prefill(prompt);
    Session child = parent.fork();
    Recorded first = new Recorded(child, NO_TOKENS, 7, 50);
    first.step();
    Session grandchild = child.fork();
    parent.close();
    assertThatIllegalStateException().isThrownBy(() -> parent.append(1));
    assertThatIllegalStateException().isThrownBy(parent::fork);
    first.all().assertEquals(expected.get(0));
    child.close();
    child.close();
    // The grandchild stands behind the first token of its own parent.
    assertThat(grandchild.tokens()).hasSize(71);
    int[] rest = Arrays.copyOfRange(expected.get(0).tokens(), 1, 50);
    grandchild.append(rest);
    assertThat(grandchild.tokens()).hasSize(120).startsWith(prompt).endsWith(rest);
    grandchild.close();
    assertThat(OpenOwners.open()).hasSize(1);
    assertThatIllegalStateException().isThrownBy(grandchild::tokens);
  }

  @Test
  void aModelClosesForksToo() throws IOException {
    Model other = Model.load(WordModel.write(TinyGguf.small(), folder));
    Session parent = other.newSession(FLASH);
    Session fork = parent.fork();
    parent.close();
    other.close();
    assertThatIllegalStateException().isThrownBy(() -> fork.append(1));
    assertThat(OpenOwners.open()).hasSize(1);
  }

  @Test
  void sixtyFourSessionsShareACache() {
    try (Session parent = model.newSession(FLASH)) {
      parent.append(1, 2, 3);
      List<Session> forks = new ArrayList<>();
      for (int i = 1; i < 64; i++) {
        forks.add(parent.fork());
      }
      assertThatIllegalStateException()
          .isThrownBy(parent::fork)
          .withMessageContaining("64")
          .withMessageContaining("close a fork");
      forks.remove(10).close();
      forks.add(parent.fork());
      assertThat(forks.get(62).tokens()).containsExactly(1, 2, 3);
      forks.forEach(Session::close);
    }
  }

  @Test
  void aForkKnowsTheLogitsOfItsLastToken() {
    try (Session parent = model.newSession(FLASH)) {
      parent.prefill(WordModel.text(20, 1));
      float[] expected = new float[model.hparams().nVocab()];
      parent.readLogits(0, expected);
      try (Session fork = parent.fork()) {
        parent.append(5);
        assertThat(parent.nOutputs()).isEqualTo(1);
        assertThat(fork.nOutputs()).isEqualTo(1);
        float[] row = new float[expected.length];
        fork.readLogits(0, row);
        assertThat(row).containsExactly(expected);
        fork.append(6);
        fork.readLogits(0, expected);
        fork.rewind(20);
        fork.append(6);
        fork.readLogits(0, row);
        assertThat(row).containsExactly(expected);
        parent.readLogits(0, row); // kept when the fork was used
        assertThat(row).isNotEqualTo(expected);
        Batch batch = new Batch();
        batch.add(5, 21, 0, true);
        parent.evaluate(batch);
        fork.append(6);
        assertThat(parent.nOutputs()).as("only the text's last token keeps them").isZero();
        assertThatThrownBy(() -> parent.readLogits(0, row))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
    }
  }

  @Test
  void rewinding() {
    int[] text = WordModel.text(150, 4);
    try (Session session = model.newSession(FLASH)) {
      session.prefill(text);
      for (int n : new int[] {149, 130, 128, 64, 1}) {
        session.rewind(n);
        assertThat(session.tokens()).isEqualTo(Arrays.copyOf(text, n));
        assertThat(session.nPast()).isEqualTo(n);
        assertThat(session.cache().used()).isEqualTo(n);
      }
      for (int bad : new int[] {-1, 2, Integer.MAX_VALUE}) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> session.rewind(bad))
            .withMessageContaining("0 to 1");
      }
      session.rewind(0);
      assertThat(session.tokens()).isEmpty();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> session.generate(NO_TOKENS, GenerationConfig.greedy()))
          .withMessageContaining("nothing to continue");
    }
  }

  @Test
  void aRewoundTextGoesOnAsOneThatEndsThere() {
    int[] text = WordModel.text(80, 4);
    try (Session session = model.newSession(FLASH);
        Session other = model.newSession(FLASH)) {
      Recorded first = new Recorded(session, text, 5, 30).all();
      assertThat(session.tokens()).hasSize(110);
      assertThat(session.nPast()).as("the last one waits").isEqualTo(109);
      session.rewind(110);
      assertThat(session.tokens()).hasSize(110);
      session.rewind(109);
      assertThat(session.nPast()).isEqualTo(109);
      session.rewind(79);
      new Recorded(session, new int[] {text[79]}, 5, 30).all();
      session.rewind(80); // all of it came from one prompt, and then from one step
      other.prefill(Arrays.copyOf(text, 79));
      Recorded expected = new Recorded(other, new int[] {text[79]}, 9, 30).all();
      new Recorded(session, NO_TOKENS, 9, 30).all().assertEquals(expected);
      assertThat(first.tokens()).hasSize(30);
    }
  }

  @Test
  void prefillKeepsTheCommonBegin() {
    int[] text = WordModel.text(60, 4);
    try (Session session = model.newSession(FLASH);
        Session fresh = model.newSession(FLASH)) {
      assertThat(session.prefill(text)).isZero();
      assertThat(session.prefill(text)).isEqualTo(60);
      assertThat(session.nOutputs()).isEqualTo(1);
      assertThat(session.prefill(Arrays.copyOf(text, 50))).as("for its logits").isEqualTo(49);
      assertThat(session.prefill(text)).isEqualTo(50);
      int[] changed = text.clone();
      changed[30] ^= 1;
      assertThat(session.prefill(changed)).isEqualTo(30);
      assertThat(session.tokens()).isEqualTo(changed);
      float[] row = new float[model.hparams().nVocab()];
      session.readLogits(0, row);
      fresh.prefill(Arrays.copyOf(changed, 30));
      fresh.append(Arrays.copyOfRange(changed, 30, 60));
      float[] expected = new float[row.length];
      fresh.readLogits(0, expected);
      assertThat(row).containsExactly(expected);

      Recorded some = new Recorded(session, NO_TOKENS, 1, 3).all();
      int[] longer = Arrays.copyOf(changed, 64);
      for (int i = 0; i < 3; i++) {
        longer[60 + i] = some.tokens()[i];
      }
      assertThat(session.prefill(longer)).as("the last one generated was not in").isEqualTo(62);
      assertThat(session.tokens()).isEqualTo(longer);
      assertThat(session.commonBegin(5)).isZero();
      assertThat(session.commonBegin(longer)).isEqualTo(64);
      assertThatIllegalArgumentException().isThrownBy(session::prefill);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> session.prefill(longer[0], -1))
          .withMessageContaining("token");
      assertThat(session.tokens()).as("refused before anything changes").isEqualTo(longer);
    }
  }

  @Test
  void whatWasGeneratedComesBeforeWhatIsAppended() {
    try (Session session = model.newSession(FLASH)) {
      Recorded some = new Recorded(session, WordModel.text(10, 1), 1, 2).all();
      session.append(7, 8);
      int[] expected = Arrays.copyOf(WordModel.text(10, 1), 14);
      expected[10] = some.tokens()[0];
      expected[11] = some.tokens()[1];
      expected[12] = 7;
      expected[13] = 8;
      assertThat(session.tokens()).isEqualTo(expected);
      assertThat(session.nPast()).isEqualTo(14);
    }
  }

  @Test
  void sequencesOfOthersAreRefused() {
    try (Session parent = model.newSession(FLASH);
        Session fork = parent.fork()) {
      assertThat(fork.sequence()).isEqualTo(1);
      Batch batch = new Batch();
      batch.add(1, 0, 1, true);
      List<Throwable> refused = new ArrayList<>();
      Collections.addAll(
          refused,
          catchThrowable(() -> parent.evaluate(batch)),
          catchThrowable(() -> parent.removeTokens(1, 0, 5)),
          catchThrowable(() -> parent.shiftTokens(1, 0, 5, 1)),
          catchThrowable(() -> parent.copySequence(1, 0)),
          catchThrowable(() -> fork.copySequence(1, 0)));
      assertThat(refused)
          .allSatisfy(
              e ->
                  assertThat(e)
                      .isInstanceOf(IllegalArgumentException.class)
                      .hasMessageContaining("belongs to another session"));
      fork.evaluate(batch);
      Batch third = new Batch();
      third.add(1, 0, 2, true);
      parent.evaluate(third);
      try (Session next = parent.fork()) {
        assertThat(next.sequence()).as("two is taken by hand").isEqualTo(3);
      }
      parent.reset();
      assertThat(fork.nPast()).as("nobody else's text is forgotten").isEqualTo(1);
      assertThat(parent.nPast(2)).isZero();
    }
  }

  /** A generation that stops in a processor until it may go on, on a thread of its own. */
  private static final class Held {
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch mayGo = new CountDownLatch(1);
    private final AtomicReference<Throwable> thrown = new AtomicReference<>();
    private final Generation generation;
    private final Thread thread;

    Held(Session session) throws InterruptedException {
      GenerationConfig config =
          GenerationConfig.greedy()
              .withMaxTokens(3)
              .withProcessor(
                  logits -> {
                    entered.countDown();
                    try {
                      mayGo.await();
                    } catch (InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                  });
      generation = session.generate(NO_TOKENS, config);
      thread = new Thread(() -> thrown.set(catchThrowable(generation::text)), "holder");
      thread.start();
      entered.await();
    }

    void release() throws InterruptedException {
      mayGo.countDown();
      thread.join();
    }
  }

  @Test
  void aFamilyServesOneThread() throws Exception {
    try (Session parent = model.newSession(FLASH)) {
      parent.prefill(1, 2, 3);
      Session fork = parent.fork();
      Held held = new Held(parent);
      assertThatIllegalStateException()
          .isThrownBy(() -> fork.append(4))
          .withMessageContaining("holder")
          .withMessageContaining("forks");
      held.release();
      assertThat(held.thrown.get()).isNull();
      fork.append(4);
      fork.close();
    }
  }

  @Test
  void aForkIsClosedWithoutWaitingForItsParent() throws Exception {
    try (Session parent = model.newSession(FLASH)) {
      parent.prefill(1, 2, 3);
      Session fork = parent.fork();
      fork.append(4, 5);
      Held held = new Held(parent);
      fork.cancel(); // it is not the fork that runs
      fork.close();
      assertThatIllegalStateException()
          .isThrownBy(() -> fork.append(4))
          .withMessageContaining("closed");
      assertThat(parent.cache().used()).as("until the step has ended").isGreaterThanOrEqualTo(5);
      held.release();
      assertThat(held.thrown.get()).isNull();
      assertThat(held.generation.stopReason()).contains(StopReason.TOKEN_LIMIT);
      assertThat(parent.cache().used()).isEqualTo(parent.nPast());
      try (Session again = parent.fork()) {
        assertThat(again.sequence()).isEqualTo(fork.sequence());
      }
    }
  }

  @Test
  void aParentIsStoppedAndItsForkGoesOn() throws Exception {
    Session parent = model.newSession(FLASH);
    parent.prefill(1, 2, 3);
    try (Session fork = parent.fork()) {
      Held held = new Held(parent);
      Thread closer = new Thread(parent::close);
      closer.start();
      while (closer.getState() != Thread.State.WAITING) {
        Thread.onSpinWait(); // for the step to end
      }
      held.release();
      closer.join();
      assertThat(held.thrown.get()).isInstanceOf(IllegalStateException.class);
      assertThat(new Recorded(fork, NO_TOKENS, 1, 5).all().tokens()).hasSize(5);
      assertThat(fork.cache().used()).isEqualTo(fork.nPast());
    }
  }

  /** A sampler may try things out on a fork of its own session. */
  @Test
  void aForkIsUsedInsideAStepOfItsParent() {
    try (Session parent = model.newSession(FLASH);
        Session alone = model.newSession(FLASH)) {
      int[] prompt = WordModel.text(30, 1);
      List<Integer> lengths = new ArrayList<>();
      GenerationConfig looking =
          GenerationConfig.greedy()
              .withMaxTokens(5)
              .withProcessor(
                  logits -> {
                    try (Session fork = parent.fork()) {
                      fork.generate(NO_TOKENS, GenerationConfig.greedy().withMaxTokens(3)).text();
                      fork.cancel();
                      lengths.add(fork.tokens().length);
                    }
                  });
      int[] tokens = tokens(parent.generate(prompt, looking));
      int[] expected = tokens(alone.generate(prompt, GenerationConfig.greedy().withMaxTokens(5)));
      assertThat(tokens).isEqualTo(expected);
      assertThat(lengths).containsExactly(33, 34, 35, 36, 37);
    }
  }

  /** What one session guessed ahead is neither text nor logits of another one. */
  @Test
  void speculationOfOneDoesNotDisturbTheOthers() {
    int[] prompt = WordModel.text(40, 1);
    GenerationConfig config = GenerationConfig.greedy().withMaxTokens(60);
    GenerationConfig guessing = config.withSpeculation(Speculation.draft(model));
    try (Session parent = model.newSession(FLASH);
        Session alone = model.newSession(FLASH)) {
      parent.prefill(prompt);
      alone.prefill(prompt);
      int[] expected = tokens(alone.generate(NO_TOKENS, config));
      try (Session fork = parent.fork()) {
        Iterator<Piece> a = parent.generate(NO_TOKENS, guessing).iterator();
        Iterator<Piece> b = fork.generate(NO_TOKENS, guessing).iterator();
        List<Integer> tokensA = new ArrayList<>();
        List<Integer> tokensB = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
          tokensA.add(a.next().token());
          assertThat(parent.tokens()).hasSize(40 + tokensA.size());
          if (i % 3 == 0) {
            for (int j = 0; j < 3; j++) {
              tokensB.add(b.next().token());
            }
            try (Session third = parent.fork()) {
              assertThat(third.tokens()).isEqualTo(parent.tokens());
            }
          }
        }
        assertThat(tokensA).containsExactlyElementsOf(Arrays.stream(expected).boxed().toList());
        assertThat(tokensB).isEqualTo(tokensA);
      }
    }
  }

  @Test
  void aForkIsContinuedInSeveralWaysAtOnce() {
    GenerationConfig config = GenerationConfig.defaults().withMaxTokens(12).withSeed(5);
    try (Session parent = model.newSession(FLASH);
        Session alone = model.newSession(FLASH)) {
      parent.append(WordModel.text(70, 1));
      try (Session fork = parent.fork();
          ParallelGeneration others = parent.parallel(new int[] {9}, 2)) {
        others.add(NO_TOKENS, config);
        fork.append(3, 4);
        others.step();
        List<int[]> actual =
            fork.generateAll(NO_TOKENS, 3, config).stream().map(Hypothesis::tokenIds).toList();
        others.step();
        for (int i = 0; i < 3; i++) {
          alone.prefill(fork.tokens());
          int[] expected = tokens(alone.generate(NO_TOKENS, config.withSeed(5 + i)));
          assertThat(actual.get(i)).isEqualTo(expected);
        }
        assertThat(fork.tokens()).hasSize(72);
        assertThat(tokens(fork.generate(NO_TOKENS, config))).isEqualTo(actual.get(0));
      }
    }
  }

  /** Texts of a model with windows, whose cells are used again. */
  @Test
  void forksOfAModelWithWindows() throws IOException {
    try (Model windows = Model.load(Toys.byName("gemma2").write(folder));
        Session parent = windows.newSession(FLASH.withContext(1024).withBatch(64));
        Session alone = windows.newSession(FLASH.withContext(1024).withBatch(64))) {
      int nVocab = windows.hparams().nVocab();
      int[] text = Logit.tokens(500, nVocab);
      float[] row = new float[nVocab];
      float[] expected = new float[nVocab];
      parent.append(Arrays.copyOf(text, 300));
      try (Session fork = parent.fork()) {
        parent.append(Logit.tokens(150, nVocab));
        fork.append(Arrays.copyOfRange(text, 300, 400));
        parent.append(5);
        fork.append(Arrays.copyOfRange(text, 400, 500));
        alone.append(Arrays.copyOf(text, 300));
        alone.append(Arrays.copyOfRange(text, 300, 400));
        alone.append(Arrays.copyOfRange(text, 400, 500));
        fork.readLogits(0, row);
        alone.readLogits(0, expected);
        assertThat(row).containsExactly(expected);

        fork.rewind(20); // of which the windows know nothing any more
        assertThat(fork.tokens()).isEqualTo(Arrays.copyOf(text, 20));
        fork.append(Arrays.copyOfRange(text, 20, 30));
        alone.reset();
        alone.append(Arrays.copyOf(text, 30));
        fork.readLogits(0, row);
        alone.readLogits(0, expected);
        assertThat(row).containsExactly(expected);
      }
    }
  }

  private static int[] tokens(Generation generation) {
    return generation.stream().mapToInt(Piece::token).toArray();
  }
}
