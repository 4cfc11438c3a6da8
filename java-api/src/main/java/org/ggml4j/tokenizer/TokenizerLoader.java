package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.tokenizer.PreTokenizers.Switch;
import org.ggml4j.tokenizer.SpecialTokenRules.Defaults;

/**
 * Builds the tokenizer that a model's metadata names ({@code tokenizer.ggml.model}).
 *
 * <p>Source: llama.cpp {@code src/llama-vocab.cpp}, whose defaults these are.
 */
final class TokenizerLoader {
  private static final String MODEL = "tokenizer.ggml.model";
  private static final String PRE = "tokenizer.ggml.pre";
  private static final String SPACE_PREFIX = "tokenizer.ggml.add_space_prefix";
  private static final String MERGE_SPACES = "tokenizer.ggml.remove_extra_whitespaces";
  private static final String LOWER_CASE = "tokenizer.ggml.normalizer.lowercase";
  private static final String STRIP_ACCENTS = "tokenizer.ggml.normalizer.strip_accents";

  private static final List<String> MODELS =
      List.of(
          "gpt2",
          "llama",
          "bert",
          "t5",
          "gemma4",
          "rwkv",
          "plamo2",
          "hybriddna",
          "whitespace",
          "test",
          "none",
          "no_vocab");

  /** Files of Kimi K2 may lack merges. */
  private static final String WITHOUT_MERGES = "kimi-k2";

  /** Far above real vocabularies; bounds the memory that a few bytes of a file can ask for. */
  private static final int MAX_NAMELESS = 1 << 22;

  private final GgufMetadata metadata;
  private final String model;
  private final String pre;

  private TokenizerLoader(GgufMetadata metadata) throws GgufFormatException {
    this.metadata = metadata;
    this.model = metadata.getString(MODEL);
    this.pre = metadata.getString(PRE, "");
  }

  static Tokenizer load(GgufMetadata metadata) throws GgufFormatException {
    return new TokenizerLoader(metadata).load();
  }

  private Tokenizer load() throws GgufFormatException {
    return switch (model) {
      case "gpt2", "whitespace", "hybriddna" ->
          bytePair(PreTokenizers.of(pre.isEmpty() ? "default" : pre));
      case "gemma4" -> bytePair(PreTokenizers.of("gemma4"));
      case "llama" -> sentencePiece();
      case "bert" -> wordPiece();
      case "t5" -> unigram();
      case "rwkv" -> greedy();
      case "plamo2" -> lattice();
      case "test" -> hash();
      case "none", "no_vocab" -> none();
      default -> throw new UnsupportedModelException("tokenizer (" + MODEL + ")", model, MODELS);
    };
  }

  private Tokenizer bytePair(PreTokenizers.Spec spec) throws GgufFormatException {
    Map<SpecialToken, Integer> ids =
        model.equals("gemma4")
            ? Map.of()
            : spec.has(Switch.NO_DEFAULT_BOS)
                ? Map.of(SpecialToken.EOS, 11)
                : Map.of(SpecialToken.BOS, 11, SpecialToken.EOS, 11);
    Parts parts =
        new Parts(new Defaults(ids, spec.has(Switch.ADD_BOS), false, spec.has(Switch.ADD_SEP)));
    if (spec.has(Switch.ALWAYS_BOS)) {
      parts.alwaysBos();
    }
    Algorithm words = words(spec, parts);
    Algorithm algorithm =
        switch (model) {
          case "hybriddna" -> new DnaAlgorithm(words, parts.vocab);
          case "whitespace" ->
              new WhitespaceAlgorithm(
                  words, metadata.getBoolean(LOWER_CASE, !spec.has(Switch.KEEP_CASE)));
          default -> words;
        };
    return parts.tokenizer(algorithm, prefixed(false), !spec.has(Switch.KEEP_SPACES));
  }

  private Algorithm words(PreTokenizers.Spec spec, Parts parts) throws GgufFormatException {
    Merges merges =
        pre.equals(WITHOUT_MERGES) && !metadata.contains(VocabLoader.MERGES)
            ? Merges.none(parts.texts)
            : VocabLoader.merges(metadata, parts.texts);
    if (spec.has(Switch.UTF8)) {
      return new Utf8PairAlgorithm(
          parts.vocab,
          spec.words(),
          spec.has(Switch.ESCAPE_SPACES),
          spec.has(Switch.LINE_BREAK_TOKENS),
          merges);
    }
    return new BytePairAlgorithm(parts.vocab, spec.words(), spec.has(Switch.IGNORE_MERGES), merges);
  }

  private Tokenizer sentencePiece() throws GgufFormatException {
    Parts parts =
        new Parts(
            new Defaults(
                Map.of(SpecialToken.BOS, 1, SpecialToken.EOS, 2, SpecialToken.UNKNOWN, 0),
                true,
                false,
                false));
    boolean prefix = prefixed(true);
    return parts.tokenizer(
        new SentencePieceAlgorithm(parts.vocab, prefix, parts.unknown()), prefix, false);
  }

  private Tokenizer wordPiece() throws GgufFormatException {
    Map<SpecialToken, Integer> ids =
        Map.of(
            SpecialToken.BOS, 101,
            SpecialToken.UNKNOWN, 100,
            SpecialToken.SEPARATOR, 102,
            SpecialToken.PADDING, 0,
            SpecialToken.MASK, 103);
    Parts parts = new Parts(new Defaults(ids, true, false, true));
    // Whatever the file says about adding them.
    parts.around(parts.need(SpecialToken.BOS), parts.need(SpecialToken.SEPARATOR));
    boolean lowerCase = metadata.getBoolean(LOWER_CASE, true);
    boolean stripAccents = metadata.getBoolean(STRIP_ACCENTS, lowerCase);
    return parts.tokenizer(
        new WordPieceAlgorithm(parts.vocab, lowerCase, stripAccents, parts.unknown()),
        prefixed(false),
        true);
  }

