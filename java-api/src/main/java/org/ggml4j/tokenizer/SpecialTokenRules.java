package org.ggml4j.tokenizer;

import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;

/**
 * Finds the special tokens of a vocabulary and corrects the types of those that files get wrong.
 *
 * <p>Source: the rules and the known texts are those of llama.cpp {@code src/llama-vocab.cpp}.
 * Where it takes whichever of several known texts its hash table yields first, this takes the first
 * of the list.
 */
final class SpecialTokenRules {
  private static final List<String> END_OF_GENERATION =
      List.of(
          "<|eot_id|>",
          "<|im_end|>",
          "<|end|>",
          "<|return|>",
          "<|call|>",
          "<|flush|>",
          "<|calls|>",
          "<end_of_turn>",
          "<|endoftext|>",
          "</s>",
          "<|eom_id|>",
          "<EOT>",
          "_<EOT>",
          "[EOT]",
          "[EOS]",
          "<|end_of_text|>",
          "<end_of_utterance>",
          "<eos>",
          "<turn|>",
          "<|tool_response>",
          "<｜end▁of▁sentence｜>",
          "[e~[");

  /** Rendered always: parts of the harmony chat format. */
  private static final List<String> ALWAYS_SHOWN =
      List.of("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>");

  private static final String SUPPRESSED = "tokenizer.ggml.suppress_tokens";

  private static final Map<SpecialToken, String> DEPRECATED_KEYS =
      Map.of(
          SpecialToken.FIM_PREFIX, "tokenizer.ggml.prefix_token_id",
          SpecialToken.FIM_SUFFIX, "tokenizer.ggml.suffix_token_id",
          SpecialToken.FIM_MIDDLE, "tokenizer.ggml.middle_token_id");

  /**
   * What holds unless the file says otherwise.
   *
   * @param ids of special tokens
   * @param addBos whether text begins with the begin-of-text token
   * @param addEos whether text ends with the end-of-text token
   * @param addSep whether texts that follow each other are separated
   */
  record Defaults(Map<SpecialToken, Integer> ids, boolean addBos, boolean addEos, boolean addSep) {
    Defaults {
      ids = Map.copyOf(ids);
    }
  }

  private final GgufMetadata metadata;
  private final TextTable texts;
  private final byte[] types;
  private final Map<SpecialToken, Integer> ids = new EnumMap<>(SpecialToken.class);
  private final SortedSet<Integer> endOfGeneration = new TreeSet<>();

  SpecialTokenRules(GgufMetadata metadata, TextTable texts, byte[] types) {
    this.metadata = metadata;
    this.texts = texts;
    this.types = types;
  }

  /**
   * The special tokens; corrects {@code types} on the way.
   *
   * @throws GgufFormatException if a token is to be added that there is not
   */
  SpecialTokens find(Defaults defaults) throws GgufFormatException {
    readIds(defaults.ids());
    for (SpecialToken part : SpecialToken.values()) {
      findByText(part);
    }
    findEndOfGeneration();
    boolean addBos = add("tokenizer.ggml.add_bos_token", SpecialToken.BOS, defaults.addBos());
    boolean addEos = add("tokenizer.ggml.add_eos_token", SpecialToken.EOS, defaults.addEos());
    boolean addSep = metadata.getBoolean("tokenizer.ggml.add_sep_token", defaults.addSep());
    int[] ends = new int[endOfGeneration.size()];
    int n = 0;
    for (int id : endOfGeneration) {
      ends[n++] = id;
    }
    return new SpecialTokens(ids, addBos, addEos, addSep, ends, suppressed());
  }

  private int[] suppressed() throws GgufFormatException {
    if (!metadata.contains(SUPPRESSED)) {
      return new int[0];
    }
    return Arrays.stream(metadata.getIntArray(SUPPRESSED))
        .filter(id -> id >= 0 && id < types.length)
        .toArray();
  }

  private void readIds(Map<SpecialToken, Integer> defaults) throws GgufFormatException {
    for (SpecialToken part : SpecialToken.values()) {
      Integer preset = defaults.get(part);
      if (preset != null && preset < types.length) {
        ids.put(part, preset);
      }
      readId(part, part.key());
      String deprecated = DEPRECATED_KEYS.get(part);
      if (deprecated != null) {
        readId(part, deprecated);
      }
    }
  }

