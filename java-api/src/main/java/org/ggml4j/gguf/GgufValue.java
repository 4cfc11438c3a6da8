package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;

/**
 * One checked metadata value, still in its file.
 *
 * @param segment the file, or an encoding in memory
 * @param type the type of the value
 * @param elementType for an array the type of its elements, else {@code type}
 * @param count for an array the number of its elements, else 1
 * @param offset where the value (of an array: its first element) begins in {@code segment}
 * @param end where it ends
 */
record GgufValue(
    MemorySegment segment,
    GgufValueType type,
    GgufValueType elementType,
    long count,
    long offset,
    long end) {

  /** Longest string accepted, in bytes; the longest known chat template is under 100 KB. */
  static final int MAX_STRING = 64 << 20;

  /** Strings and inner arrays accepted in one file: they have to be walked one by one. */
  static final long MAX_WALKED = 1 << 24;

  /** Depth of arrays within arrays; the format sets no limit, and files use one level. */
  static final int MAX_DEPTH = 8;

  static final int MAX_JAVA_ARRAY = Integer.MAX_VALUE - 8;

  boolean isArray() {
    return type == GgufValueType.ARRAY;
  }

  /** Bytes in the file, without the type field, from the array header if it is one. */
  byte[] encoded() {
    long start = isArray() ? offset - Integer.BYTES - Long.BYTES : offset;
    return segment.asSlice(start, end - start).toArray(ValueLayout.JAVA_BYTE);
  }

  /** The value as Java knows it, see {@link GgufMetadata#get}. */
  Object decode() {
    if (!isArray()) {
      return scalar(type, offset);
    }
    int n = (int) Math.min(count, MAX_JAVA_ARRAY);
    if (elementType == GgufValueType.STRING) {
      return GgufStringArray.index(segment, offset, end, n).asList();
    }
    if (elementType == GgufValueType.ARRAY) {
      List<Object> out = new ArrayList<>(n);
      long pos = offset;
      for (int i = 0; i < n; i++) {
        GgufValue inner = innerArray(pos);
        out.add(inner.decode());
        pos = inner.end;
      }
      return out;
    }
    return new Numbers(this, n);
  }

  /** Reads an integer of type {@code t} at {@code at}; a uint64 above 2^63-1 comes out negative. */
  static long integer(MemorySegment s, GgufValueType t, long at) {
    return switch (t) {
      case UINT8 -> Byte.toUnsignedLong(s.get(ValueLayout.JAVA_BYTE, at));
      case INT8 -> s.get(ValueLayout.JAVA_BYTE, at);
      case UINT16 -> Short.toUnsignedLong(s.get(Cursor.I16, at));
      case INT16 -> s.get(Cursor.I16, at);
      case UINT32 -> Integer.toUnsignedLong(s.get(Cursor.I32, at));
      case INT32 -> s.get(Cursor.I32, at);
      case UINT64, INT64 -> s.get(Cursor.I64, at);
      default -> throw new IllegalArgumentException(t.label() + " is no integer type");
    };
  }

  private Object scalar(GgufValueType t, long at) {
    return switch (t) {
      case UINT8, INT8, UINT16, INT16, INT32 -> (int) integer(segment, t, at);
      case UINT32, INT64 -> integer(segment, t, at);
      case UINT64 -> {
        long v = integer(segment, t, at);
        if (v >= 0) {
          yield v;
        }
        yield new BigInteger(Long.toUnsignedString(v));
      }
      case FLOAT32 -> segment.get(Cursor.F32, at);
      case FLOAT64 -> segment.get(Cursor.F64, at);
      case BOOL -> segment.get(ValueLayout.JAVA_BYTE, at) != 0;
      case STRING -> string(at);
      case ARRAY -> throw new IllegalArgumentException("an array is no scalar");
    };
  }

  private String string(long at) {
    int n = (int) segment.get(Cursor.I64, at);
    byte[] bytes = new byte[n];
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at + Long.BYTES, bytes, 0, n);
    return new String(bytes, UTF_8);
  }

  /** The array within this array whose header is at {@code at}; the parser has checked it. */
  private GgufValue innerArray(long at) {
    GgufValueType t = GgufValueType.byId(segment.get(Cursor.I32, at)).orElseThrow();
    long n = segment.get(Cursor.I64, at + Integer.BYTES);
    long first = at + Integer.BYTES + Long.BYTES;
    long pos = first;
    if (t.size() > 0) {
      pos += n * t.size();
    } else {
      GgufValue probe = new GgufValue(segment, GgufValueType.ARRAY, t, n, first, end);
      for (long i = 0; i < n; i++) {
        pos =
            t == GgufValueType.STRING
                ? pos + Long.BYTES + segment.get(Cursor.I64, pos)
                : probe.innerArray(pos).end;
      }
    }
    return new GgufValue(segment, GgufValueType.ARRAY, t, n, first, pos);
  }

  /** A list view of an array of numbers or booleans. */
  private static final class Numbers extends AbstractList<Object> implements RandomAccess {
    private final GgufValue value;
    private final int size;

    Numbers(GgufValue value, int size) {
      this.value = value;
      this.size = size;
    }

    @Override
    public Object get(int index) {
      java.util.Objects.checkIndex(index, size);
      GgufValueType t = value.elementType;
      return value.scalar(t, value.offset + (long) index * t.size());
    }

    @Override
    public int size() {
      return size;
    }
  }
}
