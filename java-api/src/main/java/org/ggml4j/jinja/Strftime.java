package org.ggml4j.jinja;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.time.temporal.IsoFields;
import java.util.List;
import java.util.Locale;

/** Python's {@code strftime}, in the C locale. */
final class Strftime {
  // Java's own names come with the machinery of locales, which takes tens of milliseconds.
  private static final List<String> MONTHS =
      List.of(
          "January",
          "February",
          "March",
          "April",
          "May",
          "June",
          "July",
          "August",
          "September",
          "October",
          "November",
          "December");
  private static final List<String> DAYS =
      List.of("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday");

  private Strftime() {}

  static String format(String format, Clock clock) {
    ZonedDateTime now = ZonedDateTime.now(clock);
    StringBuilder out = new StringBuilder();
    append(format, now, out);
    return out.toString();
  }

  private static void append(String format, ZonedDateTime now, StringBuilder out) {
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char kind = format.charAt(++i);
      boolean plain = kind == '-' && i + 1 < format.length(); // glibc's: without zeros before
      if (plain) {
        kind = format.charAt(++i);
      }
      String value = value(kind, now);
      if (plain && value.length() > 1 && value.charAt(0) == '0') {
        value = value.substring(value.startsWith("00") && value.length() > 2 ? 2 : 1);
      }
      out.append(value);
    }
  }

  private static String value(char kind, ZonedDateTime t) {
    return switch (kind) {
      case 'Y' -> String.valueOf(t.getYear());
      case 'y' -> digits(t.getYear() % 100, 2);
      case 'C' -> digits(t.getYear() / 100, 2);
      case 'm' -> digits(t.getMonthValue(), 2);
      case 'd' -> digits(t.getDayOfMonth(), 2);
      case 'e' -> (t.getDayOfMonth() < 10 ? " " : "").concat(digits(t.getDayOfMonth(), 1));
      case 'j' -> digits(t.getDayOfYear(), 3);
      case 'H' -> digits(t.getHour(), 2);
      case 'I' -> digits((t.getHour() + 11) % 12 + 1, 2);
      case 'M' -> digits(t.getMinute(), 2);
      case 'S' -> digits(t.getSecond(), 2);
      case 'f' -> digits(t.getNano() / 1000, 6);
      case 'p' -> t.getHour() < 12 ? "AM" : "PM";
      case 'B' -> MONTHS.get(t.getMonthValue() - 1);
      case 'b', 'h' -> MONTHS.get(t.getMonthValue() - 1).substring(0, 3);
      case 'A' -> DAYS.get(t.getDayOfWeek().getValue() - 1);
      case 'a' -> DAYS.get(t.getDayOfWeek().getValue() - 1).substring(0, 3);
      case 'u' -> String.valueOf(t.getDayOfWeek().getValue());
      case 'w' -> String.valueOf(t.getDayOfWeek().getValue() % 7);
      case 'U' -> digits((t.getDayOfYear() + 6 - t.getDayOfWeek().getValue() % 7) / 7, 2);
      case 'W' -> digits((t.getDayOfYear() + 7 - t.getDayOfWeek().getValue()) / 7, 2);
      case 'G' -> String.valueOf(t.get(IsoFields.WEEK_BASED_YEAR));
      case 'V' -> digits(t.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2);
      case 's' -> String.valueOf(t.toEpochSecond());
      case 'Z' -> t.getZone().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
      case 'z' -> t.getOffset().getTotalSeconds() == 0 ? "+0000" : offset(t);
      case 'n' -> "\n";
      case 't' -> "\t";
      case '%' -> "%";
      case 'D', 'x' -> several("%m/%d/%y", t);
      case 'F' -> several("%Y-%m-%d", t);
      case 'T', 'X' -> several("%H:%M:%S", t);
      case 'R' -> several("%H:%M", t);
      case 'r' -> several("%I:%M:%S %p", t);
      case 'c' -> several("%a %b %e %H:%M:%S %Y", t);
      default -> "%".concat(String.valueOf(kind));
    };
  }

  private static String several(String format, ZonedDateTime t) {
    StringBuilder out = new StringBuilder();
    append(format, t, out);
    return out.toString();
  }

  private static String offset(ZonedDateTime t) {
    int minutes = t.getOffset().getTotalSeconds() / 60;
    int size = Math.abs(minutes);
    return (minutes < 0 ? "-" : "+").concat(digits(size / 60, 2)).concat(digits(size % 60, 2));
  }

  private static String digits(int value, int least) {
    String s = String.valueOf(value);
    return "0".repeat(Math.max(0, least - s.length())).concat(s);
  }
}
