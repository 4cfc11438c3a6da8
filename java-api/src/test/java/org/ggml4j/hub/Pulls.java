package org.ggml4j.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/** Pulls with small ranges and without waiting. */
final class Pulls {
  static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  /** What the pulls would have waited. */
  final List<Duration> waits = Collections.synchronizedList(new ArrayList<>());

  final ModelFolder folder;
  private final HubOptions options;
  private final Duration silence;

  Pulls(Path root, HubOptions options) {
    this(root, options, Duration.ofMinutes(5));
  }

  Pulls(Path root, HubOptions options, Duration silence) {
    this.folder = ModelFolder.of(root);
    this.options = options;
    this.silence = silence;
  }

  static Pulls into(Path root) {
    return new Pulls(root, HubOptions.ofEnvironment(Map.of()));
  }

  Hub hub() {
    return Hub.of(
        options,
        folder,
        new Tuning(
            1000,
            5000,
            16_000,
            4,
            silence,
            (duration, stop) -> {
              waits.add(duration);
              stop.check();
            },
            () -> NOW));
  }

  StoredModel pull(RawServer server, String path) throws IOException {
    return hub().pull(new ModelName.Url(server.uri(path)), progress -> true);
  }

  /** What begins as a model does, and goes on as nothing else. */
  static byte[] content(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    System.arraycopy("GGUF".getBytes(StandardCharsets.US_ASCII), 0, bytes, 0, 4);
    return bytes;
  }

  static String hex(String algorithm, byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      Arrays.stream(parts).forEach(digest::update);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  static String sha256(byte[] bytes) {
    return hex("SHA-256", bytes);
  }

  /** All files of a folder, by name. */
  static List<String> files(Path root) throws IOException {
    if (!Files.exists(root)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile)
          .map(f -> f.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  /** The file is there, whole, and nothing else but its record. */
  static void assertWhole(Path root, StoredModel model, byte[] content) throws IOException {
    assertThat(model.complete()).isTrue();
    assertThat(Files.readAllBytes(model.file())).isEqualTo(content);
    String name = model.file().getFileName().toString();
    assertThat(files(root)).containsExactly("." + name + ".json", name);
  }
}
