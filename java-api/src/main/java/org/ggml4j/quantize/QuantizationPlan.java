package org.ggml4j.quantize;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufValueType;
import org.ggml4j.gguf.TensorInfo;

/**
 * Which type each tensor of a file gets, before anything is converted: what a level costs in bytes
 * can be read from it.
 *
 * @param recipe the level
 * @param tensors in the order in which they are written: blocks by number, then names
 */
public record QuantizationPlan(QuantizationRecipe recipe, List<Planned> tensors) {
  /** Elements of types that GGML makes without an importance matrix, but not usefully. */
  private static final List<GgmlType> NEED_IMPORTANCE =
      List.of(
          GgmlType.IQ3_XXS,
          GgmlType.IQ2_XXS,
          GgmlType.IQ2_XS,
          GgmlType.IQ2_S,
          GgmlType.IQ1_M,
          GgmlType.IQ1_S);

  private static final Pattern BLOCK = Pattern.compile("^blk\\.(\\d{1,9})");

  /** Architectures whose models of 80 blocks share eight query heads to one of keys and values. */
  private static final List<String> WITH_70B = List.of("llama", "qwen2", "olmo", "deci");

  /**
   * What becomes of a tensor.
   *
   * @param source the tensor of the file
   * @param wanted what the level makes of it; its own type if it is copied
   * @param type what it becomes: another one than was wanted if its rows don't fit blocks of that
   * @param needsImportance whether that type is of no use without an importance matrix
   */
  public record Planned(
      TensorInfo source, GgmlType wanted, GgmlType type, boolean needsImportance) {
    /** Whether its rows don't fit the blocks of the type that the level makes of it. */
    public boolean isFallback() {
      return type != wanted;
    }

    /** Bytes of what it becomes. */
    public long nBytes() {
      return type.sizeOf(source.ne0(), source.ne1(), source.ne2(), source.ne3());
    }
  }

  /** Keeps a list of its own. */
  public QuantizationPlan {
    tensors = List.copyOf(tensors);
  }

  /**
   * Decides.
   *
   * @throws IllegalArgumentException if the level needs an importance matrix and there is none, a
   *     tensor is quantized already and may not be once more, an override names a type that cannot
   *     be written, or rows fit no block of the level's type
   */
  public static QuantizationPlan of(
      GgufFile file, QuantizationOptions options, Optional<ImportanceMatrix> importance)
      throws GgufFormatException {
    return of(file.metadata(), file.tensors(), options, importance);
  }

  /**
   * Decides for a model that is in no file.
   *
   * @param metadata with the architecture's keys
   * @throws IllegalArgumentException as {@link #of(GgufFile, QuantizationOptions, Optional)}
   */
  public static QuantizationPlan of(
      GgufMetadata metadata,
      List<TensorInfo> tensors,
      QuantizationOptions options,
      Optional<ImportanceMatrix> importance)
      throws GgufFormatException {
    List<TensorInfo> ordered = new ArrayList<>(tensors);
    ordered.sort(
        Comparator.<TensorInfo>comparingInt(t -> block(t.name())).thenComparing(TensorInfo::name));
    Mixture mixture =
        new Mixture(
            options.recipe(),
            facts(metadata, ordered, importance.isPresent()),
            options.outputType());
    List<Planned> planned = new ArrayList<>();
    for (TensorInfo t : ordered) {
      Optional<GgmlType> given = given(t, options);
      GgmlType wanted = given.orElseGet(() -> wanted(t, options, mixture));
      GgmlType type = given.isPresent() ? wanted : Mixture.fitting(wanted, t.ne0());
      planned.add(new Planned(t, wanted, type, needsImportance(t, type, options.recipe())));
    }
    QuantizationPlan plan = new QuantizationPlan(options.recipe(), planned);
    plan.check(options, importance);
    return plan;
  }

  private static int block(String name) {
    Matcher m = BLOCK.matcher(name);
    return m.find() ? Integer.parseInt(m.group(1)) : -1;
  }

