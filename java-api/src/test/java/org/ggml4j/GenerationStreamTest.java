package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.ggml4j.decode.StopReason;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A generation as a stream and as a publisher; the rules' numbers are those of Reactive Streams.
 */
@NothingStaysOpen.Shared
class GenerationStreamTest {
  private static final Executor HERE = Runnable::run;

  @TempDir static Path folder;
  private static Model model;
  private Session session;
  private final AtomicInteger computed = new AtomicInteger();

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(WordModel.write(TinyGguf.small(), folder));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @BeforeEach
  void open() {
    session = model.newSession(SessionOptions.defaults().withContext(4096).withThreads(1));
  }

  @AfterEach
  void closeSession() {
    session.close();
  }

  /** So many foxes, counted as they are computed. */
  private Generation foxes(int n) {
    GenerationConfig config =
        GenerationConfig.defaults()
            .withMaxTokens(n)
            .withSampler(
                logits -> {
                  computed.incrementAndGet();
                  return WordModel.word(" fox");
                });
    return session.generate("the", config);
  }

  /** Notes what it is told. */
  private static final class Reader implements Flow.Subscriber<Piece> {
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Throwable> errors = new ArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final BiConsumer<Reader, Piece> onNext;
    private final long atOnce;
    private int completions;
    private Flow.@Nullable Subscription subscription;

    Reader(long atOnce, BiConsumer<Reader, Piece> onNext) {
      this.atOnce = atOnce;
      this.onNext = onNext;
    }

    Flow.Subscription subscription() {
      if (subscription == null) {
        throw new AssertionError("1.9: onSubscribe comes first");
      }
      return subscription;
    }

    @Override
    public void onSubscribe(Flow.Subscription s) {
      subscription = s;
      if (atOnce != 0) {
        s.request(atOnce);
      }
    }

    @Override
    public void onNext(Piece piece) {
      subscription();
      assertThat(ended.getCount()).as("1.7: nothing after the end").isEqualTo(1);
      pieces.add(piece);
      onNext.accept(this, piece);
    }

    @Override
    public void onError(Throwable problem) {
      subscription();
      errors.add(problem);
      ended.countDown();
    }

    @Override
    public void onComplete() {
      subscription();
      completions++;
      ended.countDown();
    }
  }

  private static Reader reader(long atOnce) {
    return new Reader(atOnce, (r, piece) -> {});
  }

  @Test
  void nothingIsComputedBeforeItIsDemanded() {
    Reader reader = reader(0);
    foxes(6).publisher(HERE).subscribe(reader);
    assertThat(computed).hasValue(0);
    reader.subscription().request(2);
    assertThat(reader.pieces).hasSize(2);
    assertThat(computed).hasValue(2);
    reader.subscription().request(3);
    assertThat(computed).hasValue(5);
    assertThat(reader.completions).isZero();
    reader.subscription().request(1);
    assertThat(reader.pieces).hasSize(6).allSatisfy(p -> assertThat(p.text()).isEqualTo(" fox"));
    assertThat(reader.completions).as("at once, without more demand").isEqualTo(1);
    reader.subscription().request(1);
    reader.subscription().cancel();
    assertThat(reader.completions).isEqualTo(1);
    assertThat(reader.errors).isEmpty();
  }

  /**
   * What was demanded, but not delivered, is never more than what was computed: nothing piles up.
   */
  @Test
  void aSlowReaderHoldsTheModelBack() {
    Reader reader =
        new Reader(
            1,
            (r, piece) -> {
              assertThat(computed).hasValue(r.pieces.size());
              r.subscription().request(1);
            });
    foxes(3000).publisher(HERE).subscribe(reader); // rule 3.3: no recursion that deep
    assertThat(reader.pieces).hasSize(3000);
    assertThat(reader.completions).isEqualTo(1);
  }

