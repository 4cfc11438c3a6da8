package org.ggml4j.cli;

import java.util.List;
import java.util.Locale;
import org.ggml4j.gguf.GgmlType;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** GGML's types by name, as far as an option takes them. */
abstract class Types implements ITypeConverter<GgmlType> {
  private final List<GgmlType> accepted;

  private Types(GgmlType... accepted) {
    this.accepted = List.of(accepted);
  }

  @Override
  public GgmlType convert(String value) {
    for (GgmlType type : accepted) {
      if (type.name().equals(value.toUpperCase(Locale.ROOT))) {
        return type;
      }
    }
    throw new TypeConversionException("expected one of " + accepted + ", found '" + value + "'");
  }

  /** Types of a KV cache. */
  static final class Cache extends Types {
    Cache() {
      super(
          GgmlType.F32,
          GgmlType.F16,
          GgmlType.BF16,
          GgmlType.Q8_0,
          GgmlType.Q5_1,
          GgmlType.Q5_0,
          GgmlType.Q4_1,
          GgmlType.Q4_0,
          GgmlType.IQ4_NL);
    }
  }

  /** Types that a trained model can be written in. */
  static final class Written extends Types {
    Written() {
      super(
          GgmlType.F32,
          GgmlType.F16,
          GgmlType.BF16,
          GgmlType.Q8_0,
          GgmlType.Q5_1,
          GgmlType.Q5_0,
          GgmlType.Q4_1,
          GgmlType.Q4_0);
    }
  }
}