  private static Mixture.Facts facts(
      GgufMetadata m, List<TensorInfo> tensors, boolean hasImportance) throws GgufFormatException {
    String architecture = m.getString("general.architecture");
    int nLayer = m.getInt(architecture + ".block_count");
    int nHead = first(m, architecture + ".attention.head_count", 0);
    int nHeadKv = first(m, architecture + ".attention.head_count_kv", nHead);
    int nAttentionV = 0;
    boolean tied = true;
    for (TensorInfo t : tensors) {
      TensorCategory category = TensorCategory.of(t.name());
      nAttentionV += category.isLikeAttentionV() ? 1 : 0;
      tied &= category != TensorCategory.OUTPUT;
    }
    boolean is70B =
        (nLayer == 80
                && WITH_70B.contains(architecture)
                && !(architecture.equals("llama") && nHead == nHeadKv))
            || (nLayer == 68 && architecture.equals("jais2"));
    return new Mixture.Facts(
        architecture,
        nLayer,
        nHeadKv == 0 ? 0 : nHead / nHeadKv,
        m.getInt(architecture + ".expert_count", 0),
        is70B,
        tied,
        nAttentionV,
        hasImportance);
  }

  /** A number, or the first of one for each block. */
  private static int first(GgufMetadata m, String key, int fallback) throws GgufFormatException {
    if (m.contains(key) && m.type(key) == GgufValueType.ARRAY) {
      int[] each = m.getIntArray(key);
      return each.length == 0 ? fallback : each[0];
    }
    return m.getInt(key, fallback);
  }

  /** The type of a tensor where the level has no say: it is copied, or the options name one. */
  private static Optional<GgmlType> given(TensorInfo t, QuantizationOptions options) {
    boolean matrix = t.ne1() > 1 || t.ne2() > 1 || t.ne3() > 1;
    boolean kept = options.keepOutput() && t.name().equals("output.weight");
    if (!matrix || kept || !TensorCategory.isQuantizable(t.name())) {
      return Optional.of(t.type());
    }
    TensorCategory category = TensorCategory.of(t.name());
    if (category == TensorCategory.TOKEN_EMBD) {
      boolean named =
          t.name().startsWith("per_layer") && override(t.name(), options.overrides()).isPresent();
      return named ? Optional.empty() : options.tokenEmbeddingType();
    }
    return category == TensorCategory.OUTPUT ? options.outputType() : Optional.empty();
  }

  private static GgmlType wanted(TensorInfo t, QuantizationOptions options, Mixture mixture) {
    GgmlType base = options.recipe().baseType();
    if (!base.isQuantized()) {
      return base;
    }
    Optional<GgmlType> override = override(t.name(), options.overrides());
    if (override.isPresent()) {
      return override.get();
    }
    return options.pure() ? base : mixture.type(t.name(), TensorCategory.of(t.name()), t.ne());
  }

  private static Optional<GgmlType> override(String name, Map<Pattern, GgmlType> overrides) {
    return overrides.entrySet().stream()
        .filter(o -> o.getKey().matcher(name).find())
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private static boolean needsImportance(TensorInfo t, GgmlType type, QuantizationRecipe recipe) {
    if (t.type() == type || t.name().equals("output.weight")) {
      return false;
    }
    boolean low = type == GgmlType.Q2_K && recipe == QuantizationRecipe.Q2_K_S;
    return TensorCategory.of(t.name()) != TensorCategory.TOKEN_EMBD
        && (low || NEED_IMPORTANCE.contains(type));
  }

  private void check(QuantizationOptions options, Optional<ImportanceMatrix> importance) {
    for (Planned p : tensors) {
      TensorInfo t = p.source;
      if (p.needsImportance && importance.flatMap(m -> m.importance(t.name())).isEmpty()) {
        throw new IllegalArgumentException(
            recipe
                + ": tensor "
                + t.name()
                + " as "
                + p.type
                + " needs an importance matrix"
                + (importance.isPresent() ? ", and the one given does not have it" : "")
                + "; collect one from text first, or choose a level such as "
                + QuantizationRecipe.Q2_K);
      }
      if (p.type != t.type() && t.type().isQuantized() && !options.allowRequantize()) {
        throw new IllegalArgumentException(
            "tensor "
                + t.name()
                + " is "
                + t.type()
                + " already, and once more costs quality; start from an F16, BF16 or F32 file, or"
                + " allow it");
      }
      if (p.type != t.type() && !isWritable(p.type)) {
        throw new IllegalArgumentException("tensor " + t.name() + ": no conversion to " + p.type);
      }
    }
  }

  static boolean isWritable(GgmlType type) {
    return switch (type) {
      case F32, F16, BF16 -> true;
      case Q8_1, Q8_K -> false;
      default -> type.isQuantized();
    };
  }

  /** Bytes of all tensors' data. */
  public long nBytes() {
    return tensors.stream().mapToLong(Planned::nBytes).sum();
  }

  /** Bits that an element takes on average, over all tensors. */
  public double bitsPerWeight() {
    return 8.0 * nBytes() / tensors.stream().mapToLong(p -> p.source.nElements()).sum();
  }
}
