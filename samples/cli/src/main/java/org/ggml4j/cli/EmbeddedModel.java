package org.ggml4j.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The model that comes with the command. It lies in the jar; to be mapped into memory it is written
 * into the user's cache once, under a name that holds its hash, and appears there whole or not at
 * all.
 */
final class EmbeddedModel {
  static final String RESOURCE = "tiny-stories.gguf";

  /** Size and hash, which the build computes: doing so at every start would take as long as it. */
  static final String INDEX = RESOURCE + ".sha256";

  private EmbeddedModel() {}

  /**
   * The model as a file.
   *
   * @throws IOException if it can't be written, or this build has none
   */
  static Path file() throws IOException {
    String[] index = index();
    long size = Long.parseLong(index[0]);
    Path file =
        Cache.folder()
            .resolve("models")
            .resolve("tiny-stories-" + index[1].substring(0, 16) + ".gguf");
    if (Files.isRegularFile(file) && Files.size(file) == size) {
      return file;
    }
    extract(file, index[1]);
    return file;
  }

  private static String[] index() throws IOException {
    try (InputStream in = EmbeddedModel.class.getResourceAsStream(INDEX)) {
      if (in != null) {
        return new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip().split(" ", 2);
      }
    }
    return index(open()).split(" ", 2);
  }

  /** Size and SHA-256 of a model, as the index holds them. */
  static String index(InputStream model) throws IOException {
    MessageDigest digest = sha256();
    try (DigestInputStream in = new DigestInputStream(model, digest)) {
      long size = in.transferTo(OutputStream.nullOutputStream());
      return size + " " + HexFormat.of().formatHex(digest.digest());
    }
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  private static InputStream open() throws IOException {
    InputStream in = EmbeddedModel.class.getResourceAsStream(RESOURCE);
    if (in == null) {
      throw new FileNotFoundException(
          "this build has no model of its own (resource org/ggml4j/cli/"
              + RESOURCE
              + "): name a GGUF file with -m, or make one with \"ggml4j train --recipe"
              + " tiny-stories\"");
    }
    return in;
  }

  private static void extract(Path file, String hash) throws IOException {
    Files.createDirectories(file.getParent());
    Path temporary = Files.createTempFile(file.getParent(), "tiny-stories-", ".tmp");
    try {
      MessageDigest digest = sha256();
      try (DigestInputStream in = new DigestInputStream(open(), digest)) {
        Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
      }
      String found = HexFormat.of().formatHex(digest.digest());
      if (!found.equals(hash)) {
        throw new IOException(
            "the embedded model has the hash "
                + found
                + ", expected "
                + hash
                + ": build the command again");
      }
      move(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Gives a complete file its name; another process may have been first. */
  static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
