package org.ggml4j.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ggml4j.gguf.GgufMetadata;

/**
 * Vocabularies of every kind, learnt from hard strings: one for each pre-tokenizer's name, and for
 * the kinds of tokenizer of which llama.cpp has no vocabulary.
 *
 * <p>They are learnt from whole lines, so that tokens span words: wherever a pre-tokenizer cuts, it
 * shows.
 */
final class SyntheticVocabularies {
  private static final String P = "tokenizer.ggml.";
  private static final int NORMAL = TokenType.NORMAL.code();
  private static final int CONTROL = TokenType.CONTROL.code();
  private static final int USER_DEFINED = TokenType.USER_DEFINED.code();
  private static final int BYTE = TokenType.BYTE.code();

  private static final TrainedVocabulary LEARNT = learn();

  private SyntheticVocabularies() {}

  private static TrainedVocabulary learn() {
    BpeTrainer trainer =
        BpeTrainer.of(BpeTrainerOptions.of(2000).withPreTokenizer("gemma4").withMinFrequency(2));
    TextGenerator.fixed(ReferenceCases.STRINGS).forEach(trainer::add);
    return trainer.train();
  }

  /** All of them, by a name. */
  static Map<String, GgufMetadata> all() {
    Map<String, GgufMetadata> all = new LinkedHashMap<>();
    for (String pre : PreTokenizers.names()) {
      boolean utf8 = PreTokenizers.of(pre).has(PreTokenizers.Switch.UTF8);
      // With white space in its words llama.cpp stops at an assertion.
      String model = pre.equals("whitespace") ? "whitespace" : "gpt2";
      Map<String, Object> map = utf8 ? utf8(model) : bytePair(model);
      map.put(P + "pre", pre);
      all.put("pre " + pre, GgufMetadata.of(map));
    }
    all.put("gemma4", GgufMetadata.of(utf8("gemma4")));
    all.put("kimi-k2 without merges", GgufMetadata.of(withoutMerges()));
    all.put("merges of no tokens", GgufMetadata.of(mergesOfNoTokens()));
    all.put("hybriddna", GgufMetadata.of(dna()));
    all.put("whitespace", GgufMetadata.of(whitespace(false)));
    all.put("whitespace lower", GgufMetadata.of(whitespace(true)));
    all.put("rwkv", GgufMetadata.of(rwkv()));
    all.put("plamo2", GgufMetadata.of(plamo2()));
    all.put("test", GgufMetadata.of(test()));
    for (boolean flag : new boolean[] {false, true}) {
      all.put("bert, cased " + flag, GgufMetadata.of(bert(!flag)));
      all.put("t5, prefix " + flag, GgufMetadata.of(t5(flag, false)));
      all.put("t5, merged spaces, prefix " + flag, GgufMetadata.of(t5(flag, true)));
      all.put("llama, prefix " + flag, GgufMetadata.of(llama(flag)));
    }
    return all;
  }

  private static List<String> special() {
    return List.of("<|im_start|>", "<|im_end|>", "<mask>", "[MASK]", "<dna>", "</dna>");
  }

