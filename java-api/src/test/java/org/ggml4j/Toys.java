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
  /** Biases of norms, of attention and of feed-forward networks. */
  private static final String ANY_BIAS = ".*(norm|qkv|attn_[qkv]|attn_output|up|gate|down).bias";

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

    row(
        Toy.of("afmoe", "afmoe")
            .experts()
            .set("block_count", 4)
            .set("leading_dense_block_count", 1)
            .set("expert_shared_count", 1)
            .set("expert_weights_norm", true)
            .set("expert_weights_scale", 2.5f)
            .set("attention.sliding_window", 8)
            .set("rope.freq_base_swa", 5000f)
            .with("output.weight", ".*exp_probs_b.bias"));
    row(
        Toy.of("ernie4_5-moe", "ernie4_5-moe")
            .experts()
            .set("leading_dense_block_count", 1)
            .set("interleave_moe_layer_step", 1)
            .set("expert_shared_feed_forward_length", 40)
            .with(".*exp_probs_b.bias"));
    row(
        Toy.of("exaone-moe", "exaone-moe")
            .experts()
            .set("leading_dense_block_count", 1)
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("expert_shared_count", 1)
            .set("expert_gating_func", 2)
            .set("expert_weights_norm", true)
            .set("expert_weights_scale", 2.5f)
            .set("expert_group_count", 2)
            .set("expert_group_used_count", 1)
            .with(".*exp_probs_b.bias"));
    row(
        Toy.of("grok", "grok")
            .experts()
            .set("attn_logit_softcapping", 3f)
            .set("attention.output_scale", 0.3f)
            .set("embedding_scale", 2f)
            .set("logit_scale", 0.5f)
            .with("output.weight", ".*ffn_(gate|up|down).weight", ".*layer_output_norm.weight"));
    row(
        Toy.of("grok-1", "grok")
            .experts()
            .set("embedding_scale", 2f)
            .set("final_logit_softcapping", 4f));
    row(
        Toy.of("llama4", "llama4")
            .experts()
            .set("block_count", 4)
            .set("interleave_moe_layer_step", 2)
            .set("attention.sliding_window", 8192)
            .with("output.weight", "rope_freqs.weight"));
    row(
        Toy.of("mellum", "mellum")
            .experts()
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("rope.scaling.type", "yarn")
            .set("rope.scaling.factor", 4f)
            .set("rope.scaling.original_context_length", 8));
    row(
        Toy.of("minimax-m2", "minimax-m2")
            .experts()
            .set("rope.dimension_count", 8)
            .set("expert_feed_forward_length", 96)
            .set("expert_gating_func", 2)
            .with(".*exp_probs_b.bias"));
    row(
        Toy.of("qwen3vlmoe", "qwen3vlmoe")
            .experts()
            .set("rope.dimension_sections", new int[] {3, 3, 2, 0}));
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

    row(Toy.of("baichuan", "baichuan").with("output.weight"));
    row(tiny("baichuan-7b", "baichuan", 32).with("output.weight"));
    row(tiny("baichuan-13b", "baichuan", 40).with("output.weight"));
    row(Toy.of("bloom", "bloom").unset("attention.head_count_kv").with(".*qkv.weight", ANY_BIAS));
    row(
        Toy.of("cohere2", "cohere2")
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("logit_scale", 0.5f));
    row(Toy.of("command-r", "command-r").set("logit_scale", 0.5f));
    row(tiny("command-r-plus", "command-r", 64).with(".*attn_[qk]_norm.weight"));
    row(Toy.of("ernie4_5", "ernie4_5").with("output.weight"));
    row(Toy.of("exaone4", "exaone4").with("rope_freqs.weight"));
    // Flash attention rounds keys and values to F16 in each of its many layers.
    row(tiny("exaone4-32b", "exaone4", 64).set("attention.sliding_window", 8)).limit(2e-6);
    row(
        Toy.of("falcon", "falcon")
            .set("attention.head_count_kv", 1)
            .with(".*qkv.weight", ".*norm.bias"));
    row(Toy.of("falcon-40b", "falcon").with(".*qkv.weight", ".*norm.*"));
    row(Toy.of("gemma", "gemma").set("attention.key_length", 32).set("attention.value_length", 32));
    row(
        Toy.of("gemma3", "gemma3")
            .set("attention.key_length", 32)
            .set("attention.value_length", 32)
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("rope.freq_base", 100000f)
            .set("rope.scaling.type", "linear")
            .set("rope.scaling.factor", 4f));
    row(Toy.of("gemma3-capped", "gemma3").set("final_logit_softcapping", 4f));
    row(Toy.of("glm4", "glm4").with(".*attn_[qkv].bias"));
    row(Toy.of("glm4-sections", "glm4").set("rope.dimension_sections", new int[] {4, 2, 2, 0}));
    row(
        Toy.of("granite", "granite")
            .set("attention.scale", 0.3f)
            .set("embedding_scale", 2f)
            .set("residual_scale", 0.4f)
            .set("logit_scale", 3f));
    row(
        Toy.of("granite-experts", "granite")
            .experts()
            .set("expert_shared_feed_forward_length", 32)
            .set("rope.scaling.finetuned", false)
            .set("logit_scale", 3f));
    row(Toy.of("hunyuan-dense", "hunyuan-dense").set("rope.scaling.alpha", 50f));
    row(Toy.of("hunyuan_vl", "hunyuan_vl").set("rope.dimension_sections", new int[] {3, 3, 2, 0}));
    row(Toy.of("internlm2", "internlm2").with("output.weight", ".*attn_[qkv].bias"));
    row(
        Toy.of("falcon-h1", "falcon-h1")
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 2)
            .with("output.weight", ".*ssm_conv1d.bias", ".*ssm_norm.weight"));
    row(
        Toy.of("falcon-h1-plain", "falcon-h1")
            .set("ssm.conv_kernel", 3)
            .set("ssm.inner_size", 64)
            .set("ssm.state_size", 8)
            .set("ssm.time_step_rank", 8)
            .set("ssm.group_count", 1)
            .with(".*ssm_conv1d.bias"));
    row(
        Toy.of("granitehybrid", "granitehybrid")
            .setByLayer("attention.head_count_kv", 2, 0)
            .set("attention.scale", 0.3f)
            .set("embedding_scale", 2f)
            .set("residual_scale", 0.4f)
            .set("logit_scale", 3f)
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 2)
            .with(".*ssm_conv1d.bias"));
    row(
        Toy.of("granitehybrid-experts", "granitehybrid")
            .experts()
            .setByLayer("attention.head_count_kv", 0, 2)
            .set("expert_shared_feed_forward_length", 32)
            .set("rope.scaling.finetuned", false)
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 1)
            .with("output.weight", ".*ssm_conv1d.bias"));
    row(
        Toy.of("jamba", "jamba")
            .experts()
            .setByLayer("attention.head_count_kv", 0, 2)
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .with("blk.1.ffn_gate_inp.weight", ".*ssm_(conv1d|dt).bias"));
    row(
        Toy.of("mamba2", "mamba2")
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 2)
            .with("output.weight", ".*ssm_conv1d.bias"));
    row(
        Toy.of("nemotron_h", "nemotron_h")
            .set("block_count", 3)
            .setByLayer("attention.head_count_kv", 0, 0, 2)
            .setByLayer("feed_forward_length", 0, 96, 0)
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 2)
            .with(".*ssm_conv1d.bias", ".*(up|down).bias"));
    row(
        Toy.of("nemotron_h_moe", "nemotron_h_moe")
            .experts()
            .set("block_count", 3)
            .setByLayer("attention.head_count_kv", 0, 0, 2)
            .setByLayer("feed_forward_length", 0, 96, 0)
            .set("expert_shared_feed_forward_length", 32)
            .set("expert_weights_norm", true)
            .set("expert_weights_scale", 2f)
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 2)
            .with(".*ssm_conv1d.bias", ".*exp_probs_b.bias"));
    row(
        Toy.of("nemotron_h_moe-latent", "nemotron_h_moe")
            .experts()
            .set("block_count", 3)
            .setByLayer("attention.head_count_kv", 0, 0, 2)
            .setByLayer("feed_forward_length", 0, 96, 0)
            .set("expert_shared_feed_forward_length", 32)
            .set("moe_latent_size", 32)
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 2)
            .with(".*ssm_conv1d.bias", ".*exp_probs_b.bias", ".*ffn_latent_(down|up).weight"));
    row(
        Toy.of("lfm2moe", "lfm2moe")
            .experts()
            .setByLayer("attention.head_count_kv", 2, 0)
            .set("expert_gating_func", 2)
            .set("leading_dense_block_count", 1)
            .set("shortconv.l_cache", 3)
            .with(".*exp_probs_b.bias"));
    row(
        Toy.of("plamo2", "plamo2")
            .setByLayer("attention.head_count_kv", 0, 2)
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 0)
            .with("output.weight", ".*attn_qkv.weight", ".*ssm_dt.bias"));
    row(
        Toy.of("kimi-linear", "kimi-linear")
            .experts()
            .set("attention.head_count", 2)
            .setByLayer("attention.head_count_kv", 0, 1)
            .set("attention.key_length", 40)
            .set("attention.value_length", 32)
            .set("attention.key_length_mla", 24)
            .set("attention.value_length_mla", 16)
            .set("attention.kv_lora_rank", 32)
            .set("rope.dimension_count", 8)
            .set("kda.head_dim", 16)
            .set("ssm.conv_kernel", 4)
            .set("expert_gating_func", 2)
            .set("expert_shared_count", 1)
            .set("leading_dense_block_count", 1)
            .with(".*exp_probs_b.bias"));
    row(
        Toy.of("rwkv7", "rwkv7")
            .set("embedding_length", 128)
            .set("wkv.head_size", 64)
            .set("attention.head_count", 0)
            .unset("attention.head_count_kv")
            .set("attention.decay_lora_rank", 16)
            .set("attention.iclr_lora_rank", 8)
            .set("attention.value_residual_mix_lora_rank", 12)
            .set("attention.gate_lora_rank", 20)
            .with(".*norm(_2)?.bias", ".*time_mix_ln.bias"));
    row(
        Toy.of("qwen35moe", "qwen35moe")
            .experts()
            .set("full_attention_interval", 2)
            .set("expert_shared_feed_forward_length", 32)
            .set("rope.dimension_sections", new int[] {3, 3, 2, 0})
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 64)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 2));
    row(
        Toy.of("qwen3next", "qwen3next")
            .experts()
            .set("full_attention_interval", 2)
            .set("expert_shared_feed_forward_length", 32)
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 64)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .set("ssm.group_count", 2)
            .with("output.weight", ".*attn_qkv.weight"));
    row(
        Toy.of("lfm2", "lfm2")
            .setByLayer("attention.head_count_kv", 0, 2)
            .set("shortconv.l_cache", 3));
    row(
        Toy.of("lfm2-window", "lfm2")
            .setByLayer("attention.head_count_kv", 2, 0)
            .set("attention.sliding_window", 8)
            .set("shortconv.l_cache", 4)
            .with("output.weight"));
    row(
        Toy.of("mamba", "mamba")
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 16)
            .set("ssm.time_step_rank", 4)
            .with("output.weight", ".*ssm_(conv1d|dt).bias"));
    row(
        Toy.of("mamba-norms", "mamba")
            .set("ssm.conv_kernel", 3)
            .set("ssm.inner_size", 128)
            .set("ssm.state_size", 8)
            .set("ssm.time_step_rank", 2)
            .set("ssm.dt_b_c_rms", true)
            .with(".*ssm_(conv1d|dt).bias"));
    row(
        Toy.of("qwen35", "qwen35")
            .setByLayer("attention.recurrent_layers", 1, 0)
            .set("rope.dimension_sections", new int[] {3, 3, 2, 0})
            .set("ssm.conv_kernel", 4)
            .set("ssm.inner_size", 64)
            .set("ssm.state_size", 16)
            .set("ssm.group_count", 2)
            .set("ssm.time_step_rank", 4));
    row(Toy.of("minicpm", "minicpm").set("residual_scale", 0.4f));
    row(Toy.of("minicpm-experts", "minicpm").experts());
    row(
        Toy.of("mistral3", "mistral3")
            .set("attention.temperature_scale", 0.5f)
            .set("rope.scaling.type", "yarn")
            .set("rope.scaling.factor", 4f)
            .set("rope.scaling.original_context_length", 8));
    row(Toy.of("mistral3-experts", "mistral3").experts());
    row(
        Toy.of("mistral4", "mistral4")
            .experts()
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 1)
            .set("attention.head_count_kv", 1)
            .set("attention.key_length", 40)
            .set("attention.value_length", 32)
            .set("attention.key_length_mla", 24)
            .set("attention.value_length_mla", 16)
            .set("attention.q_lora_rank", 48)
            .set("attention.kv_lora_rank", 32)
            .set("attention.temperature_scale", 0.5f)
            .set("attention.temperature_length", 8)
            .set("rope.dimension_count", 8)
            .set("rope.scaling.type", "yarn")
            .set("rope.scaling.factor", 4f)
            .set("rope.scaling.original_context_length", 8)
            .set("rope.scaling.yarn_log_multiplier", 0.05f));
    row(
        Toy.of("mpt", "mpt")
            .unset("attention.head_count_kv")
            .set("attention.max_alibi_bias", 8f)
            .set("attention.clamp_kqv", 1.5f)
            .with(".*qkv.weight"));
    row(
        Toy.of("mpt-positions", "mpt")
            .unset("attention.head_count_kv")
            .with("position_embd.weight", ".*qkv.weight", ".*act.scales", ANY_BIAS));
    row(
        Toy.of("nemotron", "nemotron")
            .set("rope.dimension_count", 8)
            .with("output.weight", ANY_BIAS));
    row(Toy.of("olmo", "olmo").set("attention.clamp_kqv", 1.5f));
    row(
        Toy.of("olmo2", "olmo2")
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("rope.scaling.type", "yarn")
            .set("rope.scaling.factor", 4f)
            .set("rope.scaling.original_context_length", 16)
            .with("output.weight"));
    row(Toy.of("olmo2-full", "olmo2").with("output.weight"));
    row(
        Toy.of("phi2", "phi2")
            .set("rope.dimension_count", 8)
            .with("output.(weight|bias)", ".*qkv.weight", ANY_BIAS));
    row(
        Toy.of("phi3", "phi3")
            .set("rope.scaling.original_context_length", 256)
            .with("output.weight", ".*qkv.weight", "rope_factors_(short|long).weight"));
    row(
        Toy.of("phi3-longrope", "phi3")
            .set("rope.dimension_count", 8)
            .set("rope.scaling.type", "longrope")
            .set("rope.scaling.attn_factor", 1.2f)
            .set("rope.scaling.original_context_length", 16)
            .with(".*qkv.weight", "rope_factors_(short|long).weight"));
    row(Toy.of("smollm3", "smollm3").set("block_count", 4));
    row(
        Toy.of("stablelm", "stablelm")
            .set("rope.dimension_count", 8)
            .with("output.weight", ".*(attn|output|ffn)_norm.*", ".*attn_[qkv].bias"));
    row(
        Toy.of("stablelm-parallel", "stablelm")
            .with("output.weight", ".*(attn|output)_norm.bias", ".*attn_[qk]_norm.weight"));
    row(
        Toy.of("starcoder", "starcoder")
            .set("attention.head_count_kv", 1)
            .with(".*qkv.weight", ANY_BIAS));
    row(Toy.of("starcoder2", "starcoder2").with(ANY_BIAS));
    row(Toy.of("arcee", "arcee"));
    row(Toy.of("chatglm", "chatglm").set("rope.dimension_count", 8).with(".*qkv.(weight|bias)"));
    row(Toy.of("codeshell", "codeshell").with("output.weight", "token_embd.weight", ANY_BIAS));
    row(Toy.of("codeshell-tied", "codeshell").with(ANY_BIAS));
    row(
        Toy.of("cogvlm", "cogvlm")
            .unset("attention.head_count_kv")
            .unread("vis_attn_qkv.weight", 64, 192)
            .unread("vis_attn_output.weight", 64, 64)
            .unread("vis_gate.weight", 64, 96)
            .unread("vis_up.weight", 64, 96)
            .unread("vis_down.weight", 96, 64)
            .with("output.weight", ".*qkv.weight"));
    row(
        Toy.of("deci", "deci")
            .set("block_count", 4)
            .set("attention.key_length", 16)
            .set("attention.value_length", 16)
            .setByLayer("attention.head_count", 4, 4, 4, 0)
            .setByLayer("attention.head_count_kv", 2, 0, 1, 0)
            .setByLayer("feed_forward_length", 96, 64, 32, 64)
            .with(".*norm.weight"));
    row(Toy.of("exaone", "exaone").with("rope_freqs.weight"));
    row(
        Toy.of("granite_swa", "granite_swa")
            .set("block_count", 2)
            .setByLayer("attention.sliding_window_pattern", 1, 0)
            .setByLayer("attention.rope_pattern", 1, 0)
            .set("attention.sliding_window", 8)
            .set("embedding_scale", 2f)
            .set("residual_scale", 0.4f)
            .set("logit_scale", 3f));
    row(
        Toy.of("granite_swa-experts", "granite_swa")
            .experts()
            .set("expert_shared_feed_forward_length", 32)
            .setByLayer("attention.sliding_window_pattern", 0, 1)
            .set("attention.sliding_window", 8)
            .set("logit_scale", 3f)
            .with(".*gate_up_exps.weight"));
    row(
        Toy.of("jais", "jais")
            .unset("attention.head_count_kv")
            .set("attention.max_alibi_bias", 8f)
            .with("output.weight", ".*qkv.weight", ANY_BIAS));
    row(Toy.of("jais2", "jais2").with(ANY_BIAS));
    row(Toy.of("maincoder", "maincoder"));
    row(
        Toy.of("minicpm3", "minicpm3")
            .unset("attention.head_count_kv")
            .set("attention.key_length", 24)
            .set("attention.value_length", 16)
            .set("rope.dimension_count", 8)
            .set("attention.q_lora_rank", 48)
            .set("attention.kv_lora_rank", 32)
            .set("rope.scaling.original_context_length", 16)
            .with("rope_factors_(short|long).weight"));
    row(
        Toy.of("minicpm3-turned", "minicpm3")
            .unset("attention.head_count_kv")
            .set("attention.q_lora_rank", 48)
            .set("attention.kv_lora_rank", 32));
    row(
        Toy.of("muse-glimmer", "muse-glimmer")
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("logit_scale", 0.5f)
            .with("output.weight"));
    row(Toy.of("nanbeige", "nanbeige"));
    row(
        Toy.of("openelm", "openelm")
            .set("attention.key_length", 16)
            .set("attention.value_length", 16)
            .setByLayer("attention.head_count", 4, 6)
            .setByLayer("attention.head_count_kv", 2, 3)
            .setByLayer("feed_forward_length", 64, 96)
            .with(".*qkv.weight"));
    row(Toy.of("orion", "orion").with("output.weight", ".*norm.bias"));
    row(Toy.of("pangu-embedded", "pangu-embedded").with(".*attn_(q|k|v|output).bias"));
    row(Toy.of("plamo", "plamo").with("output.weight"));
    row(
        Toy.of("plamo3", "plamo3")
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("rope.freq_base", 100000f)
            .with(".*qkv.weight"));
    row(
        Toy.of("plm", "plm")
            .unset("attention.head_count_kv")
            .set("attention.key_length", 24)
            .set("attention.value_length", 16)
            .set("rope.dimension_count", 8)
            .set("attention.kv_lora_rank", 32));
    row(
        Toy.of("qwen", "qwen")
            .unset("attention.head_count_kv")
            .with("output.weight", ".*qkv.(weight|bias)"));
    row(
        Toy.of("qwen2vl", "qwen2vl")
            .set("rope.dimension_sections", new int[] {4, 2, 2, 0})
            .set("attention.layer_norm_rms_epsilon", 1e-7f)
            .with("output.weight", ".*attn_[qkv].bias"));
    row(Toy.of("qwen3vl", "qwen3vl").set("rope.dimension_sections", new int[] {4, 2, 2, 0}));
    row(Toy.of("refact", "refact").set("attention.head_count_kv", 1));
    row(Toy.of("seed_oss", "seed_oss").with(".*attn_[qkv].bias"));
    row(
        Toy.of("spark2_5", "spark2_5")
            .setByLayer("attention.sliding_window_pattern", 1, 0)
            .set("attention.sliding_window", 8)
            .set("rope.freq_base_swa", 1000f));
    row(Toy.of("talkie", "talkie").set("logit_scale", 0.5f).with("output.weight"));
    row(Toy.of("xverse", "xverse").with("output.weight"));
    row(Toy.of("arctic", "arctic").experts());
    row(
        Toy.of("bailingmoe", "bailingmoe")
            .experts()
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 2)
            .set("expert_weights_scale", 1.5f)
            .set("expert_weights_norm", true));
    row(
        Toy.of("bailingmoe2", "bailingmoe2")
            .experts()
            .set("leading_dense_block_count", 1)
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 1)
            .set("expert_gating_func", 2)
            .set("expert_weights_scale", 2.5f)
            .set("expert_weights_norm", true)
            .with(".*attn_qkv.weight", ".*exp_probs_b.bias"));
    row(
        Toy.of("dbrx", "dbrx")
            .experts()
            .set("attention.clamp_kqv", 1.5f)
            .with(".*attn_qkv.weight"));
    row(
        Toy.of("deepseek", "deepseek")
            .experts()
            .set("leading_dense_block_count", 1)
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 2));
    row(
        Toy.of("deepseek2", "deepseek2")
            .experts()
            .set("leading_dense_block_count", 1)
            .set("expert_count", 8)
            .set("expert_group_count", 4)
            .set("expert_group_used_count", 2)
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 2)
            .set("expert_gating_func", 2)
            .set("expert_weights_norm", true)
            .set("expert_weights_scale", 2.5f)
            .set("attention.head_count_kv", 1)
            .set("attention.key_length", 40)
            .set("attention.value_length", 32)
            .set("attention.key_length_mla", 24)
            .set("attention.value_length_mla", 16)
            .set("attention.q_lora_rank", 48)
            .set("attention.kv_lora_rank", 32)
            .set("rope.dimension_count", 8)
            .set("rope.scaling.type", "yarn")
            .set("rope.scaling.factor", 4f)
            .set("rope.scaling.original_context_length", 8)
            .set("rope.scaling.yarn_log_multiplier", 0.0707f)
            .with("output.weight", ".*exp_probs_b.bias"));
    row(
        tiny("deepseek2-lite", "deepseek2", 27)
            .experts()
            .unset("attention.head_count_kv")
            .set("leading_dense_block_count", 25)
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 1)
            .set("expert_weights_scale", 1.5f)
            .set("attention.key_length", 24)
            .set("attention.value_length", 16)
            .set("attention.kv_lora_rank", 32)
            .set("rope.dimension_count", 8)
            .set("rope.scaling.type", "linear")
            .set("rope.scaling.factor", 4f)
            .with(".*attn_q.weight"));
    row(
        Toy.of("deepseek2-ocr", "deepseek2-ocr")
            .experts()
            .unset("attention.head_count_kv")
            .set("leading_dense_block_count", 1)
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 2)
            .with("output.weight", ".*exp_probs_b.bias"));
    row(
        Toy.of("dots1", "dots1")
            .experts()
            .set("attention.head_count_kv", 4)
            .set("leading_dense_block_count", 1)
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 1)
            .set("expert_gating_func", 2)
            .set("expert_weights_norm", true)
            .with(".*exp_probs_b.bias"));
    row(
        Toy.of("glm4moe", "glm4moe")
            .experts()
            .set("rope.dimension_count", 8)
            .set("leading_dense_block_count", 1)
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 1)
            .set("expert_weights_norm", true)
            .with(".*exp_probs_b.bias", ".*attn_[qkv].bias", ".*attn_[qk]_norm.weight"));
    row(
        Toy.of("gpt-oss", "gpt-oss")
            .experts()
            .set("attention.sliding_window", 8)
            .set("expert_feed_forward_length", 32)
            .with("output.weight", ".*(attn_[qkv]|attn_output|ffn_gate_inp|exps).bias"));
    row(
        Toy.of("granitemoe", "granitemoe")
            .experts()
            .set("embedding_scale", 2f)
            .set("residual_scale", 0.4f)
            .set("logit_scale", 3f));
    row(
        Toy.of("hunyuan-moe", "hunyuan-moe")
            .experts()
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_feed_forward_length", 32));
    row(
        Toy.of("smallthinker", "smallthinker")
            .experts()
            .set("expert_feed_forward_length", 32)
            .set("expert_gating_func", 2)
            .set("attention.sliding_window", 4096)
            .set("attention.sliding_window_pattern", 2)
            .with("output.weight"));
    row(
        Toy.of("maple", "maple")
            .experts()
            .set("attention.sliding_window", 8)
            .setByLayer("attention.sliding_window_pattern", 1, 0)
            .set("swiglu_clamp_exp", 1f)
            .set("rope.freq_base_swa", 1000f)
            .set("expert_feed_forward_length", 32));
    row(
        Toy.of("paddleocr", "paddleocr")
            .set("rope.dimension_sections", new int[] {4, 2, 2, 0})
            .with("output.weight", ".*attn_(q|k|v|output).bias"));
    row(
        Toy.of("hy_v3", "hy_v3")
            .experts()
            .set("expert_feed_forward_length", 32)
            .set("expert_weights_norm", true)
            .set("expert_weights_scale", 2.5f)
            .with("blk.1.ffn_gate_inp.weight", ".*exp_probs_b"));
    row(
        Toy.of("mimo2", "mimo2")
            .experts()
            .set("attention.key_length", 24)
            .set("attention.value_length", 16)
            .set("rope.dimension_count", 8)
            .set("attention.sliding_window", 8)
            .setByLayer("attention.sliding_window_pattern", 1, 0)
            .set("attention.value_scale", 0.7f)
            .set("expert_feed_forward_length", 32)
            .with("blk.1.ffn_gate_inp.weight", "blk.0.attn_sinks.weight", ".*exp_probs_b.bias"));
    row(
        Toy.of("cohere2moe", "cohere2moe")
            .experts()
            .set("leading_dense_block_count", 1)
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_count", 1)
            .set("expert_weights_norm", true)
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("logit_scale", 0.5f));
    row(
        Toy.of("cohere2moe-layernorm", "cohere2moe")
            .experts()
            .unset("attention.layer_norm_rms_epsilon")
            .set("leading_dense_block_count", 0)
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("logit_scale", 1f));
    row(
        Toy.of("grovemoe", "grovemoe")
            .experts()
            .set("expert_chunk_feed_forward_length", 24)
            .set("experts_per_group", 2)
            .set("expert_group_scale", 0.3f));
    row(
        Toy.of("laguna", "laguna")
            .experts()
            .set("leading_dense_block_count", 1)
            .set("expert_shared_feed_forward_length", 24)
            .set("expert_weights_norm", true)
            .set("attention.sliding_window", 8)
            .set("attention.sliding_window_pattern", 2)
            .set("rope.freq_base_swa", 1000f)
            .set("rope.dimension_count_swa", 8)
            .setByLayer("attention.head_count", 4, 2)
            .with(".*exp_probs_b.bias"));
    row(
        Toy.of("bailingmoe3", "bailingmoe3")
            .experts()
            .set("attention.head_count", 2)
            .setByLayer("attention.head_count_kv", 0, 1)
            .set("attention.key_length", 40)
            .set("attention.value_length", 32)
            .set("attention.key_length_mla", 24)
            .set("attention.value_length_mla", 16)
            .set("attention.q_lora_rank", 48)
            .set("attention.kv_lora_rank", 32)
            .set("rope.dimension_count", 8)
            .set("kda.head_dim", 16)
            .set("kda.gate_lower_bound", -5f)
            .set("ssm.conv_kernel", 4)
            .set("expert_gating_func", 2)
            .set("expert_shared_count", 1)
            .set("leading_dense_block_count", 1)
            .set("swiglu_clamp_exp", 0.5f)
            .set("swiglu_clamp_shexp", 0.6f)
            .with(".*exp_probs_b.bias"));
    row(
        Toy.of("minimax-01", "minimax-01")
            .experts()
            .set("full_attention_interval", 2)
            .set("residual_scale", 1.5f)
            .set("rope.dimension_count", 8));
    row(
        Toy.of("rwkv6", "rwkv6")
            .set("wkv.head_size", 16)
            .set("attention.head_count", 0)
            .unset("attention.head_count_kv")
            .set("time_mix_extra_dim", 8)
            .set("time_decay_extra_dim", 12)
            .set("rescale_every_n_layers", 1)
            .with(".*norm(_2)?.bias", ".*time_mix_ln.bias"));
    row(
        Toy.of("rwkv6-lerps", "rwkv6")
            .set("wkv.head_size", 16)
            .set("attention.head_count", 0)
            .unset("attention.head_count_kv")
            .set("time_mix_extra_dim", 8)
            .set("time_decay_extra_dim", 12)
            .with(".*norm(_2)?.bias", ".*time_mix_ln.bias", ".*time_mix_lerp_w.weight"));
    row(
        Toy.of("rwkv6qwen2", "rwkv6qwen2")
            .set("wkv.head_size", 16)
            .set("token_shift_count", 1)
            .set("time_mix_extra_dim", 8)
            .set("time_decay_extra_dim", 12)
            .with(".*time_mix_(key|value|receptance).bias"));
    row(
        Toy.of("arwkv7", "arwkv7")
            .set("embedding_length", 128)
            .set("wkv.head_size", 64)
            .set("token_shift_count", 1)
            .set("attention.head_count", 0)
            .unset("attention.head_count_kv")
            .set("attention.decay_lora_rank", 16)
            .set("attention.iclr_lora_rank", 8)
            .set("attention.value_residual_mix_lora_rank", 12));
    row(
        Toy.of("arwkv7-gated", "arwkv7")
            .set("embedding_length", 128)
            .set("wkv.head_size", 64)
            .set("token_shift_count", 1)
            .set("attention.head_count", 0)
            .unset("attention.head_count_kv")
            .set("attention.decay_lora_rank", 16)
            .set("attention.iclr_lora_rank", 8)
            .set("attention.value_residual_mix_lora_rank", 12)
            .set("attention.gate_lora_rank", 20)
            .with(".*time_mix_ln.(weight|bias)"));
    row(Toy.of("olmoe", "olmoe").experts().unset("attention.head_count_kv"));
    row(
        Toy.of("phimoe", "phimoe")
            .experts()
            .with("output.bias", ".*norm.bias", ".*attn_(q|k|v|output).bias"));
    row(
        Toy.of("qwen2moe", "qwen2moe")
            .experts()
            .set("expert_feed_forward_length", 32)
            .set("expert_shared_feed_forward_length", 48)
            .with(".*attn_[qkv].bias"));
  }

  /** So many layers, as a variant is recognised by their number, but narrow ones. */
  private static Toy.Builder tiny(String name, String architecture, int nLayer) {
    return Toy.of(name, architecture)
        .set("block_count", nLayer)
        .set("embedding_length", 32)
        .set("feed_forward_length", 32);
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

  /** All rows but those of encoders, by name; fails if an architecture has none. */
  static List<Toy> all() {
    TreeSet<String> missing = new TreeSet<>(Architectures.names());
    ROWS.values().forEach(t -> missing.remove(t.architecture()));
    EncoderToys.all().forEach(t -> missing.remove(t.architecture()));
    missing.remove("t5"); // T5Test: its decoder needs a text that was read
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
