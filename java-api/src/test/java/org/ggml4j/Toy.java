package org.ggml4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import org.ggml4j.TinyGguf.Content;
import org.ggml4j.arch.Architectures;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.WeightStore;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.nn.Weights;

/**
 * A test row of an architecture: a small model whose tensors are those that the architecture asks
 * for, with values that follow from their names.
 *
 * <p>A row states what differs from two layers of width 64 with four heads and two key heads, and
 * which of the tensors that the architecture can do without there are.
 */
final class Toy {
  private static final int VOCAB = 32;

  private final String name;
  private final String architecture;
  private final IntFunction<Content> content;
  private final int nLayer;
  private final int nVocab;
  private double limit = 1e-6;
  private boolean stable = true;

  private Toy(
      String name, String architecture, int nLayer, int nVocab, IntFunction<Content> content) {
    this.name = name;
    this.architecture = architecture;
    this.nLayer = nLayer;
    this.nVocab = nVocab;
    this.content = content;
  }

  /** A llama, whose tensors are listed by hand. */
  static Toy of(String name, TinyGguf file) {
    return new Toy(
        name,
        file.architecture(),
        file.nLayer(),
        TinyGguf.VOCAB,
        n -> file.withLayers(n).content());
  }

  /** A model of an architecture with the usual sizes. */
  static Builder of(String name, String architecture) {
    return new Builder(name, architecture);
  }

  /** What a row says. */
  static final class Builder {
    private final String name;
    private final String architecture;
    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final List<Pattern> optional = new ArrayList<>();
    private final Map<String, long[]> unread = new LinkedHashMap<>();
    private String seed = "";

    private Builder(String name, String architecture) {
      this.name = name;
      this.architecture = architecture;
      set("vocab_size", VOCAB);
      set("context_length", 128);
      set("embedding_length", 64);
      set("block_count", 2);
      set("feed_forward_length", 96);
      set("attention.head_count", 4);
      set("attention.head_count_kv", 2);
      set("attention.layer_norm_rms_epsilon", 1e-5f);
      set("attention.layer_norm_epsilon", 1e-5f);
      set("rope.freq_base", 10000f);
    }

    /** A key below the architecture's name; an Integer becomes an unsigned 32-bit number. */
    Builder set(String key, Object value) {
      metadata.put(architecture + "." + key, value);
      return this;
    }

    /** A key that does not begin with the architecture's name. */
    Builder setShared(String key, Object value) {
      metadata.put(key, value);
      return this;
    }

    /** Other values of all tensors. */
    Builder seed(String text) {
      seed = text;
      return this;
    }

    /** A key with a number for each layer. */
    Builder setByLayer(String key, int... values) {
      return set(key, new LayerSizes(values));
    }

    /** Without a key. */
    Builder unset(String key) {
      metadata.remove(architecture + "." + key);
      return this;
    }

    /** Four experts of which two are used, of half the usual width. */
    Builder experts() {
      return set("expert_count", 4)
          .set("expert_used_count", 2)
          .set("expert_feed_forward_length", 48);
    }

    /** Tensors that the architecture can do without: regular expressions of whole names. */
    Builder with(String... names) {
      Arrays.stream(names).map(Pattern::compile).forEach(optional::add);
      return this;
    }

    /** A tensor that each layer of the file has, but that the architecture does not read. */
    Builder unread(String tensor, long... ne) {
      unread.put(tensor, ne);
      return this;
    }

    Toy build() {
      Object vocab = metadata.get(architecture + ".vocab_size");
      int nLayer = (Integer) metadata.get(architecture + ".block_count");
      return new Toy(name, architecture, nLayer, (Integer) vocab, this::content);
    }

