package org.ggml4j.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.UnsupportedModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a file asks for and nobody computes is refused by name; what says nothing is not. */
class UnreadKeysTest {
  private static Map<String, Object> model(String arch) {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("general.architecture", arch);
    m.put(arch + ".vocab_size", 32);
    m.put(arch + ".context_length", 64);
    m.put(arch + ".embedding_length", 64);
    m.put(arch + ".block_count", 2);
    m.put(arch + ".feed_forward_length", 96);
    m.put(arch + ".attention.head_count", 4);
    m.put(arch + ".attention.head_count_kv", 2);
    m.put(arch + ".attention.layer_norm_rms_epsilon", 1e-5f);
    m.put(arch + ".attention.layer_norm_epsilon", 1e-5f);
    return m;
  }

  private static Map<String, Object> experts(String arch) {
    Map<String, Object> m = model(arch);
    m.put(arch + ".expert_count", 8);
    m.put(arch + ".expert_used_count", 2);
    m.put(arch + ".expert_feed_forward_length", 48);
    return m;
  }

  private static void check(Map<String, Object> metadata) throws IOException {
    DeclaredTensors.of(GgufMetadata.of(metadata), name -> false).hparams().checkAllKeysRead();
  }

  /** A model, and a key that its architecture can't do. */
  record Asked(Map<String, Object> model, String key, Object value) {
    static Asked of(String arch, String key, Object value) {
      return new Asked(UnreadKeysTest.model(arch), key, value);
    }

    static Asked ofExperts(String arch, String key, Object value) {
      return new Asked(UnreadKeysTest.experts(arch), key, value);
    }

    String full() {
      return model.get("general.architecture") + "." + key;
    }

    Map<String, Object> metadata() {
      Map<String, Object> m = new LinkedHashMap<>(model);
      m.put(full(), value);
      return m;
    }

    @Override
    public String toString() {
      return full() + " = " + (value instanceof int[] array ? List.of(array.length) : value);
    }
  }

  static Stream<Asked> wanting() {
    return Stream.of(
        Asked.of("llama", "attention.scale", 0.5f),
        Asked.of("llama", "logit_scale", 0.25f),
        Asked.of("llama", "residual_scale", 0.4f),
        Asked.of("llama", "embedding_scale", 12f),
        Asked.of("llama", "attention.output_scale", 0.5f),
        Asked.of("llama", "attention.temperature_scale", 0.1f),
        Asked.of("llama", "attention.clamp_kqv", 8f),
        Asked.of("llama", "attention.max_alibi_bias", 8f),
        Asked.of("llama", "attn_logit_softcapping", 20f),
        Asked.of("llama", "final_logit_softcapping", 20f),
        Asked.of("llama", "attention.sliding_window", 1024),
        Asked.of("llama", "attention.key_length_swa", 32),
        Asked.of("llama", "rope.scaling.alpha", 50f),
        Asked.of("llama", "embedding_length_out", 48),
        Asked.of("llama", "ssm.dt_b_c_rms", true),
        Asked.of("llama", "foo", 3),
        Asked.of("llama", "foo", "bar"),
        Asked.of("qwen2", "attention.sliding_window", 512),
        Asked.of("qwen3", "use_parallel_residual", true),
        Asked.of("olmo2", "rope.freq_base_swa", 5000f),
        Asked.of("gpt2", "attention.clamp_kqv", 8f),
        Asked.ofExperts("qwen3moe", "swiglu_clamp_exp", new float[] {7, 7}),
        Asked.ofExperts("olmoe", "expert_weights_norm", true),
        Asked.ofExperts("qwen3moe", "router_logit_softcapping", 20f));
  }

  @ParameterizedTest
  @MethodSource("wanting")
  void whatNobodyComputesIsNamed(Asked asked) {
    assertThatThrownBy(() -> check(asked.metadata()))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("'" + asked.model().get("general.architecture") + "'")
        .hasMessageContaining(asked.full() + " = ");
  }

  @Test
  void allKeysAreNamedAtOnce() {
    Map<String, Object> m = model("llama");
    m.put("llama.foo", 3);
    m.put("llama.logit_scale", 0.5f);
    assertThatThrownBy(() -> check(m))
        .hasMessageContaining("llama.foo = 3")
        .hasMessageContaining("llama.logit_scale = 0.5");
  }

  static Stream<Asked> harmless() {
    return Stream.of(
        Asked.of("llama", "tensor_data_layout", "Meta AI original pth"),
        Asked.of("llama", "attention.causal", true),
        Asked.of("llama", "pooling_type", 3),
        Asked.of("llama", "rope.scaling.finetuned", true),
        Asked.of("llama", "rope.dimension_sections", new int[] {8, 4, 4, 0}),
        Asked.of("llama", "rope.freq_base_swa", 500f), // no layer has a window
        Asked.of("llama", "rope.dimension_count", 16),
        Asked.of("llama", "expert_gating_func", 2), // and no experts
        Asked.of("llama", "expert_weights_norm", true),
        Asked.of("llama", "ssm.state_size", 16), // unread tensors tell
        Asked.of("llama", "attention.key_length_swa", 0),
        Asked.of("llama", "residual_scale", 1f),
        Asked.of("llama", "foo", 0),
        Asked.of("llama", "foo", false),
        Asked.of("phi3", "attention.sliding_window", 2047),
        Asked.of("stablelm", "use_parallel_residual", true),
        Asked.of("gemma2", "attention.sliding_window_pattern", 3),
        Asked.of("gemma3", "attention.sliding_window_pattern", 6),
        Asked.ofExperts("qwen3moe", "expert_gating_func", 1),
        Asked.ofExperts("qwen3moe", "expert_weights_norm", true),
        Asked.ofExperts("qwen3moe", "expert_group_count", 1),
        Asked.ofExperts("qwen3moe", "expert_shared_feed_forward_length", 12));
  }

