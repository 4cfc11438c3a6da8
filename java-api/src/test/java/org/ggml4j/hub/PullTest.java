package org.ggml4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One file from servers that do what servers do. */
class PullTest {
  private static final int SIZE = 54_321;
  private static final byte[] CONTENT = Pulls.content(SIZE, 1);
  private static final byte[] OTHER = Pulls.content(SIZE, 2);

  @TempDir private Path root;

  @Test
  void arrivesInRangesOverSeveralConnections() throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.file(CONTENT, r, "ETag: \"v1\""))) {
      Pulls pulls = Pulls.into(root);
      List<Long> done = new ArrayList<>();
      StoredModel model =
          pulls
              .hub()
              .pull(
                  new ModelName.Url(server.uri("/models/m.gguf?download=true")),
                  p -> {
                    assertThat(p.phase()).isEqualTo(PullProgress.Phase.RECEIVING);
                    assertThat(p.file()).isEqualTo("m.gguf");
                    assertThat(p.total()).hasValue(SIZE);
                    done.add(p.done());
                    return true;
                  });
      Pulls.assertWhole(root, model, CONTENT);
      assertThat(model.name()).isEqualTo(server.uri("/models/m.gguf").toString());
      assertThat(model.size()).isEqualTo(SIZE);
      assertThat(done).hasSizeGreaterThan(5).contains((long) SIZE);
      assertThat(server.sent()).isEqualTo(SIZE);
      assertThat(server.requests()).hasSize(12).allMatch(r -> r.path().endsWith("?download=true"));
      assertThat(server.requests().get(0).header("accept-encoding")).isEqualTo("identity");
      assertThat(pulls.waits).isEmpty();
    }
  }

  @Test
  void aServerWithoutRangesIsReadInOnePiece() throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.whole(CONTENT))) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), CONTENT);
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void aServerThatDoesNotKnowTheLengthIsReadToTheEnd() throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              a.head(200, "Transfer-Encoding: chunked");
              for (int at = 0; at < SIZE; at += 10_000) {
                int to = Math.min(SIZE, at + 10_000);
                byte[] head =
                    (Integer.toHexString(to - at) + "\r\n").getBytes(StandardCharsets.US_ASCII);
                a.body(head, 0, head.length);
                a.body(CONTENT, at, to);
                a.body(new byte[] {'\r', '\n'}, 0, 2);
              }
              byte[] end = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
              a.body(end, 0, end.length);
            })) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), CONTENT);
    }
  }

  @Test
  void aServerWithoutRangesThatBreaksOffIsAskedAgainWhileMoreArrives() throws IOException {
    AtomicInteger calls = new AtomicInteger();
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              a.head(200, "Content-Length: " + SIZE);
              int most = Math.min(SIZE, 9_000 * calls.incrementAndGet());
              a.body(CONTENT, 0, most);
              if (most < SIZE) {
                throw new RawServer.Hangup();
              }
            })) {
      Pulls pulls = Pulls.into(root);
      Pulls.assertWhole(root, pulls.pull(server, "/m.gguf"), CONTENT);
      assertThat(calls).hasValue(7);
      assertThat(pulls.waits).hasSize(6).containsOnly(Duration.ofSeconds(1));
    }
  }

  @Test
  void aServerWithoutRangesThatAlwaysBreaksAtTheSamePlaceIsGivenUp() throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              a.head(200, "Content-Length: " + SIZE);
              a.body(CONTENT, 0, 9_000);
              throw new RawServer.Hangup();
            })) {
      Pulls pulls = Pulls.into(root);
      assertThatThrownBy(() -> pulls.pull(server, "/m.gguf"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("given up after 4 attempts")
          .hasMessageContaining("pull again to go on");
      assertThat(server.requests()).hasSize(5 - 1);
      assertThat(Pulls.files(root)).containsExactly(".m.gguf.part", ".m.gguf.part.json");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 999, 1000, 1001, 5_999, 6_000, 6_001, 54_320})
  void anySizeArrives(int size) throws IOException {
    byte[] content = Arrays.copyOf(CONTENT, Math.max(4, size));
    try (RawServer server = new RawServer((r, a) -> a.file(content, r))) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), content);
      assertThat(server.sent()).isEqualTo(content.length);
    }
  }

  @Test
  void whatIsThereIsNotFetchedAgain() throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.file(CONTENT, r, "ETag: \"v1\""))) {
      Pulls.into(root).pull(server, "/m.gguf");
      long sent = server.sent();
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), CONTENT);
      assertThat(server.sent() - sent).isEqualTo(1);
    }
  }

  @Test
  void whatIsThereIsReplacedWhenTheServerHasAnother() throws IOException {
    AtomicInteger version = new AtomicInteger(1);
    try (RawServer server =
        new RawServer(
            (r, a) ->
                a.file(version.get() == 1 ? CONTENT : OTHER, r, "ETag: \"v" + version + "\""))) {
      Pulls.into(root).pull(server, "/m.gguf");
      version.set(2);
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), OTHER);
    }
  }

  @ParameterizedTest
  @CsvSource({"ETag,\"v\"", "Last-Modified,Thu 01 Jan"})
  void aFileThatChangesMidwayIsBegunAnew(String header, String value) throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              boolean old = r.number() < 5;
              a.file(old ? CONTENT : OTHER, r, header + ": " + value + (old ? "1" : "2"));
            })) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), OTHER);
    }
  }

  @Test
  void aFileThatGetsAnotherSizeMidwayIsBegunAnew() throws IOException {
    byte[] shorter = Pulls.content(7_000, 3);
    try (RawServer server =
        new RawServer((r, a) -> a.file(r.number() < 3 ? CONTENT : shorter, r))) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), shorter);
    }
  }

  @Test
  void aFileThatChangesAllTheTimeIsGivenUp() throws IOException {
    try (RawServer server =
        new RawServer((r, a) -> a.file(CONTENT, r, "ETag: \"v" + r.number() + "\""))) {
      assertThatThrownBy(() -> Pulls.into(root).pull(server, "/m.gguf"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("has changed on the server again and again");
      assertThat(root.resolve("m.gguf")).doesNotExist();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bytes 7-1006/54321 | the server sent 'bytes 7-1006/54321'",
        "bytes 0-1000/54321 | the server sent 'bytes 0-1000/54321'",
        "bytes 0-999/500 | the server sent",
        "bytes 0-999/* | the server sent",
        "bytes 5-2/54321 | the server sent",
        "lines 1-2 | the server sent 'lines 1-2'",
        "'' | the server sent ''",
      })
  void aRangeThatIsNotWhatWasAskedIsRefused(String contentRange, String expected)
      throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              a.head(206, "Content-Length: 1000", "Content-Range: " + contentRange);
              a.body(CONTENT, 0, 1000);
            })) {
      assertThatThrownBy(() -> Pulls.into(root).pull(server, "/m.gguf"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("asked for bytes 0-999")
          .hasMessageContaining(expected);
      assertThat(Pulls.files(root)).isEmpty();
    }
  }

  @Test
  void aRangeThatIsShorterThanAskedIsGoneOnWith() throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              int from = r.from();
              int to = Math.min(r.to(SIZE), from + 700);
              a.head(
                  206,
                  "Content-Range: bytes " + from + "-" + (to - 1) + "/" + SIZE,
                  "Content-Length: " + (to - from));
              a.body(CONTENT, from, to);
            })) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), CONTENT);
      // An answer that is given up while another connection takes over its range comes twice.
      assertThat(server.sent()).isBetween((long) SIZE, SIZE + 4 * 700L);
    }
  }

  @Test
  void aLengthThatIsTooLargeIsABrokenConnection() throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              if (r.number() == 0) {
                a.head(206, "Content-Length: 5000", "Content-Range: bytes 0-999/" + SIZE);
                a.body(CONTENT, 0, 400);
                throw new RawServer.Hangup();
              }
              a.file(CONTENT, r);
            })) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), CONTENT);
      assertThat(server.sent()).isEqualTo(SIZE);
    }
  }

  @Test
  void moreThanTheRangeIsNotWritten() throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              int from = r.from();
              int to = r.to(SIZE);
              a.head(
                  206,
                  "Content-Range: bytes " + from + "-" + (to - 1) + "/" + SIZE,
                  "Content-Length: " + (to - from + 300));
              a.body(CONTENT, from, to);
              a.body(new byte[300], 0, 300);
            })) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), CONTENT);
    }
  }

  @Test
  void aServerThatForgetsRangesMidwayIsAskedAgain() throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              if (r.number() == 2) {
                a.whole(CONTENT);
              } else {
                a.file(CONTENT, r);
              }
            })) {
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), CONTENT);
    }
  }

  @Test
  void anEmptyFileIsRefused() throws IOException {
    try (RawServer ranges = new RawServer((r, a) -> a.file(new byte[0], r));
        RawServer none = new RawServer((r, a) -> a.whole(new byte[0]))) {
      assertThatThrownBy(() -> Pulls.into(root).pull(ranges, "/m.gguf"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("m.gguf is empty");
      assertThatThrownBy(() -> Pulls.into(root).pull(none, "/m.gguf"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("no GGUF file");
      assertThat(Pulls.files(root)).isEmpty();
    }
  }

  @Test
  void aPageInsteadOfAModelIsRefusedAtOnce() throws IOException {
    byte[] page = Arrays.copyOf("<html>Please log in".getBytes(StandardCharsets.US_ASCII), SIZE);
    try (RawServer server = new RawServer((r, a) -> a.file(page, r))) {
      assertThatThrownBy(() -> Pulls.into(root).pull(server, "/m.gguf"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("no GGUF file: it begins with '<htm'");
      assertThat(server.sent()).isEqualTo(1000);
      assertThat(Pulls.files(root)).isEmpty();
    }
  }

  @Test
  void whatIsPackedIsRefused() throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.file(CONTENT, r, "Content-Encoding: gzip"))) {
      assertThatThrownBy(() -> Pulls.into(root).pull(server, "/m.gguf"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("packed as gzip");
    }
  }

  @Test
  void aServerThatFallsSilentIsAskedAgain() throws IOException {
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              if (r.number() == 1) {
                a.head(206, "Content-Range: bytes 1000-5999/" + SIZE, "Content-Length: 5000");
                a.body(CONTENT, 1000, 1500);
                silence();
              } else if (r.number() == 3) {
                silence();
              } else {
                a.file(CONTENT, r);
              }
            })) {
      Pulls pulls =
          new Pulls(
              root, HubOptions.ofEnvironment(Map.of()).withConnections(1), Duration.ofMillis(400));
      Pulls.assertWhole(root, pulls.pull(server, "/m.gguf"), CONTENT);
      assertThat(pulls.waits).isNotEmpty();
    }
  }

  private static void silence() {
    try {
      Thread.sleep(Duration.ofHours(1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aStopKeepsWhatHasArrivedAndTheNextPullGoesOn() throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.file(CONTENT, r, "ETag: \"v1\""))) {
      Pulls pulls =
          new Pulls(
              root, HubOptions.ofEnvironment(Map.of()).withConnections(1), Duration.ofMinutes(5));
      ModelName name = new ModelName.Url(server.uri("/m.gguf"));
      assertThatThrownBy(() -> pulls.hub().pull(name, p -> p.done() < 20_000))
          .isInstanceOf(CancellationException.class);
      assertThat(Pulls.files(root)).containsExactly(".m.gguf.part", ".m.gguf.part.json");
      StoredModel half = pulls.folder.list().get(0);
      assertThat(half.complete()).isFalse();
      assertThat(half.size()).isBetween(20_000L, SIZE - 1L);
      assertThat(half.name()).isEqualTo(name.toString());
      Pulls.assertWhole(root, pulls.hub().pull(name, p -> true), CONTENT);
      assertThat(server.sent()).isBetween((long) SIZE, SIZE + 5_000L);
    }
  }

  @Test
  void anInterruptionStopsAlsoAServerThatIsSilent() throws Exception {
    try (RawServer server = new RawServer((r, a) -> silence())) {
      Thread caller = Thread.currentThread();
      Thread.ofVirtual()
          .start(
              () -> {
                while (server.requests().isEmpty()) {
                  Thread.onSpinWait();
                }
                caller.interrupt();
              });
      assertThatThrownBy(() -> Pulls.into(root).pull(server, "/m.gguf"))
          .isInstanceOf(CancellationException.class);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(Pulls.files(root)).isEmpty();
    }
  }

  @Test
  void whatAnotherVersionLeftIsNotMixedIn() throws IOException {
    AtomicInteger version = new AtomicInteger(1);
    try (RawServer server =
        new RawServer(
            (r, a) ->
                a.file(version.get() == 1 ? CONTENT : OTHER, r, "ETag: \"v" + version + "\""))) {
      ModelName name = new ModelName.Url(server.uri("/m.gguf"));
      assertThatThrownBy(() -> Pulls.into(root).hub().pull(name, p -> p.done() < 20_000))
          .isInstanceOf(CancellationException.class);
      version.set(2);
      Pulls.assertWhole(root, Pulls.into(root).hub().pull(name, p -> true), OTHER);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{\"size\":\"many\"}",
        "{\"url\":1,\"finished\":[[5,2]]}",
        "{\"finished\":[[0,99999999999999999999999]]}",
        "{\"url\":\"URL\",\"size\":54321,\"validator\":\"\",\"finished\":[[0,54321]]}",
        "{\"url\":\"URL\",\"size\":99,\"validator\":\"\",\"finished\":[[0,99]]}",
      })
  void aDamagedJournalIsWorthNothing(String journal) throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.file(CONTENT, r))) {
      String place = "localhost_" + server.port();
      Path part = root.resolve("url").resolve(place).resolve(".m.gguf.part");
      Files.createDirectories(part.getParent());
      Files.writeString(part, "GGUF is what it begins with");
      Files.writeString(
          PullRecord.journal(part.resolveSibling("m.gguf")),
          journal.replace("URL", server.uri("/m.gguf").toString()));
      Pulls.assertWhole(root, Pulls.into(root).pull(server, "/m.gguf"), CONTENT);
    }
  }

  @Test
  void ofTwoPullsOfOneFileTheSecondFailsAtOnce() throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.file(CONTENT, r))) {
      Pulls pulls = Pulls.into(root);
      ModelName name = new ModelName.Url(server.uri("/m.gguf"));
      List<Throwable> second = new ArrayList<>();
      StoredModel model =
          pulls
              .hub()
              .pull(
                  name,
                  p -> {
                    if (second.isEmpty()) {
                      try {
                        pulls.hub().pull(name, q -> true);
                      } catch (IOException e) {
                        second.add(e);
                      }
                    }
                    return true;
                  });
      assertThat(second)
          .singleElement()
          .isInstanceOfSatisfying(
              HubException.class,
              e -> assertThat(e).hasMessageContaining("being pulled or removed by another"));
      Pulls.assertWhole(root, model, CONTENT);
    }
  }

  @Test
  void allFilesOfASplitModelAreFetched() throws IOException {
    byte[][] parts = {Pulls.content(3000, 11), Pulls.content(9000, 12), Pulls.content(10, 13)};
    try (RawServer server =
        new RawServer((r, a) -> a.file(parts[Integer.parseInt(r.path().substring(7, 8)) - 1], r))) {
      StoredModel model = Pulls.into(root).pull(server, "/m-0000" + "2-of-00003.gguf");
      assertThat(model.files()).hasSize(3);
      assertThat(model.complete()).isTrue();
      for (int i = 0; i < 3; i++) {
        assertThat(Files.readAllBytes(model.files().get(i))).isEqualTo(parts[i]);
      }
      assertThat(model.size()).isEqualTo(12_010);
    }
  }
}
