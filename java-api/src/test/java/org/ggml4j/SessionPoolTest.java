package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ggml4j.Recorded.NO_TOKENS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.ggml4j.decode.StopReason;
import org.ggml4j.nn.ContextFullException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that begin as others did. */
@NothingStaysOpen.Shared
class SessionPoolTest {
  private static final SessionOptions OPTIONS =
      SessionOptions.defaults().withContext(2048).withThreads(1);
  private static final int[] PREFIX = WordModel.text(150, 3);

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

  private static int[] concat(int[] a, int... b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  /** A request that evaluates what it asks for and generates nothing. */
  private static void request(SessionPool pool, int... tokens) {
    try (Session session = pool.acquire(tokens)) {
      session.append();
    }
  }

  @Test
  void aRequestBeginsWithTheLongestBeginThatIsKnown() {
    try (SessionPool pool = model.newSessionPool(OPTIONS, 8);
        Session alone = model.newSession(OPTIONS)) {
      request(pool, concat(PREFIX, WordModel.text(30, 1)));
      request(pool, concat(PREFIX, concat(WordModel.text(20, 2), WordModel.text(20, 4))));
      assertThat(pool.kept()).isEqualTo(2);
      assertThat(pool.usedCells()).as("and a page's part").isEqualTo(150 + 30 + 40 + 150 % 64);

      int[] third = concat(PREFIX, concat(WordModel.text(20, 2), WordModel.text(9, 5)));
      try (Session session = pool.acquire(third)) {
        assertThat(session.tokens()).isEqualTo(third);
        assertThat(session.nPast()).isEqualTo(170);
        Recorded actual = new Recorded(session, NO_TOKENS, 1, 40).all();
        assertThat(actual.generation().stats().promptTokens()).isEqualTo(9);
        alone.append(PREFIX);
        alone.append(concat(WordModel.text(20, 2), WordModel.text(20, 4)));
        alone.rewind(170);
        actual.assertEquals(new Recorded(alone, WordModel.text(9, 5), 1, 40).all());
      }
      assertThat(pool.kept()).isEqualTo(3);
      try (Session other = pool.acquire(5, 6, 7)) {
        assertThat(other.nPast()).isZero();
        assertThat(other.tokens()).containsExactly(5, 6, 7);
      }
      assertThat(pool.kept()).as("nothing was evaluated").isEqualTo(3);
    }
  }

  @Test
  void aConversationIsOneText() {
    try (SessionPool pool = model.newSessionPool(OPTIONS, 8)) {
      int[] text = PREFIX;
      for (int turn = 0; turn < 5; turn++) {
        try (Session session = pool.acquire(text)) {
          int known = turn == 0 ? 0 : text.length - 11; // the answer's last token was not evaluated
          assertThat(session.nPast()).isEqualTo(known);
          new Recorded(session, NO_TOKENS, turn, 20).all();
          text = concat(session.tokens(), WordModel.text(10, turn));
        }
        assertThat(pool.kept()).as("the begin is part of it").isEqualTo(1);
        assertThat(pool.usedCells()).isEqualTo(text.length - 11);
      }
      int[] first = Arrays.copyOf(text, 100);
      request(pool, first);
      assertThat(pool.kept()).as("so is a shorter one").isEqualTo(1);
    }
  }

  @Test
  void aTextInUseIsABeginToo() {
    try (SessionPool pool = model.newSessionPool(OPTIONS, 8);
        Session alone = model.newSession(OPTIONS);
        Session first = pool.acquire(PREFIX)) {
      Recorded one = new Recorded(first, NO_TOKENS, 1, 50);
      one.step();
      try (Session second = pool.acquire(concat(PREFIX, 7, 8))) {
        assertThat(second.nPast()).isEqualTo(150);
        Recorded two = new Recorded(second, NO_TOKENS, 2, 50);
        while (one.step() && two.step()) {
          // by turns
        }
        two.all();
        alone.prefill(PREFIX);
        try (Session fork = alone.fork()) {
          two.assertEquals(new Recorded(fork, new int[] {7, 8}, 2, 50).all());
        }
        one.assertEquals(new Recorded(alone, NO_TOKENS, 1, 50).all());
      }
    }
  }

  @Test
  void theTextThatWasNotUsedForLongestIsForgotten() {
    try (SessionPool pool = model.newSessionPool(OPTIONS, 3)) {
      for (int i = 10; i < 14; i++) {
        request(pool, i, i, i);
        request(pool, 10, 10, 10, 10); // used each time
      }
      assertThat(pool.kept()).isEqualTo(3);
      assertThat(pool.usedCells()).isEqualTo(3 + 3 + 4);
      for (int i : new int[] {13, 12, 10, 11}) {
        try (Session session = pool.acquire(i, i, i)) {
          assertThat(session.nPast()).as("text %d", i).isEqualTo(i == 11 ? 0 : 3);
        }
      }
    }
  }

  @Test
  void keptTextsMakeRoomForOthers() {
    SessionOptions small = OPTIONS.withContext(512);
    try (SessionPool pool = model.newSessionPool(small, 8);
        Session alone = model.newSession(small)) {
      for (int i = 0; i < 4; i++) {
        request(pool, WordModel.text(120, i));
      }
      assertThat(pool.usedCells()).isEqualTo(480);
      try (Session session = pool.acquire(WordModel.text(300, 9))) {
        Recorded actual = new Recorded(session, NO_TOKENS, 1, 212).all();
        assertThat(actual.generation().stopReason()).contains(StopReason.TOKEN_LIMIT);
        Recorded expected = new Recorded(alone, WordModel.text(300, 9), 1, 212).all();
        assertThat(actual.tokens()).isEqualTo(expected.tokens());
        assertThat(pool.kept()).isZero();
        try (Session second = pool.acquire(1, 2, 3)) {
          assertThatThrownBy(() -> second.generate(GenerationConfig.greedy()))
              .as("texts in use stay")
              .isInstanceOf(ContextFullException.class);
        }
      }
      assertThat(pool.kept()).isEqualTo(1);
      try (Session session = pool.acquire(7)) {
        assertThat(session.generateAll("", 4, GenerationConfig.greedy().withMaxTokens(100)))
            .as("a search makes room too")
            .allMatch(
                h ->
                    h.tokens().size() == 100
                        || h.reason().equals(Optional.of(StopReason.END_OF_TEXT)));
      }
    }
  }

  @Test
  void threadsTakeTurns() throws InterruptedException, ExecutionException {
    int nThreads = 8;
    List<Recorded> expected = new ArrayList<>();
    try (Session alone = model.newSession(OPTIONS)) {
      for (int i = 0; i < nThreads; i++) {
        alone.prefill(PREFIX);
        expected.add(new Recorded(alone, WordModel.text(10, i + 5), i, 30).all());
        alone.rewind(0);
      }
    }
    ExecutorService executor = Executors.newFixedThreadPool(nThreads);
    try (SessionPool pool = model.newSessionPool(OPTIONS, 8)) {
      request(pool, PREFIX);
      for (int round = 0; round < 2; round++) {
        List<Future<Recorded>> results = new ArrayList<>();
        for (int i = 0; i < nThreads; i++) {
          int seed = i;
          results.add(
              executor.submit(
                  () -> {
                    int[] request = concat(PREFIX, WordModel.text(10, seed + 5));
                    try (Session session = pool.acquire(request)) {
                      session.rewind(150); // the same steps in each round
                      return new Recorded(session, WordModel.text(10, seed + 5), seed, 30).all();
                    }
                  }));
        }
        for (int i = 0; i < nThreads; i++) {
          results.get(i).get().assertEquals(expected.get(i));
        }
      }
      assertThat(pool.kept()).isEqualTo(8);
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void aTextThatLostItsMiddleIsNotKept() throws IOException {
    try (SessionPool pool = model.newSessionPool(OPTIONS.withContext(256).withContextShift(4), 4)) {
      try (Session session = pool.acquire(WordModel.text(200, 1))) {
        new Recorded(session, NO_TOKENS, 1, 100).all();
        try (Session other = pool.acquire(Arrays.copyOf(session.tokens(), 100))) {
          assertThat(other.nPast()).isZero();
        }
      }
      assertThat(pool.kept()).isZero();
      try (Session session = pool.acquire(1, 2, 3, 4, 5)) {
        session.append();
        session.removeTokens(session.sequence(), 1, 2);
      }
      assertThat(pool.kept()).isZero();
      Path file = folder.resolve("pool.session");
      try (Session session = pool.acquire(1, 2, 3, 4, 5)) {
        session.append();
        session.save(file);
        session.restore(file);
      }
      assertThat(pool.kept()).isZero();
      try (Session session = pool.acquire(1, 2, 3, 4, 5)) {
        session.restore(file);
        session.reset();
        session.append(6, 7);
      }
      assertThat(pool.kept()).isEqualTo(1);
    }
  }

  @Test
  void asManySessionsAsACacheCanHave() {
    try (SessionPool pool = model.newSessionPool(OPTIONS, 5)) {
      request(pool, 1, 2);
      request(pool, 3, 4);
      List<Session> sessions = new ArrayList<>();
      for (int i = 0; i < 63; i++) {
        sessions.add(pool.acquire(3, 4, i));
        assertThat(sessions.get(i).nPast()).isEqualTo(2);
      }
      assertThatIllegalStateException()
          .isThrownBy(() -> pool.acquire(1))
          .withMessageContaining("64");
      assertThat(pool.kept()).isZero();
      sessions.get(0).append();
      sessions.get(0).close(); // no number is left for a copy
      assertThat(pool.kept()).isZero();
      sessions.get(1).close();
      assertThat(pool.kept()).isEqualTo(1);
      sessions.forEach(Session::close);
    }
  }

  @Test
  void closing() throws IOException {
    SessionPool pool = model.newSessionPool(OPTIONS, 2);
    Session session = pool.acquire(1, 2, 3);
    session.append();
    session.close();
    session.close();
    assertThatIllegalStateException().isThrownBy(session::tokens);
    assertThat(pool.kept()).isEqualTo(1);
    Session last = pool.acquire(1, 2);
    pool.close();
    pool.close();
    assertThatIllegalStateException().isThrownBy(() -> pool.acquire(1));
    last.append(4);
    assertThat(last.tokens()).containsExactly(1, 2, 4);
    last.close();
    assertThat(OpenOwners.open()).hasSize(1);

    Model other = Model.load(WordModel.write(TinyGguf.small(), folder));
    SessionPool orphan = other.newSessionPool(OPTIONS, 2);
    Session used = orphan.acquire(1, 2);
    used.append();
    orphan.acquire(3).append();
    other.close();
    used.close();
    orphan.close();
    assertThat(OpenOwners.open()).hasSize(1);
  }

  @Test
  void whatIsNoRequest() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.newSessionPool(OPTIONS, -1))
        .withMessageContaining("nKept");
    try (SessionPool pool = model.newSessionPool(OPTIONS, 0)) {
      assertThatIllegalArgumentException().isThrownBy(() -> pool.acquire(-1));
      request(pool, 1, 2);
      assertThat(pool.kept()).isZero();
      try (Session empty = pool.acquire()) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> empty.generate(GenerationConfig.greedy()));
      }
      try (Session text = pool.acquire("the fox")) {
        assertThat(text.tokens())
            .containsExactly(WordModel.BOS, WordModel.word(" the"), WordModel.word(" fox"));
      }
    }
  }
}
