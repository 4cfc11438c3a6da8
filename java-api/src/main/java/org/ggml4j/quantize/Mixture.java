package org.ggml4j.quantize;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ggml4j.gguf.GgmlType;

/**
 * Which type each matrix gets at a level. Those that matter most for the text get more bits: the
 * output, the values of attention, the way down of the feed-forward part, each the more in the
 * first and last blocks.
 *
 * <p>The rules are llama.cpp's ({@code llama_tensor_get_type_impl} in {@code llama-quant.cpp}).
 * They count the matrices of a kind that came before, so ask in the order of llama.cpp: blocks by
 * number, then names.
 */
final class Mixture {
  /**
   * What the rules look at beside the tensor.
   *
   * @param nLayer blocks
   * @param nGqa query heads that share a head of keys and values
   * @param nExpert experts of a mixture, or 0
   * @param is70B whether it is one of the models of 80 blocks, whose shared heads make {@code
   *     attn_v} small
   * @param tied whether {@code token_embd} is the output matrix, too
   * @param nAttentionV matrices like {@code attn_v}
   * @param hasImportance whether there is an importance matrix
   */
  record Facts(
      String architecture,
      int nLayer,
      int nGqa,
      int nExpert,
      boolean is70B,
      boolean tied,
      int nAttentionV,
      boolean hasImportance) {}

  private static final Pattern BLOCK = Pattern.compile("^blk\\.(\\d{1,9})\\.");

  private final QuantizationRecipe recipe;
  private final Facts facts;
  private final Optional<GgmlType> outputType;
  private final boolean falcon;
  private final boolean lowest;
  private int attentionV;
  private int ffnDown;
  private int ffnGate;
  private int ffnUp;

  Mixture(QuantizationRecipe recipe, Facts facts, Optional<GgmlType> outputType) {
    this.recipe = recipe;
    this.facts = facts;
    this.outputType = outputType;
    falcon = facts.architecture.equals("falcon");
    lowest =
        is(
            QuantizationRecipe.IQ2_XXS,
            QuantizationRecipe.IQ2_XS,
            QuantizationRecipe.IQ2_S,
            QuantizationRecipe.IQ2_M,
            QuantizationRecipe.IQ1_S,
            QuantizationRecipe.IQ1_M);
  }

  private boolean is(QuantizationRecipe... recipes) {
    return recipe.isOneOf(recipes);
  }

  /**
   * @param ne shape, of four sizes
   */
  GgmlType type(String name, TensorCategory category, long[] ne) {
    GgmlType base = recipe.baseType();
    boolean output = category == TensorCategory.OUTPUT;
    if (output || (facts.tied && category == TensorCategory.TOKEN_EMBD)) {
      return output(base, ne[0]);
    }
    if (is(QuantizationRecipe.MXFP4_MOE)) {
      return mxfp4(category, ne[2]);
    }
    if (category == TensorCategory.TOKEN_EMBD) {
      return tokenEmbd(base);
    }
    if (lowest) {
      return lowest(base, category);
    }
    if (category.isLikeAttentionV()) {
      return attentionV(base);
    }
    return switch (category) {
      case ATTENTION_K -> facts.nExpert == 8 ? GgmlType.Q8_0 : attentionQ(base);
      case ATTENTION_Q -> attentionQ(base);
      case ATTENTION_OUTPUT -> attentionOutput(base);
      case FFN_DOWN -> ffnDown(base, layer(ffnDown++, name));
      case FFN_GATE -> ffnGateOrUp(base, layer(ffnGate++, name));
      case FFN_UP -> ffnGateOrUp(base, layer(ffnUp++, name));
      default -> base;
    };
  }

  private GgmlType output(GgmlType base, long ne0) {
    if (outputType.isPresent()) {
      return outputType.get();
    }
    if (is(QuantizationRecipe.MXFP4_MOE) || falcon || ne0 % base.blockSize() != 0) {
      return GgmlType.Q8_0;
    }
    if (lowest || is(QuantizationRecipe.IQ3_XXS)) {
      return GgmlType.Q5_K;
    }
    return base == GgmlType.Q8_0 ? base : GgmlType.Q6_K;
  }

