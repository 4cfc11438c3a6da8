package org.ggml4j.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A file while it is being fetched: data under a hidden name, and a journal of what is on disk.
 * Safe for use by several threads.
 */
final class PartFile implements AutoCloseable {
  private static final long RESERVE = 16L << 20; // left free for others

  private final Path target;
  private final Source source;
  private final int saveBytes;
  private final FileChannel channel;
  private final Ranges finished = new Ranges();
  private final Object saving = new Object();
  private long size;
  private String validator = "";
  private Optional<Checksum> checksum;
  private long unsaved;
  private boolean kept = true;

  private PartFile(Path target, Source source, int saveBytes, FileChannel channel) {
    this.target = target;
    this.source = source;
    this.saveBytes = saveBytes;
    this.channel = channel;
    this.size = source.size().orElse(-1);
    this.checksum = source.checksum();
  }

  /** Opens what an earlier pull of the same file left, or begins. */
  static PartFile open(Path target, Source source, int saveBytes) throws IOException {
    FileChannel channel =
        FileChannel.open(
            PullRecord.part(target),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    boolean opened = false;
    try {
      PartFile part = new PartFile(target, source, saveBytes, channel);
      part.resume(PullRecord.read(PullRecord.journal(target)));
      opened = true;
      return part;
    } finally {
      if (!opened) {
        channel.close();
      }
    }
  }

  private synchronized void resume(Optional<PullRecord> journal) throws IOException {
    boolean same = false;
    if (journal.isPresent()) {
      PullRecord j = journal.get();
      boolean sameContent = checksum.isPresent() && checksum.equals(j.checksum());
      boolean samePlace = j.url().equals(source.shown());
      boolean differs =
          (size >= 0 && size != j.size())
              || (checksum.isPresent() && j.checksum().isPresent() && !sameContent);
      same = j.size() >= 0 && !differs && (sameContent || samePlace);
      if (same) {
        size = j.size();
        // Of another server the same content has another ETag.
        validator = samePlace ? j.validator() : "";
        checksum = checksum.or(j::checksum);
        for (Ranges.Range r : j.finished()) {
          if (r.to() <= Math.min(size, channel.size())) {
            finished.add(r.from(), r.to());
          }
        }
      }
    }
    if (!same) {
      discard();
    }
  }

  /** Begins anew. */
  synchronized void discard() throws IOException {
    finished.clear();
    size = source.size().orElse(-1);
    checksum = source.checksum();
    validator = "";
    unsaved = 0;
    Files.deleteIfExists(PullRecord.journal(target));
    channel.truncate(0);
  }

  /**
   * Takes note of what a server says of the file.
   *
   * @param saidSize bytes of the whole, -1 if it does not say
   * @throws ChangedException if it said something else before
   */
  synchronized void learn(long saidSize, String saidValidator, Optional<Checksum> saidChecksum)
      throws IOException {
    if (saidSize >= 0 && source.size().isPresent() && saidSize != source.size().getAsLong()) {
      throw new HubException(
          source.shown()
              + " has "
              + saidSize
              + " bytes, but the hub lists it with "
              + source.size().getAsLong());
    }
    boolean otherSize = saidSize >= 0 && size >= 0 && saidSize != size;
    // Servers behind one address may give the same content several ETags; a checksum knows better.
    boolean otherVersion =
        checksum.isEmpty()
            && !validator.isEmpty()
            && !saidValidator.isEmpty()
            && !validator.equals(saidValidator);
    boolean otherContent =
        checksum.isPresent() && saidChecksum.isPresent() && !checksum.equals(saidChecksum);
    if (otherSize || otherVersion || otherContent) {
      throw new ChangedException(source.shown() + " has changed on the server");
    }
    if (size < 0 && saidSize >= 0) {
      size = saidSize;
    }
    if (size >= 0) {
      requireSpace(target, size - finished.total());
    }
    validator = validator.isEmpty() ? saidValidator : validator;
    checksum = checksum.or(() -> saidChecksum);
  }

  /**
   * Checks that a volume has room.
   *
   * @throws HubException if not
   */
  static void requireSpace(Path file, long bytes) throws IOException {
    FileStore store = Files.getFileStore(file.toAbsolutePath().getParent());
    long free = store.getUsableSpace();
    // Some network volumes don't know, and say 0.
    if (free > 0 && bytes > free - RESERVE) {
      throw new HubException(
          "not enough room in "
              + file.toAbsolutePath().getParent()
              + ": "
              + bytes
              + " bytes are still to come, "
              + free
              + " are free; make room, or name another folder in GGML4J_MODELS");
    }
  }

  /** The size of the whole, -1 as long as it is not known. */
  synchronized long size() {
    return size;
  }

  /** The size is known now: the server closed the body in good order. */
  synchronized void endedAt(long bytes) {
    size = bytes;
  }

  synchronized Optional<Checksum> checksum() {
    return checksum;
  }

  synchronized long arrived() {
    return finished.total();
  }

  /** What is missing, in pieces; only if the size is known. */
  synchronized List<Ranges.Range> missing(long piece) {
    return finished.missing(size, piece);
  }

  /** The first bytes that are missing, also if the size is not known. */
  synchronized Optional<Ranges.Range> firstMissing(long piece) {
    long end =
        size >= 0 ? size : finished.list().stream().mapToLong(r -> r.to()).max().orElse(0) + piece;
    return finished.missing(end, piece).stream().findFirst();
  }

  /** Puts bytes to their place, and from time to time the journal on disk. */
  void write(long at, byte[] bytes, int n) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, n);
    long position = at;
    while (buffer.hasRemaining()) {
      position += channel.write(buffer, position);
    }
    boolean save;
    synchronized (this) {
      unsaved += finished.add(at, at + n);
      save = unsaved >= saveBytes;
      unsaved = save ? 0 : unsaved;
    }
    if (save) {
      save();
    }
  }

  /** Puts the data, and then the journal that speaks of it, on disk. */
  void save() throws IOException {
    synchronized (saving) {
      PullRecord journal;
      synchronized (this) {
        journal = record(finished.list());
      }
      channel.force(false);
      journal.write(PullRecord.journal(target));
    }
  }

  private PullRecord record(List<Ranges.Range> parts) {
    return new PullRecord(source.shown(), size, validator, checksum, parts);
  }

  /** The first bytes of the file, at most so many. */
  byte[] head(int n) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(n);
    while (buffer.hasRemaining() && channel.read(buffer, buffer.position()) >= 0) {
      // read on
    }
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  /** Computes a checksum of what is on disk. */
  Checksum compute(Checksum.Kind kind, LongConsumer progress) throws IOException {
    return Checksum.compute(kind, channel, progress);
  }

  /** Gives the complete file its name. */
  void finish() throws IOException {
    save(); // if the rest fails, the next pull only has to do it again
    synchronized (this) {
      rename();
    }
  }

  private void rename() throws IOException {
    channel.truncate(size); // of a server without ranges an earlier answer may have been longer
    channel.force(true);
    channel.close(); // Windows renames no open file
    Files.move(
        PullRecord.part(target),
        target,
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    record(List.of()).write(PullRecord.besideFile(target));
    Files.deleteIfExists(PullRecord.journal(target));
    kept = false;
  }

  /** Removes what has arrived. */
  synchronized void remove() throws IOException {
    kept = false;
    channel.close();
    Files.deleteIfExists(PullRecord.journal(target));
    Files.deleteIfExists(PullRecord.part(target));
  }

  /** Keeps what has arrived for the next pull. */
  @Override
  public void close() throws IOException {
    boolean keep;
    synchronized (this) {
      if (!channel.isOpen()) {
        return;
      }
      keep = kept && finished.total() > 0;
    }
    if (keep) {
      save();
      channel.close();
    } else if (kept) {
      remove();
    }
  }
}
