package org.ggml4j.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * Decodes tokens one by one. What it has returned so far is always the beginning of what {@link
 * Tokenizer#decode(int[], DecodeOptions)} returns for all tokens at once, and never ends inside a
 * character: the bytes of an unfinished one are held back until the next tokens complete it.
 *
 * <p>Not thread-safe.
 */
public final class IncrementalDecoder {
  private final Tokenizer tokenizer;
  private final boolean showSpecial;
  private final boolean removeAdded;
  private final ByteSink pending = new ByteSink();
  private boolean first = true;
  private int heldEos = -1;

  IncrementalDecoder(Tokenizer tokenizer, DecodeOptions options) {
    if (options.cleanSpaces()) {
      throw new IllegalArgumentException(
          "cleanSpaces changes text that was already returned; use Tokenizer.decode for it");
    }
    this.tokenizer = tokenizer;
    this.showSpecial = options.showSpecial();
    this.removeAdded = options.removeAdded();
  }

  private IncrementalDecoder(IncrementalDecoder of) {
    tokenizer = of.tokenizer;
    showSpecial = of.showSpecial;
    removeAdded = of.removeAdded;
    pending.add(of.pending.array(), 0, of.pending.size());
    first = of.first;
    heldEos = of.heldEos;
  }

  /** An independent decoder in the same state, for another continuation of the text. */
  public IncrementalDecoder fork() {
    return new IncrementalDecoder(this);
  }

  /**
   * Takes the next token and returns the text that is now certain, which may be empty.
   *
   * @throws IndexOutOfBoundsException if the id is outside the vocabulary
   */
  public String accept(int id) {
    SpecialTokens special = tokenizer.special();
    if (heldEos >= 0) {
      print(heldEos, false);
      heldEos = -1;
    }
    if (removeAdded) {
      boolean bos = first && special.addBos() && id == special.bos().orElseThrow();
      if (bos) {
        first = false;
        return "";
      }
      // Whether an end-of-text token is the last is not known before the next.
      if (special.addEos() && id == special.eos().orElseThrow()) {
        heldEos = id;
        first = false;
        return take(Utf8.unfinished(pending.array(), 0, pending.size()));
      }
    }
    print(id, first && tokenizer.spacePrefix());
    first = false;
    return take(Utf8.unfinished(pending.array(), 0, pending.size()));
  }

  private void print(int id, boolean dropSpace) {
    int before = pending.size();
    tokenizer.print(id, showSpecial, pending);
    if (dropSpace && pending.size() > before && pending.array()[before] == ' ') {
      pending.discard(1);
    }
  }

  /** Returns what was held back, with U+FFFD for a character that stayed unfinished. */
  public String finish() {
    heldEos = -1;
    first = true;
    return take(0);
  }

  private String take(int keep) {
    int n = pending.size() - keep;
    if (n == 0) {
      return "";
    }
    String text = new String(pending.array(), 0, n, StandardCharsets.UTF_8);
    pending.discard(n);
    return text;
  }
}
