package org.ggml4j.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Encodes a long text in parts at the same time, with the tokens that it has as one.
 *
 * <p>Where parts begin is guessed: at a line or at a word. Each part is encoded until a word begins
 * at or after the next one's guess. If that is right there, the next part's tokens are right too;
 * if not, they are dropped, and the text is encoded on from where the word begins.
 */
final class ParallelEncoder implements Algorithm.Encoder {
  /** Shorter parts are not worth a thread. */
  static final int MIN_PART = 1 << 16;

  private static final int SEARCHED = 1 << 12;

  private final Algorithm algorithm;
  private final TokenBuffer out;
  private final int threads;

  ParallelEncoder(Algorithm algorithm, TokenBuffer out, int threads) {
    this.algorithm = algorithm;
    this.out = out;
    this.threads = threads;
  }

  @Override
  public void encode(byte[] s, int from, int to, boolean first) {
    List<Part> parts = parts(s, from, to);
    if (parts.size() == 1) {
      algorithm.encoder(out).encode(s, from, to, first);
      return;
    }
    List<CompletableFuture<Void>> others = new ArrayList<>();
    for (Part part : parts.subList(1, parts.size())) {
      others.add(CompletableFuture.runAsync(() -> part.encode(algorithm, s, to, false)));
    }
    parts.get(0).encode(algorithm, s, to, first);
    int done = from;
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      if (i > 0) {
        join(others.get(i - 1));
      }
      if (part.from < done) {
        if (part.stop <= done) {
          continue;
        }
        part = new Part(done, part.stop, out.another());
        part.encode(algorithm, s, to, false);
      }
      out.addAll(part.tokens);
      done = part.end;
    }
  }

  private static void join(CompletableFuture<Void> part) {
    try {
      part.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw e;
    }
  }

  private List<Part> parts(byte[] s, int from, int to) {
    int n = (int) Math.min(threads, (to - (long) from) / MIN_PART);
    List<Part> parts = new ArrayList<>();
    int begin = from;
    for (int i = 1; i < n; i++) {
      int cut = guess(s, (int) (from + (to - (long) from) * i / n), to);
      if (cut > begin) {
        parts.add(new Part(begin, cut, out.another()));
        begin = cut;
      }
    }
    parts.add(new Part(begin, to, out.another()));
    return parts;
  }

  /** A place where words are likely to begin: a space between letters, or a letter after a line. */
  private static int guess(byte[] s, int from, int to) {
    int limit = Math.min(to, from + SEARCHED) - 1;
    int line = -1;
    for (int p = from + 1; p < limit; p++) {
      if (s[p] == ' ' && isLetter(s[p - 1]) && isLetter(s[p + 1])) {
        return p;
      }
      if (line < 0 && s[p - 1] == '\n' && isLetter(s[p])) {
        line = p;
      }
    }
    return line;
  }

  private static boolean isLetter(byte b) {
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
  }

  /** What one thread encodes. */
  private static final class Part {
    private final int from;
    private final int stop;
    private final TokenBuffer tokens;
    private int end;

    Part(int from, int stop, TokenBuffer tokens) {
      this.from = from;
      this.stop = stop;
      this.tokens = tokens;
    }

    void encode(Algorithm algorithm, byte[] s, int to, boolean first) {
      end = algorithm.encoder(tokens).encodeUntil(s, from, stop, to, first);
    }
  }
}
