package org.ggml4j.schema;

/** A JSON Schema uses a keyword, or a use of one, that can't be made into a grammar. */
public final class UnsupportedSchemaException extends SchemaException {
  private static final long serialVersionUID = 1L;

  private final String keyword;

  UnsupportedSchemaException(String pointer, String keyword, String problem) {
    super(pointer + "/" + SchemaDocument.escape(keyword), problem);
    this.keyword = keyword;
  }

  /** The keyword; {@link #pointer} is where it stands. */
  public String keyword() {
    return keyword;
  }
}
