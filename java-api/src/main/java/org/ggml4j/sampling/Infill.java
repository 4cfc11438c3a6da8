package org.ggml4j.sampling;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * For text that goes between two others, as in llama.cpp ({@code llama_sampler_init_infill}): ends
 * when the end is likely enough, gives the probability of tokens that continue each other to one of
 * them, and keeps what is then likely.
 */
final class Infill implements LogitsProcessor {
  private static final float LIKELY = 0.2f;

  private final SamplerVocab vocab;
  private float[] probability = {};
  private byte[] @Nullable [] pieces = {}; // of the tokens that were candidates so far

  Infill(SamplerVocab vocab) {
    this.vocab = vocab;
  }

  @Override
  public void process(Logits logits) {
    logits.state.requireCandidates();
    int size = logits.size();
    logits.keepTop(size);
    if (probability.length < size) {
      probability = new float[size];
    }
    float end = 0;
    float text = 0;
    for (int i = 0; i < size; i++) {
      probability[i] = (float) logits.probability(i);
      if (isEnd(logits, i)) {
        end += probability[i];
      } else {
        text += probability[i];
      }
    }
    if (3 * end * size > text) {
      logits.keepIf((token, logit) -> vocab.isEndOfGeneration(token));
      return;
    }
    combine(logits, size);
    // First what is likely at all, then, among so many, more likely than an equal share.
    int texts = keepLikely(logits, LIKELY);
    if (texts == 0) {
      logits.state.keepOnly(vocab.endToken().orElseThrow(Infill::noEnd), 1);
    } else {
      keepLikely(logits, 1f / (texts + 1));
    }
  }

  private static InvalidLogitsException noEnd() {
    return new InvalidLogitsException(
        "no token is likely enough to fill in, and the vocabulary has none that ends a text");
  }

  private boolean isEnd(Logits logits, int i) {
    return vocab.isEndOfGeneration(logits.token(i));
  }

  /** Of each two of which one begins with the other, the likelier gets the other's probability. */
  private void combine(Logits logits, int size) {
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size && logits.logit(i) > Float.NEGATIVE_INFINITY; j++) {
        if (i != j
            && logits.logit(j) > Float.NEGATIVE_INFINITY
            && isPrefix(piece(logits.token(i)), piece(logits.token(j)))) {
          boolean toOther = probability[j] > probability[i];
          int to = toOther ? j : i;
          int from = toOther ? i : j;
          probability[to] += probability[from];
          probability[from] = 0;
          logits.setLogit(from, Float.NEGATIVE_INFINITY);
        }
      }
    }
  }

  private byte[] piece(int token) {
    if (pieces.length == 0) {
      pieces = new byte[vocab.size()] @Nullable [];
    }
    byte[] known = pieces[token];
    if (known == null) {
      known = vocab.piece(token);
      pieces[token] = known;
    }
    return known;
  }

  private static boolean isPrefix(byte[] prefix, byte[] of) {
    return prefix.length > 0
        && prefix.length <= of.length
        && Arrays.equals(prefix, 0, prefix.length, of, 0, prefix.length);
  }

  /**
   * Keeps ends and what has at least this probability, and makes them add up to 1.
   *
   * @return how many are kept that are no ends
   */
  private int keepLikely(Logits logits, float least) {
    int size = logits.size();
    int kept = 0;
    int texts = 0;
    float sum = 0;
    for (int i = 0; i < size; i++) {
      boolean isEnd = isEnd(logits, i);
      if (isEnd || probability[i] >= least) {
        texts += isEnd ? 0 : 1;
        sum += probability[i];
        logits.state.move(i, kept);
        probability[kept++] = probability[i];
      }
    }
    if (texts > 0) {
      logits.state.shrink(kept);
      for (int i = 0; i < kept; i++) {
        probability[i] /= sum;
      }
    }
    return texts;
  }

  @Override
  public LogitsProcessor fork() {
    return new Infill(vocab);
  }
}
