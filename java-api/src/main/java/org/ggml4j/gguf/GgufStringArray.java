package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
  private final MemorySegment segment;
  // Where the length field of entry i stands, from `base`: int while the array is under 2 GiB.
  private final long base;
  private final int[] near;
  private final long[] far;
  private final int size;

  private GgufStringArray(MemorySegment segment, long base, int[] near, long[] far, int size) {
    this.segment = segment;
    this.base = base;
    this.near = near;
    this.far = far;
    this.size = size;
  }

  /** Indexes the {@code n} strings that fill {@code [from, to)} of {@code segment}. */
  static GgufStringArray index(MemorySegment segment, long from, long to, int n) {
    boolean small = to - from <= Integer.MAX_VALUE;
    int[] near = new int[small ? n : 0];
    long[] far = new long[small ? 0 : n];
    long pos = from;
    for (int i = 0; i < n; i++) {
      if (small) {
        near[i] = (int) (pos - from);
      } else {
        far[i] = pos - from;
      }
      long length = segment.get(Cursor.I64, pos);
      pos += Long.BYTES;
      if (length < 0 || length > to - pos) {
        // The parser has walked this before: somebody writes to the file.
        throw new IllegalStateException("the file was changed while it was open");
      }
      pos += length;
    }
    return new GgufStringArray(segment, from, near, far, n);
  }

  /** How many strings there are. */
  public int size() {
    return size;
  }

  /** Entry {@code i} as text; bytes that are no UTF-8 become U+FFFD. */
  public String get(int i) {
    return new String(bytes(i), UTF_8);
  }

  /** A copy of the bytes of entry {@code i}. */
  public byte[] bytes(int i) {
    long at = at(i);
    byte[] out = new byte[byteLength(i)];
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at + Long.BYTES, out, 0, out.length);
    return out;
  }

  /** The length of entry {@code i} in bytes. */
  public int byteLength(int i) {
    return (int) segment.get(Cursor.I64, at(i));
  }

  /** Byte {@code k} of entry {@code i}. */
  public byte byteAt(int i, int k) {
    Objects.checkIndex(k, byteLength(i));
    return segment.get(ValueLayout.JAVA_BYTE, at(i) + Long.BYTES + k);
  }

  /** Copies the bytes of entry {@code i} to {@code target} from {@code to}; returns how many. */
  public int copyBytes(int i, byte[] target, int to) {
    int n = byteLength(i);
    Objects.checkFromIndexSize(to, n, target.length);
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at(i) + Long.BYTES, target, to, n);
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
    long at = at(i) + Long.BYTES;
    for (int k = 0; k < n; k++) {
      if (segment.get(ValueLayout.JAVA_BYTE, at + k) != bytes[from + k]) {
        return false;
      }
    }
    return true;
  }

  /** Orders entries {@code i} and {@code j} by their bytes, read as unsigned. */
  public int compare(int i, int j) {
    int n = byteLength(i);
    int m = byteLength(j);
    long a = at(i) + Long.BYTES;
    long b = at(j) + Long.BYTES;
    long k = MemorySegment.mismatch(segment, a, a + n, segment, b, b + m);
    if (k < 0) {
      return 0;
    }
    if (k == Math.min(n, m)) {
      return Integer.compare(n, m);
    }
    return Byte.compareUnsigned(
        segment.get(ValueLayout.JAVA_BYTE, a + k), segment.get(ValueLayout.JAVA_BYTE, b + k));
  }

  /** A hash of the bytes of entry {@code i}, equal to {@link #hash(byte[], int, int)} of them. */
  public int hash(int i) {
    int n = byteLength(i);
    long at = at(i) + Long.BYTES;
    int h = 1;
    for (int k = 0; k < n; k++) {
      h = 31 * h + segment.get(ValueLayout.JAVA_BYTE, at + k);
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

  private long at(int i) {
    Objects.checkIndex(i, size);
    return base + (far.length == 0 ? near[i] : far[i]);
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
      return array.size;
    }
  }
}
