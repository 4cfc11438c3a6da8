package org.ggml4j.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * Finds what a file asks for by its metadata and nobody computes: keys below the architecture's
 * name that were not read, whose value is not the one that says nothing.
 *
 * <p>Not all that is unread is wanting. llama.cpp's converters write some keys for every model
 * (conversion/base.py), and its own writer (src/llama-model-saver.cpp) writes all keys that it
 * knows, those of other architectures with the values that its src/llama-hparams.h begins with.
 */
final class UnreadKeys {
  /** Says nothing about what is computed, or what the tensors and their checked shapes say too. */
  private static final Set<String> HARMLESS =
      Set.of(
          "vocab_size",
          "tensor_data_layout", // the order of rows that the converter made
          "rope.scaling.finetuned",
          "pooling_type", // read when a vector is asked for
          "classifier.output_labels",
          "attention.layer_norm_epsilon", // which of the norms it is lies in the architecture
          "attention.layer_norm_rms_epsilon",
          "attention.group_norm_epsilon",
          "rope.dimension_sections", // of a text, all positions of a token are the same one
          "n_deepstack_layers", // where vectors of pictures go in
          "deepstack_mapping",
          "expert_feed_forward_length",
          "expert_shared_feed_forward_length",
          "expert_chunk_feed_forward_length",
          "expert_shared_count",
          "leading_dense_block_count",
          "interleave_moe_layer_step",
          "moe_every_n_layers",
          "moe_latent_size",
          "attention.recurrent_layers",
          "attention.q_lora_rank",
          "attention.kv_lora_rank",
          "attention.decay_lora_rank",
          "attention.iclr_lora_rank",
          "attention.value_residual_mix_lora_rank",
          "attention.gate_lora_rank",
          "ssm.conv_kernel",
          "ssm.inner_size",
          "ssm.state_size",
          "ssm.time_step_rank",
          "ssm.group_count",
          "shortconv.l_cache",
          "dense_2_feat_in",
          "dense_2_feat_out",
          "dense_3_feat_in",
          "dense_3_feat_out",
          "full_attention_interval"); // asked for where layers are not listed

  /** What llama.cpp has where a file says nothing, and it is not 0, false or empty. */
  private static final Map<String, Object> DEFAULTS =
      Map.ofEntries(
          Map.entry("attention.causal", true),
          Map.entry("attn_logit_softcapping", 50f),
          Map.entry("router_logit_softcapping", 30f),
          Map.entry("final_logit_softcapping", 30f),
          Map.entry("expert_group_scale", 0.05f),
          Map.entry("expert_group_count", 1),
          Map.entry("activation.situ_beta", 1f),
          Map.entry("attention.indexer.kpool_select_tail", true),
          Map.entry("attention.rope_pattern", 1),
          Map.entry("kda.gate_lower_bound", Float.NEGATIVE_INFINITY),
          Map.entry("rope.freq_base_swa", 10000f),
          Map.entry("rope.section_order", "tyxz"),
          Map.entry("token_shift_count", 2));

  /** What layers with a window may have of their own: nothing, if it is what all have. */
  private static final Map<String, String> SAME =
      Map.of(
          "attention.key_length_swa", "attention.key_length",
          "attention.value_length_swa", "attention.value_length",
          "rope.dimension_count_swa", "rope.dimension_count",
          "rope.freq_base_swa", "rope.freq_base");

  private final Keys keys;
  private final boolean hasExperts;
  private final boolean windows;

  private UnreadKeys(Hparams hp) {
    keys = hp.keys();
    hasExperts = keys.isAsked("expert_group_count"); // by Hparams.routing, for each mixture
    windows = keys.isAsked("attention.sliding_window");
  }

  /**
   * To be called when an architecture has read what it reads.
   *
   * @throws UnsupportedModelException that names the keys and their values
   */
  static void check(Hparams hp) {
    UnreadKeys unread = new UnreadKeys(hp);
    List<String> keys = hp.keys().names().stream().filter(k -> !hp.keys().isAsked(k)).toList();
    List<String> found = new ArrayList<>();
    for (String key : keys) {
      if (!unread.saysNothing(key)) {
        found.add(hp.keys().full(key) + " = " + hp.keys().value(key));
      }
    }
    if (!found.isEmpty()) {
      throw new UnsupportedModelException(
          "the file asks for what architecture '"
              + hp.architecture()
              + "' does not compute here: "
              + String.join(", ", found)
              + "; a newer ggml4j may, or a conversion by a current llama.cpp helps");
    }
  }

  private boolean saysNothing(String key) {
    Object value = keys.value(key);
    return HARMLESS.contains(key)
        || isNothing(value)
        || key.endsWith("scale") && value instanceof Number n && n.doubleValue() == 1
        || DEFAULTS.containsKey(key) && isEqual(value, DEFAULTS.getOrDefault(key, ""))
        || SAME.containsKey(key) && isSame(key, value)
        || key.startsWith("expert") && !hasExperts
        || key.equals("expert_group_used_count") && !hasGroups()
        || key.equals("expert_gating_func") && isGating(value)
        || key.equals("rope.freq_base_swa") && !windows
        || key.equals("attention.sliding_window_pattern")
            && keys.integer("attention.sliding_window", 0) == 0;
  }

  private boolean hasGroups() {
    return keys.integer("expert_group_count", 0) > 1;
  }

  /** Where an architecture has one gating function, llama.cpp does not look at the key. */
  private static boolean isGating(Object value) {
    return value instanceof Number n && n.longValue() >= 1 && n.longValue() <= 4;
  }

  private boolean isSame(String key, Object value) {
    String all = SAME.getOrDefault(key, key);
    return keys.has(all) && isEqual(keys.value(all), value);
  }

  /** Of numbers, whatever their width is in the file. */
  private static boolean isEqual(Object a, Object b) {
    return a instanceof Number n && b instanceof Number m
        ? n.doubleValue() == m.doubleValue()
        : a.equals(b);
  }

  /** Zero, false, -1 of any width, and lists of these. */
  private static boolean isNothing(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().allMatch(UnreadKeys::isNothing);
    }
    if (value instanceof Number n) {
      return n.doubleValue() == 0 || n.longValue() == -1 || n.longValue() == 0xFFFFFFFFL;
    }
    return value.equals(false) || value.equals("") || value.equals("none");
  }
}
