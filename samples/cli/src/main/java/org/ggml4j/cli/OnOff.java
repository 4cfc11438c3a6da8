package org.ggml4j.cli;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A switch as {@code on} or {@code off}; picocli has ideas of its own about booleans. */
enum OnOff {
  ON,
  OFF;

  boolean isOn() {
    return this == ON;
  }

  /** Reads one from the command line. */
  static final class Converter implements ITypeConverter<OnOff> {
    @Override
    public OnOff convert(String value) {
      return switch (value.toLowerCase(Locale.ROOT)) {
        case "on" -> ON;
        case "off" -> OFF;
        default -> throw new TypeConversionException("expected on or off, found '" + value + "'");
      };
    }
  }
}
