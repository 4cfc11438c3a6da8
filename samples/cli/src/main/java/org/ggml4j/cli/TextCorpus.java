package org.ggml4j.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ggml4j.tokenizer.BpeTrainer;
import org.ggml4j.tokenizer.BpeTrainerOptions;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;
import org.ggml4j.tokenizer.TrainedVocabulary;
import org.ggml4j.train.TokenDataset;

/**
 * A user's own text, ready to be learnt.
 *
 * @param vocabulary learnt from all of it
 * @param data to learn from
 * @param heldOut the last twentieth, to watch the loss on
 */
record TextCorpus(TrainedVocabulary vocabulary, TokenDataset data, TokenDataset heldOut) {
  private static final String END_OF_TEXT = "<|endoftext|>";
  private static final int HELD_OUT_SHARE = 20;

  /**
   * Reads texts.
   *
   * @param nCtx a longer text can be entered at every multiple of it, not only at its beginning
   * @throws IOException if a file can't be read, or is no UTF-8
   * @throws IllegalArgumentException if there is too little text, or the vocabulary too small
   */
  static TextCorpus read(List<Path> files, String delimiter, int nVocab, int nCtx)
      throws IOException {
    List<String> texts = new ArrayList<>();
    for (Path file : files) {
      split(decode(file), delimiter, texts);
    }
    BpeTrainer trainer =
        BpeTrainer.of(
            BpeTrainerOptions.of(nVocab)
                .withSpecialTokens(
                    List.of(END_OF_TEXT),
                    Optional.of(END_OF_TEXT),
                    Optional.of(END_OF_TEXT),
                    true));
    texts.forEach(trainer::add);
    TrainedVocabulary vocabulary = trainer.train();
    Tokenizer tokenizer = vocabulary.tokenizer();
    List<int[]> encoded = new ArrayList<>();
    for (String text : texts) {
      encoded.add(tokenizer.encode(text, EncodeOptions.defaults())); // begins with the BOS token
    }
    int size = encoded.stream().mapToInt(t -> t.length).sum();
    int least = 2 * nCtx;
    if (size < least) {
      throw new IllegalArgumentException(
          "--text: expected at least " + least + " tokens (twice --ctx), found " + size);
    }
    List<int[]> held = new ArrayList<>();
    for (int n = 0; n < Math.max(nCtx, size / HELD_OUT_SHARE); ) {
      n += moveEnd(encoded, held, Math.max(nCtx, size / HELD_OUT_SHARE) - n);
    }
    return new TextCorpus(vocabulary, dataset(encoded, nCtx), dataset(held, nCtx));
  }

  /** Moves the last text, or as much of its end as is wanted, to what is held out. */
  private static int moveEnd(List<int[]> from, List<int[]> to, int wanted) {
    int[] last = from.remove(from.size() - 1);
    if (last.length <= wanted) {
      to.add(0, last);
      return last.length;
    }
    int keep = last.length - wanted;
    from.add(Arrays.copyOf(last, keep));
    to.add(0, Arrays.copyOfRange(last, keep, last.length));
    return wanted;
  }

  private static void split(String all, String delimiter, List<String> texts) {
    int at = 0;
    while (at <= all.length()) {
      int end = all.indexOf(delimiter, at);
      end = end < 0 ? all.length() : end;
      String text = all.substring(at, end).strip();
      if (!text.isEmpty()) {
        texts.add(text);
      }
      at = end + delimiter.length();
    }
  }

  private static String decode(Path file) throws IOException {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is no text in UTF-8", e);
    }
  }

  private static TokenDataset dataset(List<int[]> texts, int nCtx) {
    int[] tokens = new int[texts.stream().mapToInt(t -> t.length).sum()];
    List<Integer> starts = new ArrayList<>();
    int at = 0;
    for (int[] text : texts) {
      for (int i = 0; i < text.length; i += nCtx) {
        starts.add(at + i);
      }
      System.arraycopy(text, 0, tokens, at, text.length);
      at += text.length;
    }
    return new TokenDataset(tokens, starts.stream().mapToInt(Integer::intValue).toArray());
  }
}