  private GgmlType mxfp4(TensorCategory category, long ne2) {
    boolean ffn =
        category == TensorCategory.FFN_UP
            || category == TensorCategory.FFN_GATE
            || category == TensorCategory.FFN_DOWN;
    boolean experts = ne2 > 1 && (ffn || !facts.architecture.equals("bailingmoe3"));
    return experts ? GgmlType.MXFP4 : GgmlType.Q8_0;
  }

  private GgmlType tokenEmbd(GgmlType base) {
    return switch (recipe) {
      case IQ2_XXS, IQ2_XS, IQ1_S, IQ1_M -> GgmlType.Q2_K;
      case IQ2_S, IQ2_M, IQ3_XXS -> GgmlType.IQ3_S;
      case TQ1_0, TQ2_0, Q2_0 -> GgmlType.Q4_K;
      default -> base;
    };
  }

  private GgmlType lowest(GgmlType base, TensorCategory category) {
    boolean better = is(QuantizationRecipe.IQ2_S, QuantizationRecipe.IQ2_M);
    if (category.isLikeAttentionV()) {
      attentionV++;
      return facts.nGqa >= 4 || facts.nExpert >= 4
          ? GgmlType.Q4_K
          : better ? GgmlType.IQ3_S : GgmlType.Q2_K;
    }
    if (category == TensorCategory.ATTENTION_K && facts.nExpert == 8) {
      return GgmlType.Q4_K;
    }
    if (category == TensorCategory.FFN_DOWN) {
      boolean early = ffnDown++ < facts.nLayer / 8;
      return early ? better ? GgmlType.IQ3_S : GgmlType.Q2_K : base;
    }
    if (category == TensorCategory.ATTENTION_OUTPUT) {
      if (facts.nExpert == 8) {
        return GgmlType.Q5_K;
      }
      boolean least = is(QuantizationRecipe.IQ1_S, QuantizationRecipe.IQ1_M);
      return least ? GgmlType.IQ2_XXS : better ? GgmlType.IQ3_S : base;
    }
    return base;
  }

  private GgmlType attentionV(GgmlType base) {
    int i = attentionV++;
    if (facts.nExpert == 8) {
      return GgmlType.Q8_0;
    }
    boolean shared = facts.nGqa >= 4;
    GgmlType type =
        switch (recipe) {
          case Q2_K -> shared ? GgmlType.Q4_K : GgmlType.Q3_K;
          case Q2_K_S, IQ3_XS, IQ3_S -> shared ? GgmlType.Q4_K : base;
          case IQ3_XXS -> shared ? GgmlType.Q4_K : facts.hasImportance ? base : GgmlType.IQ3_S;
          case IQ3_M -> GgmlType.Q4_K;
          case Q3_K_M -> i < 2 ? GgmlType.Q5_K : GgmlType.Q4_K;
          case Q3_K_L -> GgmlType.Q5_K;
          case IQ4_NL, IQ4_XS -> shared ? GgmlType.Q5_K : base;
          case Q4_K_M, Q5_K_M -> moreBits(i, facts.nAttentionV) ? GgmlType.Q6_K : base;
          case Q4_K_S -> i < 4 ? GgmlType.Q5_K : base;
          default -> base;
        };
    boolean low = type == GgmlType.Q3_K || type == GgmlType.Q4_K;
    return facts.is70B && low ? GgmlType.Q5_K : type;
  }

  /** The first and last eighths, and every third block between them. */
  private static boolean moreBits(int i, int n) {
    return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
  }

  private GgmlType attentionQ(GgmlType base) {
    return switch (recipe) {
      case IQ3_XS -> GgmlType.IQ3_XXS;
      case IQ3_XXS -> GgmlType.IQ2_S;
      default -> base;
    };
  }

