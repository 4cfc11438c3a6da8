package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.ggml4j.TinyGguf.Content;
import org.ggml4j.TinyGguf.Stored;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.WeightException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that the reader of GGUF accepts, or nearly, and that are no model: each is refused with an
 * exception that says why, at little cost in time and memory.
 */
class BadModelTest {
  private static final long MEMORY_LIMIT = 64L << 20;
  private static final long TIME_LIMIT_NANOS = 1_000_000_000L;

  @TempDir static Path folder;

  private static final Class<? extends Exception> FORMAT = GgufFormatException.class;
  private static final Class<? extends Exception> UNSUPPORTED = UnsupportedModelException.class;
  private static final Class<? extends Exception> WEIGHT = WeightException.class;

  /**
   * A change that makes a model useless.
   *
   * @param message part of what must be said about it
   */
  record Damage(
      String name,
      TinyGguf file,
      Consumer<Content> change,
      Class<? extends Exception> expected,
      String message) {}

  /** Classes are loaded and code is warm before time and memory are measured. */
  @BeforeAll
  static void theFilesToBeDamagedAreSound() throws IOException {
    for (TinyGguf file : List.of(TinyGguf.small(), experts(), TinyGguf.small().withRopeFreqs())) {
      try (Model model = Model.load(file.write(folder))) {
        assertThat(Logit.alone(model, Logit.EXACT, 1, 2, 3)).hasNumberOfRows(3);
      }
    }
  }

  private static TinyGguf experts() {
    return new TinyGguf("llama", 2, 64, 4, 2, 96, 4, 2, false, false, false, "none", GgmlType.F32);
  }

  private static void damage(
      List<Damage> all,
      String name,
      Class<? extends Exception> expected,
      String message,
      Consumer<Content> change) {
    all.add(new Damage(name, TinyGguf.small(), change, expected, message));
  }

  private static void value(
      List<Damage> all, String key, Object value, Class<? extends Exception> expected) {
    String shown = value instanceof int[] array ? Arrays.toString(array) : value.toString();
    damage(all, key + " := " + shown, expected, key, c -> c.metadata.put("llama." + key, value));
  }

  static List<Damage> damages() {
    List<Damage> all = new ArrayList<>();
    missing(all);
    keys(all);
    rope(all);
    tensors(all);
    expertsDamaged(all);
    vocabulary(all);
    return all;
  }

  private static void missing(List<Damage> all) {
    Content sound = TinyGguf.small().content();
    for (String name : sound.tensors.keySet()) {
      if (!name.equals("output.weight")) { // then the embedding serves
        damage(all, "without " + name, WEIGHT, name, c -> c.tensors.remove(name));
      }
    }
    for (String key :
        List.of(
            "general.architecture",
            "llama.context_length",
            "llama.embedding_length",
            "llama.block_count",
            "llama.feed_forward_length",
            "llama.attention.head_count",
            "llama.attention.layer_norm_rms_epsilon",
            "llama.vocab_size")) {
      damage(all, "without " + key, FORMAT, key, c -> c.metadata.remove(key));
    }
    damage(all, "without tensors", FORMAT, "block_count", c -> c.tensors.clear());
    damage(
        all,
        "without anything",
        FORMAT,
        "general.architecture",
        c -> {
          c.metadata.clear();
          c.tensors.clear();
        });
  }

