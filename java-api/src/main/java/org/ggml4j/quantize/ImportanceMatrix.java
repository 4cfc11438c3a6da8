package org.ggml4j.quantize;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufStringArray;
import org.ggml4j.gguf.GgufWriter;
import org.ggml4j.gguf.TensorInfo;

/**
 * How much each column of a matrix matters: the squares of what it was multiplied by, summed over
 * the tokens of a text. Rounding errors in a column of large inputs show more, so quantization
 * spends its precision there.
 *
 * <p>The file format is llama.cpp's (GGUF, {@code tools/imatrix}): for each matrix two F32 tensors,
 * {@code NAME.in_sum2} [nColumns, nExperts] and {@code NAME.counts} [1, nExperts]. Later versions
 * of llama.cpp add statistics, which quantization does not need and reading leaves out.
 */
public final class ImportanceMatrix {
  private static final String SUMS = ".in_sum2";
  private static final String COUNTS = ".counts";
  private static final String DATASETS = "imatrix.datasets";
  private static final String CHUNK_COUNT = "imatrix.chunk_count";
  private static final String CHUNK_SIZE = "imatrix.chunk_size";
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Sums of squares [nColumns, nExperts] and how many tokens went into each expert's. */
  private static final class Entry {
    final float[] sums;
    final float[] counts;

    Entry(float[] sums, float[] counts) {
      this.sums = sums;
      this.counts = counts;
    }
  }

  private final Map<String, Entry> entries;
  private final List<String> datasets;
  private final int chunkCount;
  private final int chunkSize;

  private ImportanceMatrix(
      Map<String, Entry> entries, List<String> datasets, int chunkCount, int chunkSize) {
    this.entries = Collections.unmodifiableMap(new TreeMap<>(entries));
    this.datasets = List.copyOf(datasets);
    this.chunkCount = chunkCount;
    this.chunkSize = chunkSize;
  }

  /**
   * Reads a file.
   *
   * @throws GgufFormatException if it is no importance matrix, or one whose sums and counts do not
   *     belong together or are not finite
   */
  public static ImportanceMatrix read(Path path) throws IOException {
    try (GgufFile file = GgufFile.open(path)) {
      Map<String, Entry> entries = new HashMap<>();
      for (TensorInfo t : file.tensors()) {
        if (t.name().endsWith(SUMS)) {
          String name = t.name().substring(0, t.name().length() - SUMS.length());
          entries.put(name, entry(file, path, t, name));
        }
      }
      if (entries.isEmpty()) {
        throw new GgufFormatException(
            "expected an importance matrix: pairs of NAME.in_sum2 and NAME.counts", path, -1, "");
      }
      GgufStringArray datasets = file.metadata().getStringArray(DATASETS);
      return new ImportanceMatrix(
          entries,
          datasets.asList(),
          file.metadata().getInt(CHUNK_COUNT),
          file.metadata().getInt(CHUNK_SIZE));
    }
  }

  private static Entry entry(GgufFile file, Path path, TensorInfo sums, String name)
      throws GgufFormatException {
    TensorInfo counts =
        file.tensor(name + COUNTS)
            .orElseThrow(
                () -> new GgufFormatException("the counts are missing", path, -1, name + COUNTS));
    if (sums.type() != GgmlType.F32
        || counts.type() != GgmlType.F32
        || counts.nElements() != sums.nElements() / sums.ne0()) {
      throw new GgufFormatException(
          "expected F32 sums and a count for each row of them, found " + sums + ", " + counts,
          path,
          -1,
          name);
    }
    Entry entry = new Entry(floats(file, sums), floats(file, counts));
    for (float f : entry.sums) {
      if (!Float.isFinite(f)) {
        throw new GgufFormatException("a sum is not finite: " + f, path, -1, sums.name());
      }
    }
    return entry;
  }

  private static float[] floats(GgufFile file, TensorInfo t) {
    float[] values = new float[Math.toIntExact(t.nElements())];
    MemorySegment.copy(file.data(t), FLOAT, 0, values, 0, values.length);
    return values;
  }

  /** Writes it; the file appears when it is complete. */
  public void write(Path path) throws IOException {
    GgufWriter writer =
        GgufWriter.create()
            .putString("general.type", "imatrix")
            .putStringArray(DATASETS, datasets)
            .putUint32(CHUNK_COUNT, chunkCount)
            .putUint32(CHUNK_SIZE, chunkSize);
    entries.forEach(
        (name, e) -> {
          long nExpert = e.counts.length;
          long[] shape = {e.sums.length / nExpert, nExpert};
          writer.tensor(name + SUMS, GgmlType.F32, shape, MemorySegment.ofArray(e.sums));
          writer.tensor(
              name + COUNTS,
              GgmlType.F32,
              new long[] {1, nExpert},
              MemorySegment.ofArray(e.counts));
        });
    writer.write(path);
  }

