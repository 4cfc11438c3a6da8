package org.ggml4j.eval;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.ggml4j.Session;
import org.ggml4j.ggml.NodeObserver;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.quantize.ImportanceMatrix;

/**
 * Collects an importance matrix: the squares of what each weight matrix is multiplied by, summed
 * over the tokens of a text.
 *
 * <p>Defined as llama.cpp's llama-imatrix defines it ({@code tools/imatrix}): the weights of all
 * blocks, for experts only the tokens that go to them, and where a matrix is a stack without
 * experts a sum for each of its matrices.
 */
public final class ImportanceCollection {
  private static final String PRODUCT = "MUL_MAT";
  private static final String EXPERT_PRODUCT = "MUL_MAT_ID";
  private static final Set<String> OUTPUTS = Set.of("output.weight", "token_embd.weight");
  private static final int SMALL_BATCH = 16;

  private ImportanceCollection() {}

  /**
   * Collects; the session is empty afterwards.
   *
   * @param dataset the text's name, for the file
   * @param processOutput whether the output layer's weight is counted among the blocks', which are
   *     the embeddings if it has none of its own
   * @throws IllegalArgumentException if the text is shorter than two chunks, a batch of the session
   *     or a chunk is smaller than 16 tokens, or the model computes what is not finite
   * @throws org.ggml4j.nn.ContextFullException if a chunk does not fit into the session
   * @throws java.util.concurrent.CancellationException if the options' listener said so
   */
  public static ImportanceMatrix of(
      Session session,
      String text,
      String dataset,
      boolean processOutput,
      EvaluationOptions options) {
    int nBatch = Math.min(session.options().nBatch(), options.nCtx());
    if (nBatch < 2 * SMALL_BATCH && (nBatch < SMALL_BATCH || options.nCtx() % nBatch != 0)) {
      throw new IllegalArgumentException(
          "expected batches of "
              + 2 * SMALL_BATCH
              + " tokens or more, or chunks of "
              + SMALL_BATCH
              + ", found "
              + nBatch);
    }
    TextChunks chunks = new TextChunks(text, session.model().tokenizer(), options);
    try (Collecting collecting = new Collecting(processOutput)) {
      session.observe(Optional.of(collecting));
      try {
        for (int c = 0; c < chunks.nChunks(); c++) {
          chunks.evaluateAll(c, session);
          chunks.done(c);
        }
      } finally {
        session.observe(Optional.empty());
      }
      session.reset();
      return collecting.collector.finish(List.of(dataset), chunks.nChunks(), options.nCtx());
    }
  }

  /** Looks at each matrix product. */
  private static final class Collecting implements NodeObserver, AutoCloseable {
    final ImportanceMatrix.Collector collector = new ImportanceMatrix.Collector();
    private final boolean processOutput;
    private final Arena arena = Arena.ofShared();
    private MemorySegment room = MemorySegment.NULL;
    private float[] values = {};
    private int[] ids = {};

    Collecting(boolean processOutput) {
      this.processOutput = processOutput;
    }

    @Override
    public boolean wants(Tensor node) {
      if (node.operation().equals(EXPERT_PRODUCT)) {
        return true;
      }
      if (!node.operation().equals(PRODUCT)) {
        return false;
      }
      String name = weightName(node);
      Tensor input = node.source(1).orElseThrow();
      return input.ne(1) >= SMALL_BATCH
          && input.type() == GgmlType.F32
          && (name.startsWith("blk.") || processOutput && OUTPUTS.contains(name));
    }

    /** Where a scheduler copies a weight to another device, its copy is {@code GPU#NAME#0}. */
    private static String weightName(Tensor node) {
      String name = node.source(0).orElseThrow().name();
      String[] parts = name.split("#", -1);
      return parts.length > 1 ? parts[1] : name;
    }

    @Override
    public void computed(Tensor node) {
      String name = weightName(node);
      Tensor input = node.source(1).orElseThrow();
      read(input);
      if (node.operation().equals(EXPERT_PRODUCT)) {
        Tensor chosen = node.source(2).orElseThrow();
        readIds(chosen);
        addExperts(name, node.source(0).orElseThrow(), input, chosen);
      } else {
        add(name, node.source(0).orElseThrow(), input);
      }
      collector.checkFinite(name);
    }

    /** Inputs [n, nTokens, …] of a weight [n, nOut, …], which repeats. */
    private void add(String name, Tensor weight, Tensor input) {
      int n = Math.toIntExact(input.ne(0));
      int nMatrices = Math.toIntExact(weight.ne(2) * weight.ne(3));
      ImportanceMatrix.Sums sums = collector.of(name, n * nMatrices, 1);
      for (int i3 = 0; i3 < input.ne(3); i3++) {
        for (int i2 = 0; i2 < input.ne(2); i2++) {
          int matrix =
              (int) (i3 % weight.ne(3) * weight.ne(2) + i2 % weight.ne(2)); // of the stack's
          for (int i1 = 0; i1 < input.ne(1); i1++) {
            sums.add(matrix * n, values, at(input, i1, i2, i3), n);
          }
        }
      }
      sums.count(0, (int) (input.ne(1) * input.ne(2) * input.ne(3) / nMatrices));
    }

    /** Inputs [n, 1 or nUsed, nTokens] of a weight [n, nOut, nExpert], by ids [nUsed, nTokens]. */
    private void addExperts(String name, Tensor weight, Tensor input, Tensor chosen) {
      int n = Math.toIntExact(input.ne(0));
      ImportanceMatrix.Sums sums = collector.of(name, n, Math.toIntExact(weight.ne(2)));
      for (int used = 0; used < chosen.ne(0); used++) {
        for (int token = 0; token < input.ne(2); token++) {
          int expert = ids[(int) ((token * chosen.nb(1) + used * chosen.nb(0)) / Integer.BYTES)];
          int slot = (int) (used % input.ne(1));
          sums.add(expert * n, values, at(input, slot, token, 0), n);
          sums.count(expert, 1);
        }
      }
    }

    private static int at(Tensor t, long i1, long i2, long i3) {
      return (int) ((i1 * t.nb(1) + i2 * t.nb(2) + i3 * t.nb(3)) / Float.BYTES);
    }

    private void read(Tensor t) {
      int n = Math.toIntExact(copied(t) / Float.BYTES);
      values = values.length < n ? new float[n] : values;
      MemorySegment.copy(room, ValueLayout.JAVA_FLOAT, 0, values, 0, n);
    }

    private void readIds(Tensor t) {
      int n = Math.toIntExact(copied(t) / Integer.BYTES);
      ids = ids.length < n ? new int[n] : ids;
      MemorySegment.copy(room, ValueLayout.JAVA_INT, 0, ids, 0, n);
    }

    private long copied(Tensor t) {
      long bytes = t.nBytes();
      if (room.byteSize() < bytes) {
        room = arena.allocate(bytes, 64);
      }
      t.get(room, 0, bytes);
      return bytes;
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
