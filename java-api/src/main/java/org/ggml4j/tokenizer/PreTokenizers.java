package org.ggml4j.tokenizer;

import static org.ggml4j.tokenizer.PreTokenizers.Switch.ADD_BOS;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.ADD_SEP;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.ALWAYS_BOS;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.ESCAPE_SPACES;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.IGNORE_MERGES;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.KEEP_CASE;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.KEEP_SPACES;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.LINE_BREAK_TOKENS;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.NO_DEFAULT_BOS;
import static org.ggml4j.tokenizer.PreTokenizers.Switch.UTF8;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * What each value of {@code tokenizer.ggml.pre} means: one or several patterns, each applied to the
 * words of the one before, and some switches. All that llama.cpp v0.5.0 knows.
 *
 * <p>Source: llama.cpp {@code src/llama-vocab.cpp}; the models, {@code
 * convert_hf_to_gguf_update.py}.
 */
final class PreTokenizers {
  /** What sets a pre-tokenizer apart besides its patterns. */
  enum Switch {
    /** A word that is a token is that token, whatever the merges say. */
    IGNORE_MERGES,
    /** Text begins with the begin-of-text token unless the file says otherwise. */
    ADD_BOS,
    /** Text begins with the begin-of-text token whatever the file says. */
    ALWAYS_BOS,
    /** Texts that follow each other are separated, unless the file says otherwise. */
    ADD_SEP,
    /** The begin-of-text id has no default. */
    NO_DEFAULT_BOS,
    /** llama.cpp's {@code detokenize} leaves spaces alone. */
    KEEP_SPACES,
    /** The vocabulary is of UTF-8 text with byte tokens, not of bytes written as characters. */
    UTF8,
    /** Spaces are written {@code ▁} in the vocabulary. */
    ESCAPE_SPACES,
    /** A run of line breaks that is a token is that token. */
    LINE_BREAK_TOKENS,
    /** Where the model lower-cases text, it does not, unless the file says otherwise. */
    KEEP_CASE
  }

  /**
   * One pre-tokenizer.
   *
   * @param models those that use it
   * @param patterns regular expressions, the coarsest first
   */
  record Spec(String models, List<String> patterns, Set<Switch> switches) {
    Spec {
      patterns = List.copyOf(patterns);
      switches = Set.copyOf(switches);
    }

    boolean has(Switch s) {
      return switches.contains(s);
    }

    /** The patterns, ready to be used. */
    PreTokenizer words() {
      PreTokenizer words = compile(patterns.get(0));
      for (String pattern : patterns.subList(1, patterns.size())) {
        words = words.then(compile(pattern));
      }
      return words;
    }
  }

  private static final Map<String, Spec> SPECS = new LinkedHashMap<>();

  private PreTokenizers() {}

  /** A pattern, ready to be used. */
  static PreTokenizer compile(String pattern) {
    return switch (pattern) {
      case Patterns.TRAILING_SPACE -> Lookahead::trailingSpace;
      case Patterns.THOUSANDS -> Lookahead::thousands;
      case Patterns.DIGIT_GROUPS -> Lookahead::groupsFromRight;
      default -> WordPattern.of(pattern);
    };
  }

  /**
   * The pre-tokenizer of a name.
   *
   * @throws UnsupportedModelException if there is none
   */
  static Spec of(String name) {
    Spec spec = SPECS.get(name);
    if (spec == null) {
      throw new UnsupportedModelException("pre-tokenizer (tokenizer.ggml.pre)", name, names());
    }
    return spec;
  }

  /** All names, in the order of the table. */
  static Set<String> names() {
    return SPECS.keySet();
  }

  /** A line of the table: names, models, then patterns and switches. */
  private static void add(String names, String models, Object... rest) {
    Set<Switch> switches = EnumSet.noneOf(Switch.class);
    List<String> patterns = new ArrayList<>();
    for (Object part : rest) {
      if (part instanceof Switch s) {
        switches.add(s);
      } else {
        patterns.add((String) part);
      }
    }
    Spec spec = new Spec(models, patterns, switches);
    for (String name : names.split(" ", -1)) {
      SPECS.put(name, spec);
    }
  }

