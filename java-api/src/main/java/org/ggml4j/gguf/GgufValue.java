package org.ggml4j.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * One checked metadata value, still in its file.
 *
 * @param bytes the file, or an encoding in memory
 * @param type the type of the value
 * @param elementType for an array the type of its elements, else {@code type}
 * @param count for an array the number of its elements, else 1
 * @param offset where the value (of an array: its first element) begins in {@code bytes}
 * @param end where it ends
 */
record GgufValue(
    ByteBuffer bytes,
    GgufValueType type,
    GgufValueType elementType,
    int count,
    int offset,
    int end) {

  /** Longest string accepted, in bytes; the longest known chat template is under 100 KB. */
  static final int MAX_STRING = 64 << 20;

  /** Strings and inner arrays accepted in one file: they have to be walked one by one. */
  static final long MAX_WALKED = 1 << 24;

  /** Depth of arrays within arrays; the format sets no limit, and files use one level. */
  static final int MAX_DEPTH = 8;

  boolean isArray() {
    return type == GgufValueType.ARRAY;
  }

  /** Bytes in the file, without the type field, from the array header if it is one. */
  byte[] encoded() {
    int start = isArray() ? offset - Integer.BYTES - Long.BYTES : offset;
    return copy(start, end - start);
  }

  private byte[] copy(int from, int n) {
    byte[] out = new byte[n];
    bytes.get(from, out);
    return out;
  }

  /** The value as Java knows it, see {@link GgufMetadata#get}. */
  Object decode() {
    if (!isArray()) {
      return scalar(type, offset);
    }
    int n = count;
    if (elementType == GgufValueType.STRING) {
      return GgufStringArray.index(this).asList();
    }
    if (elementType == GgufValueType.ARRAY) {
      List<Object> out = new ArrayList<>(n);
      int pos = offset;
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
  static long integer(ByteBuffer s, GgufValueType t, int at) {
    return switch (t) {
      case UINT8 -> Byte.toUnsignedLong(s.get(at));
      case INT8 -> s.get(at);
      case UINT16 -> Short.toUnsignedLong(s.getShort(at));
      case INT16 -> s.getShort(at);
      case UINT32 -> Integer.toUnsignedLong(s.getInt(at));
      case INT32 -> s.getInt(at);
      case UINT64, INT64 -> s.getLong(at);
      default -> throw new IllegalArgumentException(t.label() + " is no integer type");
    };
  }

  private Object scalar(GgufValueType t, int at) {
    return switch (t) {
      case UINT8, INT8, UINT16, INT16, INT32 -> (int) integer(bytes, t, at);
      case UINT32, INT64 -> integer(bytes, t, at);
      case UINT64 -> {
        long v = integer(bytes, t, at);
        if (v >= 0) {
          yield v;
        }
        yield new BigInteger(Long.toUnsignedString(v));
      }
      case FLOAT32 -> bytes.getFloat(at);
      case FLOAT64 -> bytes.getDouble(at);
      case BOOL -> bytes.get(at) != 0;
      case STRING -> string(at);
      case ARRAY -> throw new IllegalArgumentException("an array is no scalar");
    };
  }

  private String string(int at) {
    int n = (int) bytes.getLong(at);
    return new String(copy(at + Long.BYTES, n), UTF_8);
  }

  /** The array within this array whose header is at {@code at}; the parser has checked it. */
  private GgufValue innerArray(int at) {
    GgufValueType t = GgufValueType.byId(bytes.getInt(at)).orElseThrow();
    int n = (int) bytes.getLong(at + Integer.BYTES);
    int first = at + Integer.BYTES + Long.BYTES;
    int pos = first;
    if (t.size() > 0) {
      pos += n * t.size();
    } else {
      GgufValue probe = new GgufValue(bytes, GgufValueType.ARRAY, t, n, first, end);
      for (int i = 0; i < n; i++) {
        pos =
            t == GgufValueType.STRING
                ? pos + Long.BYTES + (int) bytes.getLong(pos)
                : probe.innerArray(pos).end;
      }
    }
    return new GgufValue(bytes, GgufValueType.ARRAY, t, n, first, pos);
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
      Objects.checkIndex(index, size);
      GgufValueType t = value.elementType;
      return value.scalar(t, value.offset + index * t.size());
    }

    @Override
    public int size() {
      return size;
    }
  }
}
