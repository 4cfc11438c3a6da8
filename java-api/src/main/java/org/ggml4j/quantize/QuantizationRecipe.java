package org.ggml4j.quantize;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.ggml4j.gguf.GgmlType;

/**
 * A quantization level as llama.cpp names it: the type that most matrices get, and with {@link
 * QuantizationPlan} the mixture of the others.
 *
 * <p>Numbers are {@code enum llama_ftype} of llama.cpp's {@code llama.h}, which files carry as
 * {@code general.file_type}; base types are those of {@code llama_ftype_get_default_type}.
 */
public enum QuantizationRecipe {
  /** All in single precision. */
  F32(0, GgmlType.F32),
  /** Half precision; vectors stay F32, as in all that follow. */
  F16(1, GgmlType.F16),
  /** bfloat16. */
  BF16(32, GgmlType.BF16),
  /** 8 bits in blocks of 32. */
  Q8_0(7, GgmlType.Q8_0),
  /** 6 bits in super-blocks of 256. */
  Q6_K(18, GgmlType.Q6_K),
  /** 5 bits, with 6 for the matrices that suffer most. */
  Q5_K_M(17, GgmlType.Q5_K),
  /** 5 bits. */
  Q5_K_S(16, GgmlType.Q5_K),
  /** 5 bits and a minimum in blocks of 32. */
  Q5_1(9, GgmlType.Q5_1),
  /** 5 bits in blocks of 32. */
  Q5_0(8, GgmlType.Q5_0),
  /** 4 bits, with 6 for the matrices that suffer most. */
  Q4_K_M(15, GgmlType.Q4_K),
  /** 4 bits, with 5 for a few. */
  Q4_K_S(14, GgmlType.Q4_K),
  /** 4 bits and a minimum in blocks of 32. */
  Q4_1(3, GgmlType.Q4_1),
  /** 4 bits in blocks of 32. */
  Q4_0(2, GgmlType.Q4_0),
  /** 4 bits into a table of unevenly spaced values, blocks of 32. */
  IQ4_NL(25, GgmlType.IQ4_NL),
  /** The same in super-blocks of 256. */
  IQ4_XS(30, GgmlType.IQ4_XS),
  /** 4-bit floats for the experts of a mixture, Q8_0 for the rest. */
  MXFP4_MOE(38, GgmlType.MXFP4),
  /** 3 bits, with 5 for some. */
  Q3_K_L(13, GgmlType.Q3_K),
  /** 3 bits, with 4 and 5 for some. */
  Q3_K_M(12, GgmlType.Q3_K),
  /** 3 bits. */
  Q3_K_S(11, GgmlType.Q3_K),
  /** Codebooks, 3.66 bits. */
  IQ3_M(27, GgmlType.IQ3_S),
  /** Codebooks, 3.44 bits. */
  IQ3_S(26, GgmlType.IQ3_S),
  /** Codebooks, 3.3 bits; needs an importance matrix. */
  IQ3_XS(22, GgmlType.IQ3_S),
  /** Codebooks, 3.06 bits; needs an importance matrix. */
  IQ3_XXS(23, GgmlType.IQ3_XXS),
  /** 2 bits, with 3 and 4 for some. */
  Q2_K(10, GgmlType.Q2_K),
  /** 2 bits; needs an importance matrix. */
  Q2_K_S(21, GgmlType.Q2_K),
  /** Codebooks, 2.7 bits; needs an importance matrix. */
  IQ2_M(29, GgmlType.IQ2_S),
  /** Codebooks, 2.5 bits; needs an importance matrix. */
  IQ2_S(28, GgmlType.IQ2_XS),
  /** Codebooks, 2.31 bits; needs an importance matrix. */
  IQ2_XS(20, GgmlType.IQ2_XS),
  /** Codebooks, 2.06 bits; needs an importance matrix. */
  IQ2_XXS(19, GgmlType.IQ2_XXS),
  /** Codebooks, 1.75 bits; needs an importance matrix. */
  IQ1_M(31, GgmlType.IQ1_M),
  /** Codebooks, 1.56 bits; needs an importance matrix. */
  IQ1_S(24, GgmlType.IQ1_S),
  /** Ternary, 2.06 bits; for models trained so. */
  TQ2_0(37, GgmlType.TQ2_0),
  /** Ternary, 1.69 bits; for models trained so. */
  TQ1_0(36, GgmlType.TQ1_0),
  /** 2 bits in blocks of 64; for models trained so. */
  Q2_0(41, GgmlType.Q2_0),
  /** 1 bit in blocks of 128; for models trained so. */
  Q1_0(40, GgmlType.Q1_0);

  private final int fileType;
  private final GgmlType baseType;

  QuantizationRecipe(int fileType, GgmlType baseType) {
    this.fileType = fileType;
    this.baseType = baseType;
  }

  /** llama.cpp's number of this level, {@code general.file_type} of a file. */
  public int fileType() {
    return fileType;
  }

  /** The type of a matrix for which the mixture has nothing else in mind. */
  public GgmlType baseType() {
    return baseType;
  }

  /** Whether it is one of those. */
  boolean isOneOf(QuantizationRecipe... recipes) {
    return Arrays.asList(recipes).contains(this);
  }

  /**
   * The level of a name in any case; {@code Q3_K}, {@code Q4_K} and {@code Q5_K} mean the medium
   * mixtures.
   *
   * @throws IllegalArgumentException if there is none of that name; says which there are
   */
  public static QuantizationRecipe byName(String name) {
    String wanted = name.toUpperCase(Locale.ROOT);
    if (List.of("Q3_K", "Q4_K", "Q5_K").contains(wanted)) {
      wanted += "_M";
    }
    for (QuantizationRecipe recipe : values()) {
      if (recipe.name().equals(wanted)) {
        return recipe;
      }
    }
    throw new IllegalArgumentException(
        "quantization level: expected one of "
            + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "))
            + ", found "
            + name);
  }
}
