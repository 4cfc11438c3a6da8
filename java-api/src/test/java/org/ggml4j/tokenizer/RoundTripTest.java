package org.ggml4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.ggml4j.gguf.GgufFormatException;

class RoundTripTest {
  private static final Map<String, Tokenizer> TOKENIZERS = new ConcurrentHashMap<>();
  private static final EncodeOptions PLAIN = EncodeOptions.plain();

  @Provide
  Arbitrary<Tokenizer> tokenizers() {
    return Arbitraries.of("gpt-2", "llama-bpe", "smollm", "qwen2", "default", "falcon")
        .map(pre -> TOKENIZERS.computeIfAbsent(pre, p -> Vocabularies.trained(p).tokenizer()));
  }

  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> fragment =
        Arbitraries.of(
            " ",
            "  ",
            "\n",
            "\r\n",
            "\t",
            "\u00a0",
            "\u3000",
            "fox",
            "The",
            "'s",
            "'LL",
            "'",
            "123",
            "٣",
            "½",
            "é",
            "e\u0301",
            "日本",
            "🦊",
            "👨‍👩‍👧",
            "...",
            "<|im_end|>",
            "\u0000",
            "▁");
    Arbitrary<String> any = Arbitraries.strings().all().ofMaxLength(8);
    return Arbitraries.oneOf(fragment, fragment, any)
        .list()
        .ofMaxSize(12)
        .map(parts -> String.join("", parts));
  }

  private static String wellFormed(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints().forEach(c -> out.appendCodePoint(c >= 0xD800 && c < 0xE000 ? 0xFFFD : c));
    return out.toString();
  }

  @Property
  void decodeGivesBackWhatWasEncoded(
      @ForAll("tokenizers") Tokenizer tokenizer, @ForAll("texts") String text) {
    int[] ids = tokenizer.encode(text, PLAIN);
    assertThat(tokenizer.decode(ids)).isEqualTo(wellFormed(text));
    assertThat(tokenizer.countTokens(text, PLAIN)).isEqualTo(ids.length);
    DecodeOptions show = DecodeOptions.defaults().withShowSpecial(true);
    int[] parsed = tokenizer.encode(text, PLAIN.withParseSpecial(true));
    assertThat(tokenizer.decode(parsed, show)).isEqualTo(wellFormed(text));
  }

  @Property
  void piecesCoverTheText(@ForAll("tokenizers") Tokenizer tokenizer, @ForAll("texts") String text) {
    List<Piece> pieces = tokenizer.encodePieces(text, PLAIN);
    assertThat(pieces.stream().mapToInt(Piece::id).toArray())
        .isEqualTo(tokenizer.encode(text, PLAIN));
    int at = 0;
    for (Piece piece : pieces) {
      // A character that is cut lies in several pieces; nothing is left out.
      assertThat(piece.start()).isLessThanOrEqualTo(at);
      assertThat(piece.end()).isGreaterThan(piece.start());
      at = Math.max(at, piece.end());
    }
    assertThat(at).isEqualTo(text.length());
  }

  @Property
  void incrementalEqualsAtOnce(
      @ForAll("tokenizers") Tokenizer tokenizer, @ForAll("ids") int[] ids) {
    IncrementalDecoder decoder = tokenizer.incrementalDecoder(DecodeOptions.defaults());
    StringBuilder out = new StringBuilder();
    for (int id : ids) {
      out.append(decoder.accept(id));
    }
    out.append(decoder.finish());
    assertThat(out.toString()).isEqualTo(tokenizer.decode(ids));
  }

  /** Bytes mostly, so that damaged and cut UTF-8 is common. */
  @Provide
  Arbitrary<int[]> ids() {
    Arbitrary<Integer> lead = Arbitraries.of(0xC2, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xC0, 0xFF, 0x41);
    Arbitrary<Integer> follow = Arbitraries.of(0x80, 0x90, 0x9F, 0xA0, 0xBF);
    Arbitrary<Integer> bytes = Arbitraries.oneOf(lead, follow, follow).map(b -> b + 3);
    return Arbitraries.oneOf(bytes, bytes, Arbitraries.integers().between(0, 300))
        .array(int[].class)
        .ofMaxSize(24);
  }

  @Property
  void piecesNeverEndInsideACharacter(
      @ForAll("tokenizers") Tokenizer tokenizer, @ForAll("texts") String text) {
    String clean = wellFormed(text).replace("\uFFFD", "");
    IncrementalDecoder decoder = tokenizer.incrementalDecoder(DecodeOptions.defaults());
    StringBuilder out = new StringBuilder();
    for (int id : tokenizer.encode(clean, PLAIN)) {
      String piece = decoder.accept(id);
      assertThat(piece).doesNotContain("\uFFFD");
      out.append(piece);
    }
    assertThat(decoder.finish()).isEmpty();
    assertThat(out.toString()).isEqualTo(clean);
  }

  @Property
  void sentencePieceRoundTrips(@ForAll("texts") String text) throws GgufFormatException {
    Tokenizer tokenizer =
        Vocabularies.of(Vocabularies.sentencePiece(Map.of("▁", -1f, "▁fox", -2f, "fo", -3f)));
    // The sign for a space cannot be told from a space.
    String expected = wellFormed(text).replace("▁", " ");
    assertThat(tokenizer.decode(tokenizer.encode(text, PLAIN))).isEqualTo(expected);
  }

  @Property
  void longWordsMergeAsShortOnes(
      @ForAll("words") byte[] word, @ForAll @IntRange(min = 1, max = 200) int queue) {
    Merger.Pairs pairs =
        (left, right, s, from, to) ->
            (left + 2 * right) % 3 == 0 || to - from > 9
                ? Merger.NONE
                : Merger.pair((left * 7 + right * 3) % 11, (left + right) % 50);
    Merger merger = new Merger(pairs, queue);
    merger.begin(word, 0, word.length);
    for (int i = 0; i < word.length; i++) {
      merger.symbol(i, word[i]);
    }
    merger.merge();
    int[] symbols = new int[word.length];
    int n = 0;
    for (int node = 0; node < word.length; node = merger.next(node)) {
      symbols[n++] = merger.id(node);
    }
    assertThat(Arrays.copyOf(symbols, n)).isEqualTo(mergedSlowly(word, pairs));
  }

  @Provide
  Arbitrary<byte[]> words() {
    return Arbitraries.bytes().between((byte) 0, (byte) 5).array(byte[].class).ofMaxSize(150);
  }

  private static int[] mergedSlowly(byte[] word, Merger.Pairs pairs) {
    int[] ids = new int[word.length];
    int[] ends = new int[word.length];
    int n = word.length;
    for (int i = 0; i < n; i++) {
      ids[i] = word[i];
      ends[i] = i + 1;
    }
    while (true) {
      int best = -1;
      long found = Merger.NONE;
      for (int i = 0; i + 1 < n; i++) {
        int from = i == 0 ? 0 : ends[i - 1];
        long pair = pairs.pair(ids[i], ids[i + 1], word, from, ends[i + 1]);
        if (pair >> 32 < found >> 32) {
          found = pair;
          best = i;
        }
      }
      if (best < 0) {
        return Arrays.copyOf(ids, n);
      }
      ids[best] = (int) found;
      ends[best] = ends[best + 1];
      System.arraycopy(ids, best + 2, ids, best + 1, n - best - 2);
      System.arraycopy(ends, best + 2, ends, best + 1, n - best - 2);
      n--;
    }
  }
}
