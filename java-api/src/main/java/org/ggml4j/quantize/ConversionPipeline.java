package org.ggml4j.quantize;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.ggml4j.ggml.Quantization;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.TensorInfo;

/**
 * Converts a model's tensors piece by piece, several pieces at once, and hands them out in order.
 *
 * <p>Pieces are whole rows of one expert's matrix, since each expert has an importance of its own.
 * The files are read, not mapped, so that what was read does not stay in the process.
 */
final class ConversionPipeline implements AutoCloseable {
  private static final long PIECE_ELEMENTS = 1 << 19;

  /** A row range of a tensor; sizes in elements, rows counted over all experts. */
  private record Piece(
      QuantizationPlan.Planned planned, long firstRow, long nRows, Optional<float[]> importance) {
    long sourceBytes() {
      return planned.source().type().rowSize(planned.source().ne0()) * nRows;
    }

    long targetBytes() {
      return planned.type().rowSize(planned.source().ne0()) * nRows;
    }
  }

  private record Converted(Piece piece, Buffers buffers, MemorySegment result) {}

  private final List<FileChannel> channels = new ArrayList<>();
  private final List<Path> paths;
  private final Iterator<Piece> pieces;
  private final ExecutorService workers;
  private final Deque<Future<Converted>> running = new ArrayDeque<>();
  private final Deque<Buffers> free = new ArrayDeque<>();
  private final int depth;

  ConversionPipeline(
      GgufFile file, QuantizationPlan plan, Optional<ImportanceMatrix> importance, int threads)
      throws IOException {
    int n = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    depth = 2 * n;
    paths = file.paths();
    pieces = new Pieces(plan, importance);
    try {
      for (Path path : paths) {
        channels.add(FileChannel.open(path, StandardOpenOption.READ));
      }
    } catch (IOException e) {
      closeFiles();
      throw e;
    }
    workers =
        Executors.newFixedThreadPool(
            n,
            task -> {
              Thread t = new Thread(task, "ggml4j-quantize");
              t.setDaemon(true);
              return t;
            });
  }

  /**
   * Writes the next piece.
   *
   * @return how many bytes of the source it was
   */
  long writeNext(WritableByteChannel out) throws IOException {
    while (running.size() < depth && pieces.hasNext()) {
      Piece piece = pieces.next();
      Buffers buffers = free.isEmpty() ? new Buffers() : free.pop();
      running.add(workers.submit(() -> convert(piece, buffers)));
    }
    Converted done = await(running.remove());
    ByteBuffer bytes = done.result.asByteBuffer();
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
    free.push(done.buffers);
    return done.piece.sourceBytes();
  }

