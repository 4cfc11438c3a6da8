package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufStringArray;
import org.ggml4j.gguf.GgufValueType;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * Builds a tokenizer from a model's metadata and checks all of it.
 *
 * <p>Source: GGUF specification; the defaults are those of llama.cpp {@code src/llama-vocab.cpp}.
 */
final class VocabLoader {
  private static final String MODEL = "tokenizer.ggml.model";
  private static final String PRE = "tokenizer.ggml.pre";
  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String SCORES = "tokenizer.ggml.scores";
  private static final String MERGES = "tokenizer.ggml.merges";
  private static final String SPACE_PREFIX = "tokenizer.ggml.add_space_prefix";

  private final GgufMetadata metadata;

  private VocabLoader(GgufMetadata metadata) {
    this.metadata = metadata;
  }

  static Tokenizer load(GgufMetadata metadata) throws GgufFormatException {
    return new VocabLoader(metadata).load();
  }

  static GgufFormatException problem(String key, String message) {
    return new GgufFormatException(message, null, -1, key);
  }

  private Tokenizer load() throws GgufFormatException {
    String model = metadata.getString(MODEL);
    return switch (model) {
      case "gpt2" -> bytePair();
      case "llama" -> sentencePiece();
      default ->
          throw new UnsupportedModelException(
              "tokenizer (" + MODEL + ")", model, List.of("gpt2", "llama"));
    };
  }

  private Tokenizer bytePair() throws GgufFormatException {
    String name = metadata.getString(PRE, "default");
    PreTokenizers.Spec pre = PreTokenizers.of(name.isEmpty() ? "default" : name);
    TextTable texts = texts();
    byte[] types = types(texts.size());
    SpecialTokenRules rules = new SpecialTokenRules(metadata, texts, types);
    Map<SpecialToken, Integer> defaults =
        pre.hasDefaultBos()
            ? Map.of(SpecialToken.BOS, 11, SpecialToken.EOS, 11)
            : Map.of(SpecialToken.EOS, 11);
    SpecialTokens special = rules.find(defaults, pre.addBos());
    Vocab vocab = new Vocab(texts, types, scores(texts.size()));

    GgufStringArray merges = metadata.getStringArray(MERGES);
    PairMap ranks = new PairMap(merges.size());
    int[] merged = merges(texts, merges, ranks);
    Algorithm algorithm =
        new BytePairAlgorithm(vocab, pre.words(), pre.ignoreMerges(), ranks, merged);
    boolean prefix = metadata.getBoolean(SPACE_PREFIX, false);
    return tokenizer(
        vocab, special, algorithm, rules.strips(name), types, prefix, pre.cleanSpaces());
  }

  private Tokenizer sentencePiece() throws GgufFormatException {
    TextTable texts = texts();
    byte[] types = types(texts.size());
    SpecialTokenRules rules = new SpecialTokenRules(metadata, texts, types);
    Map<SpecialToken, Integer> defaults =
        Map.of(SpecialToken.BOS, 1, SpecialToken.EOS, 2, SpecialToken.UNKNOWN, 0);
    SpecialTokens special = rules.find(defaults, true);
    Vocab vocab = new Vocab(texts, types, scores(texts.size()));
    boolean prefix = metadata.getBoolean(SPACE_PREFIX, true);
    int unknown = special.id(SpecialToken.UNKNOWN).orElse(-1);
    Algorithm algorithm = new SentencePieceAlgorithm(vocab, prefix, unknown);
    String pre = metadata.getString(PRE, "");
    return tokenizer(vocab, special, algorithm, rules.strips(pre), types, prefix, false);
  }

  private static Tokenizer tokenizer(
      Vocab vocab,
      SpecialTokens special,
      Algorithm algorithm,
      boolean[][] strips,
      byte[] types,
      boolean spacePrefix,
      boolean cleanSpaces) {
    List<Integer> all = new ArrayList<>();
    List<Integer> userDefined = new ArrayList<>();
    for (int id = 0; id < types.length; id++) {
      TokenType type = TokenType.of(types[id]);
      if (type.isAdded()) {
        all.add(id);
        if (!type.isSpecial()) {
          userDefined.add(id);
        }
      }
    }
    return new Tokenizer(
        vocab,
        special,
        algorithm,
        new AddedTokens(vocab.texts(), all, strips),
        new AddedTokens(vocab.texts(), userDefined, strips),
        spacePrefix,
        cleanSpaces);
  }

