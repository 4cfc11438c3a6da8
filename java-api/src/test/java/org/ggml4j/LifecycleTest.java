package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.ggml4j.ggml.GgmlException;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening and closing, from one thread and from several, in the right order and in any other. */
class LifecycleTest {
  private static final int[] TOKENS = Logit.tokens(24);

  @TempDir Path folder;

  private Path file() throws IOException {
    return TinyGguf.small().write(folder);
  }

  @Test
  void aClosedModelRefusesEverything() throws IOException {
    Model model = Model.load(file());
    model.close();
    Map<String, ThrowingCallable> uses = new LinkedHashMap<>();
    uses.put("newSession", model::newSession);
    uses.put("metadata", model::metadata);
    uses.put("hparams", model::hparams);
    uses.put("tokenizer", model::tokenizer);
    uses.put("placement", model::placement);
    uses.put("nativeBytes", model::nativeBytes);
    uses.forEach(
        (name, use) ->
            assertThatIllegalStateException()
                .as(name)
                .isThrownBy(use)
                .withMessageContaining("closed"));
    model.close();
  }

  @Test
  void aClosedSessionRefusesEverything() throws IOException {
    try (Model model = Model.load(file())) {
      Session session = model.newSession(Logit.EXACT);
      Logit.batch(session, 0, TOKENS);
      session.close();
      Batch batch = new Batch();
      batch.add(1, 0, 0, true);
      Map<String, ThrowingCallable> uses = new LinkedHashMap<>();
      uses.put("evaluate", () -> session.evaluate(batch));
      uses.put("append", () -> session.append(1));
      uses.put("generate", () -> session.generate(new int[] {1}, GenerationConfig.greedy()));
      uses.put("readLogits", () -> session.readLogits(0, new float[TinyGguf.VOCAB]));
      uses.put("nOutputs", session::nOutputs);
      uses.put("fork", session::fork);
      uses.put("rewind", () -> session.rewind(0));
      uses.put("tokens", session::tokens);
      uses.put("prefill", () -> session.prefill(1));
      uses.put("save", () -> session.save(folder.resolve("closed")));
      uses.put("restore", () -> session.restore(folder.resolve("closed")));
      uses.put("commonBegin", () -> session.commonBegin(1));
      uses.put("nPast", session::nPast);
      uses.put("removeTokens", () -> session.removeTokens(0, 0, 1));
      uses.put("copySequence", () -> session.copySequence(0, 1));
      uses.put("shiftTokens", () -> session.shiftTokens(0, 0, 1, 1));
      uses.put("reset", session::reset);
      uses.forEach(
          (name, use) ->
              assertThatIllegalStateException()
                  .as(name)
                  .isThrownBy(use)
                  .withMessageContaining("closed"));
      session.cancel();
      session.close();
      assertThat(Logit.alone(model, Logit.EXACT, TOKENS)).hasNumberOfRows(TOKENS.length);
    }
  }

  @Test
  void aModelClosesItsSessions() throws IOException {
    Model model = Model.load(file());
    Session first = model.newSession(Logit.EXACT);
    Session second = model.newSession(Logit.EXACT);
    first.append(TOKENS);
    model.close();
    assertThatIllegalStateException().isThrownBy(() -> first.append(1));
    assertThatIllegalStateException().isThrownBy(() -> second.append(1));
    first.close();
    second.close();
    model.close();
    assertThat(OpenOwners.open()).isEmpty();
  }

  @Test
  void openOwnersAreKnown() throws IOException {
    try (Model model = Model.load(file())) {
      assertThat(OpenOwners.open()).hasSize(1);
      try (Session session = model.newSession(Logit.EXACT)) {
        assertThat(session.nCtx()).isEqualTo(256);
        assertThat(OpenOwners.open()).hasSize(2);
      }
      assertThat(OpenOwners.open()).hasSize(1);
    }
    assertThat(OpenOwners.open()).isEmpty();
  }

  /** A model that takes long enough for a batch that another thread meets it running. */
  private Model slow() throws IOException {
    TinyGguf file =
        new TinyGguf("llama", 8, 256, 4, 2, 1024, 0, 0, false, false, false, "none", GgmlType.F32);
    return Model.load(file.write(folder));
  }

