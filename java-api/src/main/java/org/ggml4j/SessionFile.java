package org.ggml4j;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.ggml4j.gguf.AtomicFile;
import org.ggml4j.nn.CellCache;
import org.ggml4j.nn.CellRows;
import org.ggml4j.nn.SequenceMemory;
import org.ggml4j.nn.StateCache;
import org.jspecify.annotations.Nullable;

/**
 * The format of a saved session, and the writing of it; {@link SessionFileReader} reads it.
 *
 * <p>Little-endian. A head: the magic number (8 bytes), the version (u32), the CRC-32C of both.
 * Then sections: a tag (4 letters), the length of the content (u64), the CRC-32C of both, the
 * content, the CRC-32C of the content.
 *
 * <ul>
 *   <li>{@code MODL}: the model's identity (SHA-256) and its name in UTF-8
 *   <li>{@code CACH}: types of keys and values (u32 as in GGUF), 1 for values by token or 0 for
 *       transposed ones (u32), layers (u32)
 *   <li>{@code TEXT}: numbers of tokens in the cache, of tokens after them, and of logits (u32
 *       each); the tokens and their positions (i32); the tokens after them; the logits after the
 *       last token (f32), if they are known
 *   <li>for each table of cells (that of all layers, and that of layers with a window) {@code
 *       CELL}: the positions (i32) of the tokens that are in it; then {@code ROWS} for each part of
 *       {@link CellRows}: its bytes, in blocks of 64 tokens
 *   <li>if there are recurrent layers, {@code STAT}: the position (i32) of the last token that
 *       their states have seen, -1 for none; then, if there is one, {@code ROWS} for each part of
 *       {@link StateCache}
 *   <li>{@code END.}: nothing; the file ends behind it
 * </ul>
 */
final class SessionFile {
  static final long MAGIC = tag("GG4J") | (long) tag("SESS") << 32;
  static final int VERSION = 1;
  static final int HEAD_BYTES = 16;
  static final int SECTION_BYTES = 16;
  static final int BLOCK = 64;

  static final int MODEL = tag("MODL");
  static final int CACHE = tag("CACH");
  static final int TEXT = tag("TEXT");
  static final int CELLS = tag("CELL");
  static final int ROWS = tag("ROWS");
  static final int STATES = tag("STAT");
  static final int END = tag("END.");

  private SessionFile() {}

  /**
   * The text of a session.
   *
   * @param tokens in the cache, in the order of their positions
   * @param positions of these
   * @param pending tokens that are not in the cache yet
   * @param logits after the last token, if that is in the cache and they are known
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Text(int[] tokens, int[] positions, int[] pending, float @Nullable [] logits) {
    long bytes() {
      int nLogits = logits == null ? 0 : logits.length;
      return 12 + 8L * tokens.length + 4L * pending.length + 4L * nLogits;
    }
  }

  private static int tag(String letters) {
    return ByteBuffer.wrap(letters.getBytes(StandardCharsets.US_ASCII))
        .order(ByteOrder.LITTLE_ENDIAN)
        .getInt();
  }

  /** Writes a session's text, and what the cache has of it that a next token sees. */
  static void write(Path target, Model model, SequenceMemory cache, int sequence, Text text)
      throws IOException {
    AtomicFile.write(target, channel -> new Writer(channel).write(model, cache, sequence, text));
  }

  private static final class Writer {
    private final FileChannel channel;
    private final CRC32C crc = new CRC32C();

    Writer(FileChannel channel) {
      this.channel = channel;
    }

    void write(Model model, SequenceMemory cache, int sequence, Text text) throws IOException {
      ByteBuffer head = buffer(HEAD_BYTES).putLong(MAGIC).putInt(VERSION);
      putCrc(head);
      put(head);

      byte[] name = model.description().getBytes(StandardCharsets.UTF_8);
      byte[] identity = model.identity();
      section(MODEL, buffer(identity.length + name.length).put(identity).put(name));

      CellCache.Options options = cache.tables().get(0).options();
      ByteBuffer settings = buffer(16).putInt(options.typeK().id()).putInt(options.typeV().id());
      section(CACHE, settings.putInt(options.flashAttn() ? 1 : 0).putInt(model.hparams().nLayer()));

      begin(TEXT, text.bytes());
      put(
          buffer(12)
              .putInt(text.tokens.length)
              .putInt(text.pending.length)
              .putInt(text.logits == null ? 0 : text.logits.length));
      putInts(text.tokens);
      putInts(text.positions);
      putInts(text.pending);
      if (text.logits != null) {
        ByteBuffer bytes = buffer(4 * text.logits.length);
        bytes.asFloatBuffer().put(text.logits);
        put(bytes.position(bytes.limit()));
      }
      end();

      for (CellCache table : cache.tables()) {
        int[] cells = table.seenCells(sequence);
        begin(CELLS, 4L * cells.length);
        putInts(Arrays.stream(cells).map(table::position).toArray());
        end();
        CellRows rows = table.rows();
        for (int part = 0; part < rows.nParts(); part++) {
          begin(ROWS, rows.bytes(part) * cells.length);
          putRows(rows, part, cells);
          end();
        }
      }
      if (cache.states().isPresent()) {
        putStates(cache.states().get(), sequence);
      }
      begin(END, 0);
      end();
    }

    private void putInts(int[] values) throws IOException {
      ByteBuffer bytes = buffer(4 * values.length);
      bytes.asIntBuffer().put(values);
      put(bytes.position(bytes.limit()));
    }

    private void putStates(StateCache states, int sequence) throws IOException {
      int last = states.last(sequence);
      section(STATES, buffer(4).putInt(last));
      for (int part = 0; part < states.nParts() && last >= 0; part++) {
        int size = (int) states.bytes(part);
        ByteBuffer vector = ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
        states.read(sequence, part, MemorySegment.ofBuffer(vector));
        section(ROWS, vector.position(size));
      }
    }

    private void putRows(CellRows rows, int part, int[] cells) throws IOException {
      int size = (int) rows.bytes(part);
      ByteBuffer block = ByteBuffer.allocateDirect(BLOCK * size).order(ByteOrder.LITTLE_ENDIAN);
      MemorySegment memory = MemorySegment.ofBuffer(block);
      for (int i = 0; i < cells.length; i += BLOCK) {
        int n = Math.min(BLOCK, cells.length - i);
        rows.read(part, cells, i, n, memory);
        put(block.clear().position(n * size));
      }
    }

    private void section(int tag, ByteBuffer content) throws IOException {
      begin(tag, content.position());
      put(content);
      end();
    }

    private void begin(int tag, long length) throws IOException {
      ByteBuffer head = buffer(SECTION_BYTES).putInt(tag).putLong(length);
      putCrc(head);
      put(head);
      crc.reset();
    }

    private void end() throws IOException {
      put(buffer(4).putInt((int) crc.getValue()));
    }

    /** Appends the checksum of what is in a buffer. */
    private static void putCrc(ByteBuffer bytes) {
      CRC32C own = new CRC32C();
      own.update(bytes.duplicate().flip());
      bytes.putInt((int) own.getValue());
    }

    /** Writes a buffer up to its position. */
    private void put(ByteBuffer bytes) throws IOException {
      bytes.flip();
      crc.update(bytes.duplicate());
      AtomicFile.writeFully(channel, bytes);
    }

    private static ByteBuffer buffer(int bytes) {
      return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
  }
}
