package org.ggml4j.arch;

import java.util.Arrays;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;

/** Reads and checks the {@link Hparams} that most architectures have. */
final class HparamsReader {
  private static final int MAX_BLOCKS = 1 << 16;

  private HparamsReader() {}

  static Hparams read(GgufMetadata metadata, String arch, Keys k) throws GgufFormatException {
    int nEmbd = k.size("embedding_length");
    int nBlock = k.size("block_count");
    int nNext = k.size("nextn_predict_layers", 0);
    if (nNext >= nBlock) {
      throw k.bad("nextn_predict_layers", nNext, "fewer than the " + nBlock + " blocks");
    }
    if (nBlock > MAX_BLOCKS) {
      throw k.bad("block_count", nBlock, "at most " + MAX_BLOCKS);
    }
    int[] heads = headCounts(k, nBlock);
    int[] headsKv = headCountsKv(k, nBlock, heads);
    int nHead = Arrays.stream(heads).filter(n -> n > 0).findFirst().orElse(0);
    if (nHead > 0 && !k.has("attention.key_length") && nEmbd % nHead != 0) {
      throw k.bad("attention.head_count", nHead, "a divisor of the embedding length " + nEmbd);
    }
    int even = nHead == 0 ? 0 : nEmbd / nHead;
    int headDim = k.has("attention.key_length") ? k.size("attention.key_length") : even;
    int headDimV = k.has("attention.value_length") ? k.size("attention.value_length") : even;
    int nCtxTrain = k.size("context_length");
    int nRot = k.size("rope.dimension_count", headDim);
    if (nHead > 0 && (nRot > headDim || nRot % 2 != 0)) {
      throw k.bad("rope.dimension_count", nRot, "an even number up to the head's size " + headDim);
    }
    int nExpert = k.size("expert_count", 0);
    int[] expertsUsed = k.sizes("expert_used_count", nBlock, 0);
    int mostUsed = Arrays.stream(expertsUsed).max().orElse(0);
    if (mostUsed > nExpert || nExpert > 0 && mostUsed == 0) {
      throw k.bad("expert_used_count", mostUsed, "1 to the number of experts, " + nExpert);
    }
    String rms = "attention.layer_norm_rms_epsilon";
    return new Hparams(
        arch,
        nCtxTrain,
        nEmbd,
        nBlock - nNext,
        common(heads),
        common(headsKv),
        headDim,
        headDimV,
        common(k.sizes("feed_forward_length", nBlock, 0)),
        vocabularySize(metadata, k),
        nExpert,
        common(expertsUsed),
        k.number(rms, 0),
        nRot,
        RopeScaling.of(k, nCtxTrain),
        k);
  }

  /** A size that was read: itself, or a complaint if it is 0. */
  static int some(Keys k, String key, int size) {
    if (size == 0) {
      throw k.has(key)
          ? k.bad(key, 0, "1 or more")
          : k.bad(key, "nothing", "the key, which the architecture needs");
    }
    return size;
  }

  static int[] headCounts(Keys k, int nBlock) {
    return k.sizes("attention.head_count", nBlock, 0);
  }

  static int[] headCountsKv(Keys k, int nBlock, int[] heads) {
    if (!k.has("attention.head_count_kv")) {
      return heads;
    }
    int[] headsKv = k.sizes("attention.head_count_kv", nBlock, 0);
    for (int il = 0; il < nBlock; il++) {
      if (headsKv[il] > 0 && heads[il] % headsKv[il] != 0) {
        throw k.bad(
            "attention.head_count_kv", headsKv[il], "a divisor of the head count " + heads[il]);
      }
    }
    return headsKv;
  }

  private static int common(int[] sizes) {
    for (int size : sizes) {
      if (size != sizes[0]) {
        return Hparams.DIFFERS;
      }
    }
    return sizes[0];
  }

  private static int vocabularySize(GgufMetadata metadata, Keys k) throws GgufFormatException {
    String tokens = "tokenizer.ggml.tokens";
    if (!metadata.contains(tokens)) {
      return k.size("vocab_size");
    }
    int n = metadata.getStringArray(tokens).size();
    if (n < 1) {
      throw new GgufFormatException("expected at least one token, found none", null, -1, tokens);
    }
    return n;
  }
}
