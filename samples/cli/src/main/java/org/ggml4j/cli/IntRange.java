package org.ggml4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number, or several: {@code 512}, {@code 1-4}, {@code 128-512+128}, {@code 128-1024*2}. */
record IntRange(List<Integer> values) {
  private static final Pattern FORM = Pattern.compile("(\\d+)(?:-(\\d+)(?:([+*])(\\d+))?)?");
  private static final int MOST = 1000;

  static IntRange of(int value) {
    return new IntRange(List.of(value));
  }

  /** All of them in order. */
  static List<Integer> flatten(List<IntRange> ranges) {
    return ranges.stream().flatMap(r -> r.values().stream()).toList();
  }

  /** Reads them from the command line, in llama-bench's notation. */
  static final class Converter implements ITypeConverter<IntRange> {
    @Override
    public IntRange convert(String text) {
      Matcher m = FORM.matcher(text);
      if (!m.matches()) {
        throw new TypeConversionException(
            "expected a number, or a range as 1-4, 128-512+128 or 128-1024*2, found '"
                + text
                + "'");
      }
      try {
        long first = Integer.parseInt(m.group(1));
        long last = m.group(2) == null ? first : Integer.parseInt(m.group(2));
        long step = m.group(4) == null ? 1 : Integer.parseInt(m.group(4));
        return new IntRange(list(first, last, "*".equals(m.group(3)), step));
      } catch (NumberFormatException e) {
        throw new TypeConversionException("expected smaller numbers, found '" + text + "'");
      }
    }

    private static List<Integer> list(long first, long last, boolean times, long step) {
      List<Integer> values = new ArrayList<>();
      for (long i = first; i <= last; ) {
        values.add((int) i);
        long next = times ? i * step : i + step;
        if (next <= i || values.size() > MOST) {
          throw new TypeConversionException(
              "expected a range that grows and has at most " + MOST + " numbers");
        }
        i = next;
      }
      if (values.isEmpty()) {
        throw new TypeConversionException("expected a range whose last number is not the smaller");
      }
      return List.copyOf(values);
    }
  }
}
