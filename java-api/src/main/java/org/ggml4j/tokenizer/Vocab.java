package org.ggml4j.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * The entries of a vocabulary: text, type and score, by id and by text. Texts are as the file
 * stores them: byte-level vocabularies write bytes as printable characters, SentencePiece ones
 * write a space as {@code ▁}. Immutable.
 */
public final class Vocab {
  private final TextTable texts;
  private final byte[] types;
  private final float[] scores;
  private final int maxTextBytes;

  /** Takes over its arguments; {@code scores} is empty when the file has none. */
  Vocab(TextTable texts, byte[] types, float[] scores) {
    this.texts = texts;
    this.types = types;
    this.scores = scores;
    int max = 0;
    for (int i = 0; i < texts.size(); i++) {
      max = Math.max(max, texts.end(i) - texts.start(i));
    }
    this.maxTextBytes = max;
  }

  /** How many tokens there are; ids run from 0 to one less. */
  public int size() {
    return types.length;
  }

  /**
   * A token's text as stored.
   *
   * @throws IndexOutOfBoundsException if there is no such id
   */
  public String text(int id) {
    check(id);
    int from = texts.start(id);
    return new String(texts.bytes(), from, texts.end(id) - from, StandardCharsets.UTF_8);
  }

  /**
   * A token's text as stored, in UTF-8.
   *
   * @throws IndexOutOfBoundsException if there is no such id
   */
  public byte[] bytes(int id) {
    check(id);
    return Arrays.copyOfRange(texts.bytes(), texts.start(id), texts.end(id));
  }

  /**
   * A token's type, after the corrections that llama.cpp makes for known special texts.
   *
   * @throws IndexOutOfBoundsException if there is no such id
   */
  public TokenType type(int id) {
    check(id);
    return TokenType.of(types[id]);
  }

  /**
   * A token's score: in SentencePiece vocabularies, the higher the sooner it is merged; 0 if the
   * file has no scores.
   *
   * @throws IndexOutOfBoundsException if there is no such id
   */
  public float score(int id) {
    check(id);
    return scores.length == 0 ? 0 : scores[id];
  }

  /** The token with exactly this text, as stored. */
  public OptionalInt find(String text) {
    byte[] s = text.getBytes(StandardCharsets.UTF_8);
    int id = texts.find(s, 0, s.length);
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Id of a text, or -1. */
  int find(byte[] s, int from, int to) {
    return to - from > maxTextBytes ? -1 : texts.find(s, from, to);
  }

  /** Whether a number is the id of a token. */
  boolean isToken(int id) {
    return id >= 0 && id < types.length;
  }

  /** Id of the token {@code <0xNN>}, or -1. */
  int findHex(int unsignedByte) {
    String hex = "0123456789ABCDEF";
    byte[] s = {'<', '0', 'x', 0, 0, '>'};
    s[3] = (byte) hex.charAt(unsignedByte >> 4);
    s[4] = (byte) hex.charAt(unsignedByte & 15);
    return find(s, 0, s.length);
  }

  /** Id of the token {@code <0xNN>}, or of the byte as a text, or -1. */
  int findByte(int unsignedByte) {
    int id = findHex(unsignedByte);
    return id >= 0 ? id : find(new byte[] {(byte) unsignedByte}, 0, 1);
  }

  TextTable texts() {
    return texts;
  }

  int maxTextBytes() {
    return maxTextBytes;
  }

  private void check(int id) {
    Objects.checkIndex(id, types.length);
  }
}
