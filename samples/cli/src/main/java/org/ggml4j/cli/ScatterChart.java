package org.ggml4j.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Named points over two axes, as an SVG element for a page: colours are the page's classes, so that
 * they follow its light and dark. Names are put where they cover nothing, as far as there is room.
 */
final class ScatterChart {
  private static final double LEFT = 74;
  private static final double RIGHT = 16;
  private static final double TOP = 14;
  private static final double BOTTOM = 48;
  private static final double LETTER = 7.8;
  private static final double LINE = 14;
  private static final double DOT = 5;
  private static final int TICKS = 6;

  /** How large a picture is, in units of which a letter is twelve high. */
  enum Size {
    /** For a screen or paper. */
    BROAD(560, 400),
    /** For a phone. */
    NARROW(340, 330);

    private final double width;
    private final double height;

    Size(double width, double height) {
      this.width = width;
      this.height = height;
    }
  }

  /**
   * A point.
   *
   * @param error half the length of the bar through it; 0 for none
   * @param kind class of its colour
   * @param title what is said when it is pointed at
   */
  record Point(String name, double x, double y, double error, String kind, String title) {}

  /**
   * An axis.
   *
   * @param logarithmic whether equal steps are equal factors; values are then above 0
   */
  record Axis(String label, boolean logarithmic) {}

  private record Box(double left, double top, double right, double bottom) {
    boolean within(Size size) {
      return left >= LEFT && right <= size.width && top >= 0 && bottom <= size.height - BOTTOM;
    }

    double common(Box b) {
      double wide = Math.min(right, b.right) - Math.max(left, b.left);
      double high = Math.min(bottom, b.bottom) - Math.max(top, b.top);
      return Math.max(0, wide) * Math.max(0, high);
    }
  }

  /** A range of values and where it lies in the picture. */
  private static final class Scale {
    private final boolean logarithmic;
    private final double low;
    private final double high;
    private final double from;
    private final double to;

    Scale(Axis axis, List<Double> values, boolean fromZero, double from, double to) {
      logarithmic = axis.logarithmic();
      this.from = from;
      this.to = to;
      double least = values.stream().mapToDouble(this::position).min().orElse(0);
      double most = values.stream().mapToDouble(this::position).max().orElse(1);
      double span = most > least ? most - least : Math.max(1e-9, Math.abs(most));
      low = fromZero && !logarithmic ? 0 : least - 0.06 * span;
      high = most + 0.08 * span;
    }

    private double position(double value) {
      return logarithmic ? Math.log10(value) : value;
    }

    double at(double value) {
      double share = (position(value) - low) / (high - low);
      return from + Math.max(-0.02, Math.min(1.02, share)) * (to - from);
    }

    /** Round values within the range. */
    List<Double> ticks() {
      return logarithmic ? powers() : steps();
    }

    private List<Double> steps() {
      double raw = (high - low) / TICKS;
      double power = Math.pow(10, Math.floor(Math.log10(raw)));
      double step = power;
      for (double factor : new double[] {2, 5, 10}) {
        step = step < raw ? factor * power : step;
      }
      List<Double> ticks = new ArrayList<>();
      for (long i = (long) Math.ceil(low / step); i * step <= high; i++) {
        ticks.add(i * step);
      }
      return ticks;
    }

    private List<Double> powers() {
      List<Double> ticks = new ArrayList<>();
      double[] factors = high - low > 2.5 ? new double[] {1} : new double[] {1, 2, 5};
      for (int e = (int) Math.floor(low); e <= Math.ceil(high); e++) {
        for (double factor : factors) {
          double value = factor * Math.pow(10, e);
          if (position(value) >= low && position(value) <= high) {
            ticks.add(value);
          }
        }
      }
      return ticks;
    }
  }

  private final StringBuilder svg = new StringBuilder();
  private final List<Box> taken = new ArrayList<>();
  private final Size size;
  private final Axis xAxis;
  private final Axis yAxis;
  private final Scale x;
  private final Scale y;

  private ScatterChart(Size size, Axis xAxis, Axis yAxis, boolean yFromZero, List<Point> points) {
    this.size = size;
    this.xAxis = xAxis;
    this.yAxis = yAxis;
    x = new Scale(xAxis, points.stream().map(Point::x).toList(), false, LEFT, size.width - RIGHT);
    List<Double> values = new ArrayList<>();
    for (Point p : points) {
      values.add(p.y());
      values.add(p.y() + p.error());
      if (!yAxis.logarithmic() || p.y() > p.error()) {
        values.add(p.y() - p.error());
      }
    }
    y = new Scale(yAxis, values, yFromZero, size.height - BOTTOM, TOP);
  }

  /**
   * The picture.
   *
   * @param yFromZero whether the second axis begins at 0
   * @param line names of points that a line goes through, from left to right
   */
  static String of(
      Size size,
      String title,
      Axis xAxis,
      Axis yAxis,
      boolean yFromZero,
      List<Point> points,
      List<String> line) {
    ScatterChart chart = new ScatterChart(size, xAxis, yAxis, yFromZero, points);
    chart.draw(title, points, line);
    return chart.svg.toString();
  }

