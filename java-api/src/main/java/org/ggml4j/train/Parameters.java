package org.ggml4j.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.ggml4j.arch.Architecture;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Weights;

/** The parameters of a model in training: F32 weights, their gradients, and AdamW's moments. */
final class Parameters implements CloseStack.Closing {
  private static final double EMBEDDING_DEVIATION = 0.1;
  private static final double MATRIX_DEVIATION = 0.64;

  /** A parameter and what belongs to it, all of one shape. */
  record Parameter(Weight weight, Weight gradient, Weight m, Weight v) {
    boolean isMatrix() {
      return weight.ne(1) > 1;
    }
  }

  private final WeightStore store = new WeightStore(1 << 14);
  private final Architecture.Decoder architecture;
  private final List<Parameter> parameters = new ArrayList<>();
  private final Weight lossGradient;
  private final int nLayer;

  Parameters(Architecture.Factory factory, Hparams hparams, long seed) {
    nLayer = hparams.nLayer();
    Device cpu = Device.cpu();
    try {
      Weights weights =
          new Weights(
              new Declared(),
              (il, operation, type, ne) -> cpu.bufferType(),
              store,
              hparams.nLayer());
      architecture = decoder(factory.create(hparams, weights), hparams);
      weights.check();
      for (Weight w : weights.declared()) {
        store.setParameter(w);
        parameters.add(
            new Parameter(w, like(w, "grad "), like(w, "AdamW m "), like(w, "AdamW v ")));
      }
      lossGradient = store.declare(cpu.bufferType(), "loss gradient", GgmlType.F32, 1);
      store.allocate(WeightStore.Usage.CACHE);
      initialise(seed);
    } catch (Throwable e) {
      store.close();
      throw e;
    }
  }

  /** Whatever the architecture needs exists, as F32; what it can do without does not. */
  private static final class Declared implements Weights.Source {
    private final Set<String> names = new HashSet<>();

    @Override
    public Optional<Weights.Found> find(String name, long[] ne) {
      names.add(name);
      return Optional.of(Weights.Found.of(GgmlType.F32, ne));
    }

    @Override
    public Set<String> names() {
      return names;
    }
  }

  private Weight like(Weight w, String prefix) {
    return store.declare(
        store.bufferType(w), prefix + w.name(), GgmlType.F32, w.ne(0), w.ne(1), w.ne(2), w.ne(3));
  }

  /**
   * Ones for the vectors of norms, normal values for matrices: GPT-2's deviation of 0.02, which for
   * other widths than its 1024 goes with the root of the inputs, and is smaller where a block adds
   * to the residual stream.
   */
  private void initialise(long seed) {
    for (Parameter p : parameters) {
      Weight w = p.weight;
      double deviation = deviation(w);
      long stream = TokenDataset.mix(seed, w.name().hashCode());
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment data = arena.allocate(w.nBytes(), 64);
        for (long i = 0; i < w.nElements(); i++) {
          float value = p.isMatrix() ? (float) (deviation * normal(stream, i)) : 1f;
          data.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }
        store.set(w, data);
      }
      store.clear(p.gradient);
      store.clear(p.m);
      store.clear(p.v);
    }
    try (Arena arena = Arena.ofConfined()) {
      store.set(lossGradient, arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f));
    }
  }

  private double deviation(Weight w) {
    if (w.name().startsWith("token_embd")) {
      return EMBEDDING_DEVIATION;
    }
    boolean residual =
        w.name().endsWith("attn_output.weight") || w.name().endsWith("ffn_down.weight");
    double deviation = MATRIX_DEVIATION / Math.sqrt((double) w.ne(0));
    return residual ? deviation / Math.sqrt(2.0 * nLayer) : deviation;
  }

  /** Box and Muller's transform of two numbers that depend on the stream and the index only. */
  private static double normal(long stream, long index) {
    double u = ((TokenDataset.mix(stream, 2 * index) >>> 11) + 1) * 0x1p-53;
    double v = (TokenDataset.mix(stream, 2 * index + 1) >>> 11) * 0x1p-53;
    return StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * StrictMath.PI * v);
  }

  private static Architecture.Decoder decoder(Architecture architecture, Hparams hparams) {
    if (architecture instanceof Architecture.Decoder decoder) {
      return decoder;
    }
    throw new UnsupportedModelException(
        "training: '" + hparams.architecture() + "' is an encoder, only decoders can be trained");
  }

  Architecture.Decoder architecture() {
    return architecture;
  }

  List<Parameter> list() {
    return parameters;
  }

  WeightStore store() {
    return store;
  }

  Weight lossGradient() {
    return lossGradient;
  }

  /** Where each parameter's gradient is added up. */
  Map<Weight, Weight> accumulators() {
    Map<Weight, Weight> map = new LinkedHashMap<>();
    parameters.forEach(p -> map.put(p.weight, p.gradient));
    return map;
  }

  void clearGradients() {
    parameters.forEach(p -> store.clear(p.gradient));
  }

  /** Number of trained values. */
  long count() {
    return parameters.stream().mapToLong(p -> p.weight.nElements()).sum();
  }

  /** Euclidean norm of all gradients. */
  double gradientNorm() {
    double sum = 0;
    try (Arena arena = Arena.ofConfined()) {
      long largest = parameters.stream().mapToLong(p -> p.gradient.nBytes()).max().orElse(4);
      MemorySegment data = arena.allocate(largest, 64);
      for (Parameter p : parameters) {
        store.get(p.gradient, 0, data.asSlice(0, p.gradient.nBytes()));
        long n = p.gradient.nElements();
        for (long i = 0; i < n; i++) {
          double g = data.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          sum += g * g;
        }
      }
    }
    return Math.sqrt(sum);
  }

  @Override
  public void close() {
    store.close();
  }
}
