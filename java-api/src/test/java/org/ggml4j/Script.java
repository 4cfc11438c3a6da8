package org.ggml4j;

import java.util.ArrayList;
import java.util.List;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.Sampler;

/** Picks the bytes of one reply after the other, for a {@link WordModel}. */
final class Script implements Sampler {
  private final List<String> replies;

  Script(String... replies) {
    this.replies = new ArrayList<>(List.of(replies));
  }

  @Override
  public int sample(Logits logits) {
    int[] tokens = WordModel.bytes(replies.get(0));
    int at = logits.history().size() - logits.history().promptSize();
    if (at < tokens.length) {
      return tokens[at];
    }
    if (replies.size() > 1) {
      replies.remove(0);
    }
    return WordModel.EOS;
  }

  @Override
  public Sampler fork() {
    return this;
  }
}
