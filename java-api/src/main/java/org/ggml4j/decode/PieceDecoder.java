package org.ggml4j.decode;

import java.util.List;
import org.ggml4j.tokenizer.DecodeOptions;
import org.ggml4j.tokenizer.IncrementalDecoder;
import org.ggml4j.tokenizer.Tokenizer;

/** The text of a continuation as its tokens come: whole characters, up to a stop string. */
final class PieceDecoder {
  private final IncrementalDecoder decoder;
  private final StopMatcher stops;

  /**
   * @param prompt what the text continues
   * @param stops texts that end it
   */
  PieceDecoder(Tokenizer tokenizer, int[] prompt, List<String> stops) {
    decoder = tokenizer.incrementalDecoder(DecodeOptions.defaults());
    this.stops = new StopMatcher(stops);
    if (prompt.length > 0) {
      decoder.accept(
          prompt[prompt.length - 1]); // a word's space is dropped at the start of a text only
    }
  }

  private PieceDecoder(PieceDecoder of) {
    decoder = of.decoder.fork();
    stops = of.stops.fork();
  }

  /** An independent decoder in the same state. */
  PieceDecoder fork() {
    return new PieceDecoder(this);
  }

  /** Takes a token and returns the text that is certain now. */
  String accept(int token) {
    return stops.accept(decoder.accept(token));
  }

  /** Whether a stop string has appeared; what was accepted last ends before it. */
  boolean isStopped() {
    return stops.isStopped();
  }

  /** Returns what was held back: no more tokens will come. It may complete a stop string. */
  String finish() {
    String rest = stops.accept(decoder.finish());
    return stops.isStopped() ? rest : rest + stops.flush();
  }
}
