package org.ggml4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Extracted once, whole or not at all, and again when somebody damaged it. */
class ExtractionTest {
  private static final String NAME = "libggml.so";

  @TempDir Path folder;

  private final AtomicInteger opened = new AtomicInteger();
  private Path cache;
  private byte[] content;

  @BeforeEach
  void makeALibrary() {
    cache = folder.resolve("deep/cache");
    content = new byte[300_000];
    new Random(7).nextBytes(content);
  }

  private Extraction extraction() {
    String hash = Packed.sha256(content);
    LibraryIndex index =
        new LibraryIndex(
            "0.25.1",
            hash,
            List.of(new LibraryIndex.Library(hash, content.length, NAME)),
            Optional.empty(),
            Optional.empty());
    return new Extraction(
        index,
        name -> {
          opened.incrementAndGet();
          return new ByteArrayInputStream(content);
        },
        cache,
        Packed.PLATFORM);
  }

  private List<Path> inCache() throws IOException {
    try (Stream<Path> folders = Files.list(cache)) {
      return folders.toList();
    }
  }

  @Test
  void extractsOnce() throws IOException {
    Path first = extraction().folder();
    assertThat(extraction().folder()).isEqualTo(first);
    assertThat(opened).hasValue(1);
    assertThat(first.getFileName().toString())
        .startsWith("linux-x86_64-" + Packed.sha256(content).substring(0, 32));
    assertThat(first.resolve(NAME)).hasBinaryContent(content);
    assertThat(inCache()).containsExactly(first);
  }

  @Test
  void anotherContentIsAnotherFolder() throws IOException {
    Path first = extraction().folder();
    content[5]++;
    assertThat(extraction().folder()).isNotEqualTo(first);
    assertThat(inCache()).hasSize(2);
  }

  @Test
  void aTruncatedFileIsReplaced() throws IOException {
    Path first = extraction().folder();
    Files.write(first.resolve(NAME), new byte[] {1, 2, 3});
    assertIsRedone(first);
  }

  @Test
  void aMissingFileIsReplaced() throws IOException {
    Path first = extraction().folder();
    Files.delete(first.resolve(NAME));
    assertIsRedone(first);
  }

  @Test
  void aChangedFileOfTheSameSizeIsReplaced() throws IOException {
    Path first = extraction().folder();
    byte[] changed = content.clone();
    changed[1000] ^= 1;
    Files.write(first.resolve(NAME), changed);
    Files.setLastModifiedTime(first.resolve(NAME), FileTime.from(Instant.now().plusSeconds(5)));
    assertIsRedone(first);
  }

  private void assertIsRedone(Path first) throws IOException {
    assertThat(extraction().folder()).isEqualTo(first);
    assertThat(first.resolve(NAME)).hasBinaryContent(content);
    assertThat(opened).hasValue(2);
    assertThat(inCache()).containsExactly(first);
  }

  @Test
  void aFileThatWasOnlyTouchedIsComparedAndKept() throws IOException {
    Path first = extraction().folder();
    Files.setLastModifiedTime(first.resolve(NAME), FileTime.from(Instant.EPOCH));
    assertThat(extraction().folder()).isEqualTo(first);
    Files.delete(first.resolve("verified.txt"));
    assertThat(extraction().folder()).isEqualTo(first);
    assertThat(opened).hasValue(1);
    assertThat(first.resolve("verified.txt")).exists();
  }

  @Test
  void aJarThatIsDamagedLeavesNothingBehind() {
    Extraction extraction = extraction();
    content[0]++;
    assertThatThrownBy(extraction::folder)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("libggml.so is damaged")
        .hasMessageContaining(Packed.sha256(content));
    assertThat(cache).isEmptyDirectory();
  }

  @Test
  void whatAnEndedProcessLeftIsRemovedAfterADay() throws IOException {
    Path old = Files.createDirectories(cache.resolve("extracting-old"));
    Files.write(old.resolve(NAME), new byte[3]);
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(100_000)));
    Path running = Files.createDirectories(cache.resolve("extracting-running"));
    Path extracted = extraction().folder();
    assertThat(inCache()).containsExactlyInAnyOrder(running, extracted);
  }

  @Test
  void manyThreadsGetOneFolder() throws Exception {
    for (int round = 0; round < 5; round++) {
      if (round % 2 == 1) {
        Files.write(inCache().get(0).resolve(NAME), "damaged".getBytes(StandardCharsets.UTF_8));
      } else {
        content[round]++;
      }
      Set<Path> folders = new HashSet<>(concurrently(8));
      assertThat(folders).hasSize(1);
      Path only = folders.iterator().next();
      assertThat(only.getFileName().toString()).startsWith("linux-x86_64-");
      assertThat(only.resolve(NAME)).hasBinaryContent(content);
    }
    assertThat(inCache())
        .hasSize(3)
        .noneMatch(path -> path.getFileName().toString().startsWith("extracting"));
  }

  private List<Path> concurrently(int threads) throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      CyclicBarrier together = new CyclicBarrier(threads);
      List<Future<Path>> results = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        results.add(
            executor.submit(
                () -> {
                  together.await();
                  return extraction().folder();
                }));
      }
      List<Path> folders = new ArrayList<>();
      for (Future<Path> result : results) {
        folders.add(result.get());
      }
      return folders;
    } finally {
      executor.shutdownNow();
    }
  }
}
