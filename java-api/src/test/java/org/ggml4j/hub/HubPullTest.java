package org.ggml4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of a hub, which lists them with checksums and sends them from another server. */
class HubPullTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String TOKEN = "hf_secret";
  private static final byte[] Q4 = Pulls.content(20_000, 1);
  private static final byte[] Q8 = Pulls.content(30_000, 2);

  @TempDir private Path root;

  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final Map<String, String> digests = new LinkedHashMap<>();
  private final Map<String, Long> sizes = new LinkedHashMap<>();

  private void put(String path, byte[] content) {
    files.put(path, content);
  }

  private String refs() {
    return "{\"tags\":[{\"name\":\"v1\"}],\"branches\":[{\"name\":\"other\",\"targetCommit\":\""
        + "f".repeat(40)
        + "\"},{\"name\":\"main\",\"ref\":\"refs/heads/main\",\"targetCommit\":\""
        + COMMIT
        + "\"}]}";
  }

  private String entry(Map.Entry<String, byte[]> file) {
    String digest = digests.getOrDefault(file.getKey(), Pulls.sha256(file.getValue()));
    long size = sizes.getOrDefault(file.getKey(), (long) file.getValue().length);
    String path = file.getKey().replace("\\", "\\\\").replace("\n", "\\n");
    return "{\"type\":\"file\",\"oid\":\"00\",\"size\":"
        + size
        + ",\"path\":\""
        + path
        + "\",\"lfs\":{\"oid\":\""
        + digest
        + "\",\"size\":"
        + size
        + ",\"pointerSize\":135}}";
  }

  private String tree() {
    List<String> entries = new ArrayList<>(List.of("{\"type\":\"directory\",\"path\":\"sub\"}"));
    files.entrySet().forEach(f -> entries.add(entry(f)));
    return "[" + String.join(",", entries) + "]";
  }

  private boolean answerApi(RawServer.Request r, RawServer.Answer a) throws IOException {
    if (r.path().equals("/api/models/o/r/refs")) {
      a.send(200, refs());
    } else if (r.path().equals("/api/models/o/r/tree/" + COMMIT + "?recursive=true")) {
      a.send(200, tree());
    } else {
      return false;
    }
    return true;
  }

  /** Answers all as the hub does where it sends the files itself. */
  private void answer(RawServer.Request r, RawServer.Answer a) throws IOException {
    String files = "/o/r/resolve/" + COMMIT + "/";
    if (answerApi(r, a)) {
      return;
    }
    byte[] content = r.path().startsWith(files) ? file(r.path().substring(files.length())) : null;
    if (content == null) {
      a.send(404, "", "X-Error-Message: Entry not found");
    } else {
      a.file(content, r, "ETag: \"e\"");
    }
  }

  private byte[] file(String path) {
    return files.get(path.replace("%20", " "));
  }

  private Pulls pulls(RawServer hub) {
    return new Pulls(
        root,
        HubOptions.ofEnvironment(Map.of("HF_ENDPOINT", hub.uri("").toString(), "HF_TOKEN", TOKEN)));
  }

  private StoredModel pull(RawServer hub, String name) throws IOException {
    return pulls(hub).hub().pull(ModelName.of(name), p -> true);
  }

  @ParameterizedTest
  @CsvSource({
    "hf:o/r, hf:o/r:Q4_K_M, 4",
    "hf:o/r:q8_0, hf:o/r:Q8_0, 8",
    "hf:o/r:sub/m-Q8_0.gguf, hf:o/r:Q8_0, 8"
  })
  void theLevelThatIsMeantArrives(String name, String stored, int level) throws IOException {
    put("README.md", new byte[3]);
    put("mmproj-Q4_K_M.gguf", new byte[3]);
    put("m-Q4_K_M.gguf", Q4);
    put("sub/m-Q8_0.gguf", Q8);
    try (RawServer hub = new RawServer(this::answer)) {
      StoredModel model = pull(hub, name);
      Pulls.assertWhole(root, model, level == 4 ? Q4 : Q8);
      assertThat(model.name()).isEqualTo(stored);
      assertThat(hub.requests()).allMatch(r -> r.header("authorization").equals("Bearer " + TOKEN));
      int asked = hub.requests().size();
      assertThat(pull(hub, name)).isEqualTo(model);
      assertThat(hub.requests()).hasSize(asked + 2); // the list, and nothing of the file
    }
  }

  @Test
  void aSplitModelArrivesWholeAndItsNameHasSpaces() throws IOException {
    put("a b/m-Q4_K_M-00001-of-00002.gguf", Q4);
    put("a b/m-Q4_K_M-00002-of-00002.gguf", Q8);
    try (RawServer hub = new RawServer(this::answer)) {
      List<Long> done = new ArrayList<>();
      StoredModel model =
          pulls(hub)
              .hub()
              .pull(
                  ModelName.of("hf:o/r"),
                  p -> {
                    assertThat(p.total()).hasValue(50_000);
                    done.add(p.done());
                    return true;
                  });
      assertThat(model.files()).hasSize(2);
      assertThat(model.complete()).isTrue();
      assertThat(model.name()).isEqualTo("hf:o/r:Q4_K_M");
      assertThat(Files.readAllBytes(model.files().get(1))).isEqualTo(Q8);
      assertThat(done).contains(20_000L, 50_000L).allMatch(d -> d <= 50_000);
    }
  }

  @Test
  void aSplitModelThatTheHubHasNotWholeIsRefusedBeforeItIsFetched() throws IOException {
    put("m-Q4_K_M-00001-of-00002.gguf", Q4);
    try (RawServer hub = new RawServer(this::answer)) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("the hub has no file m-Q4_K_M-00002-of-00002.gguf");
      assertThat(hub.requests()).hasSize(2);
    }
  }

  @Test
  void aWrongDigestLeavesNothing() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    digests.put("m-Q4_K_M.gguf", "ab".repeat(32));
    try (RawServer hub = new RawServer(this::answer)) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("arrived with SHA-256 " + Pulls.sha256(Q4))
          .hasMessageContaining("expected " + "ab".repeat(32))
          .hasMessageContaining("it was removed");
      assertThat(Pulls.files(root)).isEmpty();
    }
  }

  @Test
  void aWrongDigestLeavesTheModelThatWasThere() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    try (RawServer hub = new RawServer(this::answer)) {
      pull(hub, "hf:o/r");
      digests.put("m-Q4_K_M.gguf", "ab".repeat(32));
      assertThatThrownBy(() -> pull(hub, "hf:o/r")).isInstanceOf(HubException.class);
      assertThat(Files.readAllBytes(root.resolve("hf/o/r/m-Q4_K_M.gguf"))).isEqualTo(Q4);
    }
  }

  @Test
  void aSmallFileIsCheckedWithGitsOwnSum() throws IOException {
    String git = Pulls.hex("SHA-1", "blob 20000\0".getBytes(StandardCharsets.US_ASCII), Q4);
    AtomicBoolean wrong = new AtomicBoolean();
    try (RawServer hub =
        new RawServer(
            (r, a) -> {
              if (r.path().contains("/tree/")) {
                a.send(
                    200,
                    "[{\"type\":\"file\",\"path\":\"m.gguf\",\"size\":20000,\"oid\":\""
                        + (wrong.get() ? "0".repeat(40) : git)
                        + "\"}]");
              } else {
                put("m.gguf", Q4);
                answer(r, a);
              }
            })) {
      StoredModel model = pull(hub, "hf:o/r");
      Pulls.assertWhole(root, model, Q4);
      assertThat(model.name()).isEqualTo("hf:o/r:m.gguf");
      pulls(hub).folder.remove(model);
      wrong.set(true);
      assertThatThrownBy(() -> pull(hub, "hf:o/r")).hasMessageContaining("Git's SHA-1 " + git);
    }
  }

  @Test
  void aModelThatCameInAnotherWayIsTakenIfItsSumIsRight() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    Path file = root.resolve("hf/o/r/m-Q4_K_M.gguf");
    Files.createDirectories(file.getParent());
    try (RawServer hub = new RawServer(this::answer)) {
      Files.write(file, Q4);
      Pulls.assertWhole(root, pull(hub, "hf:o/r"), Q4);
      assertThat(hub.requests()).hasSize(2);
      Files.delete(PullRecord.besideFile(file));
      Files.write(file, Pulls.content(20_000, 9));
      Pulls.assertWhole(root, pull(hub, "hf:o/r"), Q4);
    }
  }

  @Test
  void theListGoesOnOverPages() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    try (RawServer hub =
        new RawServer(
            (r, a) -> {
              if (r.path().endsWith("?recursive=true")) {
                a.send(200, "[]", "Link: </api/models/o/r/tree/x?cursor=2>; rel=\"next\"");
              } else if (r.path().endsWith("?cursor=2")) {
                a.send(200, tree());
              } else {
                answer(r, a);
              }
            })) {
      Pulls.assertWhole(root, pull(hub, "hf:o/r"), Q4);
    }
  }

  @Test
  void theListDoesNotGoOnElsewhere() throws IOException {
    try (RawServer other = new RawServer((r, a) -> a.send(200, "[]"));
        RawServer hub =
            new RawServer(
                (r, a) -> {
                  if (r.path().contains("/tree/")) {
                    a.send(200, "[]", "Link: <" + other.uri("/x") + ">; rel=\"next\"");
                  } else {
                    answer(r, a);
                  }
                })) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("goes on where it should not");
      assertThat(other.requests()).isEmpty();
    }
  }

  @Test
  void theTokenGoesToTheHubOnly() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    try (RawServer cdn = new RawServer((r, a) -> a.file(Q4, r));
        RawServer hub =
            new RawServer(
                (r, a) -> {
                  if (!answerApi(r, a)) {
                    a.redirect(302, cdn.uri("/blob?sig=x").toString(), "X-Linked-Size: 20000");
                  }
                })) {
      Pulls.assertWhole(root, pull(hub, "hf:o/r"), Q4);
      assertThat(cdn.requests())
          .isNotEmpty()
          .allMatch(r -> !r.headers().containsKey("authorization"))
          .allMatch(r -> r.path().equals("/blob?sig=x"));
      assertThat(hub.requests()).hasSize(3); // where it redirects to is remembered
      assertThat(cdn.sent()).isEqualTo(Q4.length);
    }
  }

  @Test
  void theTokenGoesToNoOtherServerThatIsNamedByUrl() throws IOException {
    try (RawServer hub = new RawServer(this::answer);
        RawServer other = new RawServer((r, a) -> a.file(Q4, r))) {
      pulls(hub).pull(other, "/m.gguf");
      assertThat(other.requests()).allMatch(r -> !r.headers().containsKey("authorization"));
      // The same machine by another name is another server, too.
      URI byNumber = URI.create("http://127.0.0.1:" + hub.port() + "/o/r/m.gguf");
      assertThatThrownBy(() -> pulls(hub).hub().pull(new ModelName.Url(byNumber), p -> true))
          .isInstanceOf(HubException.class);
      assertThat(hub.requests()).hasSize(1);
      assertThat(hub.requests().get(0).headers()).doesNotContainKey("authorization");
    }
  }

  @Test
  void theSumThatTheHubNamesWithARedirectIsChecked() throws IOException {
    AtomicBoolean wrong = new AtomicBoolean(true);
    try (RawServer cdn = new RawServer((r, a) -> a.file(Q4, r));
        RawServer hub =
            new RawServer(
                (r, a) ->
                    a.redirect(
                        302,
                        cdn.uri("/blob").toString(),
                        "X-Linked-ETag: \"" + Pulls.sha256(wrong.get() ? Q8 : Q4) + "\""))) {
      ModelName name = new ModelName.Url(hub.uri("/o/r/resolve/v2/m.gguf"));
      assertThatThrownBy(() -> pulls(hub).hub().pull(name, p -> true))
          .hasMessageContaining("expected " + Pulls.sha256(Q8));
      assertThat(Pulls.files(root)).isEmpty();
      wrong.set(false);
      Pulls.assertWhole(root, pulls(hub).hub().pull(name, p -> true), Q4);
    }
  }

  @Test
  void anAddressThatExpiresIsAskedForAgain() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    try (RawServer cdn =
            new RawServer(
                (r, a) -> {
                  if (r.path().equals("/blob0") && r.number() >= 2) {
                    a.send(403, "Request has expired");
                  } else {
                    a.file(Q4, r);
                  }
                });
        RawServer hub =
            new RawServer(
                (r, a) -> {
                  if (!answerApi(r, a)) {
                    a.redirect(307, cdn.uri("/blob" + (r.number() > 2 ? 1 : 0)).toString());
                  }
                })) {
      Pulls pulls = pulls(hub);
      Pulls.assertWhole(root, pulls.hub().pull(ModelName.of("hf:o/r"), p -> true), Q4);
      assertThat(pulls.waits).allMatch(Duration.ZERO::equals);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/loop | redirected more than 10 times",
        "file:///etc/passwd | not fetched: file:///etc/passwd",
        "ftp://localhost/x?secret | not fetched: ftp://localhost/x",
        "http://user:word@localhost/x | not fetched",
        "'' | not fetched",
        "http://[ | redirected to no URL",
      })
  void aRedirectThatLeadsNowhereGoodIsRefused(String location, String expected) throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.redirect(302, location))) {
      assertThatThrownBy(() -> Pulls.into(root).pull(server, "/m.gguf"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining(expected)
          .hasMessageNotContaining("secret");
      assertThat(server.requests()).hasSizeLessThanOrEqualTo(11);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "401 | set HF_TOKEN to a token that may read it",
        "403 | its terms must be accepted",
        "404 | there is no repository o/r (status 404: Said by the hub)",
        "418 | answered status 418",
      })
  void aRefusalIsSaidAtOnce(int status, String expected) throws IOException {
    try (RawServer hub =
        new RawServer((r, a) -> a.send(status, "", "X-Error-Message: Said by the hub"))) {
      Pulls pulls = pulls(hub);
      assertThatThrownBy(() -> pulls.hub().pull(ModelName.of("hf:o/r"), p -> true))
          .isInstanceOfSatisfying(HubException.class, e -> assertThat(e.status()).hasValue(status))
          .hasMessageContaining(expected)
          .hasMessageContaining("Said by the hub")
          .hasMessageNotContaining(TOKEN);
      assertThat(hub.requests()).hasSize(1);
      assertThat(pulls.waits).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {408, 429, 500, 502, 503, 504})
  void aProblemThatPassesIsWaitedFor(int status) throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    try (RawServer hub =
        new RawServer(
            (r, a) -> {
              if (r.number() % 4 == 3) {
                answer(r, a);
              } else {
                a.send(status, "busy");
              }
            })) {
      Pulls pulls =
          new Pulls(
              root,
              HubOptions.ofEnvironment(Map.of("HF_ENDPOINT", hub.uri("").toString()))
                  .withConnections(1));
      StoredModel model = pulls.hub().pull(ModelName.of("hf:o/r"), p -> true);
      Pulls.assertWhole(root, model, Q4);
      assertThat(pulls.waits.subList(0, 3))
          .containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4));
    }
  }

  @Test
  void aProblemThatDoesNotPassIsGivenUp() throws IOException {
    try (RawServer hub = new RawServer((r, a) -> a.send(500, ""))) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("status 500")
          .hasMessageContaining("given up after 4 attempts");
      assertThat(hub.requests()).hasSize(4);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "7 | 7",
        "Thu, 01 Jan 2026 00:01:30 GMT | 90",
        "Thu, 01 Jan 2015 00:00:00 GMT | 0",
        "soon | 1",
        "-3 | 1",
      })
  void theWaitIsTheOneThatTheServerAsks(String retryAfter, int seconds) throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    try (RawServer hub =
        new RawServer(
            (r, a) -> {
              if (r.number() == 0) {
                a.send(429, "", "Retry-After: " + retryAfter);
              } else {
                answer(r, a);
              }
            })) {
      Pulls pulls = pulls(hub);
      Pulls.assertWhole(root, pulls.hub().pull(ModelName.of("hf:o/r"), p -> true), Q4);
      assertThat(pulls.waits).containsExactly(Duration.ofSeconds(seconds));
    }
  }

  @Test
  void aWaitThatIsTooLongIsLeftToTheUser() throws IOException {
    try (RawServer hub = new RawServer((r, a) -> a.send(429, "", "Retry-After: 86400"))) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("asks to wait 86400 s");
    }
  }

  @Test
  void aServerThatIsNotThereIsNamed() throws IOException {
    RawServer gone = new RawServer((r, a) -> {});
    gone.close();
    assertThatThrownBy(() -> pull(gone, "hf:o/r"))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("no answer from localhost");
  }

  @ParameterizedTest
  @ValueSource(strings = {"<html>", "", "{\"a\":", "[1]", "null"})
  void anAnswerThatIsNotTheHubsIsSaidToBe(String text) throws IOException {
    try (RawServer hub = new RawServer((r, a) -> a.send(200, text))) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("is it another server?");
    }
  }

  @Test
  void aLevelThatIsMissingIsAnsweredWithThoseThereAre() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    put("m-Q8_0.gguf", Q8);
    put("other.gguf", Q8);
    try (RawServer hub = new RawServer(this::answer)) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r:Q2_K"))
          .hasMessage("there is no Q2_K in hf:o/r; it has Q4_K_M, Q8_0, other.gguf");
    }
  }

  @Test
  void namesThatWouldLeaveTheFolderAreNotThere() throws IOException {
    for (String bad :
        List.of(
            "../../m-Q4_K_M.gguf",
            "/etc/m-Q4_K_M.gguf",
            "a\\..\\m-Q4_K_M.gguf",
            "C:m-Q4_K_M.gguf",
            "con.Q4_K_M.gguf",
            ".m-Q4_K_M.gguf",
            "a//m-Q4_K_M.gguf",
            "m\nQ4_K_M.gguf")) {
      put(bad, Q4);
    }
    try (RawServer hub = new RawServer(this::answer)) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r")).hasMessageContaining("has no GGUF file");
      assertThat(hub.requests()).hasSize(2);
      assertThat(Pulls.files(root)).isEmpty();
    }
  }

  @Test
  void aModelThatDoesNotFitIsRefusedBeforeItIsFetched() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    sizes.put("m-Q4_K_M.gguf", 1L << 60);
    try (RawServer hub = new RawServer(this::answer)) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("not enough room");
      assertThat(hub.requests()).hasSize(2);
    }
  }

  @Test
  void aFileOfAnotherSizeThanListedIsRefused() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    sizes.put("m-Q4_K_M.gguf", 19_999L);
    try (RawServer hub = new RawServer(this::answer)) {
      assertThatThrownBy(() -> pull(hub, "hf:o/r"))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("has 20000 bytes, but the hub lists it with 19999");
    }
  }

  @Test
  void withoutTheNetworkOnlyWhatIsThereIsGiven() throws IOException {
    put("m-Q4_K_M.gguf", Q4);
    try (RawServer hub = new RawServer(this::answer)) {
      HubOptions offline =
          HubOptions.ofEnvironment(
              Map.of("HF_ENDPOINT", hub.uri("").toString(), "HF_HUB_OFFLINE", "1"));
      Pulls without = new Pulls(root, offline);
      assertThatThrownBy(() -> without.hub().pull(ModelName.of("hf:o/r"), p -> true))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("hf:o/r is not in")
          .hasMessageContaining("the network is switched off");
      assertThat(hub.requests()).isEmpty();
      StoredModel model = pull(hub, "hf:o/r");
      int asked = hub.requests().size();
      assertThat(without.hub().pull(ModelName.of("hf:o/r"), p -> true)).isEqualTo(model);
      assertThat(hub.requests()).hasSize(asked);
    }
  }

  @Test
  void aProxyIsAskedInsteadOfTheServer() throws IOException {
    byte[] content = Q4;
    try (RawServer proxy =
        new RawServer(
            (r, a) -> {
              assertThat(r.line()).startsWith("GET http://models.example/m.gguf ");
              a.file(content, r);
            })) {
      String address = "http://me:p%40ss@localhost:" + proxy.port();
      Pulls pulls = new Pulls(root, HubOptions.ofEnvironment(Map.of("http_proxy", address)));
      StoredModel model =
          pulls
              .hub()
              .pull(new ModelName.Url(URI.create("http://models.example/m.gguf")), p -> true);
      Pulls.assertWhole(root, model, content);
      assertThat(proxy.requests())
          .allMatch(
              r ->
                  r.header("proxy-authorization")
                      .equals(
                          "Basic "
                              + Base64.getEncoder()
                                  .encodeToString("me:p@ss".getBytes(StandardCharsets.UTF_8))));
    }
  }

  @Test
  void aServerThatIsNotBehindTheProxyIsAskedItself() throws IOException {
    try (RawServer server = new RawServer((r, a) -> a.file(Q4, r))) {
      Pulls pulls =
          new Pulls(
              root,
              HubOptions.ofEnvironment(
                  Map.of("HTTP_PROXY", "http://me:pass@localhost:1", "no_proxy", "x,localhost")));
      Pulls.assertWhole(root, pulls.pull(server, "/m.gguf"), Q4);
      assertThat(server.requests()).allMatch(r -> !r.headers().containsKey("proxy-authorization"));
    }
  }

  @Test
  void theTokenIsNeverShown() {
    HubOptions options = HubOptions.ofEnvironment(Map.of("HF_TOKEN", TOKEN));
    assertThat(options.toString()).doesNotContain(TOKEN).contains("with a token");
    assertThatThrownBy(() -> HubOptions.ofEnvironment(Map.of("HF_TOKEN", "a\r\nX: secret")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("secret");
    assertThat(Arrays.asList("1", "true", "ON", "yes"))
        .allMatch(v -> HubOptions.ofEnvironment(Map.of("HF_HUB_OFFLINE", v)).offline());
    assertThat(HubOptions.ofEnvironment(Map.of("HF_HUB_OFFLINE", "0")).offline()).isFalse();
  }
}