  @ParameterizedTest
  @MethodSource("harmless")
  void whatSaysNothingIsAccepted(Asked asked) {
    assertThatCode(() -> check(asked.metadata())).doesNotThrowAnyException();
  }

  /** The keys that llama.cpp's writer gives to every model, with its values. */
  @Test
  void keysOfOtherArchitecturesAreAcceptedWithTheirDefaults() {
    for (String arch : List.of("llama", "qwen2", "gpt2", "bloom", "qwen3", "mamba")) {
      Map<String, Object> m = model(arch);
      if (arch.equals("mamba")) {
        m.put("mamba.ssm.conv_kernel", 4);
        m.put("mamba.ssm.inner_size", 128);
        m.put("mamba.ssm.state_size", 16);
        m.put("mamba.ssm.time_step_rank", 4);
      }
      written().forEach((key, value) -> m.putIfAbsent(arch + "." + key, value));
      assertThatCode(() -> check(m)).as(arch).doesNotThrowAnyException();
    }
  }

  private static Map<String, Object> written() {
    Map<String, Object> m = new LinkedHashMap<>();
    for (String zero :
        List.of(
            "leading_dense_block_count",
            "expert_shared_count",
            "expert_group_count",
            "expert_group_used_count",
            "expert_gating_func",
            "experts_per_group",
            "nextn_predict_layers",
            "rescale_every_n_layers",
            "attention.sliding_window",
            "attention.indexer.top_k",
            "hyper_connection.count",
            "interleave_moe_layer_step")) {
      m.put(zero, 0);
    }
    for (String zero :
        List.of(
            "expert_weights_scale",
            "logit_scale",
            "residual_scale",
            "embedding_scale",
            "attention.clamp_kqv",
            "attention.scale",
            "rope.scaling.factor")) {
      m.put(zero, 0f);
    }
    m.put("expert_weights_norm", false);
    m.put("use_parallel_residual", false);
    m.put("attention.causal", true);
    m.put("pooling_type", 0xFFFFFFFFL);
    m.put("swiglu_clamp_exp", new float[] {0, 0});
    m.put("deepstack_mapping", new int[] {-1, -1});
    m.put("expert_group_scale", 0.05f);
    m.put("attn_logit_softcapping", 50f);
    m.put("router_logit_softcapping", 30f);
    m.put("final_logit_softcapping", 30f);
    m.put("token_shift_count", 2);
    m.put("attention.rope_pattern", 1);
    m.put("attention.key_length", 16);
    m.put("attention.value_length", 16);
    m.put("attention.key_length_swa", 16);
    m.put("attention.value_length_swa", 16);
    m.put("attention.indexer.kpool_select_tail", true);
    m.put("rope.dimension_count", 16);
    m.put("rope.dimension_count_swa", 16);
    m.put("rope.freq_base", 1000000f);
    m.put("rope.freq_base_swa", 10000f);
    m.put("rope.section_order", "tyxz");
    m.put("kda.gate_lower_bound", Float.NEGATIVE_INFINITY);
    m.put("activation.situ_beta", 1f);
    return m;
  }

  @Test
  void experts() throws IOException {
    Map<String, Object> m = experts("qwen3moe");
    m.put("qwen3moe.expert_group_count", 4);
    m.put("qwen3moe.expert_group_used_count", 2);
    check(m);
    List<String> wrong = new ArrayList<>();
    for (int[] groups : new int[][] {{3, 1}, {8, 2}, {4, 0}, {4, 4}, {5, 2}}) {
      m.put("qwen3moe.expert_group_count", groups[0]);
      m.put("qwen3moe.expert_group_used_count", groups[1]);
      assertThatThrownBy(() -> check(m))
          .isInstanceOf(GgufFormatException.class)
          .satisfies(e -> wrong.add(e.getMessage()));
    }
    assertThat(wrong).allSatisfy(w -> assertThat(w).contains("expert_group"));
  }

  @Test
  void gatingFunctionsAndRopeTypesAreNamed() {
    Map<String, Object> m = experts("dots1");
    m.put("dots1.attention.head_count_kv", 4);
    m.put("dots1.expert_shared_count", 1);
    m.put("dots1.expert_gating_func", 9);
    assertThatThrownBy(() -> check(m))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("gating function")
        .hasMessageContaining("9");
    Map<String, Object> rope = model("llama");
    rope.put("llama.rope.scaling.type", "dynamic");
    assertThatThrownBy(() -> check(rope))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("llama.rope.scaling.type")
        .hasMessageContaining("dynamic")
        .hasMessageContaining("yarn");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dream", "llada", "llada-moe", "rnd1"})
  void diffusionModelsAreRefusedWithTheReason(String arch) {
    assertThatThrownBy(() -> check(model(arch)))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("'" + arch + "'")
        .hasMessageContaining("diffusion");
  }
}