  /** Evaluates the same batch again and again until it is stopped; what stopped it. */
  private static Throwable evaluateUntilStopped(Session session, CountDownLatch running) {
    Batch batch = new Batch();
    for (int i = 0; i < 512; i++) {
      batch.add(i % TinyGguf.VOCAB, i, 0, true);
    }
    return catchThrowable(
        () -> {
          while (true) {
            running.countDown();
            session.evaluate(batch);
            session.removeTokens(0, 0, Integer.MAX_VALUE);
          }
        });
  }

  private static Throwable stoppedBy(Session session, Runnable stop) throws InterruptedException {
    CountDownLatch running = new CountDownLatch(1);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread worker = new Thread(() -> thrown.set(evaluateUntilStopped(session, running)));
    worker.start();
    assertThat(running.await(60, TimeUnit.SECONDS)).isTrue();
    Thread.sleep(100);
    while (thrown.get() == null && worker.isAlive()) {
      stop.run();
      worker.join(200);
    }
    worker.join(60_000);
    assertThat(worker.isAlive()).as("still running").isFalse();
    return thrown.get();
  }

  @Test
  void closingASessionStopsWhatRuns() throws Exception {
    try (Model model = slow()) {
      Session session = model.newSession(Logit.EXACT.withContext(512));
      long begin = System.nanoTime();
      Throwable thrown = stoppedBy(session, session::close);
      assertThat(System.nanoTime() - begin).isLessThan(60_000_000_000L);
      assertThat(thrown).isInstanceOfAny(GgmlException.class, IllegalStateException.class);
      if (thrown instanceof GgmlException e) {
        assertThat(e.status()).isEqualTo(GgmlException.Status.ABORTED);
      }
    }
  }

  @Test
  void closingAModelStopsWhatRuns() throws Exception {
    Model model = slow();
    Session session = model.newSession(Logit.EXACT.withContext(512));
    Throwable thrown = stoppedBy(session, model::close);
    assertThat(thrown).isInstanceOfAny(GgmlException.class, IllegalStateException.class);
  }

  @Test
  void aCancelledSessionGoesOn() throws Exception {
    try (Model model = slow();
        Session session = model.newSession(Logit.EXACT.withContext(512))) {
      GgmlException thrown = (GgmlException) stoppedBy(session, session::cancel);
      assertThat(thrown.status()).isEqualTo(GgmlException.Status.ABORTED);
      session.removeTokens(0, 0, Integer.MAX_VALUE);
      session.cancel(); // nothing runs: nothing happens
      float[][] rows = Logit.batch(session, 0, TOKENS);
      assertThat(rows).isDeepEqualTo(Logit.alone(model, session.options(), TOKENS));
    }
  }

  /**
   * A thread that cancels all the time against one that moves its text to and fro and tries again:
   * the keys must be turned once for each move.
   */
  @Test
  void cancellingNeverLeavesHalfAShift() throws Exception {
    try (Model model = Model.load(TinyGguf.small().withLayers(8).write(folder));
        Session calm = model.newSession(Logit.EXACT);
        Session disturbed = model.newSession(Logit.EXACT)) {
      calm.append(TOKENS);
      disturbed.append(TOKENS);
      AtomicBoolean done = new AtomicBoolean();
      AtomicLong pause = new AtomicLong(20_000);
      Thread canceller =
          new Thread(
              () -> {
                while (!done.get()) {
                  disturbed.cancel();
                  LockSupport.parkNanos(pause.get());
                }
              });
      canceller.start();
      int aborted = 0;
      try {
        for (int i = 0; i < 200; i++) {
          int delta = i % 2 == 0 ? 5 : -5;
          calm.shiftTokens(0, 0, Integer.MAX_VALUE, delta);
          calm.append(7);
          disturbed.shiftTokens(0, 0, Integer.MAX_VALUE, delta);
          boolean appended = false;
          while (!appended) {
            try {
              disturbed.append(7);
              appended = true;
              pause.set(20_000);
            } catch (GgmlException e) {
              assertThat(e.status()).isEqualTo(GgmlException.Status.ABORTED);
              aborted++;
              pause.set(Math.min(1_000_000_000, 2 * pause.get())); // some time it must succeed
            }
          }
        }
      } finally {
        done.set(true);
        canceller.join();
      }
      assertThat(aborted).isPositive();
      assertThat(disturbed.nPast()).isEqualTo(calm.nPast());
      float[][] expected = Logit.batch(calm, 0, 3);
      assertThat(Logit.batch(disturbed, 0, 3)).isDeepEqualTo(expected);
    }
  }

