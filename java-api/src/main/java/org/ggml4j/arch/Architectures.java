package org.ggml4j.arch;

import java.util.Collections;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * The architectures there are, by the name that {@code general.architecture} gives them: those of
 * this library, and those of every {@link ArchitectureProvider}.
 */
public final class Architectures {
  private static final Map<String, Architecture.Factory> BY_NAME = new TreeMap<>();

  /** Those of llama.cpp's that are run by its example diffusion-cli. */
  private static final Set<String> DIFFUSION = Set.of("dream", "llada", "llada-moe", "rnd1");

  static {
    add("afmoe", AfMoe::new);
    add("arcee", Arcee::new);
    add("arctic", Arctic::new);
    add("arwkv7", Arwkv7::new);
    add("baichuan", Baichuan::new);
    add("bailingmoe", BailingMoe::new);
    add("bailingmoe2", BailingMoe2::new);
    add("bailingmoe3", BailingMoe3::new);
    add("bert", Bert::new);
    add("bloom", Bloom::new);
    add("chatglm", ChatGlm::new);
    add("codeshell", CodeShell::new);
    add("cogvlm", CogVlm::new);
    add("cohere2", Cohere2::new);
    add("cohere2moe", Cohere2Moe::new);
    add("command-r", CommandR::new);
    add("dbrx", Dbrx::new);
    add("deci", Deci::new);
    add("deepseek", DeepSeek::new);
    add("deepseek2", DeepSeek2::new);
    add("deepseek2-ocr", DeepSeek2Ocr::new);
    add("dots1", Dots1::new);
    add("ernie4_5", Ernie45::new);
    add("ernie4_5-moe", Ernie45Moe::new);
    add("eurobert", EuroBert::new);
    add("exaone", Exaone::new);
    add("exaone-moe", ExaoneMoe::new);
    add("exaone4", Exaone4::new);
    add("falcon", Falcon::new);
    add("falcon-h1", FalconH1::new);
    add("gemma", Gemma::new);
    add("gemma-embedding", GemmaEmbedding::new);
    add("gemma2", Gemma2::new);
    add("gemma3", Gemma3::new);
    add("glm4", Glm4::new);
    add("glm4moe", Glm4Moe::new);
    add("gpt-oss", GptOss::new);
    add("gpt2", Gpt2::new);
    add("gptneox", GptNeoX::new);
    add("granite", Granite::new);
    add("granite_swa", GraniteSwa::new);
    add("granitehybrid", GraniteHybrid::new);
    add("granitemoe", Granite::new);
    add("grok", Grok::new);
    add("grovemoe", GroveMoe::new);
    add("hunyuan-dense", HunYuanDense::new);
    add("hunyuan-moe", HunYuanMoe::new);
    add("hunyuan_vl", HunYuanDense::new);
    add("hy_v3", HyV3::new);
    add("internlm2", InternLm2::new);
    add("jais", Jais::new);
    add("jais2", Jais2::new);
    add("jamba", Jamba::new);
    add("jina-bert-v2", JinaBert2::new);
    add("jina-bert-v3", NomicBertMoe::new);
    add("kimi-linear", KimiLinear::new);
    add("laguna", Laguna::new);
    add("lfm2", Lfm2::new);
    add("lfm2moe", Lfm2Moe::new);
    add("llama", Llama::new);
    add("llama-embed", LlamaEmbed::new);
    add("llama4", Llama4::new);
    add("maincoder", MainCoder::new);
    add("mamba", Mamba::new);
    add("mamba2", Mamba2::new);
    add("maple", Maple::new);
    add("mellum", Mellum::new);
    add("mimo2", Mimo2::new);
    add("minicpm", MiniCpm::new);
    add("minicpm3", MiniCpm3::new);
    add("minimax-01", MiniMax01::new);
    add("minimax-m2", MiniMaxM2::new);
    add("mistral3", Mistral3::new);
    add("mistral4", DeepSeek2::new);
    add("modern-bert", ModernBert::new);
    add("mpt", Mpt::new);
    add("muse-glimmer", MuseGlimmer::new);
    add("nanbeige", Nanbeige::new);
    add("nemotron", Nemotron::new);
    add("nemotron_h", NemotronH::new);
    add("nemotron_h_moe", NemotronH::new);
    add("neo-bert", NeoBert::new);
    add("nomic-bert", NomicBert::new);
    add("nomic-bert-moe", NomicBertMoe::new);
    add("olmo", Olmo::new);
    add("olmo2", Olmo2::new);
    add("olmoe", OlMoe::new);
    add("openelm", OpenElm::new);
    add("orion", Orion::new);
    add("paddleocr", PaddleOcr::new);
    add("pangu-embedded", PanguEmbedded::new);
    add("phi2", Phi2::new);
    add("phi3", Phi3::new);
    add("phimoe", PhiMoe::new);
    add("plamo", Plamo::new);
    add("plamo2", Plamo2::new);
    add("plamo3", Plamo3::new);
    add("plm", Plm::new);
    add("qwen", Qwen::new);
    add("qwen2", Qwen2::new);
    add("qwen2moe", Qwen2Moe::new);
    add("qwen2vl", Qwen2Vl::new);
    add("qwen3", Qwen3::new);
    add("qwen35", Qwen35::new);
    add("qwen35moe", Qwen35Moe::new);
    add("qwen3moe", Qwen3Moe::new);
    add("qwen3next", Qwen3Next::new);
    add("qwen3vl", Qwen3Vl::new);
    add("qwen3vlmoe", Qwen3VlMoe::new);
    add("refact", Refact::new);
    add("rwkv6", Rwkv6::new);
    add("rwkv6qwen2", Rwkv6Qwen2::new);
    add("rwkv7", Rwkv7::new);
    add("seed_oss", SeedOss::new);
    add("smallthinker", SmallThinker::new);
    add("smollm3", SmolLm3::new);
    add("spark2_5", Spark25::new);
    add("stablelm", StableLm::new);
    add("starcoder", StarCoder::new);
    add("starcoder2", StarCoder2::new);
    add("t5", T5::new);
    add("t5encoder", T5Encoder::new);
    add("talkie", Talkie::new);
    add("xverse", Xverse::new);
  }

