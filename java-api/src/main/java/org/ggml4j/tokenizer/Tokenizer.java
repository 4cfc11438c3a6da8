package org.ggml4j.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.UnsupportedModelException;

/**
 * Turns text into the token ids of a model and back, with the tokens that llama.cpp gives.
 *
 * <p>Immutable and thread-safe. Any text is accepted; a lone surrogate counts as U+FFFD. Encoding
 * takes time linear in the text, times a logarithm for words of extreme length.
 */
public final class Tokenizer {
  private final Vocab vocab;
  private final SpecialTokens special;
  private final Algorithm algorithm;
  private final AddedTokens all;
  private final AddedTokens userDefined;
  private final OptionalInt before;
  private final OptionalInt after;
  private final boolean spacePrefix;
  private final boolean cleanSpaces;

  Tokenizer(
      Vocab vocab,
      SpecialTokens special,
      Algorithm algorithm,
      AddedTokens all,
      AddedTokens userDefined,
      OptionalInt before,
      OptionalInt after,
      boolean spacePrefix,
      boolean cleanSpaces) {
    this.vocab = vocab;
    this.special = special;
    this.algorithm = algorithm;
    this.all = all;
    this.userDefined = userDefined;
    this.before = before;
    this.after = after;
    this.spacePrefix = spacePrefix;
    this.cleanSpaces = cleanSpaces;
  }

  /**
   * The tokenizer that a model's metadata describes ({@code tokenizer.ggml.*}).
   *
   * @throws GgufFormatException if something is missing or contradicts itself; it names the key
   * @throws UnsupportedModelException if the kind of tokenizer or its pre-tokenizer is not
   *     supported
   */
  public static Tokenizer of(GgufMetadata metadata) throws GgufFormatException {
    return TokenizerLoader.load(metadata);
  }

  /** The vocabulary. */
  public Vocab vocab() {
    return vocab;
  }

  /** The special tokens. */
  public SpecialTokens special() {
    return special;
  }

  /** Token ids of a text, with {@link EncodeOptions#defaults}. */
  public int[] encode(CharSequence text) {
    return encode(text, EncodeOptions.defaults());
  }

  /**
   * Token ids of a text.
   *
   * @throws IllegalArgumentException if the text exceeds 2 GiB in UTF-8
   */
  public int[] encode(CharSequence text, EncodeOptions options) {
    byte[] s = Utf8.encode(text);
    TokenBuffer out = new TokenBuffer(TokenBuffer.Mode.IDS, s.length / 4 + 8);
    encode(s, options, out);
    return out.toArray();
  }

  /** How many tokens {@link #encode(CharSequence, EncodeOptions)} gives, without keeping them. */
  public int countTokens(CharSequence text, EncodeOptions options) {
    TokenBuffer out = new TokenBuffer(TokenBuffer.Mode.COUNT, 0);
    encode(Utf8.encode(text), options, out);
    return out.size();
  }

  /**
   * Token ids of a text with the characters that each covers. Together they cover the text: what a
   * tokenizer drops, such as BERT's the white space, belongs to the piece that follows, or, at the
   * end, to the last.
   */
  public List<Piece> encodePieces(CharSequence text, EncodeOptions options) {
    byte[] s = Utf8.encode(text);
    TokenBuffer out = new TokenBuffer(TokenBuffer.Mode.RANGES, s.length / 4 + 8);
    encode(s, options, out);
    out.tile(s.length);
    List<Piece> pieces = new ArrayList<>(out.size());
    Chars starts = new Chars(s);
    Chars ends = new Chars(s);
    for (int i = 0; i < out.size(); i++) {
      int start = starts.before(out.start(i));
      int end = out.end(i) > out.start(i) ? ends.after(out.end(i)) : start;
      pieces.add(new Piece(out.id(i), start, end));
    }
    return pieces;
  }

  /**
   * Token ids of a prompt of which only some parts are trusted: there, and nowhere else, the text
   * of a control token is that token. The parts are one text otherwise, so the tokens are those
   * that {@link #encode(CharSequence, EncodeOptions)} gives if no other part has such a text.
   *
   * @param addSpecial whether the begin- and end-of-text tokens that the model asks for are added
   */
  public int[] encode(List<PromptPart> parts, boolean addSpecial) {
    PromptEncoder prompt = new PromptEncoder(all, vocab);
    prompt.read(parts);
    TokenBuffer out = new TokenBuffer(TokenBuffer.Mode.IDS, 256);
    if (addSpecial && before.isPresent()) {
      out.add(before.getAsInt(), 0, 0);
    }
    prompt.split(
        new PromptEncoder.Parts() {
          @Override
          public void text(byte[] s) {
            encode(s, EncodeOptions.plain(), out);
          }

          @Override
          public void token(int id) {
            out.add(id, 0, 0);
          }
        });
    if (addSpecial && after.isPresent()) {
      out.add(after.getAsInt(), 0, 0);
    }
    return out.toArray();
  }

