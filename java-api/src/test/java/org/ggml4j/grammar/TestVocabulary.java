package org.ggml4j.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.tokenizer.Tokenizer;

/** Small vocabularies of any byte strings, of the byte-level kind. */
final class TestVocabulary {
  private static final int NORMAL = 1;
  private static final int CONTROL = 3;
  private static final int UNUSED = 5;

  private final List<String> texts = new ArrayList<>();
  private final List<Integer> types = new ArrayList<>();
  private int eos = -1;

  /** Adds a token of these bytes and returns its id. */
  int add(byte[] bytes) {
    StringBuilder s = new StringBuilder();
    for (byte b : bytes) {
      s.append(charOf(b & 0xFF));
    }
    return add(s.toString(), NORMAL);
  }

  int add(String text) {
    return add(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds a control token, whose text is hidden. */
  int addControl(String text) {
    return add(text, CONTROL);
  }

  int addUnused(String text) {
    return add(text, UNUSED);
  }

  /** Adds the token that ends a text. */
  int addEnd(String text) {
    eos = addControl(text);
    return eos;
  }

  /** Adds a token for each byte. */
  TestVocabulary withBytes() {
    for (int b = 0; b < 256; b++) {
      add(new byte[] {(byte) b});
    }
    return this;
  }

  private int add(String text, int type) {
    texts.add(text);
    types.add(type);
    return texts.size() - 1;
  }

  Tokenizer tokenizer() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("tokenizer.ggml.model", "gpt2");
    map.put("tokenizer.ggml.pre", "gpt-2");
    map.put("tokenizer.ggml.tokens", texts);
    map.put("tokenizer.ggml.token_type", types);
    map.put("tokenizer.ggml.merges", List.<String>of());
    if (eos >= 0) {
      map.put("tokenizer.ggml.eos_token_id", eos);
    }
    try {
      return Tokenizer.of(GgufMetadata.of(map));
    } catch (GgufFormatException e) {
      throw new AssertionError(e);
    }
  }

  VocabTrie trie() {
    return VocabTrie.of(tokenizer());
  }

  /** GPT-2's printable character for a byte. */
  private static char charOf(int b) {
    int next = 0x100;
    for (int i = 0; ; i++) {
      boolean printable = (i >= 0x21 && i <= 0x7E) || (i >= 0xA1 && i <= 0xAC) || i >= 0xAE;
      if (i == b) {
        return (char) (printable ? i : next);
      }
      next += printable ? 0 : 1;
    }
  }
}