  /**
   * The mean squares of a matrix's inputs.
   *
   * @param name of the matrix, as {@code blk.0.attn_q.weight}
   * @return [nColumns, nExperts], 1 for an expert that no token went to; or empty
   */
  public Optional<float[]> importance(String name) {
    Entry e = entries.get(name);
    if (e == null) {
      return Optional.empty();
    }
    float[] means = new float[e.sums.length];
    int n = e.sums.length / e.counts.length;
    for (int i = 0; i < means.length; i++) {
      float count = e.counts[i / n];
      means[i] = count > 0 ? e.sums[i] / count : 1;
    }
    return Optional.of(means);
  }

  /** Names of the matrices, in their order. */
  public Set<String> names() {
    return entries.keySet();
  }

  /**
   * How many tokens went to each expert of a matrix; one number if it is no mixture, none if
   * nothing is known of it.
   */
  public float[] counts(String name) {
    Entry e = entries.get(name);
    return e == null ? new float[0] : e.counts.clone();
  }

  /** Number of matrices. */
  public int size() {
    return entries.size();
  }

  /** What texts it was collected from. */
  public List<String> datasets() {
    return datasets;
  }

  /** The same with other names of the texts. */
  public ImportanceMatrix withDatasets(List<String> names) {
    return new ImportanceMatrix(entries, names, chunkCount, chunkSize);
  }

  /** How many chunks of text. */
  public int chunkCount() {
    return chunkCount;
  }

  /** Tokens of a chunk. */
  public int chunkSize() {
    return chunkSize;
  }

  /** Adds up what matrices are multiplied by. Not safe for use by several threads. */
  public static final class Collector {
    private final Map<String, Entry> entries = new HashMap<>();

    /** A collector that has seen nothing. */
    public Collector() {}

    /**
     * Adds the input of a matrix for one token.
     *
     * @param name of the matrix
     * @param nExpert how many experts the matrix has; 1 if it is no mixture
     * @param expert which of them the input went to
     * @param input values [n]
     * @throws IllegalArgumentException if the sizes differ from those before, or a value is not
     *     finite
     */
    public void add(String name, int nExpert, int expert, float[] input) {
      Sums sums = of(name, input.length, nExpert);
      sums.add(expert * input.length, input, 0, input.length);
      sums.count(expert, 1);
      checkFinite(name);
    }

    /**
     * What was collected of a matrix.
     *
     * @param nColumns of the matrix; if it is a stack without experts, of all its matrices together
     * @param nExpert how many experts it has; 1 if it is no mixture
     * @throws IllegalArgumentException if the sizes differ from those before
     */
    public Sums of(String name, int nColumns, int nExpert) {
      Entry e =
          entries.computeIfAbsent(
              name, k -> new Entry(new float[nExpert * nColumns], new float[nExpert]));
      if (e.counts.length != nExpert || e.sums.length != nExpert * nColumns) {
        throw new IllegalArgumentException(
            name
                + ": expected inputs of "
                + e.sums.length / e.counts.length
                + " and "
                + e.counts.length
                + " experts, found "
                + nColumns
                + " and "
                + nExpert);
      }
      return new Sums(e);
    }

    /**
     * @throws IllegalArgumentException if a sum of this matrix is not finite
     */
    public void checkFinite(String name) {
      Entry e = entries.get(name);
      for (int i = 0; e != null && i < e.sums.length; i++) {
        if (!Float.isFinite(e.sums[i])) {
          int nColumns = e.sums.length / e.counts.length;
          throw new IllegalArgumentException(
              name + ": column " + i % nColumns + " has a sum of " + e.sums[i]);
        }
      }
    }

    /**
     * What was collected.
     *
     * @param datasets names of the texts
     * @param chunkCount how many chunks of text
     * @param chunkSize tokens of a chunk
     */
    public ImportanceMatrix finish(List<String> datasets, int chunkCount, int chunkSize) {
      return new ImportanceMatrix(entries, datasets, chunkCount, chunkSize);
    }
  }

  /** The sums and counts of one matrix, to be added to. */
  public static final class Sums {
    private final Entry entry;

    private Sums(Entry entry) {
      this.entry = entry;
    }

    /**
     * Adds the squares of inputs.
     *
     * @param column of [nColumns, nExpert] which the first belongs to
     * @param input values, of which {@code n} from {@code from} on
     */
    public void add(int column, float[] input, int from, int n) {
      float[] sums = entry.sums;
      for (int i = 0; i < n; i++) {
        float x = input[from + i];
        sums[column + i] += x * x;
      }
    }

    /** Adds to the number of tokens that went to an expert; 0 if there is no mixture. */
    public void count(int expert, int tokens) {
      entry.counts[expert] += tokens;
    }
  }
}
