package org.ggml4j.decode;

import java.util.Arrays;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.TokenHistory;

/**
 * Guesses with a smaller model of the same vocabulary: its likeliest token, then the likeliest
 * after that, while it is sure enough (Leviathan et al. 2023; Chen et al. 2023; llama.cpp's
 * draft-simple in {@code common/speculative.cpp}). The confidence of a token is the probability
 * that the model gives it.
 */
public final class ModelDrafter implements Drafter {
  private final RewindableSequence model;
  private final Runnable cancel;
  private final double pMin;
  private final int nVocab;
  private final Logits logits;
  private int[] known = new int[64];
  private int size;
  private int agreed;

  /**
   * @param model an empty sequence, for this drafter alone
   * @param nVocab size of that model's vocabulary; a text with other tokens is not drafted
   * @param pMin tokens less probable than this are not guessed
   * @param cancel stops a running step of the model, from any thread
   */
  public ModelDrafter(RewindableSequence model, int nVocab, double pMin, Runnable cancel) {
    if (!(pMin >= 0 && pMin <= 1)) {
      throw new IllegalArgumentException("pMin: expected 0 to 1, found " + pMin);
    }
    this.model = model;
    this.nVocab = nVocab;
    this.pMin = pMin;
    this.cancel = cancel;
    logits = new Logits(nVocab);
  }

  @Override
  public void begin(TokenHistory text) {
    agreed = 0;
    read(text);
  }

  /**
   * Brings the model to the end of a text, so that its logits are those after the last token.
   *
   * @return false if it can't be
   */
  private boolean read(TokenHistory text) {
    while (agreed < Math.min(size, text.size()) && known[agreed] == text.get(agreed)) {
      agreed++;
    }
    // Logits belong to the last evaluated token, so one token at least is evaluated.
    forget(Math.max(0, Math.min(agreed, text.size() - 1)));
    if (text.size() == 0 || text.size() - size > model.room()) {
      return false;
    }
    while (size < text.size()) {
      // One batch at a time: a call that fails has then changed nothing.
      int[] batch = new int[Math.min(model.maxBatch(), text.size() - size)];
      for (int i = 0; i < batch.length; i++) {
        batch[i] = text.get(size + i);
        if (batch[i] >= nVocab) {
          return false;
        }
      }
      evaluate(batch);
    }
    agreed = size;
    return true;
  }

  private void forget(int from) {
    if (from < size) {
      model.dropLast(size - from);
      size = from;
      agreed = Math.min(agreed, size);
    }
  }

  private void evaluate(int... tokens) {
    model.append(tokens);
    if (known.length < size + tokens.length) {
      known = Arrays.copyOf(known, 2 * (size + tokens.length));
    }
    System.arraycopy(tokens, 0, known, size, tokens.length);
    size += tokens.length;
  }

  @Override
  public void draft(TokenHistory text, Draft draft) {
    if (draft.limit() == 0 || !read(text)) {
      return;
    }
    while (true) {
      model.readLogits(logits);
      int token = logits.best();
      double probability = Math.min(1, Math.exp(logits.logProbability(token)));
      boolean guess = probability >= pMin && token < draft.nVocab();
      if (!guess || !draft.add(token, probability) || model.room() < 1) {
        return;
      }
      evaluate(token);
    }
  }

  @Override
  public void cancel() {
    cancel.run();
  }
}
