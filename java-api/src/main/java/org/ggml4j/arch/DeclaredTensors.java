package org.ggml4j.arch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Weights;

/**
 * What a model with given hyper-parameters consists of, without a file: the names and shapes of its
 * tensors, and what each layer keeps of the tokens before. No weight gets memory.
 *
 * @param hparams read from the metadata
 * @param shapes of the tensors by name, in the order in which the architecture asks for them
 * @param memory what each layer keeps
 * @param bytes that all weights would take by the kind of memory, a tied output's second copy
 *     included
 */
public record DeclaredTensors(
    Hparams hparams,
    Map<String, long[]> shapes,
    List<LayerMemory> memory,
    Map<String, Long> bytes) {
  private static final int MAX_TENSORS = 1 << 14;

  /** Keeps copies. */
  public DeclaredTensors {
    shapes = Collections.unmodifiableMap(new LinkedHashMap<>(shapes));
    memory = List.copyOf(memory);
    bytes = Map.copyOf(bytes);
  }

  /**
   * Asks the architecture what it wants, all in F32.
   *
   * @param metadata with {@code general.architecture} and its keys
   * @param optional which of the tensors there are that the architecture can do without
   * @throws IOException if keys are missing or make no sense
   * @throws org.ggml4j.gguf.UnsupportedModelException if there is no such architecture
   */
  public static DeclaredTensors of(GgufMetadata metadata, Predicate<String> optional)
      throws IOException {
    return of(metadata, new Anything(optional), false);
  }

  /**
   * Asks the architecture what it makes of tensors that there are.
   *
   * @param repack whether weights may be stored rearranged, where the CPU has faster kernels for
   *     that
   * @throws IOException if keys are missing or make no sense
   * @throws org.ggml4j.nn.WeightException if a tensor is missing or has another shape
   * @throws org.ggml4j.gguf.UnsupportedModelException if there is no such architecture
   */
  public static DeclaredTensors of(GgufMetadata metadata, Weights.Source source, boolean repack)
      throws IOException {
    Hparams hparams = Hparams.of(metadata);
    Asked asked = new Asked(source);
    try (WeightStore store = new WeightStore(MAX_TENSORS)) {
      Device cpu = Device.cpu();
      Weights weights =
          new Weights(
              asked,
              (il, operation, type, ne) -> WeightStore.choose(cpu, operation, repack, type, ne),
              store,
              hparams.nLayer());
      Architecture model = Architectures.byName(hparams.architecture()).create(hparams, weights);
      List<LayerMemory> memory = new ArrayList<>();
      for (int il = 0; il < hparams.nLayer(); il++) {
        memory.add(
            model instanceof Architecture.Decoder decoder
                ? decoder.memory(il)
                : new LayerMemory.None()); // an encoder keeps nothing
      }
      Map<String, Long> bytes = new HashMap<>();
      for (Weight weight : weights.declared()) {
        bytes.merge(store.bufferType(weight).name(), weight.nBytes(), Long::sum);
      }
      return new DeclaredTensors(hparams, asked.shapes, memory, bytes);
    } catch (UncheckedIOException e) {
      throw Hparams.formatProblem(e);
    }
  }

  /** Number of all weights. */
  public long nElements() {
    long n = 0;
    for (long[] ne : shapes.values()) {
      long product = 1;
      for (long size : ne) {
        product *= size;
      }
      n += product;
    }
    return n;
  }

  /** Notes what a source is asked for. */
  private static final class Asked implements Weights.Source {
    final Map<String, long[]> shapes = new LinkedHashMap<>();
    private final Weights.Source source;

    Asked(Weights.Source source) {
      this.source = source;
    }

    @Override
    public Optional<Weights.Found> find(String name, long[] ne) {
      shapes.put(name, ne.clone());
      return source.find(name, ne);
    }

    @Override
    public Set<String> names() {
      return source.names();
    }
  }

  /** Has whatever is asked for, and of what is optional what it is told. */
  private record Anything(Predicate<String> optional) implements Weights.Source {
    @Override
    public Optional<Weights.Found> find(String name, long[] ne) {
      return Optional.of(Weights.Found.of(GgmlType.F32, ne));
    }

    @Override
    public Set<String> names() {
      return new AbstractSet<>() {
        @Override
        public boolean contains(Object name) {
          return name instanceof String s && optional.test(s);
        }

        @Override
        public Iterator<String> iterator() {
          return Collections.emptyIterator();
        }

        @Override
        public int size() {
          return 0;
        }
      };
    }
  }
}
