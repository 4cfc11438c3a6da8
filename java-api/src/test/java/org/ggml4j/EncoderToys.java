package org.ggml4j;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The test rows of encoders. Each has a fixture {@code arch/NAME.f32}, llama.cpp's last hidden
 * states of the same bytes, which {@link FixtureRecorder} records.
 */
final class EncoderToys {
  private static final String ANY_BIAS =
      ".*(norm|norm_2|qkv|attn_[qkv]|attn_output|up|gate|down).bias";

  private EncoderToys() {}

  /** All rows, by name. */
  static List<Toy> all() {
    return all("");
  }

  /**
   * All rows, by name, with other values of the tensors.
   *
   * @param seed any text
   */
  static List<Toy> all(String seed) {
    Map<String, Toy> rows = new TreeMap<>();
    List.of(
            encoder("bert", "bert").with("token_types.weight", ANY_BIAS),
            encoder("bert-fused", "bert")
                .with(
                    ".*qkv.weight", ".*norm.bias", "cls.(weight|bias)", "cls.output.(weight|bias)"),
            encoder("bert-unsaid", "bert").unset("attention.causal").with(ANY_BIAS),
            encoder("nomic-bert", "nomic-bert")
                .set("rope.freq_base", 1000f)
                .with("token_types.weight", ".*qkv.weight", ".*norm.bias"),
            encoder("nomic-bert-moe", "nomic-bert-moe")
                .experts()
                .set("moe_every_n_layers", 2)
                .with("token_types.weight", ".*qkv.weight", ANY_BIAS),
            encoder("jina-bert-v3", "jina-bert-v3")
                .with("token_types.weight", ".*qkv.weight", ANY_BIAS),
            encoder("jina-bert-v2", "jina-bert-v2")
                .with(".*ffn_gate.weight", ".*(norm|attn_[qkv]|attn_output|up|down).bias"),
            encoder("jina-bert-v2-fused", "jina-bert-v2")
                .unset("attention.head_count_kv")
                .with(".*ffn_up.weight", ".*(attn_[qk]_norm|attn_norm_2).(weight|bias)", ANY_BIAS),
            encoder("jina-bert-v2-plain", "jina-bert-v2").with(ANY_BIAS, "cls.(weight|bias)"),
            encoder("modern-bert", "modern-bert")
                .set("block_count", 4)
                .set("attention.sliding_window", 8)
                .set("rope.freq_base", 100000f)
                .set("rope.freq_base_swa", 1000f)
                .unset("attention.head_count_kv")
                .with(".*qkv.weight", "cls.weight", "cls.output.(weight|bias)", "cls.norm.weight"),
            encoder("modern-bert-silu", "modern-bert")
                .set("hidden_activation", "silu")
                .unset("attention.head_count_kv")
                .with(".*qkv.weight", "blk.0.attn_norm.weight"),
            encoder("neo-bert", "neo-bert").with(".*qkv.weight", "cls.(weight|bias)"),
            encoder("eurobert", "eurobert"),
            encoder("llama-embed-causal", "llama-embed").unset("attention.causal"),
            encoder("llama-embed", "llama-embed").with("rope_freqs.weight"),
            encoder("t5encoder", "t5encoder")
                .unset("attention.head_count_kv")
                .set("attention.relative_buckets_count", 8),
            encoder("t5encoder-gated", "t5encoder")
                .unset("attention.head_count_kv")
                .set("attention.relative_buckets_count", 32)
                .with(".*ffn_gate.weight", ".*attn_rel_b.weight"),
            encoder("gemma-embedding", "gemma-embedding")
                .set("block_count", 6)
                .set("attention.key_length", 32)
                .set("attention.value_length", 32)
                .set("attention.sliding_window", 8)
                .set("rope.freq_base", 100000f)
                .set("dense_2_feat_in", 64)
                .set("dense_2_feat_out", 96)
                .set("dense_3_feat_in", 96)
                .set("dense_3_feat_out", 64))
        .forEach(b -> rows.put(b.seed(seed).build().name(), b.build()));
    return List.copyOf(rows.values());
  }

  /** An encoder with a decoder that writes: the row of {@code t5}. */
  static Toy.Builder t5(String name) {
    return Toy.of(name, "t5")
        .unset("attention.head_count_kv")
        .set("attention.relative_buckets_count", 8)
        .set("decoder_start_token_id", 0);
  }

  private static Toy.Builder encoder(String name, String architecture) {
    return Toy.of(name, architecture)
        .set("attention.causal", false)
        .setShared("tokenizer.ggml.token_type_count", 2);
  }

  /** The row of that name. */
  static Toy byName(String name) {
    return all().stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
  }
}
