package org.ggml4j.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.ggml4j.gguf.AtomicFile;
import org.jspecify.annotations.Nullable;

/**
 * The right to fetch or remove one file: held by one process and one thread at a time, and given
 * back by the system if that process dies.
 */
final class PullLock implements AutoCloseable {
  // The lock itself lies far behind the text: Windows lets nobody read what is locked.
  private static final long POSITION = 1L << 40;

  private final Path path;
  private final FileChannel channel;

  private PullLock(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * Takes the lock of a file, whose folder exists.
   *
   * @throws HubException if somebody else has it
   */
  static PullLock take(Path file) throws IOException {
    Path path = file.resolveSibling("." + file.getFileName() + ".lock");
    while (true) {
      PullLock lock = tryTake(path, file);
      if (lock != null) {
        return lock;
      }
    }
  }

  /** Null if the last owner removed its file between our opening and locking it. */
  private static @Nullable PullLock tryTake(Path path, Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean taken = false;
    try {
      FileLock lock;
      try {
        lock = channel.tryLock(POSITION, 1, false);
      } catch (OverlappingFileLockException e) {
        lock = null; // another thread of this process
      }
      if (lock == null) {
        throw new HubException(
            file.getFileName() + " is being pulled or removed by another command: wait for it");
      }
      String mark = UUID.randomUUID().toString();
      channel.truncate(0);
      AtomicFile.writeFully(channel, ByteBuffer.wrap(mark.getBytes(StandardCharsets.US_ASCII)));
      try {
        taken = Files.readString(path, StandardCharsets.US_ASCII).equals(mark);
      } catch (NoSuchFileException e) {
        taken = false;
      }
      return taken ? new PullLock(path, channel) : null;
    } finally {
      if (!taken) {
        channel.close();
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      Files.deleteIfExists(path);
    } finally {
      channel.close();
    }
  }
}