  /** An id outside the vocabulary counts as none given, as in llama.cpp: such files are about. */
  private void readId(SpecialToken part, String key) throws GgufFormatException {
    if (!metadata.contains(key)) {
      return;
    }
    long id = metadata.getLong(key);
    if (id >= 0 && id < types.length) {
      ids.put(part, (int) id);
    } else {
      // Asked for here, since the first logger of a process takes long to make.
      System.getLogger("org.ggml4j.tokenizer")
          .log(
              Level.WARNING,
              "{0} is {1}, but the vocabulary has {2} tokens: ignored",
              key,
              Long.toString(id),
              Integer.toString(types.length));
    }
  }

  private void findByText(SpecialToken part) {
    if (ids.containsKey(part)) {
      return;
    }
    for (String text : part.texts()) {
      int id = find(text);
      if (id >= 0) {
        ids.put(part, id);
        types[id] = (byte) TokenType.CONTROL.code();
        return;
      }
    }
  }

  private void findEndOfGeneration() {
    addEnd(SpecialToken.FIM_PADDING);
    addEnd(SpecialToken.FIM_REPOSITORY);
    addEnd(SpecialToken.FIM_SEPARATOR);
    for (String text : END_OF_GENERATION) {
      int id = find(text);
      if (id >= 0) {
        endOfGeneration.add(id);
        types[id] = (byte) TokenType.CONTROL.code();
      }
    }
    for (String text : ALWAYS_SHOWN) {
      int id = find(text);
      if (id >= 0) {
        types[id] = (byte) TokenType.USER_DEFINED.code();
      }
    }
    addEnd(SpecialToken.EOS);
    addEnd(SpecialToken.EOT);
    addEnd(SpecialToken.EOM);

    // In the harmony format and Solar Open's, <|end|> ends a message but not the answer.
    boolean called = ends("<|call|>") || ends("<|calls|>");
    if (called && (ends("<|return|>") || ends("<|flush|>")) && ends("<|end|>")) {
      removeEnd("<|end|>", TokenType.USER_DEFINED);
    }
    // In Gemma 4's vocabulary </s> is plain text.
    if (ends("<|tool_response>") && ends("</s>")) {
      removeEnd("</s>", TokenType.NORMAL);
    }
  }

  private void addEnd(SpecialToken part) {
    Integer id = ids.get(part);
    if (id != null) {
      endOfGeneration.add(id);
    }
  }

  private boolean ends(String text) {
    int id = find(text);
    return id >= 0 && endOfGeneration.contains(id);
  }

  private void removeEnd(String text, TokenType type) {
    int id = find(text);
    endOfGeneration.remove(id);
    types[id] = (byte) type.code();
  }

  private boolean add(String key, SpecialToken part, boolean preset) throws GgufFormatException {
    boolean wanted = metadata.getBoolean(key, preset);
    if (wanted && !ids.containsKey(part) && metadata.contains(key)) {
      throw VocabLoader.problem(
          key, "is true, but there is no such token; expected " + part.key() + " as well");
    }
    return wanted && ids.containsKey(part);
  }

  /** Per token, whether white space after ([0]) or before ([1]) it is dropped. */
  boolean[][] strips(String pre) throws GgufFormatException {
    boolean[] after = new boolean[types.length];
    boolean[] before = new boolean[types.length];
    String name = metadata.getString("general.name", "").toLowerCase(Locale.ROOT);
    String architecture = metadata.getString("general.architecture", "");
    if (pre.contains("jina-v2-de")
        || pre.contains("jina-v2-es")
        || pre.contains("jina-v2-code")
        || architecture.contains("nomic-bert-moe")
        || architecture.contains("jina-bert-v3")) {
      mark(before, "<mask>", true);
    } else if (name.contains("phi-3") || name.contains("phi3")) {
      for (int id = 0; id < types.length; id++) {
        after[id] = TokenType.of(types[id]).isAdded();
      }
      mark(after, "</s>", true);
      mark(after, "<unk>", false);
      mark(after, "<s>", false);
      mark(after, "<|endoftext|>", false);
    } else if (name.contains("modern-bert")) {
      mark(before, "[MASK]", true);
    }
    return new boolean[][] {after, before};
  }

  private void mark(boolean[] flags, String text, boolean value) {
    int id = find(text);
    if (id >= 0) {
      flags[id] = value;
    }
  }

  private int find(String text) {
    byte[] s = text.getBytes(StandardCharsets.UTF_8);
    return texts.find(s, 0, s.length);
  }
}