  private GgmlType attentionOutput(GgmlType base) {
    if (falcon) {
      return is(QuantizationRecipe.Q3_K_L) ? GgmlType.Q4_K : base;
    }
    if (facts.nExpert == 8) {
      return switch (recipe) {
        case Q2_K, IQ3_XS, IQ3_XXS, Q3_K_S, Q3_K_M, IQ4_NL, Q4_K_S, Q4_K_M, IQ3_S, IQ3_M, IQ4_XS ->
            GgmlType.Q5_K;
        default -> base;
      };
    }
    return switch (recipe) {
      case Q2_K -> GgmlType.Q3_K;
      case IQ3_XXS -> GgmlType.IQ3_S;
      case Q3_K_M, IQ3_M -> GgmlType.Q4_K;
      case Q3_K_L -> GgmlType.Q5_K;
      default -> base;
    };
  }

  private GgmlType ffnDown(GgmlType base, int i) {
    int n = facts.nLayer;
    boolean early = i < n / 8;
    boolean important = facts.hasImportance;
    return switch (recipe) {
      case Q2_K -> GgmlType.Q3_K;
      case Q2_K_S -> early ? GgmlType.Q4_K : base;
      case IQ3_XXS -> important ? base : early ? GgmlType.Q4_K : GgmlType.Q3_K;
      case Q3_K_M -> {
        boolean four = !falcon || moreBits(i, n);
        yield i < n / 16 ? GgmlType.Q5_K : four ? GgmlType.Q4_K : GgmlType.Q3_K;
      }
      case IQ3_M -> early || (facts.nExpert == 8 && moreBits(i, n)) ? GgmlType.Q4_K : base;
      case Q3_K_L -> falcon ? GgmlType.Q4_K : GgmlType.Q5_K;
      case Q4_K_M -> {
        if (falcon) {
          boolean first = i < n / 16;
          yield first ? GgmlType.Q6_K : moreBits(i, n) ? GgmlType.Q5_K : GgmlType.Q4_K;
        }
        yield moreBits(i, n) ? GgmlType.Q6_K : base;
      }
      case IQ4_NL, IQ4_XS -> early && !important ? GgmlType.Q5_K : base;
      case Q5_K_M -> moreBits(i, n) ? GgmlType.Q6_K : base;
      case Q4_K_S -> early && !falcon ? GgmlType.Q5_K : base;
      case Q4_0 -> early && important ? GgmlType.Q4_1 : base;
      case Q5_0 -> early && important ? GgmlType.Q5_1 : base;
      default -> base;
    };
  }

  private GgmlType ffnGateOrUp(GgmlType base, int i) {
    boolean middle = i >= facts.nLayer / 8 && i < 7 * facts.nLayer / 8;
    return is(QuantizationRecipe.IQ3_XS) && middle ? GgmlType.IQ3_XXS : base;
  }

  /** Experts may stand in any order in a file, so that of a mixture's blocks the name tells. */
  private int layer(int counted, String name) {
    if (facts.nExpert <= 1) {
      return counted;
    }
    Matcher m = BLOCK.matcher(name);
    if (!m.find() || Integer.parseInt(m.group(1)) >= facts.nLayer) {
      throw new IllegalArgumentException(
          "tensor " + name + ": expected a name of blk.0 to blk." + (facts.nLayer - 1));
    }
    return Integer.parseInt(m.group(1));
  }

  /**
   * The type itself, or one of smaller blocks if rows are no multiple of its blocks; F16 in the
   * end.
   *
   * @throws IllegalArgumentException if there is no such type
   */
  static GgmlType fitting(GgmlType type, long ne0) {
    if (ne0 % type.blockSize() == 0) {
      return type;
    }
    GgmlType smaller =
        switch (type) {
          case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_XS -> GgmlType.IQ4_NL;
          case Q2_0, Q2_K, Q3_K, TQ1_0, TQ2_0 -> GgmlType.Q4_0;
          case Q4_K -> GgmlType.Q5_0;
          case Q5_K -> GgmlType.Q5_1;
          case Q6_K -> GgmlType.Q8_0;
          default -> {
            if (type.blockSize() > 32) {
              throw new IllegalArgumentException(
                  "rows of " + ne0 + " don't fit blocks of " + type.blockSize() + " of " + type);
            }
            yield type;
          }
        };
    return ne0 % smaller.blockSize() == 0 ? smaller : GgmlType.F16;
  }
}