  private static Map<String, Object> vocab(
      String model, List<String> tokens, List<Integer> types, List<Float> scores) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("general.architecture", "llama");
    map.put(P + "model", model);
    map.put(P + "tokens", tokens);
    map.put(P + "token_type", types);
    if (!scores.isEmpty()) {
      map.put(P + "scores", scores);
    }
    return map;
  }

  private static Map<String, Object> bytePair(String model) {
    List<String> tokens = new ArrayList<>(LEARNT.tokens());
    List<Integer> types = new ArrayList<>();
    tokens.forEach(t -> types.add(NORMAL));
    for (String text : special()) {
      // Some may have been learnt.
      int known = tokens.indexOf(text);
      int type = text.startsWith("<|") ? CONTROL : text.startsWith("[") ? USER_DEFINED : NORMAL;
      if (known >= 0) {
        types.set(known, type);
      } else {
        tokens.add(text);
        types.add(type);
      }
    }
    Map<String, Object> map = vocab(model, tokens, types, List.of());
    map.put(P + "merges", LEARNT.merges());
    return map;
  }

  /** Learnt texts that are UTF-8, with spaces as the sign for them. */
  private static Set<String> texts() {
    Set<String> texts = new LinkedHashSet<>();
    for (String token : LEARNT.tokens()) {
      ByteBuffer bytes = ByteBuffer.allocate(token.length());
      token.chars().forEach(c -> bytes.put((byte) ByteLevel.byteOf(c)));
      try {
        String text = StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        if (text.indexOf('\0') < 0) {
          texts.add(text.replace(' ', '\u2581'));
        }
      } catch (CharacterCodingException e) {
        continue; // part of a character
      }
    }
    return texts;
  }

  private static Map<String, Object> utf8(String model) {
    List<String> tokens = new ArrayList<>(List.of("<pad>", "<eos>", "<bos>", "<unk>"));
    List<Integer> types = new ArrayList<>(List.of(CONTROL, CONTROL, CONTROL, CONTROL));
    addBytes(tokens, types);
    Set<String> known = new LinkedHashSet<>();
    List<String> merges = new ArrayList<>();
    for (String text : texts()) {
      // Runs of line breaks are tokens that no merge makes, as in Gemma 4's vocabulary.
      boolean whole = text.codePointCount(0, text.length()) == 1 || text.matches("\n+");
      if (whole || merge(text, known, merges)) {
        known.add(text);
      }
    }
    known.removeAll(tokens);
    for (String text : known) {
      tokens.add(text);
      types.add(text.matches("\t\t+") ? USER_DEFINED : NORMAL);
    }
    Map<String, Object> map = vocab(model, tokens, types, List.of());
    map.put(P + "merges", merges);
    map.put(P + "bos_token_id", 2);
    return map;
  }

  private static boolean merge(String text, Set<String> known, List<String> merges) {
    for (int cut = 1; cut < text.length(); cut++) {
      if (known.contains(text.substring(0, cut)) && known.contains(text.substring(cut))) {
        merges.add(text.substring(0, cut) + " " + text.substring(cut));
        return true;
      }
    }
    return false;
  }

  private static void addBytes(List<String> tokens, List<Integer> types) {
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
      types.add(BYTE);
    }
  }

  private static Map<String, Object> withoutMerges() {
    Map<String, Object> map = bytePair("gpt2");
    map.put(P + "pre", "kimi-k2");
    map.remove(P + "merges");
    return map;
  }

  /** Every third learnt token is renamed, so that merges name texts that are no tokens. */
  private static Map<String, Object> mergesOfNoTokens() {
    Map<String, Object> map = bytePair("gpt2");
    List<String> tokens = tokens(map);
    for (int id = 256; id < LEARNT.tokens().size(); id += 3) {
      tokens.set(id, "gone" + id);
    }
    map.put(P + "tokens", tokens);
    map.put(P + "pre", "gpt-2");
    List<String> merges = new ArrayList<>(LEARNT.merges());
    merges.addAll(List.of("nospace", "a ", "one two three", ""));
    map.put(P + "merges", merges);
    return map;
  }

  @SuppressWarnings("unchecked")
  private static List<String> tokens(Map<String, Object> map) {
    return (List<String>) map.get(P + "tokens");
  }

  @SuppressWarnings("unchecked")
  private static List<Integer> types(Map<String, Object> map) {
    return (List<Integer>) map.get(P + "token_type");
  }

  private static Map<String, Object> dna() {
    Map<String, Object> map = bytePair("hybriddna");
    List<String> tokens = tokens(map);
    List<Integer> types = types(map);
    for (String text : List.of("<oov>", "ACGTAC\uE000", "ACGTAA\uE000", "AAAAAA\uE000")) {
      tokens.add(text);
      types.add(NORMAL);
    }
    map.put(P + "pre", "gpt-2");
    return map;
  }

  private static Map<String, Object> whitespace(boolean lowerCase) {
    Map<String, Object> map = utf8("whitespace");
    map.put(P + "pre", "whitespace");
    map.put(P + "normalizer.lowercase", lowerCase);
    return map;
  }

  private static Map<String, Object> rwkv() {
    Set<String> tokens = new LinkedHashSet<>(List.of("<s>"));
    for (String token : LEARNT.tokens()) {
      StringBuilder out = new StringBuilder();
      for (int i = 0; i < token.length(); i++) {
        int b = ByteLevel.byteOf(token.charAt(i));
        out.append(
            b == '\n'
                ? "\\n"
                : b == '\t'
                    ? "\\t"
                    : b == '\r'
                        ? "\\r"
                        : b == '\\'
                            ? "\\\\"
                            : b < ' ' || b >= 0x7F ? "\\x%02x".formatted(b) : "" + (char) b);
      }
      tokens.add(out.toString());
    }
    List<Integer> types = new ArrayList<>();
    tokens.forEach(t -> types.add(types.isEmpty() ? CONTROL : NORMAL));
    return vocab("rwkv", List.copyOf(tokens), types, List.of());
  }

  private static Map<String, Object> plamo2() {
    List<String> tokens =
        new ArrayList<>(List.of("<|unk|>", "<|bos|>", "<|eos|>", "<|pad|>", "[MASK]", "\u2581"));
    List<Integer> types =
        new ArrayList<>(List.of(CONTROL, CONTROL, CONTROL, CONTROL, USER_DEFINED, NORMAL));
    addBytes(tokens, types);
    List<Float> scores = new ArrayList<>();
    tokens.forEach(t -> scores.add(-20f));
    for (String text : texts()) {
      String plain = text.replace('\u2581', ' ');
      if (!tokens.contains(plain)) {
        tokens.add(plain);
        types.add(NORMAL);
        scores.add(score(scores.size()));
      }
    }
    return vocab("plamo2", tokens, types, scores);
  }

  private static float score(int i) {
    return -(3 + i * 7919 % 1000 / 97f);
  }

  private static Map<String, Object> test() {
    return vocab(
        "test",
        List.of("a", "b", "c", "<|im_end|>", "d", "e", "f"),
        List.of(NORMAL, NORMAL, NORMAL, CONTROL, NORMAL, NORMAL, NORMAL),
        List.of());
  }

  private static Map<String, Object> bert(boolean lowerCase) {
    List<String> tokens = new ArrayList<>(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"));
    List<Integer> types = new ArrayList<>(List.of(CONTROL, CONTROL, CONTROL, CONTROL, CONTROL));
    for (String text : texts()) {
      // Pieces within a word, and as the beginning of one.
      for (String token : List.of(text, "\u2581" + text)) {
        if (!text.contains("\u2581") && !tokens.contains(token)) {
          tokens.add(token);
          types.add(NORMAL);
        }
      }
    }
    Map<String, Object> map = vocab("bert", tokens, types, List.of());
    map.put(P + "normalizer.lowercase", lowerCase);
    map.put(P + "bos_token_id", 2);
    map.put(P + "unknown_token_id", 1);
    map.put(P + "seperator_token_id", 3);
    return map;
  }

  private static Map<String, Object> t5(boolean prefix, boolean mergeSpaces) {
    List<String> tokens =
        new ArrayList<>(List.of("<pad>", "</s>", "<unk>", "[MASK]", "fox\u65E5\u672C", "unused"));
    List<Integer> types =
        new ArrayList<>(
            List.of(CONTROL, CONTROL, TokenType.UNKNOWN.code(), USER_DEFINED, USER_DEFINED, 5));
    List<Float> scores = new ArrayList<>();
    tokens.forEach(t -> scores.add(-2f));
    for (String text : texts()) {
      if (!tokens.contains(text)) {
        tokens.add(text);
        types.add(NORMAL);
        scores.add(score(scores.size()));
      }
    }
    Map<String, Object> map = vocab("t5", tokens, types, scores);
    map.put(P + "add_space_prefix", prefix);
    map.put(P + "remove_extra_whitespaces", mergeSpaces);
    return map;
  }

  private static Map<String, Object> llama(boolean prefix) {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "[MASK]"));
    List<Integer> types = new ArrayList<>(List.of(2, CONTROL, CONTROL, USER_DEFINED));
    addBytes(tokens, types);
    List<Float> scores = new ArrayList<>();
    tokens.forEach(t -> scores.add(0f));
    for (String text : texts()) {
      if (!tokens.contains(text)) {
        tokens.add(text);
        types.add(NORMAL);
        // Many are alike, so that the order of merges matters.
        scores.add(-(float) (scores.size() * 31 % 50));
      }
    }
    Map<String, Object> map = vocab("llama", tokens, types, scores);
    map.put(P + "add_space_prefix", prefix);
    return map;
  }
}
