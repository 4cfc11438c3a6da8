package org.ggml4j.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** However connections break, the file arrives, and hardly a byte of it twice. */
class BrokenConnectionsTest {
  @Property(tries = 12)
  void eachByteIsSentAboutOnceOverTwentyBrokenConnections(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 6) int connections,
      @ForAll @IntRange(min = 60_000, max = 200_000) int size)
      throws IOException {
    byte[] content = Pulls.content(size, seed);
    Random random = new Random(seed);
    Set<Integer> breaking = new HashSet<>();
    while (breaking.size() < 20) {
      breaking.add(random.nextInt(30));
    }
    AtomicInteger broken = new AtomicInteger();
    Path root = Files.createTempDirectory("ggml4j-pull-");
    try (RawServer server =
        new RawServer(
            (r, a) -> {
              if (breaking.contains(r.number())) {
                broken.incrementAndGet();
                a.fileUpTo(content, r, 1 + (r.number() * 131) % 900, "ETag: \"v1\"");
              } else {
                a.file(content, r, "ETag: \"v1\"");
              }
            })) {
      Pulls pulls =
          new Pulls(root, HubOptions.ofEnvironment(Map.of()).withConnections(connections));
      StoredModel model = pulls.pull(server, "/m.gguf");
      Pulls.assertWhole(root, model, content);
      // A range may be asked for to its end before the break of its begin is seen; never more.
      assertThat(server.sent()).isEqualTo(size);
      assertThat(broken.get()).isGreaterThanOrEqualTo(15);
      pulls.folder.remove(model);
    } finally {
      Files.deleteIfExists(root);
    }
  }
}
