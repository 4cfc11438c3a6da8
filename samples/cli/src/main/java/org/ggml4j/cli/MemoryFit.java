package org.ggml4j.cli;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.ggml4j.SessionOptions;
import org.ggml4j.arch.DeclaredTensors;
import org.ggml4j.arch.Hparams;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.nn.CellCache;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Weights;
import org.ggml4j.quantize.QuantizationPlan;

/**
 * The memory that a model would take, worked out from its header: nothing is loaded.
 *
 * @param weights as they are in memory: mapped, or rearranged for faster kernels
 * @param cache keys and values of a full context
 * @param compute intermediate results of the largest batch
 * @param java what Java takes for itself
 */
record MemoryFit(long weights, long cache, long compute, long java) {
  private static final long JAVA = 90L << 20;
  private static final int WINDOWED_SEQUENCES = 4;

  long total() {
    return weights + cache + compute + java;
  }

  /** Of tensors with the types that a plan gives them. */
  static MemoryFit of(GgufMetadata metadata, QuantizationPlan plan, SessionOptions options)
      throws IOException {
    Map<String, GgmlType> types = new HashMap<>();
    Map<String, long[]> shapes = new HashMap<>();
    plan.tensors()
        .forEach(
            p -> {
              types.put(p.source().name(), p.type());
              shapes.put(p.source().name(), p.source().ne());
            });
    Weights.Source source =
        new Weights.Source() {
          @Override
          public Optional<Weights.Found> find(String name, long[] ne) {
            GgmlType type = types.get(name);
            return type == null
                ? Optional.empty()
                : Optional.of(Weights.Found.of(type, shapes.getOrDefault(name, ne)));
          }

          @Override
          public Set<String> names() {
            return types.keySet();
          }
        };
    DeclaredTensors tensors = DeclaredTensors.of(metadata, source, true);
    return new MemoryFit(
        tensors.bytes().values().stream().mapToLong(Long::longValue).sum(),
        cache(tensors, options),
        compute(tensors, options),
        JAVA);
  }

  private static long cache(DeclaredTensors tensors, SessionOptions o) {
    long bytes = 0;
    for (LayerMemory layer : tensors.memory()) {
      if (layer instanceof LayerMemory.Attention a) {
        long cells = roundUp(cells(a, o), CellCache.CELL_STEP);
        bytes += cells * o.typeK().rowSize((long) a.headDim() * a.nHeadKv());
        if (!a.latent()) {
          bytes += cells * o.typeV().rowSize((long) a.headDimV() * a.nHeadKv());
        }
      }
    }
    return bytes;
  }

  /** Of layers with a window only what some sequences see is kept. */
  private static long cells(LayerMemory.Attention a, SessionOptions o) {
    if (a.window().isEmpty()) {
      return o.nCtx();
    }
    long seen = (long) WINDOWED_SEQUENCES * a.window().get().size() + o.nBatch();
    return Math.min(o.nCtx(), roundUp(seen, CellCache.CELL_STEP));
  }

  private static long roundUp(long n, long step) {
    return Math.ceilDiv(n, step) * step;
  }

  /** What is needed at once where most is: in a feed-forward network, or for the logits. */
  private static long compute(DeclaredTensors tensors, SessionOptions o) {
    Hparams h = tensors.hparams();
    long n = Math.min(o.nBatch(), o.nCtx());
    long nFf = 0;
    for (Map.Entry<String, long[]> tensor : tensors.shapes().entrySet()) {
      if (tensor.getKey().endsWith("ffn_up.weight")) {
        nFf = Math.max(nFf, tensor.getValue()[1]);
      }
    }
    long floats = n * Math.max(h.nVocab() + h.nEmbd(), 3L * h.nEmbd() + 2 * nFf);
    long mask = Short.BYTES * n * roundUp(o.nCtx(), CellCache.CELL_STEP);
    return Float.BYTES * floats + mask;
  }
}
