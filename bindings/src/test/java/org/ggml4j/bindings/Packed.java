package org.ggml4j.bindings;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/** A folder as the native build packs it, with files that are no libraries but have their names. */
final class Packed {
  static final Platform PLATFORM = Platform.of("Linux", "amd64");

  private final Path root;
  private final Map<String, byte[]> files = new LinkedHashMap<>();

  Packed(Path root) {
    this.root = root;
    files.put("libggml-base.so", "the base".getBytes(StandardCharsets.UTF_8));
    files.put("libggml.so", "the rest".getBytes(StandardCharsets.UTF_8));
  }

  Path folder() {
    return root.resolve("META-INF/ggml4j/native").resolve(PLATFORM.name());
  }

  byte[] content(String name) {
    return files.get(name);
  }

  Packed with(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  /** Writes libraries and index. */
  Packed write() throws IOException {
    StringBuilder lines = new StringBuilder();
    Files.createDirectories(folder());
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Files.write(folder().resolve(file.getKey()), file.getValue());
      lines.append(
          "library %s %d %s\n"
              .formatted(sha256(file.getValue()), file.getValue().length, file.getKey()));
    }
    return index(lines.toString());
  }

  /** Writes an index of these lines. */
  Packed index(String lines) throws IOException {
    Files.createDirectories(folder());
    Files.writeString(
        folder().resolve("index.txt"),
        "ggml4j-native 1\nggml 0.25.1 4a1f\ncontent "
            + sha256(lines.getBytes(StandardCharsets.UTF_8))
            + "\n"
            + lines);
    return this;
  }

  ClassLoader loader() throws MalformedURLException {
    return new URLClassLoader(new URL[] {root.toUri().toURL()}, null);
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