    private Content content(int nLayer) {
      Content c = new Content();
      c.metadata.put("general.architecture", architecture);
      c.metadata.put("general.name", "toy");
      metadata.forEach((k, v) -> c.metadata.put(k, ofLayers(v, nLayer)));
      c.metadata.put(architecture + ".block_count", nLayer);
      c.metadata.put("tokenizer.ggml.model", "no_vocab");
      try (WeightStore store = new WeightStore(1 << 12)) {
        Asked asked = new Asked(optional);
        Hparams hparams = Hparams.of(GgufMetadata.of(c.metadata));
        Device cpu = Device.cpu();
        Weights weights =
            new Weights(
                asked, (il, operation, type, ne) -> cpu.bufferType(), store, hparams.nLayer());
        Architectures.byName(architecture).create(hparams, weights);
        asked.tensors.forEach((n, ne) -> c.tensors.put(n, values(seed + n, ne)));
        for (int il = 0; il < nLayer; il++) {
          String prefix = "blk." + il + ".";
          unread.forEach((n, ne) -> c.tensors.put(prefix + n, values(seed + n, ne)));
        }
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return c;
    }
  }

  /** Of a list with a number for each of the row's layers, those of the file's. */
  private static Object ofLayers(Object value, int nLayer) {
    return value instanceof LayerSizes sizes ? Arrays.copyOf(sizes.of, nLayer) : value;
  }

  private record LayerSizes(int[] of) {}

  /** Gives whatever is asked for, and of what is optional what the patterns name. */
  private static final class Asked implements Weights.Source {
    private final List<Pattern> optional;
    private final Map<String, long[]> tensors = new LinkedHashMap<>();

    Asked(List<Pattern> optional) {
      this.optional = optional;
    }

    @Override
    public Optional<Weights.Found> find(String name, long[] ne) {
      tensors.put(name, ne.clone());
      return Optional.of(Weights.Found.of(GgmlType.F32, ne));
    }

    @Override
    public Set<String> names() {
      return new AbstractSet<>() {
        @Override
        public boolean contains(Object name) {
          return optional.stream().anyMatch(p -> p.matcher((String) name).matches());
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

  /**
   * Norms and divisors about 1, biases about 0, matrices that keep the size of what passes through.
   */
  private static TinyGguf.Stored values(String name, long[] ne) {
    boolean norm = name.contains("norm") && !name.endsWith(".bias");
    if (norm || name.endsWith(".act.scales")) {
      return TinyGguf.values(GgmlType.F32, name, 1, 0.2, ne);
    }
    if (name.contains("rope_f")) {
      return TinyGguf.values(GgmlType.F32, name, 2.5, 1.5, ne);
    }
    if (name.contains("ssm_a")) { // decays
      return TinyGguf.values(GgmlType.F32, name, -1, 0.5, ne);
    }
    if (ne.length == 1 || name.endsWith(".bias")) {
      return TinyGguf.values(GgmlType.F32, name, 0, 0.3, ne);
    }
    boolean table = name.contains("_embd");
    return TinyGguf.values(GgmlType.F32, name, 0, table ? 1 : 1.7 / Math.sqrt(ne[0]), ne);
  }

  /** With another bound of the error against the reference. */
  Toy limit(double nmse) {
    limit = nmse;
    return this;
  }

  /**
   * Where small errors don't stay small: of two experts, one is hardly more likely than the other.
   */
  Toy unstable() {
    stable = false;
    return this;
  }

  String name() {
    return name;
  }

  String architecture() {
    return architecture;
  }

  int nLayer() {
    return nLayer;
  }

  int nVocab() {
    return nVocab;
  }

  double limit() {
    return limit;
  }

  boolean isStable() {
    return stable;
  }

  /** What the file is made of, to be changed before it is written. */
  Content content() {
    return content.apply(nLayer);
  }

  /** Writes the file and returns its path. */
  Path write(Path folder) throws IOException {
    return write(folder, nLayer);
  }

  /** Writes the file with so many layers. */
  Path write(Path folder, int layers) throws IOException {
    Path path = folder.resolve(name + "-" + layers + ".gguf");
    content.apply(layers).write(path);
    return path;
  }

  @Override
  public String toString() {
    return name;
  }
}
