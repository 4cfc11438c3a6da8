package org.ggml4j.gguf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The table of tensors that stands between a file's metadata and its data: read and checked. */
final class TensorTable {
  /** GGML keeps names in 64 bytes, the last of which is zero. */
  static final int MAX_NAME = 63;

  static final int MAX_DIMS = 4;

  private TensorTable() {}

  /** Tensor descriptions with offsets as the file states them, from the start of the data. */
  static List<TensorInfo> read(Cursor in, int n, int split) throws GgufFormatException {
    List<TensorInfo> out = new ArrayList<>(n);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < n; i++) {
      long at = in.position();
      String name = in.readName("a tensor's name", MAX_NAME);
      if (!names.add(name)) {
        throw in.error("a tensor of this name occurs twice", at, name);
      }
      out.add(tensor(in, name, split));
    }
    return out;
  }

  private static TensorInfo tensor(Cursor in, String name, int split) throws GgufFormatException {
    long at = in.position();
    int nDims = in.readInt("the number of dimensions", name);
    if (nDims < 1 || nDims > MAX_DIMS) {
      throw in.error(
          "has " + Integer.toUnsignedString(nDims) + " dimensions, expected 1 to " + MAX_DIMS,
          at,
          name);
    }
    long[] ne = new long[MAX_DIMS];
    Arrays.fill(ne, 1);
    for (int i = 0; i < nDims; i++) {
      ne[i] = in.readLong("a dimension", name);
    }
    int id = in.readInt("the tensor's type", name);
    long offset = in.readLong("the tensor's offset", name);
    Optional<GgmlType> known = GgmlType.byId(id);
    if (known.isEmpty()) {
      throw unknownType(in, name, id);
    }
    GgmlType type = known.get();
    if (offset < 0) {
      throw in.error(
          "data offset " + Long.toUnsignedString(offset) + " is outside of the file", at, name);
    }
    try {
      return new TensorInfo(
          name, type, ne[0], ne[1], ne[2], ne[3], nDims, split, offset, type.sizeOf(ne));
    } catch (ArithmeticException e) {
      throw badShape(in, "has more bytes than 64 bits count", type, ne, at, name, e);
    } catch (IllegalArgumentException e) {
      throw badShape(in, "has a shape that its type does not allow", type, ne, at, name, e);
    }
  }

  private static UnsupportedModelException unknownType(Cursor in, String name, int id) {
    return new UnsupportedModelException(
        "type of tensor " + GgufFormatException.printable(name) + " in " + in.path,
        Integer.toString(id),
        Arrays.stream(GgmlType.values()).map(t -> t + "=" + t.id()).toList());
  }

  private static GgufFormatException badShape(
      Cursor in,
      String problem,
      GgmlType type,
      long[] ne,
      long at,
      String name,
      RuntimeException cause) {
    GgufFormatException failure =
        in.error(
            problem
                + ": "
                + Arrays.toString(ne)
                + " of "
                + type
                + "; sizes must be positive and the first a multiple of "
                + type.blockSize(),
            at,
            name);
    failure.initCause(cause);
    return failure;
  }

  /** Checks offsets against the file and each other; makes them count from the file's start. */
  static List<TensorInfo> place(
      Cursor in, List<TensorInfo> relative, long dataOffset, int alignment)
      throws GgufFormatException {
    long size = in.fileSize;
    List<TensorInfo> placed = new ArrayList<>(relative.size());
    for (TensorInfo t : relative) {
      if (t.offset() % alignment != 0) {
        throw in.error(
            "data offset " + t.offset() + " is no multiple of the alignment " + alignment,
            -1,
            t.name());
      }
      long room = size - dataOffset;
      if (t.offset() > room || t.nBytes() > room - t.offset()) {
        throw in.error(
            "data of "
                + t.nBytes()
                + " bytes at "
                + t.offset()
                + " ends outside of the "
                + Math.max(room, 0)
                + " bytes of tensor data: the file is cut short or damaged",
            -1,
            t.name());
      }
      placed.add(
          new TensorInfo(
              t.name(),
              t.type(),
              t.ne0(),
              t.ne1(),
              t.ne2(),
              t.ne3(),
              t.nDims(),
              t.split(),
              dataOffset + t.offset(),
              t.nBytes()));
    }
    checkOverlap(in, placed);
    return List.copyOf(placed);
  }

  private static void checkOverlap(Cursor in, List<TensorInfo> tensors) throws GgufFormatException {
    List<TensorInfo> byOffset = tensors;
    // Writers put data in the order of the table, so that there is nothing to sort.
    if (!ordered(tensors)) {
      byOffset = new ArrayList<>(tensors);
      byOffset.sort(Comparator.comparingLong(TensorInfo::offset));
    }
    for (int i = 1; i < byOffset.size(); i++) {
      TensorInfo before = byOffset.get(i - 1);
      TensorInfo t = byOffset.get(i);
      if (t.offset() < before.offset() + before.nBytes()) {
        throw in.error(
            "its data overlaps that of " + GgufFormatException.printable(before.name()),
            t.offset(),
            t.name());
      }
    }
  }

  private static boolean ordered(List<TensorInfo> tensors) {
    for (int i = 1; i < tensors.size(); i++) {
      if (tensors.get(i).offset() < tensors.get(i - 1).offset()) {
        return false;
      }
    }
    return true;
  }
}
