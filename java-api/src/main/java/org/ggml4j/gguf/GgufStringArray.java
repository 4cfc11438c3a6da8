package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.AbstractList;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * An array of strings that stays in the mapped file; only a table of where each begins is kept. A
 * vocabulary of 256,000 entries costs a megabyte, and entries become Java strings when asked for.
 *
 * <p>Safe for use by several threads. Use after the file was closed is an {@link
 * IllegalStateException}.
 */
public final class GgufStringArray {
  private final ByteBuffer file;
  // Where the length field of each entry stands in the file.
  private final int[] starts;

  private GgufStringArray(ByteBuffer file, int[] starts) {
    this.file = file;
    this.starts = starts;
  }

  /** Indexes an array of strings that the parser has walked. */
  static GgufStringArray index(GgufValue array) {
    ByteBuffer file = array.bytes();
    int[] starts = new int[array.count()];
    int pos = array.offset();
    for (int i = 0; i < starts.length; i++) {
      starts[i] = pos;
      pos += Long.BYTES + (int) file.getLong(pos);
    }
    return new GgufStringArray(file, starts);
  }

  /** How many strings there are. */
  public int size() {
    return starts.length;
  }

  /** Entry {@code i} as text; bytes that are no UTF-8 become U+FFFD. */
  public String get(int i) {
    return new String(bytes(i), UTF_8);
  }

  /** A copy of the bytes of entry {@code i}. */
  public byte[] bytes(int i) {
    int at = at(i);
    byte[] out = new byte[byteLength(i)];
    file.get(at + Long.BYTES, out);
    return out;
  }

  /** The length of entry {@code i} in bytes. */
  public int byteLength(int i) {
    return (int) file.getLong(at(i));
  }

  /** Byte {@code k} of entry {@code i}. */
  public byte byteAt(int i, int k) {
    Objects.checkIndex(k, byteLength(i));
    return file.get(at(i) + Long.BYTES + k);
  }

  /** Copies the bytes of entry {@code i} to {@code target} from {@code to}; returns how many. */
  public int copyBytes(int i, byte[] target, int to) {
    int n = byteLength(i);
    Objects.checkFromIndexSize(to, n, target.length);
    file.get(at(i) + Long.BYTES, target, to, n);
    return n;
  }

  /** Whether entry {@code i} consists of exactly these bytes. */
  public boolean contentEquals(int i, byte[] bytes) {
    return contentEquals(i, bytes, 0, bytes.length);
  }

  /** Whether entry {@code i} consists of exactly {@code bytes[from, to)}. */
  public boolean contentEquals(int i, byte[] bytes, int from, int to) {
    Objects.checkFromToIndex(from, to, bytes.length);
    int n = byteLength(i);
    if (n != to - from) {
      return false;
    }
    int at = at(i) + Long.BYTES;
    for (int k = 0; k < n; k++) {
      if (file.get(at + k) != bytes[from + k]) {
        return false;
      }
    }
    return true;
  }

  /** Orders entries {@code i} and {@code j} by their bytes, read as unsigned. */
  public int compare(int i, int j) {
    int n = byteLength(i);
    int m = byteLength(j);
    int a = at(i) + Long.BYTES;
    int b = at(j) + Long.BYTES;
    int k = file.slice(a, n).mismatch(file.slice(b, m));
    if (k < 0) {
      return 0;
    }
    if (k == Math.min(n, m)) {
      return Integer.compare(n, m);
    }
    return Byte.compareUnsigned(file.get(a + k), file.get(b + k));
  }

  /** A hash of the bytes of entry {@code i}, equal to {@link #hash(byte[], int, int)} of them. */
  public int hash(int i) {
    int n = byteLength(i);
    int at = at(i) + Long.BYTES;
    int h = 1;
    for (int k = 0; k < n; k++) {
      h = 31 * h + file.get(at + k);
    }
    return h;
  }

  /** The hash that {@link #hash(int)} computes, of {@code bytes[from, to)}. */
  public static int hash(byte[] bytes, int from, int to) {
    Objects.checkFromToIndex(from, to, bytes.length);
    int h = 1;
    for (int k = from; k < to; k++) {
      h = 31 * h + bytes[k];
    }
    return h;
  }

  /** A view as a list that decodes an entry each time it is asked for. */
  public List<String> asList() {
    return new View(this);
  }

  private int at(int i) {
    Objects.checkIndex(i, starts.length);
    return starts[i];
  }

  private static final class View extends AbstractList<String> implements RandomAccess {
    private final GgufStringArray array;

    View(GgufStringArray array) {
      this.array = array;
    }

    @Override
    public String get(int index) {
      return array.get(index);
    }

    @Override
    public int size() {
      return array.size();
    }
  }
}