  private void encode(byte[] s, EncodeOptions options, TokenBuffer out) {
    if (options.addSpecial() && before.isPresent()) {
      out.add(before.getAsInt(), 0, 0);
    }
    Algorithm.Encoder encoder =
        options.threads() > 1
            ? new ParallelEncoder(algorithm, out, options.threads())
            : algorithm.encoder(out);
    AddedTokens added = options.parseSpecial() ? all : userDefined;
    added.split(
        s,
        s.length,
        new AddedTokens.Parts() {
          private boolean first = true;

          @Override
          public void text(int from, int to) {
            encoder.encode(s, from, to, first);
            first = false;
          }

          @Override
          public void token(int id, int from, int to) {
            out.add(id, from, to);
            first = true;
          }
        });
    if (options.addSpecial() && after.isPresent()) {
      out.add(after.getAsInt(), s.length, s.length);
    }
  }

  /**
   * Text of tokens, with {@link DecodeOptions#defaults}. Bytes that are no UTF-8 become U+FFFD.
   *
   * @throws IndexOutOfBoundsException if an id is outside the vocabulary
   */
  public String decode(int... ids) {
    return decode(ids, DecodeOptions.defaults());
  }

  /** Text of tokens. */
  public String decode(int[] ids, DecodeOptions options) {
    ByteSink out = decodeTo(ids, options);
    return new String(out.array(), 0, out.size(), StandardCharsets.UTF_8);
  }

  /** The exact bytes of tokens. */
  public byte[] decodeBytes(int[] ids, DecodeOptions options) {
    ByteSink out = decodeTo(ids, options);
    return Arrays.copyOf(out.array(), out.size());
  }

  /**
   * The bytes that one token prints, wherever it stands: a SentencePiece token keeps its leading
   * space.
   */
  public byte[] tokenBytes(int id, boolean showSpecial) {
    ByteSink out = new ByteSink();
    print(id, showSpecial, out);
    return Arrays.copyOf(out.array(), out.size());
  }

  /** A decoder for tokens that come one by one. */
  public IncrementalDecoder incrementalDecoder(DecodeOptions options) {
    return new IncrementalDecoder(this, options);
  }

  private ByteSink decodeTo(int[] ids, DecodeOptions options) {
    int from = 0;
    int to = ids.length;
    boolean dropSpace = spacePrefix;
    if (options.removeAdded()) {
      if (special.addBos() && to > 0 && ids[0] == special.bos().orElseThrow()) {
        from++;
        dropSpace = false;
      }
      if (special.addEos() && to > from && ids[to - 1] == special.eos().orElseThrow()) {
        to--;
      }
    }
    ByteSink out = new ByteSink();
    for (int i = from; i < to; i++) {
      print(ids[i], options.showSpecial(), out);
      if (dropSpace && out.size() > 0 && out.array()[0] == ' ') {
        out.discard(1);
      }
      dropSpace = false;
    }
    if (options.cleanSpaces() && cleanSpaces) {
      SpaceCleaner.clean(out);
    }
    return out;
  }

  boolean spacePrefix() {
    return spacePrefix;
  }

  /** Appends what a token prints. */
  void print(int id, boolean showSpecial, ByteSink out) {
    TokenType type = vocab.type(id);
    TextTable texts = vocab.texts();
    int from = texts.start(id);
    int to = texts.end(id);
    if (showSpecial || !type.isSpecial()) {
      algorithm.print(id, type, texts.bytes(), from, to, out);
    }
  }

  /** Counts characters along the bytes of a text; positions may only grow. */
  private static final class Chars {
    private final byte[] s;
    private int at;
    private int chars;

    Chars(byte[] s) {
      this.s = s;
    }

    /** Characters before the one that a byte belongs to. */
    int before(int position) {
      Objects.checkFromToIndex(0, position, s.length);
      while (at < position) {
        int length = Utf8.length(s[at]);
        if (at + length > position) {
          return chars;
        }
        at += length;
        chars += length == 4 ? 2 : 1;
      }
      return chars;
    }

    /** Characters up to the one that the byte before a position belongs to, with it. */
    int after(int position) {
      while (at < position) {
        int length = Utf8.length(s[at]);
        at += length;
        chars += length == 4 ? 2 : 1;
      }
      return chars;
    }
  }
}