  @Test
  void whatFailsLeavesTheSessionAsItWas() throws IOException {
    try (Model model = Model.load(file());
        Session session = model.newSession(Logit.EXACT)) {
      session.append(TOKENS);
      session.evaluator().abort();
      Batch again = new Batch();
      for (int i = 0; i < 3; i++) {
        again.add(5, 4 + i, 0, true); // positions that are taken
      }
      assertThatThrownBy(() -> session.evaluator().evaluate(again))
          .isInstanceOf(GgmlException.class)
          .hasMessageContaining("cancelled");
      assertThat(session.cache().used()).isEqualTo(TOKENS.length);
      assertThat(session.nPast()).isEqualTo(TOKENS.length);
      float[][] rows = Logit.batch(session, 0, 7);
      int[] text = Arrays.copyOf(TOKENS, TOKENS.length + 1);
      text[TOKENS.length] = 7;
      float[][] expected = Logit.alone(model, Logit.EXACT, text);
      assertThat(Logit.nmse(rows, Logit.last(expected, 1))).isLessThan(1e-10);
    }
  }

  @Test
  void aSecondThreadIsRefused() throws Exception {
    try (Model model = Model.load(file());
        Session session = model.newSession(Logit.EXACT)) {
      session.enter();
      try {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread other =
            new Thread(() -> thrown.set(catchThrowable(() -> session.append(1))), "other");
        other.start();
        other.join(60_000);
        assertThat(thrown.get())
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining(Thread.currentThread().getName());
      } finally {
        session.exit();
      }
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      Thread other = new Thread(() -> thrown.set(catchThrowable(() -> session.append(1))));
      other.start();
      other.join(60_000);
      assertThat(thrown.get()).as("one after the other").isNull();
      assertThat(session.nPast()).isEqualTo(1);
    }
  }

