package org.ggml4j.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * What a file's content must add up to.
 *
 * @param kind how it is computed
 * @param hex the sum in lower-case hexadecimal digits
 */
record Checksum(Kind kind, String hex) {
  enum Kind {
    /** Of large files, which the hub keeps outside Git. */
    SHA256("SHA-256", 64),
    /**
     * Of small ones: Git's name of the content, SHA-1 over a header with the length and the bytes.
     */
    GIT_BLOB("SHA-1", 40);

    private final String algorithm;
    private final int digits;

    Kind(String algorithm, int digits) {
      this.algorithm = algorithm;
      this.digits = digits;
    }

    @Override
    public String toString() {
      return this == SHA256 ? algorithm : "Git's " + algorithm;
    }
  }

  private static final int BUFFER = 1 << 20;

  /** The sum that a hexadecimal text stands for, if it is one of that kind. */
  static Optional<Checksum> of(Kind kind, String hex) {
    String lower = hex.toLowerCase(Locale.ROOT);
    return lower.length() == kind.digits && lower.chars().allMatch(c -> HexFormat.isHexDigit(c))
        ? Optional.of(new Checksum(kind, lower))
        : Optional.empty();
  }

  /** Computes the sum of that kind over a file; {@code progress} is told the bytes read. */
  static Checksum compute(Kind kind, FileChannel file, LongConsumer progress) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance(kind.algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has " + kind.algorithm, e);
    }
    if (kind == Kind.GIT_BLOB) {
      digest.update(("blob " + file.size() + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    long at = 0;
    while (true) {
      buffer.clear();
      int n = file.read(buffer, at);
      if (n < 0) {
        return new Checksum(kind, HexFormat.of().formatHex(digest.digest()));
      }
      at += n;
      digest.update(buffer.flip());
      progress.accept(at);
    }
  }

  @Override
  public String toString() {
    return kind + " " + hex;
  }
}