  private static Converted await(Future<Converted> future) throws IOException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while quantizing", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IllegalStateException("quantizing failed: " + e.getMessage(), e);
    }
  }

  private Converted convert(Piece piece, Buffers buffers) throws IOException {
    TensorInfo t = piece.planned.source();
    GgmlType type = piece.planned.type();
    MemorySegment source = buffers.source.atLeast(piece.sourceBytes());
    read(t, piece.firstRow * t.type().rowSize(t.ne0()), source);
    check(t, t.type(), source);
    MemorySegment result = source;
    if (type != t.type()) {
      MemorySegment floats = source;
      if (t.type() != GgmlType.F32) {
        floats = buffers.floats.atLeast(4 * t.ne0() * piece.nRows);
        Quantization.toFloat(t.type(), source, floats, t.ne0() * piece.nRows);
      }
      result = buffers.result.atLeast(piece.targetBytes());
      if (piece.importance.isPresent()) {
        MemorySegment weights = buffers.weights.atLeast(4 * t.ne0());
        int from = Math.toIntExact(piece.firstRow / t.ne1() % t.ne2() * t.ne0());
        int n = Math.toIntExact(t.ne0());
        float[] all = piece.importance.get();
        MemorySegment.copy(all, from, weights, ValueLayout.JAVA_FLOAT, 0, n);
        Quantization.rows(type, floats, result, piece.nRows, t.ne0(), weights);
      } else {
        Quantization.rows(type, floats, result, piece.nRows, t.ne0());
      }
      check(t, type, result);
    }
    return new Converted(piece, buffers, result);
  }

  private void check(TensorInfo t, GgmlType type, MemorySegment data) throws IOException {
    if (!Quantization.isValid(type, data)) {
      throw new GgufFormatException(
          "values that are not finite", paths.get(t.split()), t.offset(), t.name());
    }
  }

  private void read(TensorInfo t, long offset, MemorySegment to) throws IOException {
    ByteBuffer bytes = to.asByteBuffer();
    long at = t.offset() + offset;
    while (bytes.hasRemaining()) {
      int n = channels.get(t.split()).read(bytes, at + bytes.position());
      if (n < 0) {
        throw new GgufFormatException(
            "the file ends within the tensor", paths.get(t.split()), at, t.name());
      }
    }
  }

  @Override
  public void close() throws IOException {
    workers.shutdownNow();
    boolean interrupted = false;
    for (boolean ended = false; !ended; ) {
      try {
        ended = workers.awaitTermination(1, TimeUnit.HOURS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    closeFiles();
  }

  private void closeFiles() throws IOException {
    for (FileChannel channel : channels) {
      channel.close();
    }
  }

  /** Native memory of one conversion; freed when nobody refers to it any more. */
  private static final class Buffers {
    final Growing source = new Growing();
    final Growing floats = new Growing();
    final Growing result = new Growing();
    final Growing weights = new Growing();
  }

  private static final class Growing {
    private MemorySegment memory = MemorySegment.NULL;

    MemorySegment atLeast(long bytes) {
      if (memory.byteSize() < bytes) {
        memory = Arena.ofAuto().allocate(bytes, 64);
      }
      return memory.asSlice(0, bytes);
    }
  }

  /** All pieces of all tensors, in the order of the plan. */
  private static final class Pieces implements Iterator<Piece> {
    private final Iterator<QuantizationPlan.Planned> tensors;
    private final Optional<ImportanceMatrix> importance;
    private Optional<QuantizationPlan.Planned> tensor = Optional.empty();
    private Optional<float[]> columns = Optional.empty();
    private long row;

    Pieces(QuantizationPlan plan, Optional<ImportanceMatrix> importance) {
      tensors = plan.tensors().iterator();
      this.importance = importance;
    }

    @Override
    public boolean hasNext() {
      return tensors.hasNext() || tensor.isPresent();
    }

    @Override
    public Piece next() {
      if (tensor.isEmpty()) {
        if (!tensors.hasNext()) {
          throw new NoSuchElementException();
        }
        begin(tensors.next());
      }
      QuantizationPlan.Planned p = tensor.orElseThrow();
      TensorInfo t = p.source();
      long wanted = Math.max(1, PIECE_ELEMENTS / t.ne0());
      long inExpert = t.ne1() - row % t.ne1();
      Piece piece = new Piece(p, row, Math.min(wanted, inExpert), columns);
      row += piece.nRows;
      if (row == t.ne1() * t.ne2() * t.ne3()) {
        tensor = Optional.empty();
      }
      return piece;
    }

    private void begin(QuantizationPlan.Planned p) {
      tensor = Optional.of(p);
      row = 0;
      TensorInfo t = p.source();
      columns =
          p.type() == t.type() ? Optional.empty() : importance.flatMap(m -> m.importance(t.name()));
      boolean embeddings = TensorCategory.of(t.name()) == TensorCategory.TOKEN_EMBD;
      if (columns.isPresent() && columns.get().length != t.ne0() * t.ne2()) {
        if (!embeddings) {
          throw new IllegalArgumentException(
              "the importance matrix has "
                  + columns.get().length
                  + " values for "
                  + t
                  + ", expected "
                  + t.ne0() * t.ne2()
                  + "; it was made for another model");
        }
        columns = Optional.empty();
      }
    }
  }
}
