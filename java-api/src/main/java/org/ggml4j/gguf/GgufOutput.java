package org.ggml4j.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;

/** The writer's disk side: tensor data is streamed into a file that appears when complete. */
final class GgufOutput {
  private static final int CHUNK = 1 << 20;

  private GgufOutput() {}

  static void write(Path target, byte[] header, int alignment, List<GgufWriter.Item> tensors)
      throws IOException {
    AtomicFile.write(
        target,
        channel -> {
          AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
          for (GgufWriter.Item t : tensors) {
            pad(channel, alignment);
            Exactly out = new Exactly(channel, t);
            t.data().writeTo(out);
            out.checkComplete();
          }
          pad(channel, alignment);
        });
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

  private static void pad(FileChannel channel, int alignment) throws IOException {
    long at = channel.position();
    long gap = GgufParser.align(at, alignment) - at;
    while (gap > 0) {
      int n = (int) Math.min(gap, CHUNK);
      AtomicFile.writeFully(channel, ByteBuffer.allocate(n));
      gap -= n;
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
      AtomicFile.writeFully(channel, src);
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
