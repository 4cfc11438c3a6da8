package org.ggml4j.tokenizer;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts a prompt at the control tokens of its trusted parts. What lies between is one text, whoever
 * wrote it, so that tokens come out as if the whole prompt had been tokenized at once.
 */
final class PromptEncoder {
  private final AddedTokens all;
  private final Vocab vocab;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** Control tokens: id, begin of their text, its end. */
  private final List<int[]> tokens = new ArrayList<>();

  PromptEncoder(AddedTokens all, Vocab vocab) {
    this.all = all;
    this.vocab = vocab;
  }

  /** Adds the parts; neighbours of one kind are one part. */
  void read(List<PromptPart> parts) {
    for (int i = 0; i < parts.size(); ) {
      boolean trusted = parts.get(i).trusted();
      StringBuilder text = new StringBuilder();
      for (; i < parts.size() && parts.get(i).trusted() == trusted; i++) {
        text.append(parts.get(i).text());
      }
      byte[] s = Utf8.encode(text);
      if (trusted) {
        find(s, bytes.size());
      }
      bytes.writeBytes(s);
    }
  }

  private void find(byte[] s, int offset) {
    all.split(
        s,
        s.length,
        new AddedTokens.Parts() {
          @Override
          public void text(int from, int to) {
            // Belongs to what lies between control tokens.
          }

          @Override
          public void token(int id, int from, int to) {
            if (vocab.type(id).isSpecial()) {
              tokens.add(new int[] {id, offset + from, offset + to});
            }
          }
        });
  }

  /** What a control token or a text between two is given to. */
  interface Parts {
    void text(byte[] s);

    void token(int id);
  }

  void split(Parts out) {
    byte[] s = bytes.toByteArray();
    int done = 0;
    for (int[] token : tokens) {
      int end = all.textEnd(s, done, token[1], token[0]);
      if (end > done) {
        out.text(Arrays.copyOfRange(s, done, end));
      }
      out.token(token[0]);
      done = all.textStart(s, token[2], s.length, token[0]);
    }
    if (done < s.length) {
      out.text(Arrays.copyOfRange(s, done, s.length));
    }
  }
}