  /** Many threads with sessions of their own on one model get what one thread gets. */
  @Test
  void oneModelServesManyThreads() throws Exception {
    try (Model model = Model.load(file())) {
      float[][] expected = Logit.alone(model, Logit.EXACT, TOKENS);
      AtomicInteger equal = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Thread thread =
            new Thread(
                () -> {
                  for (int j = 0; j < 5; j++) {
                    float[][] rows = Logit.alone(model, Logit.EXACT, TOKENS);
                    if (Arrays.deepEquals(rows, expected)) {
                      equal.incrementAndGet();
                    }
                  }
                });
        threads.add(thread);
        thread.start();
      }
      for (Thread thread : threads) {
        thread.join(120_000);
      }
      assertThat(equal).hasValue(20);
    }
  }

  @Test
  void aSessionThatCannotBeIsGivenBack() throws IOException {
    TinyGguf.Content wide = TinyGguf.small().withLayers(1).withType(GgmlType.F16).content();
    widen(wide, 16_384); // 2^31 tokens of such keys exceed the address space of any machine
    Path path = folder.resolve("wide.gguf");
    wide.write(path);
    try (Model model = Model.load(path)) {
      SessionOptions endless = Logit.EXACT.withContext(Integer.MAX_VALUE);
      assertThatThrownBy(() -> model.newSession(endless))
          .isInstanceOf(GgmlException.class)
          .hasMessageContaining("no memory")
          .satisfies(e -> assertThat(((GgmlException) e).bytes()).isGreaterThan(1L << 47));
      assertThat(OpenOwners.open()).hasSize(1);
    }
    try (Model model = Model.load(file())) { // its heads are of 16
      SessionOptions blocks = SessionOptions.defaults().withKvType(GgmlType.Q8_0);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.newSession(blocks))
          .withMessageContaining("16")
          .withMessageContaining("Q8_0");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.newSession(Logit.EXACT.withThreads(1_000_000)))
          .withMessageContaining("threads");
      assertThat(OpenOwners.open()).hasSize(1);
      assertThat(Logit.alone(model, Logit.EXACT, TOKENS)).hasNumberOfRows(TOKENS.length);
    }
  }

  private static void widen(TinyGguf.Content c, int headDim) {
    c.metadata.put("llama.attention.key_length", headDim);
    c.metadata.put("llama.attention.value_length", headDim);
    c.metadata.put("llama.rope.dimension_count", headDim);
    String b = "blk.0.attn_";
    c.tensors.put(b + "q.weight", TinyGguf.Stored.zeros(GgmlType.F16, 64, 4L * headDim));
    c.tensors.put(b + "k.weight", TinyGguf.Stored.zeros(GgmlType.F16, 64, 2L * headDim));
    c.tensors.put(b + "v.weight", TinyGguf.Stored.zeros(GgmlType.F16, 64, 2L * headDim));
    c.tensors.put(b + "output.weight", TinyGguf.Stored.zeros(GgmlType.F16, 4L * headDim, 64));
  }

  @Test
  void progressRisesToOne() throws IOException {
    for (boolean mmap : new boolean[] {true, false}) {
      List<Double> reports = new ArrayList<>();
      ModelOptions options =
          ModelOptions.defaults().withMmap(mmap).withProgress(f -> reports.add(f));
      Model.load(file(), options).close();
      assertThat(reports).isSorted().hasSizeGreaterThan(20);
      assertThat(reports.get(0)).isZero();
      assertThat(reports.get(reports.size() - 1)).isEqualTo(1.0);
    }
  }

  @Test
  void loadingCanBeCancelledAtEachReport() throws IOException {
    Path path = file();
    List<Double> all = new ArrayList<>();
    Model.load(path, ModelOptions.defaults().withProgress(all::add)).close();
    for (int stop = 0; stop < all.size(); stop += 5) {
      int at = stop;
      AtomicInteger n = new AtomicInteger();
      ModelOptions options = ModelOptions.defaults().withProgress(f -> n.getAndIncrement() < at);
      assertThatThrownBy(() -> Model.load(path, options))
          .isInstanceOf(CancellationException.class)
          .hasMessageContaining(path.toString());
      assertThat(n).hasValue(at + 1);
      assertThat(OpenOwners.open()).isEmpty();
    }
    ModelOptions failing =
        ModelOptions.defaults()
            .withProgress(
                f -> {
                  throw new UnsupportedOperationException("from the listener");
                });
    assertThatThrownBy(() -> Model.load(path, failing)).hasMessage("from the listener");
  }

  @Test
  void theWaysToLoadAgree() throws IOException {
    for (GgmlType type : new GgmlType[] {GgmlType.F32, GgmlType.Q8_0, GgmlType.Q4_0}) {
      Path path = TinyGguf.llama().withTied().withType(type).write(folder);
      float[][] mapped = logits(path, ModelOptions.defaults().withRepack(false));
      assertThat(logits(path, ModelOptions.defaults().withRepack(false).withMmap(false)))
          .isDeepEqualTo(mapped);
      assertThat(logits(path, ModelOptions.defaults().withRepack(false).withMlock(true)))
          .isDeepEqualTo(mapped);
      // Kernels of rearranged weights may round what they multiply in larger blocks.
      assertThat(Logit.nmse(logits(path, ModelOptions.defaults()), mapped)).isLessThan(1e-3);
      assertThat(Logit.nmse(logits(path, ModelOptions.defaults().withMmap(false)), mapped))
          .isLessThan(1e-3);
    }
  }

  private static float[][] logits(Path path, ModelOptions options) throws IOException {
    try (Model model = Model.load(path, options)) {
      assertThat(model.nativeBytes()).isPositive();
      assertThat(model.placement()).contains("llama, 2").contains("MiB");
      return Logit.alone(model, Logit.EXACT, TOKENS);
    }
  }

  @Test
  void anyNumberOfThreadsGivesTheSame() throws IOException {
    try (Model model = Model.load(TinyGguf.llama().write(folder))) {
      float[][] one = Logit.alone(model, Logit.EXACT.withThreads(1), TOKENS);
      for (int threads : new int[] {2, 3}) {
        float[][] more = Logit.alone(model, Logit.EXACT.withThreads(threads), TOKENS);
        assertThat(Logit.nmse(more, one)).isLessThan(1e-10);
      }
    }
  }

  @Test
  void aModelCanBeLoadedAndClosedOften() throws IOException {
    Path path = file();
    float[][] first = logitsOf(path);
    for (int i = 0; i < 50; i++) {
      assertThat(logitsOf(path)).isDeepEqualTo(first);
    }
  }

  private static float[][] logitsOf(Path path) throws IOException {
    try (Model model = Model.load(path)) {
      return Logit.alone(model, Logit.EXACT, TOKENS);
    }
  }
}