  private Architectures() {}

  private static void add(String name, Architecture.Factory factory) {
    BY_NAME.put(name, factory);
  }

  /** Those of this library and those of providers; made when first asked for. */
  private static final class Found {
    static final Map<String, Architecture.Factory> ALL =
        with(BY_NAME, ServiceLoader.load(ArchitectureProvider.class));

    private Found() {}
  }

  /**
   * Adds what providers make.
   *
   * @throws IllegalStateException if a name is made twice; says by whom
   */
  static Map<String, Architecture.Factory> with(
      Map<String, Architecture.Factory> own, Iterable<ArchitectureProvider> providers) {
    Map<String, Architecture.Factory> all = new TreeMap<>(own);
    Map<String, String> makers = new TreeMap<>();
    for (ArchitectureProvider provider : providers) {
      String maker = provider.getClass().getName();
      for (String name : provider.names()) {
        String other = makers.getOrDefault(name, "ggml4j");
        if (all.putIfAbsent(name, provider::create) != null) {
          throw new IllegalStateException(
              "the architecture '"
                  + name
                  + "' is made by "
                  + maker
                  + " and by "
                  + other
                  + ": take one of them off the class path, or give it another name");
        }
        makers.put(name, maker);
      }
    }
    return Collections.unmodifiableMap(all);
  }

  /** The names of this library's architectures, sorted. */
  public static Set<String> names() {
    return Collections.unmodifiableSet(new TreeSet<>(BY_NAME.keySet()));
  }

  /**
   * The architecture of that name, of this library or of an {@link ArchitectureProvider}.
   *
   * @throws UnsupportedModelException if there is none; names those there are
   * @throws IllegalStateException if two providers make the same one
   */
  public static Architecture.Factory byName(String name) {
    Architecture.Factory factory = BY_NAME.get(name);
    if (factory == null) {
      factory = Found.ALL.get(name);
    }
    if (factory == null && DIFFUSION.contains(name)) {
      throw new UnsupportedModelException(
          "architecture '"
              + name
              + "' is a diffusion model: it fills in a text's tokens in no order, for which there"
              + " is no decoding here; take a model that writes from left to right");
    }
    if (factory == null) {
      throw new UnsupportedModelException("architecture", name, Found.ALL.keySet());
    }
    return factory;
  }
}