  static {
    add(
        "default",
        "Files that name none: GPT-NeoX, Aquila",
        Patterns.DEFAULT_PUNCTUATION,
        Patterns.GPT2,
        "\\p{N}+",
        "[0-9][0-9][0-9]");
    add(
        "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert"
            + " exaone4 mpt olmo jais",
        "GPT-2, Phi 2, Jina v2, GigaChat, A.X 4.0, Mellum, ModernBERT, EXAONE 4, MPT, OLMo, Jais",
        Patterns.GPT2);
    add(
        "jina-v1-en jina-v2-code roberta-bpe",
        "Jina Reranker v1, Jina v2 Code, RoBERTa",
        Patterns.GPT2,
        ADD_SEP);
    add("trillion granite-docling", "Trillion, Granite Docling", Patterns.GPT2, KEEP_SPACES);
    add(
        "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
        "Llama 3, Falcon 3, Falcon H1, Pixtral, Mi:dm 2, LFM2, Jina v5 Nano",
        Patterns.LLAMA3,
        IGNORE_MERGES,
        ADD_BOS);
    add("dbrx smaug-bpe", "DBRX, Smaug", Patterns.LLAMA3);
    add("glm4 chatglm-bpe", "GLM 4, ChatGLM", Patterns.LLAMA3, NO_DEFAULT_BOS);
    add("jais-2", "Jais 2", Patterns.JAIS2);
    add("minicpm5", "MiniCPM 5", Patterns.UP_TO_THREE_DIGITS, Patterns.MINICPM5, IGNORE_MERGES);
    add(
        "qwen2 deepseek-r1-qwen kormo f2llmv2 hunyuan solar-open grok-2",
        "Qwen 2 and 3, DeepSeek R1 Distill, KORMo, F2LLM v2, Hunyuan A13B, Solar Open, Grok 2",
        Patterns.QWEN2,
        KEEP_SPACES);
    add("stablelm2 megrez", "StableLM 2, Megrez", Patterns.QWEN2);
    add("qwen35", "Qwen 3.5, MiniCPM-V 4.6", Patterns.QWEN35, KEEP_SPACES);
    add("ufakzeka", "Ufakzeka", Patterns.UFAKZEKA, KEEP_SPACES);
    add("laguna", "Laguna", Patterns.LINES, Patterns.QWEN2, KEEP_SPACES);
    add(
        "bailingmoe bailingmoe2 llada-moe",
        "Ling, Ling 2, LLaDA MoE",
        Patterns.BAILINGMOE,
        KEEP_SPACES);
    add("seed-coder", "Seed Coder", Patterns.SEED_CODER, KEEP_SPACES);
    add("exaone-moe", "K-EXAONE", Patterns.EXAONE_MOE);
    add(
        "starcoder refact codeshell exaone minerva-7b mellum2",
        "StarCoder 2, Refact, CodeShell, EXAONE 3, Minerva, Mellum 2",
        "\\p{N}",
        Patterns.GPT2);
    add("smollm command-r", "SmolLM, Command R", "\\p{N}", Patterns.GPT2, KEEP_SPACES);
    add("falcon", "Falcon", Patterns.FALCON_PUNCTUATION, Patterns.GPT2, "[0-9][0-9][0-9]");
    add(
        "chameleon",
        "Chameleon",
        "<sentinel:[0-9]+>",
        Patterns.CHAMELEON_IMAGE,
        "([\\t\\n]|    |  )",
        "\\p{N}",
        Patterns.CHAMELEON_PUNCTUATION,
        Patterns.GPT2,
        ADD_BOS,
        KEEP_SPACES);
    add("poro-chat", "Poro", Patterns.BLOOM, KEEP_SPACES);
    add("bloom gpt3-finnish", "BLOOM, FinGPT", Patterns.BLOOM);
    add("viking", "Viking", Patterns.BLOOM, "\\p{N}", KEEP_SPACES);
    add("tekken", "Mistral Nemo and later", Patterns.TEKKEN, IGNORE_MERGES, ADD_BOS, KEEP_SPACES);
    add(
        "gpt-4o llama4 kanana2 talkie minimax-m2",
        "GPT-4o, gpt-oss, Llama 4, Kanana 2, Talkie, MiniMax M2",
        Patterns.GPT4O,
        KEEP_SPACES);
    add(
        "granite-embed-multi-97m",
        "Granite Embedding 97M Multilingual",
        Patterns.GRANITE_EMBEDDING,
        IGNORE_MERGES,
        KEEP_SPACES);
    add(
        "tiny_aya cohere2moe",
        "Tiny Aya, Cohere 2 MoE",
        Patterns.DIGIT_GROUPS,
        Patterns.TINY_AYA,
        KEEP_SPACES);
    add(
        "afmoe",
        "Trinity",
        Patterns.DIGIT_GROUPS,
        Patterns.AFMOE_SCRIPTS,
        Patterns.DEEPSEEK3,
        KEEP_SPACES);
    add("superbpe", "OLMo 2 SuperBPE", "\\p{N}+", Patterns.THOUSANDS, KEEP_SPACES);
    add("kimi-k2", "Kimi K2", Patterns.KIMI_K2, KEEP_SPACES);
    add("youtu", "Youtu-LLM", Patterns.YOUTU_SCRIPTS, Patterns.YOUTU, IGNORE_MERGES, KEEP_SPACES);
    add(
        "deepseek-llm",
        "DeepSeek LLM",
        "[\r\n]",
        Patterns.DEEPSEEK_LETTERS,
        Patterns.DEEPSEEK_PUNCTUATION,
        Patterns.TRAILING_SPACE,
        Patterns.DEEPSEEK_EAST_ASIAN,
        "\\p{N}+",
        KEEP_SPACES);
    add(
        "deepseek-coder",
        "DeepSeek Coder",
        "[\r\n]",
        "\\s?\\p{L}+",
        "\\s?\\p{P}+",
        Patterns.DEEPSEEK_EAST_ASIAN,
        "\\p{N}",
        KEEP_SPACES);
    add(
        "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
        "DeepSeek V3 and R1, Hunyuan Dense, JoyAI, Hy 4",
        Patterns.UP_TO_THREE_DIGITS,
        Patterns.CHINESE_OR_JAPANESE,
        Patterns.DEEPSEEK3,
        KEEP_SPACES);
    add(
        "spark2_5",
        "Spark X2.5",
        Patterns.UP_TO_THREE_DIGITS,
        Patterns.CHINESE_OR_JAPANESE,
        Patterns.SPARK,
        "\\p{N}",
        KEEP_SPACES);
    add(
        "gemma4 granite-embed-multi-311m",
        "Gemma 4, Granite Embedding 311M Multilingual",
        Patterns.LINES,
        UTF8,
        ESCAPE_SPACES,
        LINE_BREAK_TOKENS,
        ALWAYS_BOS);
    add("sarvam-moe", "Sarvam", Patterns.LINES, UTF8, ESCAPE_SPACES, KEEP_SPACES);
    add("whitespace", "Jina v2 Chinese", "\\S+", UTF8, KEEP_CASE);
  }
}
