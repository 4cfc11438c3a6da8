package org.ggml4j.arch;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.ggml4j.gguf.UnsupportedModelException;

/** The architectures there are, by the name that {@code general.architecture} gives them. */
public final class Architectures {
  private static final Map<String, Architecture.Factory> BY_NAME = new TreeMap<>();

  static {
    add("gemma2", Gemma2::new);
    add("gpt2", Gpt2::new);
    add("gptneox", GptNeoX::new);
    add("llama", Llama::new);
    add("qwen2", Qwen2::new);
    add("qwen3", Qwen3::new);
    add("qwen3moe", Qwen3Moe::new);
  }

  private Architectures() {}

  private static void add(String name, Architecture.Factory factory) {
    BY_NAME.put(name, factory);
  }

  /** The names of all architectures, sorted. */
  public static Set<String> names() {
    return Set.copyOf(BY_NAME.keySet());
  }

  /**
   * The architecture of that name.
   *
   * @throws UnsupportedModelException if there is none; names those there are
   */
  public static Architecture.Factory byName(String name) {
    Architecture.Factory factory = BY_NAME.get(name);
    if (factory == null) {
      throw new UnsupportedModelException("architecture", name, BY_NAME.keySet());
    }
    return factory;
  }
}
