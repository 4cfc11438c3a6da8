package org.ggml4j.quantize;

import java.util.List;
import java.util.Map;

/** What part a tensor has in a model, as far as its quantization depends on it. */
enum TensorCategory {
  OUTPUT,
  TOKEN_EMBD,
  ATTENTION_QKV,
  ATTENTION_KV_B,
  ATTENTION_V,
  ATTENTION_K,
  ATTENTION_Q,
  ATTENTION_OUTPUT,
  FFN_UP,
  FFN_GATE,
  FFN_DOWN,
  OTHER;

  /** In the order in which llama.cpp looks for them. */
  private static final List<Map.Entry<String, TensorCategory>> PARTS =
      List.of(
          Map.entry("attn_qkv.weight", ATTENTION_QKV),
          Map.entry("attn_kv_b.weight", ATTENTION_KV_B),
          Map.entry("attn_v.weight", ATTENTION_V),
          Map.entry("attn_k.weight", ATTENTION_K),
          Map.entry("attn_q.weight", ATTENTION_Q),
          Map.entry("attn_output.weight", ATTENTION_OUTPUT),
          Map.entry("ffn_up", FFN_UP),
          Map.entry("ffn_gate", FFN_GATE),
          Map.entry("ffn_down", FFN_DOWN));

  private static final List<String> KEPT_PARTS =
      List.of(
          "_norm.weight",
          "ffn_gate_inp.weight",
          "ffn_gate_tid2eid.weight",
          "altup",
          "laurel",
          "per_layer_model_proj",
          "ssm_conv1d",
          "shortconv.conv.weight",
          "indexer.k_proj.weight",
          "indexer.q_proj.weight",
          "time_mix_first.weight",
          "time_mix_w0.weight",
          "time_mix_w1.weight",
          "time_mix_w2.weight",
          "time_mix_v0.weight",
          "time_mix_v1.weight",
          "time_mix_v2.weight",
          "time_mix_a0.weight",
          "time_mix_a1.weight",
          "time_mix_a2.weight",
          "time_mix_g1.weight",
          "time_mix_g2.weight",
          "time_mix_decay_w1.weight",
          "time_mix_decay_w2.weight",
          "time_mix_lerp_fused.weight",
          "attn_rel_b.weight",
          ".position_embd",
          "sam.pos_embd",
          "sam.neck.",
          "sam.net_",
          ".rel_pos",
          ".patch_embd",
          ".patch_merger",
          "a.rvq.codebook",
          "mm.a.code_embd");

  private static final List<String> KEPT_NAMES =
      List.of("position_embd.weight", "token_types.weight");

  static TensorCategory of(String name) {
    if (name.equals("output.weight")) {
      return OUTPUT;
    }
    if (name.equals("token_embd.weight") || name.equals("per_layer_token_embd.weight")) {
      return TOKEN_EMBD;
    }
    for (Map.Entry<String, TensorCategory> part : PARTS) {
      if (name.contains(part.getKey())) {
        return part.getValue();
      }
    }
    return OTHER;
  }

  /** Whether a tensor of two or more dimensions is one that quantization may change. */
  static boolean isQuantizable(String name) {
    return name.endsWith("weight")
        && !KEPT_NAMES.contains(name)
        && KEPT_PARTS.stream().noneMatch(name::contains);
  }

  /** Whether errors here spread like errors in the values of attention. */
  boolean isLikeAttentionV() {
    return this == ATTENTION_V || this == ATTENTION_QKV || this == ATTENTION_KV_B;
  }
}
