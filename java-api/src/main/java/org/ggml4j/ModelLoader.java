package org.ggml4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import org.ggml4j.arch.Architecture;
import org.ggml4j.arch.Architectures;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.CpuTopology;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.Weight;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.ggml.WeightStore.Operation;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.TensorInfo;
import org.ggml4j.nn.Weights;

/** Loads a model: decides where each weight goes, and brings it there. */
final class ModelLoader {
  private static final Logger LOG = System.getLogger("org.ggml4j");
  private static final int GGML_ALIGNMENT = 32;
  private static final long SLICE = 16L << 20;
  private static final int AMX_LOADERS = 4;

  /** Fewer bytes are not worth that all threads pause to forget where their pages were. */
  private static final long WORTH_FORGETTING = 1L << 20;

  private final GgufFile file;
  private final ModelOptions options;
  private final List<Device> gpus;
  private final Device cpu;
  private final int nLayer;

  /** By device, operation, type and sizes: the blocks of a model ask for the same again. */
  private final Map<List<Object>, BufferType> places = new HashMap<>();

  private final Map<String, Long> bytesByPlace = new LinkedHashMap<>();
  private final AtomicLong done = new AtomicLong();
  private long total;

  /** What loading gives. */
  record Loaded(Architecture architecture, Hparams hparams, Summary summary) {}

  /**
   * Where things went.
   *
   * @param devices that hold weights, the CPU last
   * @param layerDevices the device of each layer, then that of the output
   * @param line one line that says it
   * @param nWeights number of tensors
   * @param nativeBytes bytes allocated or mapped
   */
  record Summary(
      List<Device> devices,
      List<Device> layerDevices,
      String line,
      int nWeights,
      long nativeBytes) {}

  private ModelLoader(GgufFile file, ModelOptions options, int nLayer) {
    this.file = file;
    this.options = options;
    this.nLayer = nLayer;
    cpu = Device.cpu();
    gpus = options.nGpuLayers() == 0 ? List.of() : chosenDevices(options.devices());
  }

