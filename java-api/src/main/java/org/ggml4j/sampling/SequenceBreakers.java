package org.ggml4j.sampling;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where a repetition ends for DRY: sequences of tokens that break it, like the end of a line.
 * Immutable; making them from texts looks at the whole vocabulary, so make them once.
 */
public final class SequenceBreakers {
  private static final int MAX_BYTES = 40;
  private static final int MAX_TAIL = 20;
  private static final int[][] NONE = {};

  private final int[] heads; // ascending
  private final int[][][] tails; // of each head: the tokens after it

  private SequenceBreakers(SortedMap<Integer, List<int[]>> tailsOfHead) {
    heads = new int[tailsOfHead.size()];
    tails = new int[heads.length][][];
    int i = 0;
    for (var entry : tailsOfHead.entrySet()) {
      heads[i] = entry.getKey();
      tails[i++] = entry.getValue().toArray(int[][]::new);
    }
  }

  /**
   * Breakers given as sequences of tokens.
   *
   * @throws IllegalArgumentException if one is empty
   */
  public static SequenceBreakers ofTokens(List<int[]> sequences) {
    TreeMap<Integer, List<int[]>> tailsOfHead = new TreeMap<>();
    for (int[] sequence : sequences) {
      if (sequence.length == 0) {
        throw new IllegalArgumentException("a sequence breaker has no tokens, expected 1 or more");
      }
      add(tailsOfHead, sequence[0], Arrays.copyOfRange(sequence, 1, sequence.length));
    }
    return new SequenceBreakers(tailsOfHead);
  }

  /**
   * Breakers given as texts, of which the first 40 bytes count. A token that contains such a text
   * breaks; one that ends with the beginning of such a text breaks when the tokens of the text's
   * rest follow it.
   *
   * @throws IllegalArgumentException if a text is empty
   */
  public static SequenceBreakers of(List<String> texts, SamplerVocab vocab) {
    byte[][] words = new byte[vocab.size()][];
    for (int token = 0; token < words.length; token++) {
      words[token] = vocab.word(token);
    }
    TreeMap<Integer, List<int[]>> tailsOfHead = new TreeMap<>();
    for (String text : texts) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      if (bytes.length == 0) {
        throw new IllegalArgumentException("a sequence breaker is empty, expected a text");
      }
      byte[] used = Arrays.copyOf(bytes, Math.min(bytes.length, MAX_BYTES));
      for (int token = 0; token < words.length; token++) {
        addOverlaps(tailsOfHead, token, words[token], used, vocab);
      }
    }
    return new SequenceBreakers(tailsOfHead);
  }

  private static void addOverlaps(
      SortedMap<Integer, List<int[]>> tailsOfHead,
      int token,
      byte[] word,
      byte[] text,
      SamplerVocab vocab) {
    // The first match that is complete makes the others unnecessary.
    for (int at = 0; at + text.length <= word.length; at++) {
      if (Arrays.equals(word, at, at + text.length, text, 0, text.length)) {
        add(tailsOfHead, token, new int[0]);
        return;
      }
    }
    for (int at = Math.max(0, word.length - text.length + 1); at < word.length; at++) {
      int overlap = word.length - at;
      if (Arrays.equals(word, at, word.length, text, 0, overlap)) {
        Optional<String> rest = utf8(text, overlap);
        if (rest.isPresent()) {
          int[] tail = vocab.encode(rest.get());
          add(tailsOfHead, token, Arrays.copyOf(tail, Math.min(tail.length, MAX_TAIL)));
        }
      }
    }
  }

  /** The text from a byte on; none if that is in the middle of a character. */
  private static Optional<String> utf8(byte[] text, int from) {
    try {
      ByteBuffer rest = ByteBuffer.wrap(text, from, text.length - from);
      return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(rest).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private static void add(SortedMap<Integer, List<int[]>> tailsOfHead, int head, int[] tail) {
    List<int[]> tails = tailsOfHead.computeIfAbsent(head, h -> new ArrayList<>());
    if (tails.stream().noneMatch(known -> Arrays.equals(known, tail))) {
      tails.add(tail);
    }
  }

  /** The sequences that may follow a token to break, empty ones included. */
  int[][] tails(int head) {
    int i = Arrays.binarySearch(heads, head);
    return i < 0 ? NONE : tails[i];
  }

  /** Whether a token breaks alone. */
  boolean breaksAlone(int token) {
    for (int[] tail : tails(token)) {
      if (tail.length == 0) {
        return true;
      }
    }
    return false;
  }
}
