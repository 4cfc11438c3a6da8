package org.ggml4j;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.ggml4j.arch.Architectures;
import org.ggml4j.gguf.GgmlType;

/**
 * The test rows of all architectures. Each has a fixture {@code arch/NAME.f32}, llama.cpp's logits
 * of the same bytes, which {@link FixtureRecorder} records.
 */
final class Toys {
  private static final Map<String, Toy> ROWS = new TreeMap<>();

  static {
    TinyGguf llama = TinyGguf.llama();
    row("llama", llama);
    row("llama-tied", llama.withTied());
    row("llama-biases", llama.withBiases());
    row("llama-rope-freqs", llama.withRopeFreqs());
    row("llama-linear", llama.withRopeScaling("linear"));
    row("llama-yarn", llama.withRopeScaling("yarn"));
    row("llama-moe", TinyGguf.mixtral());
    // Products with F16 and Q8_0 weights round the other operand too, to 11 and to about 8 bits,
    // where an ulp of difference can tip it over.
    row("llama-f16", llama.withType(GgmlType.F16)).limit(1e-5);
    row("llama-q8_0", llama.withType(GgmlType.Q8_0)).limit(1e-4);
    row("llama-moe-q8_0", TinyGguf.mixtral().withType(GgmlType.Q8_0)).limit(1e-4).unstable();

    row(Toy.of("qwen2", "qwen2").with(".*attn_[qkv].bias"));
    row(Toy.of("qwen3", "qwen3").set("attention.key_length", 32).set("attention.value_length", 32));
    row(
        Toy.of("qwen3moe", "qwen3moe")
            .experts()
            .set("attention.key_length", 32)
            .set("attention.value_length", 32));
    row(
        Toy.of("gemma2", "gemma2")
            .set("attention.sliding_window", 8)
            .set("attention.key_length", 32)
            .set("attention.value_length", 32)
            .set("attn_logit_softcapping", 3f)
            .set("final_logit_softcapping", 4f));
    row(
        Toy.of("gpt2", "gpt2")
            .unset("attention.head_count_kv")
            .with("output.weight", ".*attn_qkv.weight", ".*(norm|qkv|attn_output|up|down).bias"));
    row(
        Toy.of("gptneox", "gptneox")
            .unset("attention.head_count_kv")
            .set("rope.dimension_count", 8)
            .set("use_parallel_residual", true)
            .with("output.weight", ".*attn_qkv.weight", ".*(norm|qkv|attn_output|up|down).bias"));
  }

  private Toys() {}

  private static Toy row(String name, TinyGguf file) {
    Toy toy = Toy.of(name, file);
    ROWS.put(name, toy);
    return toy;
  }

  private static Toy row(Toy.Builder builder) {
    Toy toy = builder.build();
    if (ROWS.put(toy.name(), toy) != null) {
      throw new AssertionError("two rows " + toy.name());
    }
    return toy;
  }

  /** All rows, by name; fails if an architecture has none. */
  static List<Toy> all() {
    TreeSet<String> missing = new TreeSet<>(Architectures.names());
    ROWS.values().forEach(t -> missing.remove(t.architecture()));
    if (!missing.isEmpty()) {
      throw new AssertionError("architectures without a row in Toys: " + missing);
    }
    return List.copyOf(ROWS.values());
  }

  /** The row of that name. */
  static Toy byName(String name) {
    Toy toy = ROWS.get(name);
    if (toy == null) {
      throw new AssertionError("no row " + name);
    }
    return toy;
  }
}
