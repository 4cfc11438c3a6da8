package org.ggml4j.tokenizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * What each value of {@code tokenizer.ggml.pre} means: a word pattern and a few switches.
 *
 * <p>Source: llama.cpp {@code src/llama-vocab.cpp}. A new pre-tokenizer is a pattern and a line
 * here.
 */
final class PreTokenizers {
  /**
   * One pre-tokenizer.
   *
   * @param words the word pattern
   * @param ignoreMerges a word that is a token is that token, whatever the merges say
   * @param addBos whether text begins with the begin-of-text token unless the file says otherwise
   * @param cleanSpaces whether llama.cpp's {@code detokenize} tidies spaces
   * @param hasDefaultBos whether the begin-of-text id has a default
   */
  record Spec(
      PreTokenizer words,
      boolean ignoreMerges,
      boolean addBos,
      boolean cleanSpaces,
      boolean hasDefaultBos) {}

  private static final Map<String, Spec> SPECS = specs();

  private PreTokenizers() {}

  /**
   * The pre-tokenizer of a name.
   *
   * @throws UnsupportedModelException if there is none
   */
  static Spec of(String name) {
    Spec spec = SPECS.get(name);
    if (spec == null) {
      throw new UnsupportedModelException(
          "pre-tokenizer (tokenizer.ggml.pre)", name, SPECS.keySet());
    }
    return spec;
  }

  private static Map<String, Spec> specs() {
    PreTokenizer gpt2 = WordPatterns::gpt2;
    PreTokenizer llama3 = WordPatterns.llama3(3);
    PreTokenizer qwen2 = WordPatterns.llama3(1);
    PreTokenizer digits = Isolate.eachNumber().then(gpt2);
    PreTokenizer falcon =
        Isolate.runs(CharClass.PUNCTUATION, cp -> "$+<=>^~|`".indexOf(cp) >= 0)
            .then(gpt2)
            .then(Isolate.threeDigits());
    PreTokenizer fallback =
        Isolate.runs(CharClass.PUNCTUATION, cp -> "$+<=>^~|".indexOf(cp) >= 0)
            .then(gpt2)
            .then(Isolate.runs(CharClass.NUMBER))
            .then(Isolate.threeDigits());

    Map<String, Spec> map = new LinkedHashMap<>();
    add(map, new Spec(fallback, false, false, true, true), "default");
    add(
        map,
        new Spec(gpt2, false, false, true, true),
        List.of("gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de"),
        List.of("a.x-4.0", "mellum", "modern-bert", "jina-v1-en", "jina-v2-code", "roberta-bpe"),
        List.of("exaone4", "mpt", "olmo", "jais"));
    add(map, new Spec(gpt2, false, false, false, true), "trillion", "granite-docling");
    add(
        map,
        new Spec(llama3, true, true, true, true),
        List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0"),
        List.of("lfm2", "jina-v5-nano"));
    add(map, new Spec(llama3, false, false, true, true), "dbrx", "smaug-bpe");
    add(map, new Spec(llama3, false, false, true, false), "glm4", "chatglm-bpe");
    add(map, new Spec(digits, false, false, false, true), "smollm", "command-r");
    add(
        map,
        new Spec(digits, false, false, true, true),
        List.of("starcoder", "refact", "codeshell", "exaone", "minerva-7b", "mellum2"));
    add(
        map,
        new Spec(qwen2, false, false, false, true),
        List.of("qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "hunyuan", "solar-open"),
        List.of("grok-2"));
    add(map, new Spec(qwen2, false, false, true, true), "stablelm2", "megrez");
    add(map, new Spec(falcon, false, false, true, true), "falcon");
    return map;
  }

  private static void add(Map<String, Spec> map, Spec spec, String... names) {
    add(map, spec, List.of(names));
  }

  @SafeVarargs
  private static void add(Map<String, Spec> map, Spec spec, List<String>... names) {
    for (List<String> group : names) {
      for (String name : group) {
        map.put(name, spec);
      }
    }
  }
}
