package org.ggml4j.schema;

/** A JSON Schema can't be used: it is no JSON, it is malformed, or no value is valid under it. */
public sealed class SchemaException extends IllegalArgumentException
    permits UnsupportedSchemaException {
  private static final long serialVersionUID = 1L;

  private final String pointer;

  SchemaException(String pointer, String problem) {
    super("schema at #" + pointer + ": " + problem);
    this.pointer = pointer;
  }

  /** JSON pointer (RFC 6901) of the part of the schema that is meant; "" for the whole. */
  public String pointer() {
    return pointer;
  }
}