  private static List<Device> chosenDevices(List<String> names) {
    if (names.isEmpty()) {
      return Device.all().stream().filter(d -> d.type() == Device.Type.GPU).toList();
    }
    List<Device> devices = new ArrayList<>();
    for (String name : names) {
      devices.add(
          Device.byName(name)
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "device '" + name + "': there are only " + Device.all())));
    }
    devices.removeIf(d -> d.type() == Device.Type.CPU);
    return List.copyOf(devices);
  }

  /** Loads the weights of an open file; what is acquired goes onto {@code owned}. */
  static Loaded load(GgufFile file, ModelOptions options, CloseStack owned) throws IOException {
    Architecture.Factory factory =
        Architectures.byName(file.metadata().getString("general.architecture"));
    Hparams hparams = Hparams.of(file.metadata());
    if (hparams.nLayer() > file.tensors().size()) {
      throw new GgufFormatException(
          "found "
              + hparams.nLayer()
              + " blocks in a file of "
              + file.tensors().size()
              + " tensors",
          file.paths().get(0),
          -1,
          hparams.architecture() + ".block_count");
    }
    return new ModelLoader(file, options, hparams.nLayer()).load(factory, hparams, owned);
  }

  private Loaded load(Architecture.Factory factory, Hparams hparams, CloseStack owned)
      throws GgufFormatException {
    WeightStore store = owned.own(new WeightStore(2 * file.tensors().size() + 64));
    Weights weights = new Weights(new FileSource(), this::place, store, nLayer);
    Architecture architecture = create(factory, hparams, weights);
    hparams.checkAllKeysRead();
    weights.check();
    total = weights.declared().stream().mapToLong(Weight::nBytes).sum();
    report();
    bring(store, weights.declared());
    Summary summary = summary(hparams, weights.declared().size());
    LOG.log(Level.DEBUG, summary.line);
    return new Loaded(architecture, hparams, summary);
  }

  private static Architecture create(Architecture.Factory factory, Hparams hparams, Weights weights)
      throws GgufFormatException {
    try {
      return factory.create(hparams, weights);
    } catch (UncheckedIOException e) {
      throw Hparams.formatProblem(e);
    }
  }

  private final class FileSource implements Weights.Source {
    private final Set<String> names = new LinkedHashSet<>();

    FileSource() {
      file.tensors().forEach(t -> names.add(t.name()));
    }

    @Override
    public Optional<Weights.Found> find(String name, long[] ne) {
      return file.tensor(name).map(t -> Weights.Found.of(t.type(), t.ne()));
    }

    @Override
    public Set<String> names() {
      return names;
    }
  }

  /**
   * Layer il's device; -1 is what comes before the layers, nLayer the output. The last layers go
   * first.
   */
  private Device device(int il) {
    long first = nLayer + 1L - options.nGpuLayers();
    if (gpus.isEmpty() || il < 0 || il < first) {
      return cpu;
    }
    long offset = il - Math.max(0, first);
    long offloaded = nLayer + 1 - Math.max(0, first);
    return gpus.get((int) (offset * gpus.size() / offloaded));
  }

  private BufferType place(int il, Operation operation, GgmlType type, long[] ne) {
    Device device = device(il);
    return places.computeIfAbsent(
        List.of(device, operation, type, Arrays.toString(ne)),
        kind -> WeightStore.choose(device, operation, options.repack(), type, ne));
  }

  // ---- bringing the weights

  private void bring(WeightStore store, List<Weight> weights) {
    Map<Weight, Long>[] mapped = mappable(store, weights);
    for (int split = 0; split < mapped.length; split++) {
      if (!mapped[split].isEmpty()) {
        MemorySegment segment = file.mapping(split);
        store.mapHost(cpu, segment, mapped[split]);
        for (Weight weight : mapped[split].keySet()) {
          place(cpu.bufferType() + " (mapped)", weight);
        }
      }
    }
    store.allocate(WeightStore.Usage.WEIGHTS);
    Set<String> inPlace = new HashSet<>(); // names of data that is used where it lies
    Arrays.stream(mapped).forEach(m -> m.keySet().forEach(w -> inPlace.add(w.name())));
    List<Step> onCpu = new ArrayList<>();
    List<Weight> elsewhere = new ArrayList<>();
    for (Weight weight : weights) {
      if (Arrays.stream(mapped).anyMatch(m -> m.containsKey(weight))) {
        addReading(onCpu, data(weight));
        continue;
      }
      place(store.bufferType(weight).name(), weight);
      if (isOfCpu(store.bufferType(weight))) {
        onCpu.add(new Step(weight.nBytes(), () -> set(store, weight, inPlace)));
      } else {
        elsewhere.add(weight);
      }
    }
    onCpu.sort(Comparator.comparingLong(Step::bytes).reversed()); // no long one at the end
    ParallelSteps.run(
        onCpu.stream().map(Step::work).toList(), loaders(store, weights), this::report);
    for (Weight weight : elsewhere) { // other devices' memory is for one thread
      set(store, weight, inPlace);
      report();
    }
  }

  private record Step(long bytes, Runnable work) {}

  private boolean isOfCpu(BufferType type) {
    return type.equals(cpu.bufferType()) || cpu.extraBufferTypes().contains(type);
  }

  private void set(WeightStore store, Weight weight, Set<String> inPlace) {
    MemorySegment data = data(weight);
    store.setPadded(weight, data); // may have been declared with more rows than the file has
    if (!inPlace.contains(weight.name()) && data.byteSize() >= WORTH_FORGETTING) {
      forget(data);
    }
    done.addAndGet(weight.nBytes());
  }

  /**
   * How many weights are brought at a time. GGML starts threads of its own to rearrange each of
   * those for AMX, one for each processor; a few of these weights at a time keep all busy while
   * threads start and end.
   */
  private int loaders(WeightStore store, List<Weight> weights) {
    boolean amx = weights.stream().anyMatch(w -> store.bufferType(w).isAmx());
    return amx ? Math.min(AMX_LOADERS, 2 * threads()) : threads();
  }

  private int threads() {
    return options.threads() > 0 ? options.threads() : CpuTopology.physicalCores();
  }

  /**
   * Lets the system take back the pages of what was copied; not for what is used where it lies as
   * well, as the embeddings are that a tied output is copied from.
   */
  private void forget(MemorySegment data) {
    if (data.isMapped() && !options.mlock()) { // pages that are locked can't be
      data.unload();
    }
  }

  /** For each split of the file, the weights that can be used where they lie. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private Map<Weight, Long>[] mappable(WeightStore store, List<Weight> weights) {
    Map<Weight, Long>[] mapped = new Map[file.paths().size()];
    Arrays.setAll(mapped, i -> new LinkedHashMap<>());
    if (options.mmap() && cpu.canUseHostMemory()) {
      for (Weight weight : weights) {
        TensorInfo info = file.tensor(weight.name()).orElseThrow();
        if (store.bufferType(weight).equals(cpu.bufferType())
            && info.offset() % GGML_ALIGNMENT == 0) {
          mapped[info.split()].put(weight, info.offset());
        }
      }
    }
    return mapped;
  }

  private MemorySegment data(Weight weight) {
    return file.data(file.tensor(weight.name()).orElseThrow());
  }

  /** Reads the pages now, so that the first token need not wait for the disk. */
  private void addReading(List<Step> steps, MemorySegment data) {
    for (long at = 0; at < data.byteSize(); at += SLICE) {
      MemorySegment slice = data.asSlice(at, Math.min(SLICE, data.byteSize() - at));
      steps.add(new Step(slice.byteSize(), () -> read(slice)));
    }
  }

  private void read(MemorySegment slice) {
    slice.load();
    if (options.mlock()) {
      MemoryLock.lock(slice);
    }
    done.addAndGet(slice.byteSize());
  }

  private void place(String where, Weight weight) {
    bytesByPlace.merge(where, weight.nBytes(), Long::sum);
  }

  private void report() {
    double fraction = total == 0 ? 1 : Math.min(1, (double) done.get() / total);
    if (!options.progress().report(fraction)) {
      throw new CancellationException("loading of " + file.paths().get(0) + " was cancelled");
    }
  }

  private Summary summary(Hparams hparams, int nWeights) {
    List<Device> layers = new ArrayList<>();
    for (int il = 0; il <= nLayer; il++) {
      layers.add(device(il));
    }
    Set<Device> devices = new LinkedHashSet<>(layers);
    devices.remove(cpu);
    List<Device> inOrder = new ArrayList<>(devices);
    inOrder.add(cpu);
    StringJoiner places = new StringJoiner(", ");
    bytesByPlace.forEach((where, bytes) -> places.add(where + " " + mebibytes(bytes)));
    long onGpu = layers.stream().filter(d -> !d.equals(cpu)).count();
    String line =
        file.paths().get(0).getFileName()
            + ": "
            + hparams.architecture()
            + ", "
            + nWeights
            + " tensors in "
            + places
            + (onGpu == 0 ? "" : "; " + onGpu + " of " + layers.size() + " layers offloaded");
    return new Summary(
        List.copyOf(inOrder),
        List.copyOf(layers),
        line,
        nWeights,
        bytesByPlace.values().stream().mapToLong(Long::longValue).sum());
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }
}
