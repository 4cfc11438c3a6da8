package org.ggml4j.tokenizer;

import java.util.List;

/**
 * The parts that single tokens play. Each has a metadata key; some are also recognized by their
 * text in files that lack the key.
 *
 * <p>Source: llama.cpp {@code src/llama-vocab.cpp}, {@code src/llama-arch.cpp}.
 */
public enum SpecialToken {
  /** Begin of text. */
  BOS("bos_token_id"),
  /** End of text. */
  EOS("eos_token_id"),
  /** End of a chat turn. */
  EOT(
      "eot_token_id",
      "<|eot_id|>",
      "<|im_end|>",
      "<|end|>",
      "<end_of_turn>",
      "<|endoftext|>",
      "<|end_of_text|>",
      "<EOT>",
      "_<EOT>",
      "[EOT]",
      "<｜end▁of▁sentence｜>",
      "<end_of_utterance>"),
  /** End of a message that continues after a tool's answer. */
  EOM("eom_token_id", "<|eom_id|>"),
  /** Stands for text outside the vocabulary. */
  UNKNOWN("unknown_token_id"),
  /** Separates sentences; the key is misspelt in the format. */
  SEPARATOR("seperator_token_id"),
  /** Fills sequences up to a common length. */
  PADDING("padding_token_id"),
  /** Stands for a hidden word. */
  MASK("mask_token_id"),
  /** Fill-in-the-middle: the text before follows. */
  FIM_PREFIX(
      "fim_pre_token_id",
      "<|fim_prefix|>",
      "<fim-prefix>",
      "<fim_prefix>",
      "<｜fim▁begin｜>",
      "<PRE>",
      "▁<PRE>",
      "<|code_prefix|>",
      "<|prefix|>"),
  /** Fill-in-the-middle: the text after follows. */
  FIM_SUFFIX(
      "fim_suf_token_id",
      "<|fim_suffix|>",
      "<fim-suffix>",
      "<fim_suffix>",
      "<｜fim▁hole｜>",
      "<SUF>",
      "▁<SUF>",
      "<|code_suffix|>",
      "<|suffix|>"),
  /** Fill-in-the-middle: the model writes what belongs between. */
  FIM_MIDDLE(
      "fim_mid_token_id",
      "<|fim_middle|>",
      "<fim-middle>",
      "<fim_middle>",
      "<｜fim▁end｜>",
      "<MID>",
      "▁<MID>",
      "<|code_middle|>",
      "<|middle|>"),
  /** Fill-in-the-middle: padding. */
  FIM_PADDING("fim_pad_token_id", "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"),
  /** Fill-in-the-middle: the name of a repository follows. */
  FIM_REPOSITORY(
      "fim_rep_token_id", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"),
  /** Fill-in-the-middle: another file follows. */
  FIM_SEPARATOR("fim_sep_token_id", "<|file_sep|>");

  private static final String PREFIX = "tokenizer.ggml.";

  private final String name;

  @SuppressWarnings("ImmutableEnumChecker") // List.of gives an immutable list
  private final List<String> texts;

  SpecialToken(String name, String... texts) {
    this.name = name;
    this.texts = List.of(texts);
  }

  /** The metadata key, for example {@code tokenizer.ggml.bos_token_id}. */
  public String key() {
    return PREFIX + name;
  }

  /** Texts by which the token is found when the key is missing, the first match counts. */
  List<String> texts() {
    return texts;
  }
}
