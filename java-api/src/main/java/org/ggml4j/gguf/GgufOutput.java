package org.ggml4j.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The writer's disk side: a temporary file, tensor data streamed into it, one rename. */
final class GgufOutput {
  private static final int CHUNK = 1 << 20;

  private GgufOutput() {}

  static void write(Path target, byte[] header, int alignment, List<GgufWriter.Item> tensors)
      throws IOException {
    Temporary file = create(target);
    boolean complete = false;
    try {
      try (FileChannel channel = file.channel) {
        writeFully(channel, ByteBuffer.wrap(header));
        for (GgufWriter.Item t : tensors) {
          pad(channel, alignment);
          Exactly out = new Exactly(channel, t);
          t.data().writeTo(out);
          out.checkComplete();
        }
        pad(channel, alignment);
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

  /** Copies a segment of any kind, native or of a Java array, in pieces. */
  static void copy(MemorySegment data, WritableByteChannel out) throws IOException {
    long size = data.byteSize();
    ByteBuffer chunk = ByteBuffer.allocateDirect((int) Math.min(size, CHUNK));
    MemorySegment target = MemorySegment.ofBuffer(chunk);
    for (long pos = 0; pos < size; pos += CHUNK) {
      int n = (int) Math.min(CHUNK, size - pos);
      MemorySegment.copy(data, pos, target, 0, n);
      out.write(chunk.clear().limit(n));
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

  private static void pad(FileChannel channel, int alignment) throws IOException {
    long at = channel.position();
    long gap = GgufParser.align(at, alignment) - at;
    while (gap > 0) {
      int n = (int) Math.min(gap, CHUNK);
      writeFully(channel, ByteBuffer.allocate(n));
      gap -= n;
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
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

  /** Takes exactly as many bytes as a tensor has. */
  private static final class Exactly implements WritableByteChannel {
    private final FileChannel channel;
    private final GgufWriter.Item tensor;
    private long left;

    Exactly(FileChannel channel, GgufWriter.Item tensor) {
      this.channel = channel;
      this.tensor = tensor;
      this.left = tensor.nBytes();
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
      int n = src.remaining();
      if (n > left) {
        throw new IOException(
            tensor.name()
                + ": its data is longer than the "
                + tensor.nBytes()
                + " bytes of its shape and type");
      }
      writeFully(channel, src);
      left -= n;
      return n;
    }

    void checkComplete() throws IOException {
      if (left != 0) {
        throw new IOException(
            tensor.name()
                + ": "
                + (tensor.nBytes() - left)
                + " bytes of data were written, but its"
                + " shape and type make "
                + tensor.nBytes());
      }
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() {
      // The file stays open for the tensors that follow.
    }
  }
}
