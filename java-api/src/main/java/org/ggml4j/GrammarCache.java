package org.ggml4j;

import java.util.LinkedHashMap;
import java.util.Map;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.grammar.VocabTrie;
import org.ggml4j.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * A model's vocabulary as grammars need it, made when the first one is used, and the last grammars
 * over it: a server's requests mostly come with one of a few. Thread-safe.
 */
final class GrammarCache {
  /** How many grammars are remembered, with some megabytes each. */
  static final int MAX_GRAMMARS = 8;

  private final Map<Grammar, GrammarMasks> recent = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable VocabTrie trie;

  synchronized GrammarMasks masks(Grammar grammar, Tokenizer tokenizer) {
    GrammarMasks known = recent.get(grammar);
    if (known != null) {
      return known;
    }
    VocabTrie vocabulary = trie;
    if (vocabulary == null) {
      vocabulary = VocabTrie.of(tokenizer);
      trie = vocabulary;
    }
    GrammarMasks made = GrammarMasks.of(grammar, vocabulary);
    recent.put(grammar, made);
    if (recent.size() > MAX_GRAMMARS) {
      recent.remove(recent.keySet().iterator().next());
    }
    return made;
  }
}
