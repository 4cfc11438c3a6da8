package org.ggml4j.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An open GGUF model file, mapped into memory and checked.
 *
 * <p>Versions 2 and 3 of the format, little-endian. A model split into {@code
 * name-00001-of-00003.gguf} and so on opens as one, whichever of its files is named. Opening reads
 * the description only; tensor data is paged in when touched.
 *
 * <p>Safe for use by several threads. {@link #close()} unmaps the files: whatever still refers to
 * them (metadata, tensor data) then throws {@link IllegalStateException}. The files must not be
 * changed while they are open.
 */
public final class GgufFile implements AutoCloseable {
  private record Part(Path path, MemorySegment mapping, GgufParser.Parsed parsed) {}

  private final Arena arena;
  private final List<Part> parts;
  private final GgufMetadata metadata;
  private final List<TensorInfo> tensors;
  private final Map<String, TensorInfo> byName;

  private GgufFile(Arena arena, List<Part> parts) throws GgufFormatException {
    this.arena = arena;
    this.parts = List.copyOf(parts);
    this.metadata = new GgufMetadata(parts.get(0).parsed.values(), parts.get(0).path);
    List<TensorInfo> all = new ArrayList<>();
    this.byName = new LinkedHashMap<>();
    for (Part part : parts) {
      for (TensorInfo t : part.parsed.tensors()) {
        all.add(t);
        if (byName.put(t.name(), t) != null) {
          throw new GgufFormatException(
              "a tensor of this name is in another file of the split too", part.path, -1, t.name());
        }
      }
    }
    this.tensors = Collections.unmodifiableList(all);
  }

  /**
   * Opens a model.
   *
   * @param path a GGUF file, or any one file of a split model
   * @throws NoSuchFileException if there is no such file
   * @throws GgufFormatException if the file is no GGUF file, is damaged, or belongs to a split
   *     model whose other files are missing or do not fit
   * @throws UnsupportedModelException if the file is of another version or byte order, or has
   *     tensors of unknown type
   * @throws IOException if the file cannot be read or mapped
   */
  public static GgufFile open(Path path) throws IOException {
    Arena arena = Arena.ofShared();
    try {
      GgufFile file = new GgufFile(arena, readParts(path, arena));
      arena = null;
      return file;
    } finally {
      if (arena != null) {
        arena.close();
      }
    }
  }

  private static List<Part> readParts(Path path, Arena arena) throws IOException {
    Optional<GgufSplits> name = GgufSplits.ofName(path);
    int index = name.isPresent() ? name.get().index() : 0;
    Part named = read(path, index, arena);
    GgufMetadata own = new GgufMetadata(named.parsed.values(), path);
    int count = own.getInt(GgufSplits.KEY_COUNT, 0);
    if (count <= 1 && index == 0) {
      return List.of(named);
    }
    if (count <= 1) {
      // A file that only looks like one of several by its name stands alone.
      return List.of(new Part(path, named.mapping, GgufParser.parse(named.mapping, path, 0)));
    }
    if (name.isEmpty()) {
      throw new GgufFormatException(
          "the file is one of "
              + count
              + " of a split model, but is not named like ...-00001-of-00003.gguf, so the others"
              + " cannot be found; give it its name back",
          path,
          -1,
          GgufSplits.KEY_COUNT);
    }
    GgufSplits split = name.get();
    List<Part> parts = new ArrayList<>();
    long found = 0;
    for (int i = 0; i < split.count(); i++) {
      Part part = i == split.index() ? named : readSibling(path, split, i, arena);
      checkPlace(part, split, i);
      found += part.parsed.tensors().size();
      parts.add(part);
    }
    Part first = parts.get(0);
    long expected =
        new GgufMetadata(first.parsed.values(), first.path).getLong(GgufSplits.KEY_TENSORS, found);
    if (found != expected) {
      throw new GgufFormatException(
          "the files hold " + found + " tensors together, expected " + expected,
          first.path,
          -1,
          GgufSplits.KEY_TENSORS);
    }
    return parts;
  }

  private static Part readSibling(Path path, GgufSplits split, int i, Arena arena)
      throws IOException {
    Path sibling = split.path(path, i);
    if (!Files.exists(sibling)) {
      throw new GgufFormatException(
          "the model is split into "
              + split.count()
              + " files, and "
              + sibling.getFileName()
              + " is missing; put all of them into one folder",
          path,
          -1,
          GgufSplits.KEY_COUNT);
    }
    return read(sibling, i, arena);
  }

  private static void checkPlace(Part part, GgufSplits split, int i) throws GgufFormatException {
    GgufMetadata m = new GgufMetadata(part.parsed.values(), part.path);
    int count = m.getInt(GgufSplits.KEY_COUNT);
    int no = m.getInt(GgufSplits.KEY_NO);
    if (count != split.count()) {
      throw new GgufFormatException(
          "is " + count + ", but the file's name says " + split.count(),
          part.path,
          -1,
          GgufSplits.KEY_COUNT);
    }
    if (no != i) {
      throw new GgufFormatException(
          "is " + no + " (counted from 0), but the file's name says " + i,
          part.path,
          -1,
          GgufSplits.KEY_NO);
    }
  }

  private static Part read(Path path, int split, Arena arena) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    // Opening a pipe would wait for a writer, and a folder cannot be mapped.
    if (!Files.isRegularFile(path)) {
      throw new GgufFormatException("not a regular file", path, -1, null);
    }
    MemorySegment mapping;
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      mapping = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
    }
    return new Part(path, mapping, GgufParser.parse(mapping, path, split));
  }

  /** The metadata; of a split model, that of its first file. */
  public GgufMetadata metadata() {
    checkOpen();
    return metadata;
  }

  /** All tensors in the order of the file (of the files), unmodifiable. */
  public List<TensorInfo> tensors() {
    checkOpen();
    return tensors;
  }

  /** The tensor of that name, if there is one. */
  public Optional<TensorInfo> tensor(String name) {
    checkOpen();
    return Optional.ofNullable(byName.get(name));
  }

  /**
   * The data of a tensor of this file: a read-only view of the mapping, {@link TensorInfo#nBytes()}
   * long.
   *
   * @throws IllegalArgumentException if the tensor is not of this file
   */
  public MemorySegment data(TensorInfo tensor) {
    checkOpen();
    TensorInfo own = byName.get(tensor.name());
    if (own == null
        || own.split() != tensor.split()
        || own.offset() != tensor.offset()
        || own.nBytes() != tensor.nBytes()) {
      throw new IllegalArgumentException(tensor + " is no tensor of " + parts.get(0).path);
    }
    return parts.get(tensor.split()).mapping.asSlice(tensor.offset(), tensor.nBytes());
  }

  /** The file, or the files of a split model in order. */
  public List<Path> paths() {
    checkOpen();
    return parts.stream().map(Part::path).toList();
  }

  /** The whole of one file, read-only, beginning on a page boundary; {@code split} from 0. */
  public MemorySegment mapping(int split) {
    checkOpen();
    return parts.get(split).mapping;
  }

  /** Where tensor data begins, in bytes from the start of that file. */
  public long dataOffset(int split) {
    checkOpen();
    return parts.get(split).parsed.dataOffset();
  }

  /** The version of the format, 2 or 3. */
  public int version() {
    checkOpen();
    return parts.get(0).parsed.version();
  }

  /** The alignment of tensor data in bytes, a power of two. */
  public int alignment() {
    checkOpen();
    return parts.get(0).parsed.alignment();
  }

  /** Size in bytes, all files together. */
  public long size() {
    checkOpen();
    return parts.stream().mapToLong(p -> p.mapping.byteSize()).sum();
  }

  /** Unmaps the files. A second call does nothing. */
  @Override
  public synchronized void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private void checkOpen() {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException(parts.get(0).path + " is closed");
    }
  }
}
