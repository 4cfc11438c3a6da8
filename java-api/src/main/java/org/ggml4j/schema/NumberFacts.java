package org.ggml4j.schema;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.Map;

/** What nodes that hold together say about numbers. */
final class NumberFacts {
  private static final Map<String, BigDecimal[]> FORMATS =
      Map.of(
          "int32", limits(Integer.MIN_VALUE, Integer.MAX_VALUE),
          "int64", limits(Long.MIN_VALUE, Long.MAX_VALUE));

  private NumberFacts() {}

  private static BigDecimal[] limits(long min, long max) {
    return new BigDecimal[] {BigDecimal.valueOf(min), BigDecimal.valueOf(max)};
  }

  static boolean isFormat(String name) {
    return FORMATS.containsKey(name);
  }

  static NumberRange of(Collection<SchemaNode> nodes) {
    NumberRange range = withLimits(NumberRange.ALL, nodes);
    for (SchemaNode node : nodes) {
      BigDecimal[] limits = FORMATS.get(node.text("format").orElse(""));
      if (limits != null) {
        range = range.withMin(limits[0], false).withMax(limits[1], false);
      }
    }
    return range;
  }

  /** A range within what nodes allow, whatever their formats are. */
  static NumberRange withLimits(NumberRange range, Collection<SchemaNode> nodes) {
    NumberRange r = range;
    for (SchemaNode node : nodes) {
      r = withLimits(r, node);
    }
    return r;
  }

  /** A range within what one node allows. */
  static NumberRange withLimits(NumberRange range, SchemaNode node) {
    NumberRange r = range;
    if (node.has("minimum")) {
      r = r.withMin(limit(node, "minimum"), node.flagged("exclusiveMinimum"));
    }
    if (node.has("maximum")) {
      r = r.withMax(limit(node, "maximum"), node.flagged("exclusiveMaximum"));
    }
    if (node.has("exclusiveMinimum") && !node.isFlag("exclusiveMinimum")) {
      r = r.withMin(limit(node, "exclusiveMinimum"), true);
    }
    if (node.has("exclusiveMaximum") && !node.isFlag("exclusiveMaximum")) {
      r = r.withMax(limit(node, "exclusiveMaximum"), true);
    }
    if (node.has("multipleOf")) {
      BigDecimal step = limit(node, "multipleOf");
      if (step.signum() <= 0) {
        throw node.error("multipleOf", "expected more than 0, found " + step);
      }
      r = r.withMultipleOf(step);
    }
    return r;
  }

  private static BigDecimal limit(SchemaNode node, String keyword) {
    BigDecimal value = node.number(keyword).orElseThrow();
    if (Math.abs(value.precision() - value.scale()) > 400 || value.scale() > 400) {
      throw new UnsupportedSchemaException(
          node.pointer(), keyword, "a number of more than 400 digits");
    }
    return value;
  }
}
