package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is recorded of a reference: for each of many strings a digest of 16 bits of its tokens, both
 * with the text of control tokens read as such and without, and one of 64 bits of them all.
 */
final class ReferenceCases {
  /** How many strings; {@link TextGenerator#fixed} makes them. */
  static final int STRINGS = 2_400;

  static final String RESOURCE = "reference-tokens.txt";

  private ReferenceCases() {}

  /** For vocabularies of the release. */
  static List<String> texts() {
    return TextGenerator.fixed(STRINGS);
  }

  /** For synthetic vocabularies: every second, since there are many. */
  static List<String> fewerTexts() {
    List<String> all = texts();
    return IntStream.range(0, all.size() / 2).mapToObj(i -> all.get(2 * i)).toList();
  }

  /** What a vocabulary gives. */
  static final class Digests {
    private static final long BASIS = 0xCBF2_9CE4_8422_2325L;
    private static final long PRIME = 0x0000_0100_0000_01B3L;

    private final byte[] each;
    private long all = BASIS;

    Digests(List<int[]> plain, List<int[]> special) {
      each = new byte[2 * plain.size()];
      for (int i = 0; i < plain.size(); i++) {
        long digest = add(add(BASIS, plain.get(i)), special.get(i));
        all = (all ^ digest) * PRIME;
        each[2 * i] = (byte) (digest >>> 40);
        each[2 * i + 1] = (byte) (digest >>> 32);
      }
    }

    private static long add(long digest, int[] ids) {
      long d = (digest ^ ids.length) * PRIME;
      for (int id : ids) {
        d = (d ^ id) * PRIME;
        d ^= d >>> 29;
      }
      return d;
    }

    /** Of all strings. */
    String all() {
      return "%016x".formatted(all);
    }

    /** One after another, in text. */
    String each() {
      return Base64.getEncoder().encodeToString(each);
    }

    /** The strings of which another record differs. */
    List<Integer> differing(String otherEach) {
      byte[] other = Base64.getDecoder().decode(otherEach);
      List<Integer> out = new ArrayList<>();
      for (int i = 0; i < each.length; i += 2) {
        if (each[i] != other[i] || each[i + 1] != other[i + 1]) {
          out.add(i / 2);
        }
      }
      return out;
    }
  }
}
