package org.ggml4j.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Set;

/**
 * A value that is written between marks, as the calls of some models have it: a text as it is,
 * without quotes and escapes, anything else as JSON. Which of both it is, the schema says; where it
 * allows both, what is JSON and valid is taken as such. Immutable and thread-safe.
 */
public final class TaggedValue {
  private enum Kind {
    TEXT,
    JSON,
    /** Any text at all, or something else. */
    EITHER
  }

  private final String schema;
  private final Kind kind;

  private TaggedValue(String schema, Kind kind) {
    this.schema = schema;
    this.kind = kind;
  }

  /**
   * A value that a schema describes.
   *
   * @throws SchemaException if the schema is malformed
   */
  public static TaggedValue of(String schema) {
    SchemaDocument document = SchemaDocument.read(schema);
    SchemaNode root = Branches.target(document.root());
    if (root.saysNothing()) {
      return new TaggedValue(schema, Kind.EITHER);
    }
    Patterns patterns = new Patterns();
    boolean texts = false;
    boolean others = false;
    boolean anyText = false;
    for (Branch branch : new Branches(patterns).of(Set.of(root))) {
      if (branch.listed().isPresent()) {
        for (Json value : Disjointness.values(branch.listed().get())) {
          texts |= value instanceof Json.Str;
          others |= !(value instanceof Json.Str);
        }
      } else {
        Set<Type> types = branch.written();
        boolean text = types.contains(Type.STRING);
        texts |= text;
        others |= types.size() > (text ? 1 : 0);
        anyText |= text && StringFacts.of(branch.nodes(), patterns, true, false).isAll();
      }
    }
    Kind kind = texts && !others ? Kind.TEXT : anyText ? Kind.EITHER : Kind.JSON;
    return new TaggedValue(schema, kind);
  }

  /** Whether it is always a text. */
  public boolean isText() {
    return kind == Kind.TEXT;
  }

  /** Whether it may be any text. */
  public boolean mayBeText() {
    return kind != Kind.JSON;
  }

  /**
   * The grammar, in GBNF, of valid values without the mark behind them.
   *
   * @param mark what stands behind the value; within strings of JSON it may stand too
   * @throws SchemaException if the schema can't be made into a grammar
   */
  public String toGbnf(String mark) {
    return switch (kind) {
      case TEXT -> SchemaCompiler.toPlainGbnf(SchemaDocument.read(schema), mark);
      case JSON -> JsonSchema.toGbnf(schema);
      case EITHER -> SchemaCompiler.toPlainGbnf(SchemaDocument.read("{\"type\":\"string\"}"), mark);
    };
  }

  /**
   * Whether a text is JSON that is valid; formats are not looked at.
   *
   * @throws SchemaException if the schema uses what can't be checked
   */
  public boolean isValid(String json) {
    try {
      Json value = JsonText.read(json, JsonText.Mode.DATA);
      SchemaNode root = SchemaDocument.read(schema).root();
      return new SchemaValidator(new Patterns()).isValid(root, value);
    } catch (JsonProcessingException e) {
      return false;
    }
  }
}
