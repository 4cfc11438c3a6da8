package org.ggml4j.quantize;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.ggml4j.gguf.GgmlType;

/**
 * How a model is quantized.
 *
 * @param recipe the level
 * @param overrides types for the tensors in whose name an expression is found, the first that fits
 * @param outputType of {@code output.weight}, or of {@code token_embd.weight} where it is the
 *     output too
 * @param tokenEmbeddingType of the token embeddings
 * @param keepOutput whether {@code output.weight} stays as it is
 * @param pure whether all matrices get the level's base type
 * @param allowRequantize whether a tensor that is quantized already may be quantized once more
 * @param threads to convert with; 0 for one a processor
 */
public record QuantizationOptions(
    QuantizationRecipe recipe,
    Map<Pattern, GgmlType> overrides,
    Optional<GgmlType> outputType,
    Optional<GgmlType> tokenEmbeddingType,
    boolean keepOutput,
    boolean pure,
    boolean allowRequantize,
    int threads) {

  /** Keeps a map of its own. */
  public QuantizationOptions {
    overrides = Collections.unmodifiableMap(new LinkedHashMap<>(overrides));
    if (threads < 0) {
      throw new IllegalArgumentException("threads: expected 0 or more, found " + threads);
    }
  }

  /** llama.cpp's mixture of a level. */
  public static QuantizationOptions of(QuantizationRecipe recipe) {
    return new QuantizationOptions(
        recipe, Map.of(), Optional.empty(), Optional.empty(), false, false, false, 0);
  }

  /** With a type for the tensors in whose name the expression is found, after those before. */
  public QuantizationOptions withOverride(Pattern name, GgmlType type) {
    Map<Pattern, GgmlType> all = new LinkedHashMap<>(overrides);
    all.put(name, type);
    return new QuantizationOptions(
        recipe, all, outputType, tokenEmbeddingType, keepOutput, pure, allowRequantize, threads);
  }

  /** With a type for the output matrix. */
  public QuantizationOptions withOutputType(GgmlType type) {
    return new QuantizationOptions(
        recipe,
        overrides,
        Optional.of(type),
        tokenEmbeddingType,
        keepOutput,
        pure,
        allowRequantize,
        threads);
  }

  /** With a type for the token embeddings. */
  public QuantizationOptions withTokenEmbeddingType(GgmlType type) {
    return new QuantizationOptions(
        recipe,
        overrides,
        outputType,
        Optional.of(type),
        keepOutput,
        pure,
        allowRequantize,
        threads);
  }

  /** With the output matrix left as it is, or not. */
  public QuantizationOptions withKeepOutput(boolean keep) {
    return new QuantizationOptions(
        recipe, overrides, outputType, tokenEmbeddingType, keep, pure, allowRequantize, threads);
  }

  /** With one type for all matrices, or the level's mixture. */
  public QuantizationOptions withPure(boolean yes) {
    return new QuantizationOptions(
        recipe,
        overrides,
        outputType,
        tokenEmbeddingType,
        keepOutput,
        yes,
        allowRequantize,
        threads);
  }

  /** With quantized tensors allowed as a source, or not. */
  public QuantizationOptions withAllowRequantize(boolean yes) {
    return new QuantizationOptions(
        recipe, overrides, outputType, tokenEmbeddingType, keepOutput, pure, yes, threads);
  }

  /** With so many threads; 0 for one a processor. */
  public QuantizationOptions withThreads(int n) {
    return new QuantizationOptions(
        recipe, overrides, outputType, tokenEmbeddingType, keepOutput, pure, allowRequantize, n);
  }
}