  @Test
  void aThreadOfItsOwnComputes() throws Exception {
    AtomicReference<Thread> thread = new AtomicReference<>();
    Reader reader = new Reader(Long.MAX_VALUE, (r, piece) -> thread.set(Thread.currentThread()));
    Generation generation = foxes(20);
    generation.publisher().subscribe(reader);
    assertThat(reader.ended.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(reader.pieces).hasSize(20);
    assertThat(reader.errors).isEmpty();
    assertThat(thread.get()).isNotSameAs(Thread.currentThread());
    assertThat(thread.get().isDaemon()).isTrue();
    assertThat(generation.text()).isEqualTo(" fox".repeat(20));
    assertThat(generation.stopReason()).contains(StopReason.TOKEN_LIMIT);
  }

  @Test
  void demandAddsUpWithoutOverflow() {
    Reader reader = new Reader(Long.MAX_VALUE, (r, p) -> r.subscription().request(Long.MAX_VALUE));
    foxes(50).publisher(HERE).subscribe(reader);
    assertThat(reader.pieces).hasSize(50);
    assertThat(reader.completions).isEqualTo(1);
  }

  @Test
  void aDemandOfNothingIsAnError() {
    for (long bad : new long[] {0, -1, Long.MIN_VALUE}) {
      session.reset();
      Reader reader = reader(2);
      Generation generation = foxes(10);
      generation.publisher(HERE).subscribe(reader);
      reader.subscription().request(bad);
      assertThat(reader.errors).hasSize(1);
      assertThat(reader.errors.get(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("3.9")
          .hasMessageContaining(String.valueOf(bad));
      reader.subscription().request(5);
      assertThat(reader.pieces).hasSize(2);
      assertThat(reader.completions).isZero();
      assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
    }
  }

  @Test
  void thereIsOneSubscriber() {
    Generation generation = foxes(3);
    Flow.Publisher<Piece> publisher = generation.publisher(HERE);
    Reader first = reader(1);
    publisher.subscribe(first);
    for (Flow.Publisher<Piece> again : List.of(publisher, generation.publisher(HERE))) {
      Reader second = reader(1);
      again.subscribe(second);
      assertThat(second.errors).hasSize(1);
      assertThat(second.errors.get(0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(again.equals(publisher) ? "one subscriber" : "once");
      assertThat(second.pieces).isEmpty();
      second.subscription().request(1);
      second.subscription().cancel();
    }
    assertThatNullPointerException().isThrownBy(() -> publisher.subscribe(null));
    first.subscription().request(5);
    assertThat(first.pieces).hasSize(3);
    assertThatThrownBy(generation::iterator).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aCancelledSubscriptionIsSilent() {
    Reader reader =
        new Reader(
            Long.MAX_VALUE,
            (r, piece) -> {
              if (r.pieces.size() == 4) {
                r.subscription().cancel();
                r.subscription().cancel();
                r.subscription().request(1);
                r.subscription().request(-1);
              }
            });
    Generation generation = foxes(100);
    generation.publisher(HERE).subscribe(reader);
    assertThat(reader.pieces).hasSize(4);
    assertThat(computed).hasValue(4);
    assertThat(reader.completions).isZero();
    assertThat(reader.errors).isEmpty();
    assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
    assertThat(session.tokens()).as("BOS, the, four foxes").hasSize(6);
    assertThat(foxes(2).text()).isEqualTo(" fox fox");
  }

  /** A step that was cancelled is waited for, not run into. */
  @Test
  void anotherThreadGoesOnAfterCancelling() throws Exception {
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    GenerationConfig config =
        GenerationConfig.greedy()
            .withProcessor(
                logits -> {
                  inStep.countDown();
                  awaitCalmly(mayEnd);
                });
    Reader reader = reader(Long.MAX_VALUE);
    Generation generation = session.generate("the", config);
    generation.publisher().subscribe(reader);
    inStep.await();
    reader.subscription().cancel();
    AtomicReference<String> text = new AtomicReference<>("");
    Thread next = new Thread(() -> text.set(foxes(2).text()));
    next.start();
    while (next.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    mayEnd.countDown();
    next.join();
    assertThat(text.get()).isEqualTo(" fox fox");
    assertThat(reader.pieces).isEmpty();
    assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
  }

  private static void awaitCalmly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whatFailsArrivesAsAnError() {
    GenerationConfig config =
        GenerationConfig.greedy()
            .withProcessor(
                logits -> {
                  if (computed.incrementAndGet() == 3) {
                    throw new UnsupportedOperationException("from the processor");
                  }
                });
    Reader reader = reader(Long.MAX_VALUE);
    session.generate("the", config).publisher(HERE).subscribe(reader);
    assertThat(reader.pieces).hasSize(2);
    assertThat(reader.errors).hasSize(1);
    assertThat(reader.errors.get(0)).hasMessage("from the processor");
    assertThat(reader.completions).isZero();

    Reader late = reader(0);
    foxes(5).publisher(HERE).subscribe(late);
    session.append(1);
    late.subscription().request(1);
    assertThat(late.errors).hasSize(1);
    assertThat(late.errors.get(0)).hasMessageContaining("something else");
  }

  @Test
  void aReaderThatThrowsHasCancelled() {
    Reader reader =
        new Reader(
            0,
            (r, piece) -> {
              throw new UnsupportedOperationException("from the reader");
            });
    Generation generation = foxes(5);
    generation.publisher(HERE).subscribe(reader);
    assertThatThrownBy(() -> reader.subscription().request(5)).hasMessage("from the reader");
    reader.subscription().request(1);
    assertThat(reader.pieces).hasSize(1);
    assertThat(reader.errors).isEmpty();
    assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
  }

  @Test
  void anExecutorThatRefusesIsAnError() {
    Reader reader = reader(1);
    Executor closed =
        task -> {
          throw new RejectedExecutionException("closed");
        };
    foxes(5).publisher(closed).subscribe(reader);
    assertThat(reader.errors).hasSize(1);
    assertThat(reader.errors.get(0)).isInstanceOf(RejectedExecutionException.class);
    assertThat(computed).hasValue(0);
  }

  @Test
  void aStreamComputesWhatIsRead() {
    Generation generation = foxes(100);
    try (Stream<Piece> pieces = generation.stream()) {
      assertThat(pieces.limit(3).map(Piece::text).toList()).hasSize(3);
    }
    assertThat(computed).hasValue(3);
    assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
  }

  /** A model whose prompt of 4,000 tokens takes seconds. */
  private static Path slow() throws IOException {
    return WordModel.write(TinyGguf.llama().withLayers(12), folder);
  }

  /**
   * Cancelling stops a prompt in the middle of a batch: the whole prompt is one batch, and it is
   * not evaluated.
   */
  @Test
  void aLongPromptIsCancelledInTheMiddle() throws Exception {
    try (Model large = Model.load(slow())) {
      for (int nBatch : new int[] {4000, 512}) {
        SessionOptions options =
            SessionOptions.defaults().withContext(8192).withBatch(nBatch).withThreads(1);
        try (Session writing = large.newSession(options)) {
          writing.append(WordModel.text(10, 1));
          float[] expected = new float[large.hparams().nVocab()];
          writing.readLogits(0, expected);
          int[] before = writing.tokens();
          Generation generation =
              writing.generate(WordModel.text(4000, 2), GenerationConfig.greedy());
          Thread reading = new Thread(generation::text);
          reading.start();
          awaitComputing(reading);
          generation.cancel();
          assertThat(writing.tokens()).as("waits until it has stopped").isEqualTo(before);
          reading.join();
          assertThat(generation.stopReason()).contains(StopReason.CANCELLED);
          assertThat(generation.text()).isEmpty();
          assertThat(writing.cache().used()).isEqualTo(10);
          writing.rewind(9);
          writing.append(before[9]);
          float[] row = new float[expected.length];
          writing.readLogits(0, row);
          assertThat(Logit.nmse(new float[][] {row}, new float[][] {expected})).isLessThan(1e-5);
        }
      }
    }
  }

  private static void awaitComputing(Thread thread) {
    while (Arrays.stream(thread.getStackTrace())
        .noneMatch(frame -> frame.getMethodName().equals("ggml_backend_sched_graph_compute"))) {
      assertThat(thread.isAlive()).isTrue();
    }
  }

  @Test
  void theReaderSeesWhatAnIteratorSees() {
    int[] expected =
        session.generate("the fox", GenerationConfig.greedy().withMaxTokens(20)).stream()
            .mapToInt(Piece::token)
            .toArray();
    session.reset();
    Reader reader = reader(Long.MAX_VALUE);
    session
        .generate("the fox", GenerationConfig.greedy().withMaxTokens(20))
        .publisher(HERE)
        .subscribe(reader);
    int[] seen = reader.pieces.stream().mapToInt(Piece::token).toArray();
    assertThat(seen).isEqualTo(expected);
    assertThat(Arrays.stream(seen).count()).isEqualTo(20);
  }
}