  private Tokenizer unigram() throws GgufFormatException {
    Map<SpecialToken, Integer> ids =
        Map.of(SpecialToken.EOS, 1, SpecialToken.UNKNOWN, 2, SpecialToken.PADDING, 0);
    Parts parts = new Parts(new Defaults(ids, false, true, false));
    CharacterMap characters =
        metadata.contains(CharacterMap.KEY)
            ? CharacterMap.of(bytes(CharacterMap.KEY))
            : CharacterMap.none();
    boolean prefix = prefixed(false);
    return parts.tokenizer(
        new UnigramAlgorithm(
            parts.vocab,
            parts.fileTypes,
            characters,
            prefix,
            metadata.getBoolean(MERGE_SPACES, false),
            parts.unknown()),
        prefix,
        false);
  }

  private Tokenizer greedy() throws GgufFormatException {
    Parts parts = new Parts(new Defaults(Map.of(), false, false, false));
    parts.around(OptionalInt.empty(), OptionalInt.empty());
    return parts.tokenizer(
        new GreedyAlgorithm(parts.vocab, parts.unknown()), prefixed(false), false);
  }

  private Tokenizer lattice() throws GgufFormatException {
    Map<SpecialToken, Integer> ids =
        Map.of(
            SpecialToken.BOS, 1,
            SpecialToken.EOS, 2,
            SpecialToken.UNKNOWN, 0,
            SpecialToken.PADDING, 3);
    Parts parts = new Parts(new Defaults(ids, false, false, false));
    parts.around(OptionalInt.empty(), OptionalInt.empty());
    return parts.tokenizer(
        new LatticeAlgorithm(parts.vocab, parts.fileTypes), prefixed(false), false);
  }

  private Tokenizer hash() throws GgufFormatException {
    Parts parts = new Parts(new Defaults(Map.of(), false, false, false));
    parts.around(OptionalInt.empty(), OptionalInt.empty());
    return parts.tokenizer(new HashAlgorithm(parts.vocab.size()), prefixed(false), false);
  }

  /** As many nameless tokens as the model says. */
  private Tokenizer none() throws GgufFormatException {
    String key = metadata.getString("general.architecture", "") + ".vocab_size";
    int n = metadata.getInt(key, 0);
    if (n < 0 || n > MAX_NAMELESS) {
      throw VocabLoader.problem(key, "is " + n + ", expected 0 to " + MAX_NAMELESS);
    }
    TextTable texts = new TextTable(TextBlock.of(Collections.nCopies(n, new byte[0])));
    Vocab vocab = new Vocab(texts, new byte[n], new float[0]);
    SpecialTokens special =
        new SpecialTokens(Map.of(), false, false, false, new int[0], new int[0]);
    AddedTokens added = AddedTokens.none();
    return new Tokenizer(
        vocab,
        special,
        new NoAlgorithm(),
        added,
        added,
        OptionalInt.empty(),
        OptionalInt.empty(),
        false,
        false);
  }

  private boolean prefixed(boolean preset) throws GgufFormatException {
    return metadata.getBoolean(SPACE_PREFIX, preset);
  }

  private byte[] bytes(String key) throws GgufFormatException {
    int[] values = metadata.getIntArray(key);
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  /** What all tokenizers with a vocabulary have. */
  private final class Parts {
    final TextTable texts;
    final byte[] fileTypes;
    final Vocab vocab;
    private final SpecialTokenRules rules;
    private SpecialTokens special;
    private OptionalInt before;
    private OptionalInt after;

    Parts(Defaults defaults) throws GgufFormatException {
      texts = VocabLoader.texts(metadata);
      byte[] types = VocabLoader.types(metadata, texts.size());
      fileTypes = types.clone();
      rules = new SpecialTokenRules(metadata, texts, types);
      special = rules.find(defaults);
      before = special.addBos() ? special.bos() : OptionalInt.empty();
      after = special.addEos() ? special.eos() : OptionalInt.empty();
      vocab = new Vocab(texts, types, VocabLoader.scores(metadata, texts.size()));
    }

    /** Says which tokens are put around a text, if not those that the file asks for. */
    void around(OptionalInt newBefore, OptionalInt newAfter) {
      before = newBefore;
      after = newAfter;
    }

    void alwaysBos() {
      special = special.withBos();
      before = special.bos();
    }

    OptionalInt need(SpecialToken part) throws GgufFormatException {
      OptionalInt id = special.id(part);
      if (id.isEmpty()) {
        throw VocabLoader.problem(part.key(), "names no token, but every text is to have it");
      }
      return id;
    }

    int unknown() {
      return special.id(SpecialToken.UNKNOWN).orElse(-1);
    }

    Tokenizer tokenizer(Algorithm algorithm, boolean spacePrefix, boolean cleanSpaces)
        throws GgufFormatException {
      List<Integer> all = new ArrayList<>();
      List<Integer> userDefined = new ArrayList<>();
      for (int id = 0; id < vocab.size(); id++) {
        TokenType type = vocab.type(id);
        if (type.isAdded()) {
          all.add(id);
          if (!type.isSpecial()) {
            userDefined.add(id);
          }
        }
      }
      boolean[][] strips = rules.strips(pre);
      return new Tokenizer(
          vocab,
          special,
          algorithm,
          new AddedTokens(texts, all, strips),
          new AddedTokens(texts, userDefined, strips),
          before,
          after,
          spacePrefix,
          cleanSpaces);
    }
  }
}