  private void draw(String title, List<Point> points, List<String> line) {
    svg.append("<svg class=\"")
        .append(size.name().toLowerCase(Locale.ROOT))
        .append("\" viewBox=\"0 0 ")
        .append(number(size.width))
        .append(' ')
        .append(number(size.height))
        .append("\" role=\"img\" aria-label=\"")
        .append(escape(title))
        .append("\">\n");
    axes();
    List<Point> ordered = points.stream().sorted(Comparator.comparingDouble(Point::x)).toList();
    StringBuilder path = new StringBuilder();
    for (Point p : ordered) {
      if (line.contains(p.name())) {
        path.append(path.isEmpty() ? "M" : "L")
            .append(number(x.at(p.x())))
            .append(' ')
            .append(number(y.at(p.y())));
      }
      double cx = x.at(p.x());
      double cy = y.at(p.y());
      taken.add(new Box(cx - DOT - 1, cy - DOT - 1, cx + DOT + 1, cy + DOT + 1));
      if (p.error() > 0) {
        taken.add(new Box(cx - 1, y.at(p.y() + p.error()), cx + 1, low(p)));
      }
    }
    if (!path.isEmpty()) {
      svg.append("<path class=\"front\" d=\"").append(path).append("\"/>\n");
    }
    ordered.forEach(this::dot);
    ordered.forEach(this::name);
    svg.append("</svg>\n");
  }

  private void axes() {
    double bottom = size.height - BOTTOM;
    for (double tick : y.ticks()) {
      double at = y.at(tick);
      line("grid", LEFT, at, size.width - RIGHT, at);
      text("tick", "end", LEFT - 7, at + 4, label(tick));
    }
    for (double tick : x.ticks()) {
      double at = x.at(tick);
      line("grid", at, TOP, at, bottom);
      text("tick", "middle", at, bottom + 17, label(tick));
    }
    line("axis", LEFT, bottom, size.width - RIGHT, bottom);
    line("axis", LEFT, TOP, LEFT, bottom);
    text("label", "middle", (LEFT + size.width - RIGHT) / 2, size.height - 8, xAxis.label());
    double middle = (TOP + bottom) / 2;
    svg.append("<text class=\"label\" text-anchor=\"middle\" transform=\"translate(14 ")
        .append(number(middle))
        .append(") rotate(-90)\">")
        .append(escape(yAxis.label()))
        .append("</text>\n");
  }

  /** Where the bar through a point ends below. */
  private double low(Point p) {
    boolean endless = yAxis.logarithmic() && p.error() >= p.y();
    return y.at(endless ? p.y() : p.y() - p.error());
  }

  private void dot(Point p) {
    double cx = x.at(p.x());
    double cy = y.at(p.y());
    if (p.error() > 0) {
      line("error " + p.kind(), cx, low(p), cx, y.at(p.y() + p.error()));
    }
    svg.append("<circle class=\"dot ")
        .append(p.kind())
        .append("\" cx=\"")
        .append(number(cx))
        .append("\" cy=\"")
        .append(number(cy))
        .append("\" r=\"")
        .append(number(DOT))
        .append("\"><title>")
        .append(escape(p.title()))
        .append("</title></circle>\n");
  }

  /** Right of the point, or wherever else it covers nothing, or least. */
  private void name(Point p) {
    double cx = x.at(p.x());
    double cy = y.at(p.y());
    double width = LETTER * p.name().length();
    double[][] places = {
      {cx + DOT + 4, cy + 4},
      {cx - DOT - 4 - width, cy + 4},
      {cx - width / 2, cy - DOT - 5},
      {cx - width / 2, cy + DOT + 13},
      {cx + DOT + 2, cy - DOT - 3},
      {cx + DOT + 2, cy + DOT + 11},
      {cx - DOT - 2 - width, cy - DOT - 3},
      {cx - DOT - 2 - width, cy + DOT + 11},
      {cx - width / 2, cy - DOT - 5 - LINE},
      {cx - width / 2, cy + DOT + 13 + LINE},
    };
    double[] best = places[0];
    double covered = Double.POSITIVE_INFINITY;
    for (double[] place : places) {
      Box box = box(place, width);
      double covers = taken.stream().mapToDouble(box::common).sum();
      if (box.within(size) && covers < covered) {
        best = place;
        covered = covers;
      }
    }
    taken.add(box(best, width));
    text("name", "start", best[0], best[1], p.name());
  }

  private static Box box(double[] place, double width) {
    return new Box(place[0], place[1] - 10, place[0] + width, place[1] + 3);
  }

  private void line(String kind, double x1, double y1, double x2, double y2) {
    svg.append("<line class=\"")
        .append(kind)
        .append("\" x1=\"")
        .append(number(x1))
        .append("\" y1=\"")
        .append(number(y1))
        .append("\" x2=\"")
        .append(number(x2))
        .append("\" y2=\"")
        .append(number(y2))
        .append("\"/>\n");
  }

  private void text(String kind, String anchor, double atX, double atY, String text) {
    svg.append("<text class=\"")
        .append(kind)
        .append("\" text-anchor=\"")
        .append(anchor)
        .append("\" x=\"")
        .append(number(atX))
        .append("\" y=\"")
        .append(number(atY))
        .append("\">")
        .append(escape(text))
        .append("</text>\n");
  }

  private static String number(double value) {
    return Figures.decimal(value, 1);
  }

  /** A tick's value, as short as it can be. */
  private static String label(double value) {
    double size = Math.abs(value);
    if (size >= 10_000) {
      return Figures.decimal(value / 1000, size < 100_000 && value % 1000 != 0 ? 1 : 0) + "k";
    }
    int decimals =
        size == 0 || size >= 10 ? 0 : (int) Math.max(0, 1 - Math.floor(Math.log10(size)));
    String text = Figures.decimal(value, Math.min(7, decimals));
    return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
  }

  /** Text that can stand in a page. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        default -> out.append(c);
      }
    }
    return out.toString();
  }

  /** A class of a colour, from a level's name: of one family are those that are made alike. */
  static String kind(String level) {
    String name = level.toUpperCase(Locale.ROOT);
    if (name.startsWith("IQ")) {
      return "iq";
    }
    return name.contains("_K") ? "k" : name.matches("Q\\d_[01]") ? "plain" : "other";
  }
}
