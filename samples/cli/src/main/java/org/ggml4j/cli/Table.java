package org.ggml4j.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Columns of text, as wide as they need to be. */
final class Table {
  private final int[] widths;
  private final boolean[] right;
  private final List<String[]> rows = new ArrayList<>();

  Table(int columns) {
    widths = new int[columns];
    right = new boolean[columns];
  }

  /** Aligns these columns to the right. */
  Table right(int... columns) {
    for (int column : columns) {
      right[column] = true;
    }
    return this;
  }

  void row(String... cells) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], cells[i].length());
    }
    rows.add(cells);
  }

  void print(PrintStream out, String indent) {
    StringBuilder line = new StringBuilder();
    for (String[] cells : rows) {
      line.setLength(0);
      line.append(indent);
      for (int i = 0; i < widths.length; i++) {
        String space = " ".repeat(widths[i] - cells[i].length());
        line.append(i == 0 ? "" : "  ");
        line.append(right[i] ? space + cells[i] : cells[i] + space);
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
