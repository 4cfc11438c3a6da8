package org.ggml4j;

import static org.ggml4j.SessionFile.BLOCK;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import org.ggml4j.SessionFile.Text;
import org.ggml4j.SessionFileException.Reason;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.CellCache;
import org.ggml4j.nn.CellRows;
import org.ggml4j.nn.SequenceMemory;
import org.ggml4j.nn.StateCache;

/**
 * Reads a saved session twice: first all of it, to see that it is whole and fits, then the keys and
 * values again, to put them into the cache.
 */
final class SessionFileReader implements AutoCloseable {
  private static final int CHUNK = 1 << 20;
  private static final int IDENTITY_BYTES = 32;

  private final Path path;
  private final FileChannel channel;
  private final long size;
  private final CRC32C crc = new CRC32C();
  private long cellsBegin;

  private SessionFileReader(Path path, FileChannel channel) throws IOException {
    this.path = path;
    this.channel = channel;
    size = channel.size();
  }

  static SessionFileReader open(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      return new SessionFileReader(path, channel);
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  /**
   * A saved text, the positions of the tokens that each table of cells has, and of the last token
   * that recurrent layers have seen, or -1.
   */
  record Saved(Text text, List<int[]> positions, int stateLast) {
    /** The tokens at the positions of a table. */
    int[] tokens(int table) {
      int[] tokens = new int[positions.get(table).length];
      int from = 0;
      for (int i = 0; i < tokens.length; i++) {
        while (text.positions()[from] != positions.get(table)[i]) {
          from++;
        }
        tokens[i] = text.tokens()[from++];
      }
      return tokens;
    }
  }

  /**
   * Reads everything, and keeps the text.
   *
   * @throws SessionFileException if the file is damaged or is not for this model and cache
   */
  Saved check(Model model, SequenceMemory cache) throws IOException {
    checkHead();
    checkModel(content(SessionFile.MODEL), model);
    checkSettings(content(SessionFile.CACHE), model, cache.tables().get(0).options());
    Text text = text(content(SessionFile.TEXT), model.hparams().nVocab());
    cellsBegin = channel.position();
    List<int[]> positions = new ArrayList<>();
    for (CellCache table : cache.tables()) {
      positions.add(checkTable(table.rows(), text));
    }
    if (positions.get(0).length != text.positions().length) {
      throw damaged("cells of a part of the text only");
    }
    int stateLast =
        cache.states().isPresent() ? checkStates(cache.states().get(), text.positions()) : -1;
    if (begin(SessionFile.END) != 0) {
      throw damaged("the end has content");
    }
    end();
    if (channel.position() != size) {
      throw damaged("something follows the end");
    }
    return new Saved(text, positions, stateLast);
  }

  private int[] checkTable(CellRows rows, Text text) throws IOException {
    ByteBuffer content = content(SessionFile.CELLS);
    int[] positions = ints(content, content.limit() / 4);
    if (content.hasRemaining() || !isPart(positions, text.positions())) {
      throw damaged("cells whose positions are not the text's");
    }
    for (int part = 0; part < rows.nParts(); part++) {
      checkRows(beginRows(rows.bytes(part), positions.length));
    }
    return positions;
  }

  /** Reads the rest of a section without keeping it. */
  private void checkRows(long length) throws IOException {
    ByteBuffer chunk = direct((int) Math.min(CHUNK, length));
    for (long left = length; left > 0; left -= CHUNK) {
      read(chunk.clear().limit((int) Math.min(CHUNK, left)));
    }
    end();
  }

  private int checkStates(StateCache states, int[] positions) throws IOException {
    ByteBuffer content = content(SessionFile.STATES);
    int last = content.limit() == 4 ? content.getInt(0) : Integer.MIN_VALUE;
    if (last != -1 && Arrays.binarySearch(positions, last) < 0) {
      throw damaged("states that have seen another text");
    }
    for (int part = 0; part < states.nParts() && last >= 0; part++) {
      checkRows(beginRows(states.bytes(part), 1));
    }
    return last;
  }

  private static boolean isPart(int[] positions, int[] all) {
    int from = 0;
    for (int position : positions) {
      while (from < all.length && all[from] != position) {
        from++;
      }
      if (from++ >= all.length) {
        return false;
      }
    }
    return true;
  }

  /**
   * Puts the keys and values of all tokens into these cells, and the states into a sequence's.
   *
   * @param cells for each table
   * @throws SessionFileException if they are not what was checked
   */
  void readRows(SequenceMemory cache, List<int[]> cells, int sequence, int stateLast)
      throws IOException {
    channel.position(cellsBegin);
    for (int i = 0; i < cells.size(); i++) {
      content(SessionFile.CELLS);
      readRows(cache.tables().get(i).rows(), cells.get(i));
    }
    if (stateLast >= 0) {
      content(SessionFile.STATES);
      readStates(cache.states().orElseThrow(), sequence, stateLast);
    }
  }

  private void readStates(StateCache states, int sequence, int last) throws IOException {
    states.restore(sequence, last);
    for (int part = 0; part < states.nParts(); part++) {
      ByteBuffer vector = direct((int) beginRows(states.bytes(part), 1));
      read(vector);
      states.write(sequence, part, MemorySegment.ofBuffer(vector));
      end();
    }
  }

  private void readRows(CellRows rows, int[] cells) throws IOException {
    for (int part = 0; part < rows.nParts(); part++) {
      beginRows(rows.bytes(part), cells.length);
      int bytes = (int) rows.bytes(part);
      ByteBuffer block = direct(BLOCK * bytes);
      MemorySegment memory = MemorySegment.ofBuffer(block);
      for (int i = 0; i < cells.length; i += BLOCK) {
        int n = Math.min(BLOCK, cells.length - i);
        read(block.clear().limit(n * bytes));
        rows.write(part, cells, i, n, memory);
      }
      end();
    }
  }

  private long beginRows(long bytes, int n) throws IOException {
    long length = begin(SessionFile.ROWS);
    if (length != bytes * n) {
      throw damaged("expected " + n + " tokens of " + bytes + " bytes, found " + length + " bytes");
    }
    return length;
  }

  private void checkHead() throws IOException {
    ByteBuffer head = buffer(SessionFile.HEAD_BYTES);
    if (size < head.capacity()) {
      throw new SessionFileException(
          Reason.NOT_A_SESSION, path, size, "this is no saved session: it has " + size + " bytes");
    }
    read(head);
    if (head.getLong(0) != SessionFile.MAGIC) {
      throw new SessionFileException(
          Reason.NOT_A_SESSION, path, 0, "this is no saved session: it begins otherwise");
    }
    checkCrc(head, "the head");
    int version = head.getInt(8);
    if (version != SessionFile.VERSION) {
      throw new SessionFileException(
          Reason.OTHER_VERSION,
          path,
          8,
          "this session was saved in version "
              + version
              + " of the format, and this library reads version "
              + SessionFile.VERSION);
    }
  }

  private void checkModel(ByteBuffer content, Model model) throws IOException {
    if (content.limit() < IDENTITY_BYTES) {
      throw damaged("a model without identity");
    }
    byte[] found = new byte[IDENTITY_BYTES];
    content.get(0, found);
    if (!Arrays.equals(found, model.identity())) {
      content.position(IDENTITY_BYTES);
      throw new SessionFileException(
          Reason.OTHER_MODEL,
          path,
          SessionFile.HEAD_BYTES,
          "this session was saved with another model: "
              + StandardCharsets.UTF_8.decode(content)
              + ", "
              + shortened(found)
              + "; this one is "
              + model.description()
              + ", "
              + shortened(model.identity()));
    }
  }

  private static String shortened(byte[] identity) {
    return HexFormat.of().formatHex(identity, 0, 4);
  }

  private void checkSettings(ByteBuffer content, Model model, CellCache.Options mine)
      throws IOException {
    if (content.limit() != 16) {
      throw damaged("settings of " + content.limit() + " bytes");
    }
    same("typeK", typeName(content.getInt(0)), mine.typeK().toString());
    same("typeV", typeName(content.getInt(4)), mine.typeV().toString());
    same("flashAttn", content.getInt(8) == 1, mine.flashAttn());
    same("layers", content.getInt(12), model.hparams().nLayer());
  }

  private static String typeName(int id) {
    return GgmlType.byId(id).map(GgmlType::toString).orElse("type " + id);
  }

  private void same(String name, Object found, Object expected) throws IOException {
    if (!found.equals(expected)) {
      throw new SessionFileException(
          Reason.OTHER_SETTINGS,
          path,
          channel.position(),
          "this session was saved with other settings of the cache: "
              + name
              + " is "
              + found
              + ", and "
              + expected
              + " here");
    }
  }

  private Text text(ByteBuffer content, int nVocab) throws IOException {
    if (content.limit() < 12) {
      throw damaged("a text of " + content.limit() + " bytes");
    }
    long nTokens = Integer.toUnsignedLong(content.getInt());
    long nPending = Integer.toUnsignedLong(content.getInt());
    long nLogits = Integer.toUnsignedLong(content.getInt());
    boolean fits = nLogits == 0 || nLogits == nVocab && nPending == 0;
    if (!fits || content.limit() != 12 + 8 * nTokens + 4 * nPending + 4 * nLogits) {
      throw damaged(
          "a text whose numbers don't fit: " + nTokens + ", " + nPending + ", " + nLogits);
    }
    int[] tokens = ints(content, (int) nTokens);
    int[] positions = ints(content, (int) nTokens);
    int[] pending = ints(content, (int) nPending);
    float[] logits = new float[(int) nLogits];
    content.asFloatBuffer().get(logits);
    for (int i = 0; i < positions.length; i++) {
      if (positions[i] < 0 || i > 0 && positions[i] < positions[i - 1]) {
        throw damaged("positions that don't ascend");
      }
    }
    checkTokens(tokens, nVocab);
    checkTokens(pending, nVocab);
    return new Text(tokens, positions, pending, nLogits == 0 ? null : logits);
  }

  private void checkTokens(int[] tokens, int nVocab) throws IOException {
    for (int token : tokens) {
      if (token < 0 || token >= nVocab) {
        throw damaged("token " + token + ", expected 0 to " + (nVocab - 1));
      }
    }
  }

  private static int[] ints(ByteBuffer content, int n) {
    int[] values = new int[n];
    content.asIntBuffer().get(values);
    content.position(content.position() + 4 * n);
    return values;
  }

  // ---- sections

  /** The whole content of a short section. */
  private ByteBuffer content(int tag) throws IOException {
    long length = begin(tag);
    if (length > Integer.MAX_VALUE - 8) {
      throw damaged("a section of " + length + " bytes");
    }
    ByteBuffer content = buffer((int) length);
    read(content);
    end();
    return content;
  }

  /** Reads the head of a section; the length of its content. */
  private long begin(int tag) throws IOException {
    ByteBuffer head = buffer(SessionFile.SECTION_BYTES);
    read(head);
    checkCrc(head, "the head of a section");
    if (head.getInt(0) != tag) {
      throw damaged("another section than " + name(tag) + ": " + name(head.getInt(0)));
    }
    long length = head.getLong(4);
    if (length < 0 || length > size - channel.position() - 4) {
      throw damaged("the section " + name(tag) + " is cut short");
    }
    crc.reset();
    return length;
  }

  private static String name(int tag) {
    ByteBuffer letters = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, tag);
    return StandardCharsets.US_ASCII.decode(letters).toString();
  }

  private void end() throws IOException {
    int found = (int) crc.getValue();
    ByteBuffer expected = buffer(4);
    read(expected);
    if (expected.getInt(0) != found) {
      throw damaged("a section's checksum is wrong");
    }
  }

  private void checkCrc(ByteBuffer head, String what) throws IOException {
    CRC32C own = new CRC32C();
    own.update(head.duplicate().limit(head.limit() - 4));
    if (head.getInt(head.limit() - 4) != (int) own.getValue()) {
      throw damaged("the checksum of " + what + " is wrong");
    }
  }

  /** Fills a buffer from its position to its limit, and rewinds it. */
  private void read(ByteBuffer to) throws IOException {
    while (to.hasRemaining()) {
      if (channel.read(to) < 0) {
        throw damaged("the file is cut short");
      }
    }
    crc.update(to.rewind());
    to.rewind();
  }

  private SessionFileException damaged(String problem) throws IOException {
    return new SessionFileException(
        Reason.DAMAGED, path, channel.position(), "this saved session is damaged: " + problem);
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