  private TextTable texts() throws GgufFormatException {
    GgufStringArray tokens = metadata.getStringArray(TOKENS);
    int n = tokens.size();
    if (n == 0) {
      throw problem(TOKENS, "is empty, expected the texts of the vocabulary");
    }
    int[] offsets = new int[n + 1];
    long bytes = 0;
    for (int i = 0; i < n; i++) {
      bytes += Math.max(tokens.byteLength(i), emptyName(tokens, i).length);
      if (bytes > Integer.MAX_VALUE - 8) {
        throw problem(TOKENS, "holds more than 2 GiB of text");
      }
      offsets[i + 1] = (int) bytes;
    }
    byte[] all = new byte[(int) bytes];
    for (int i = 0; i < n; i++) {
      if (tokens.copyBytes(i, all, offsets[i]) == 0) {
        byte[] name = emptyName(tokens, i);
        System.arraycopy(name, 0, all, offsets[i], name.length);
      }
    }
    TextTable texts = new TextTable(all, offsets);
    for (int i = 0; i < n; i++) {
      int twin = texts.enter(i);
      if (twin >= 0) {
        throw problem(
            TOKENS,
            "tokens " + twin + " and " + i + " have the same text; every token needs its own");
      }
    }
    return texts;
  }

  /** An empty text cannot be looked up, so llama.cpp gives such tokens a name. */
  private static byte[] emptyName(GgufStringArray tokens, int i) {
    return tokens.byteLength(i) > 0 ? new byte[0] : Utf8.encode("[EMPTY_" + i + "]");
  }

  private byte[] types(int n) throws GgufFormatException {
    byte[] types = new byte[n];
    if (!metadata.contains(TYPES)) {
      Arrays.fill(types, (byte) TokenType.NORMAL.code());
      return types;
    }
    int[] codes = metadata.getIntArray(TYPES);
    checkLength(TYPES, codes.length, n);
    for (int i = 0; i < n; i++) {
      if (codes[i] < 0 || codes[i] >= TokenType.count()) {
        throw problem(
            TYPES,
            "token " + i + " has type " + codes[i] + ", expected 0 to " + (TokenType.count() - 1));
      }
      types[i] = (byte) codes[i];
    }
    return types;
  }

  private float[] scores(int n) throws GgufFormatException {
    if (!metadata.contains(SCORES)) {
      return new float[0];
    }
    float[] scores;
    if (metadata.elementType(SCORES) == GgufValueType.INT32) {
      int[] whole = metadata.getIntArray(SCORES);
      scores = new float[whole.length];
      for (int i = 0; i < whole.length; i++) {
        scores[i] = whole[i];
      }
    } else {
      scores = metadata.getFloatArray(SCORES);
    }
    checkLength(SCORES, scores.length, n);
    return scores;
  }

  private static void checkLength(String key, int found, int expected) throws GgufFormatException {
    if (found != expected) {
      throw problem(
          key, "has " + found + " elements, expected " + expected + ", one for each token");
    }
  }

  /** Enters the rank of each merge and returns the token that each makes. */
  private static int[] merges(TextTable texts, GgufStringArray merges, PairMap ranks)
      throws GgufFormatException {
    int[] merged = new int[merges.size()];
    byte[] text = new byte[256];
    for (int rank = 0; rank < merged.length; rank++) {
      int length = merges.byteLength(rank);
      if (length > text.length) {
        text = new byte[2 * length];
      }
      merges.copyBytes(rank, text, 0);
      // A first part that is itself a space cannot be, so the search begins after one byte.
      int space = 1;
      while (space < length && text[space] != ' ') {
        space++;
      }
      if (space >= length - 1) {
        throw problem(
            MERGES,
            "merge " + rank + " is \"" + merges.get(rank) + "\", expected two parts and a space");
      }
      int left = texts.find(text, 0, space);
      int right = texts.find(text, space + 1, length);
      System.arraycopy(text, space + 1, text, space, length - space - 1);
      int joined = texts.find(text, 0, length - 1);
      if (left < 0 || right < 0 || joined < 0) {
        String which = left < 0 ? "first part" : right < 0 ? "second part" : "result";
        throw problem(
            MERGES,
            "merge " + rank + ", \"" + merges.get(rank) + "\": its " + which + " is no token");
      }
      merged[rank] = joined;
      ranks.putIfAbsent(PairMap.key(left, right), rank);
    }
    return merged;
  }
}