  private static void keys(List<Damage> all) {
    for (String key :
        List.of(
            "context_length",
            "embedding_length",
            "block_count",
            "feed_forward_length",
            "attention.head_count",
            "attention.head_count_kv",
            "attention.key_length",
            "attention.value_length",
            "vocab_size")) {
      for (Object bad : new Object[] {0, Integer.MIN_VALUE, -1, Long.MAX_VALUE, -5L, "many"}) {
        value(all, key, bad, FORMAT);
      }
    }
    value(all, "attention.head_count", 3, FORMAT);
    value(all, "attention.head_count_kv", 3, FORMAT);
    value(all, "attention.head_count_kv", 8, FORMAT);
    damage(
        all,
        "layers with different numbers of heads",
        WEIGHT,
        "blk.1.attn_k",
        c -> c.metadata.put("llama.attention.head_count_kv", new int[] {2, 4}));
    value(all, "feed_forward_length", new int[] {96, 64}, UNSUPPORTED);
    value(all, "attention.head_count_kv", new int[] {}, FORMAT);
    value(all, "block_count", 1 << 24, FORMAT);
    value(all, "block_count", 1_000_000, FORMAT);
    for (float bad :
        new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -1e-5f, 0}) {
      value(all, "attention.layer_norm_rms_epsilon", bad, FORMAT);
    }
    value(all, "attention.layer_norm_rms_epsilon", "small", FORMAT);
    for (String a : List.of("", "unheard-of", "LLAMA", "llama\u0000", "x".repeat(10_000))) {
      damage(
          all,
          "architecture " + (a.length() > 20 ? a.length() : a.replace('\u0000', '0')),
          UNSUPPORTED,
          "llama",
          c -> c.metadata.put("general.architecture", a));
    }
    damage(
        all,
        "architecture 7",
        FORMAT,
        "general.architecture",
        c -> {
          c.metadata.put("general.architecture", 7);
        });
    // Sizes that are sound by themselves, but are not those of the tensors.
    for (String key : List.of("feed_forward_length", "vocab_size")) {
      damage(all, key + " := 80", WEIGHT, "declared", c -> c.metadata.put("llama." + key, 80));
    }
    damage(
        all,
        "embedding_length := 80",
        WEIGHT,
        "declared",
        c -> {
          c.metadata.put("llama.embedding_length", 80);
          c.metadata.put("llama.attention.key_length", 16);
          c.metadata.put("llama.attention.value_length", 16);
        });
    damage(
        all,
        "heads smaller than what is turned",
        FORMAT,
        "rope.dimension_count",
        c -> {
          c.metadata.put("llama.embedding_length", 48);
        });
    damage(
        all,
        "1 head for 2",
        WEIGHT,
        "attn_k",
        c -> {
          c.metadata.put("llama.attention.head_count_kv", 1);
        });
    damage(all, "3 blocks of 2", WEIGHT, "blk.2.", c -> c.metadata.put("llama.block_count", 3));
    damage(all, "1 block of 2", WEIGHT, "blk.1.", c -> c.metadata.put("llama.block_count", 1));
    damage(
        all,
        "keys and values differ",
        UNSUPPORTED,
        "values of different",
        c -> {
          c.metadata.put("llama.attention.value_length", 32);
        });
  }

  private static void rope(List<Damage> all) {
    for (Object bad : new Object[] {-1, 3, 18, Integer.MIN_VALUE, "all"}) {
      value(all, "rope.dimension_count", bad, FORMAT);
    }
    for (int part : new int[] {0, 8}) {
      damage(
          all,
          part + " of 16 turned",
          UNSUPPORTED,
          "rotary positions in a part",
          c -> {
            c.metadata.put("llama.rope.dimension_count", part);
          });
    }
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 0, -1}) {
      value(all, "rope.freq_base", bad, FORMAT);
    }
    for (String type : List.of("longrope", "su", "", "YARN")) {
      value(all, "rope.scaling.type", type, UNSUPPORTED);
    }
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -2}) {
      value(all, "rope.scaling.factor", bad, FORMAT);
      value(all, "rope.scale_linear", bad, FORMAT);
    }
    for (String key :
        List.of(
            "attn_factor",
            "yarn_beta_fast",
            "yarn_beta_slow",
            "yarn_ext_factor",
            "yarn_attn_factor")) {
      value(all, "rope.scaling." + key, Float.NaN, FORMAT);
      value(all, "rope.scaling." + key, Float.POSITIVE_INFINITY, FORMAT);
    }
    damage(
        all,
        "yarn, infinite multiplier",
        FORMAT,
        "yarn_log_multiplier",
        c -> {
          c.metadata.put("llama.rope.scaling.type", "yarn");
          c.metadata.put("llama.rope.scaling.yarn_log_multiplier", Float.POSITIVE_INFINITY);
        });
    value(all, "rope.scaling.original_context_length", -1, FORMAT);
    all.add(
        new Damage(
            "rope_freqs too short",
            TinyGguf.small().withRopeFreqs(),
            c -> c.tensors.put("rope_freqs.weight", Stored.zeros(GgmlType.F32, 4)),
            WEIGHT,
            "rope_freqs"));
    all.add(
        new Damage(
            "rope_freqs in F16",
            TinyGguf.small().withRopeFreqs(),
            c -> c.tensors.put("rope_freqs.weight", Stored.zeros(GgmlType.F16, 8)),
            WEIGHT,
            "rope_freqs"));
  }

  private static void tensors(List<Damage> all) {
    tensor(all, "left over", "blk.0.attn_x.weight", Stored.zeros(GgmlType.F32, 8));
    tensor(all, "block behind the last", "blk.7.attn_q.weight", Stored.zeros(GgmlType.F32, 64, 64));
    String norm = "blk.1.attn_norm.weight";
    String matrix = "blk.0.ffn_up.weight";
    for (GgmlType type :
        List.of(GgmlType.F16, GgmlType.F64, GgmlType.I32, GgmlType.I8, GgmlType.Q8_0)) {
      tensor(all, "norm in " + type, norm, Stored.zeros(type, 64));
    }
    for (GgmlType type :
        List.of(
            GgmlType.F64, GgmlType.I8, GgmlType.I16, GgmlType.I32, GgmlType.I64, GgmlType.Q8_1)) {
      tensor(all, "matrix in " + type, matrix, Stored.zeros(type, 64, 96));
      tensor(all, "embedding in " + type, "token_embd.weight", Stored.zeros(type, 64, 128));
    }
    // 64 is no multiple of 256: the shape must be reported, whatever the type is.
    tensor(all, "matrix in Q8_K of 256", matrix, Stored.zeros(GgmlType.Q8_K, 256, 24));
    tensor(all, "matrix in Q4_K of 256", matrix, Stored.zeros(GgmlType.Q4_K, 256, 24));
    tensor(all, "norm of 63", norm, Stored.zeros(GgmlType.F32, 63));
    tensor(all, "norm of 1", norm, Stored.zeros(GgmlType.F32, 1));
    tensor(all, "norm of two dimensions", norm, Stored.zeros(GgmlType.F32, 32, 2));
    tensor(all, "matrix transposed", matrix, Stored.zeros(GgmlType.F32, 96, 64));
    tensor(all, "matrix of one dimension", matrix, Stored.zeros(GgmlType.F32, 64 * 96));
    tensor(all, "matrix of three", matrix, Stored.zeros(GgmlType.F32, 64, 48, 2));
    tensor(all, "matrix of four", matrix, Stored.zeros(GgmlType.F32, 64, 96, 1, 2));
    tensor(all, "matrix without a row", matrix, Stored.zeros(GgmlType.F32, 64, 95));
    tensor(all, "vocabulary short", "token_embd.weight", Stored.zeros(GgmlType.F32, 64, 127));
    tensor(all, "output long", "output.weight", Stored.zeros(GgmlType.F32, 64, 129));
    tensor(all, "bias of another size", "blk.0.attn_q.bias", Stored.zeros(GgmlType.F32, 63));
    tensor(all, "bias in F16", "blk.0.attn_q.bias", Stored.zeros(GgmlType.F16, 64));
    tensor(all, "scale of two", "blk.0.attn_q.scale", Stored.zeros(GgmlType.F32, 2));
  }

  private static void tensor(List<Damage> all, String what, String name, Stored stored) {
    damage(all, what, WEIGHT, name, c -> c.tensors.put(name, stored));
  }

  private static void expertsDamaged(List<Damage> all) {
    Map<String, Integer> used = new LinkedHashMap<>();
    used.put("more used than there are", 5);
    used.put("none used", 0);
    used.put("used negative", -1);
    used.forEach(
        (name, n) ->
            all.add(
                new Damage(
                    name,
                    experts(),
                    c -> c.metadata.put("llama.expert_used_count", n),
                    FORMAT,
                    "expert_used_count")));
    all.add(
        new Damage(
            "two experts of four",
            experts(),
            c -> c.metadata.put("llama.expert_count", 2),
            WEIGHT,
            "ffn_gate_exps"));
    all.add(
        new Damage(
            "experts negative",
            experts(),
            c -> c.metadata.put("llama.expert_count", -4),
            FORMAT,
            "expert_count"));
    all.add(
        new Damage(
            "experts without a number",
            experts(),
            c -> {
              c.metadata.remove("llama.expert_count");
              c.metadata.remove("llama.expert_used_count");
            },
            WEIGHT,
            "ffn_gate_exps"));
    damage(
        all,
        "a dense model as one of experts",
        WEIGHT,
        "ffn_gate_exps",
        c -> {
          c.metadata.put("llama.expert_count", 4);
          c.metadata.put("llama.expert_used_count", 2);
        });
    all.add(
        new Damage(
            "router for three",
            experts(),
            c -> c.tensors.put("blk.0.ffn_gate_inp.weight", Stored.zeros(GgmlType.F32, 64, 3)),
            WEIGHT,
            "ffn_gate_inp"));
  }

  private static void vocabulary(List<Damage> all) {
    damage(
        all,
        "no tokens",
        FORMAT,
        "tokens",
        c -> {
          c.metadata.put("tokenizer.ggml.tokens", new String[0]);
        });
    damage(
        all,
        "three tokens",
        WEIGHT,
        "token_embd",
        c -> {
          c.metadata.put("tokenizer.ggml.tokens", new String[] {"a", "b", "c"});
        });
    damage(
        all,
        "tokens are numbers",
        FORMAT,
        "tokens",
        c -> {
          c.metadata.put("tokenizer.ggml.tokens", new int[] {1, 2, 3});
        });
    damage(
        all,
        "tokens are a number",
        FORMAT,
        "tokens",
        c -> {
          c.metadata.put("tokenizer.ggml.tokens", 128);
        });
  }

  @TestFactory
  List<DynamicTest> isRefused() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Damage damage : damages()) {
      tests.add(
          DynamicTest.dynamicTest(
              damage.name,
              () -> {
                Path path = folder.resolve("damaged.gguf");
                Content content = damage.file.content();
                damage.change.accept(content);
                content.write(path);
                Throwable thrown = loadWithinLimits(path);
                assertThat(thrown).isExactlyInstanceOf(damage.expected);
                assertThat(thrown).hasMessageContaining(damage.message);
                assertThat(thrown.getMessage()).hasSizeLessThan(4096);
              }));
    }
    return tests;
  }

  @Test
  void thereAreEnough() {
    List<Damage> all = damages();
    assertThat(all).hasSizeGreaterThan(150);
    assertThat(all.stream().map(Damage::name)).doesNotHaveDuplicates();
  }

  @TestFactory
  List<DynamicTest> aTruncatedFileIsRefused() throws IOException {
    byte[] sound = Files.readAllBytes(TinyGguf.small().write(folder));
    List<DynamicTest> tests = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      // Densely at the beginning, where the header is, and then through the weights.
      int length = i < 20 ? i * 137 : (int) ((long) sound.length * (i - 19) / 21);
      tests.add(
          DynamicTest.dynamicTest(
              "cut to " + length,
              () -> {
                Path path = folder.resolve("cut.gguf");
                Files.write(path, Arrays.copyOf(sound, length));
                assertThat(loadWithinLimits(path))
                    .isExactlyInstanceOf(GgufFormatException.class)
                    .hasMessageContaining("cut.gguf");
              }));
    }
    return tests;
  }

  /** Any byte of the head may have any value: it is refused, or there is a model that works. */
  @Test
  void aFlippedByteEndsNothing() throws IOException {
    byte[] sound = Files.readAllBytes(TinyGguf.small().write(folder));
    Path path = folder.resolve("flipped.gguf");
    int loaded = 0;
    int refused = 0;
    for (int at = 0; at < 2400; at += 3) {
      byte[] bytes = sound.clone();
      bytes[at] ^= (byte) (1 << (at / 3 % 8));
      Files.write(path, bytes);
      Throwable thrown = catchThrowable(() -> Model.load(path).close());
      if (thrown == null) {
        loaded++;
        evaluateOneToken(path);
      } else {
        refused++;
        assertThat(thrown)
            .as("byte " + at)
            .isInstanceOfAny(
                GgufFormatException.class, UnsupportedModelException.class, WeightException.class);
      }
    }
    assertThat(loaded).isGreaterThan(20);
    assertThat(refused).isGreaterThan(400);
  }

  private static void evaluateOneToken(Path path) throws IOException {
    try (Model model = Model.load(path)) {
      SessionOptions options = SessionOptions.defaults().withContext(64).withThreads(1);
      assertThat(Logit.alone(model, options, 0)).hasNumberOfRows(1);
    }
  }

  /** Values that are strange but possible: the model loads, and computes something or other. */
  @TestFactory
  List<DynamicTest> strangeValuesWork() {
    Map<String, Object> strange = new LinkedHashMap<>();
    strange.put("llama.context_length", 1);
    strange.put("llama.rope.freq_base", Float.MIN_VALUE);
    strange.put("llama.rope.freq_base ", Float.MAX_VALUE);
    strange.put("llama.attention.layer_norm_rms_epsilon", Float.MAX_VALUE);
    strange.put("llama.rope.scaling.factor", 1e-30f);
    strange.put("llama.rope.scaling.factor ", Float.MAX_VALUE);
    strange.put("llama.rope.scaling.type", "yarn");
    strange.put("llama.rope.scaling.original_context_length", 1);
    strange.put("llama.rope.scaling.yarn_ext_factor", 3f);
    strange.put("llama.rope.scaling.yarn_beta_fast", -1f);
    strange.put("llama.attention.head_count_kv", new int[] {2, 2});
    strange.put("general.name", "");
    strange.put("tokenizer.ggml.model", "unheard of");
    List<DynamicTest> tests = new ArrayList<>();
    strange.forEach(
        (key, value) ->
            tests.add(
                DynamicTest.dynamicTest(
                    key + " := " + value,
                    () -> {
                      Path path = folder.resolve("strange.gguf");
                      Content content = TinyGguf.small().content();
                      content.metadata.put(key.strip(), value);
                      content.write(path);
                      evaluateOneToken(path);
                    })));
    for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.MAX_VALUE}) {
      tests.add(
          DynamicTest.dynamicTest(
              "weights of " + poison, () -> evaluateOneToken(poisoned(experts(), poison))));
    }
    return tests;
  }

  /** Router and embedding of one value: ids chosen among NaN must still be experts. */
  private static Path poisoned(TinyGguf file, float poison) throws IOException {
    Content content = file.content();
    for (String name : List.of("token_embd.weight", "blk.0.ffn_gate_inp.weight")) {
      byte[] data = content.tensors.get(name).data();
      int bits = Float.floatToRawIntBits(poison);
      for (int i = 0; i < data.length; i += 4) {
        for (int b = 0; b < 4; b++) {
          data[i + b] = (byte) (bits >>> (8 * b));
        }
      }
    }
    Path path = folder.resolve("poisoned.gguf");
    content.write(path);
    return path;
  }

  /** Loads a file that must be refused; returns why. */
  private static Throwable loadWithinLimits(Path path) throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = threads.getCurrentThreadAllocatedBytes();
    long started = System.nanoTime();
    Throwable thrown = catchThrowable(() -> Model.load(path).close());
    long nanos = System.nanoTime() - started;
    allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
    assertThat(thrown).as("accepted").isNotNull();
    assertThat(allocated).as("bytes allocated").isLessThan(MEMORY_LIMIT + Files.size(path));
    assertThat(nanos).as("nanoseconds").isLessThan(TIME_LIMIT_NANOS);
    assertThat(OpenOwners.open()).isEmpty();
    return thrown;
  }
}
