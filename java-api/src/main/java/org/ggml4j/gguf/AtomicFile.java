package org.ggml4j.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a file that appears under its name only when it is complete and on disk: a failure, or a
 * power cut, leaves what was there before.
 */
public final class AtomicFile {
  private AtomicFile() {}

  /** Writes what is to be in the file. */
  @FunctionalInterface
  public interface Content {
    /**
     * @param channel at the begin of an empty file; stays open
     */
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Writes to a temporary name beside {@code target}, then to disk, then renames it over {@code
   * target} in one step.
   *
   * @throws IOException if writing fails; {@code target} is then as it was
   */
  public static void write(Path target, Content content) throws IOException {
    Temporary file = create(target);
    boolean complete = false;
    try {
      try (FileChannel channel = file.channel) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.move(
          file.path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      complete = true;
    } finally {
      if (!complete) {
        Files.deleteIfExists(file.path);
      }
    }
    syncFolder(target);
  }

  /** Writes all that remains in a buffer. */
  public static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private record Temporary(Path path, FileChannel channel) {}

  private static Temporary create(Path target) throws IOException {
    for (int attempt = 1; ; attempt++) {
      String random = Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), 36);
      Path path = target.resolveSibling("." + target.getFileName() + "." + random + ".tmp");
      try {
        return new Temporary(
            path, FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
      } catch (FileAlreadyExistsException e) {
        if (attempt == 100) {
          throw e;
        }
      }
    }
  }

  /** Makes the rename itself survive a power cut, where folders can be synced (not on Windows). */
  private static void syncFolder(Path target) throws IOException {
    Path folder = target.toAbsolutePath().getParent();
    if (folder == null || !folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return;
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
