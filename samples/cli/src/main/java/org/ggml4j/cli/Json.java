package org.ggml4j.cli;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;

/** JSON on an output: an object per line, each written out as soon as it is complete. */
final class Json implements AutoCloseable {
  /** Writes the fields of an object. */
  @FunctionalInterface
  interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  private final JsonGenerator generator;

  Json(OutputStream out) throws IOException {
    generator =
        new JsonFactory()
            .setRootValueSeparator(null)
            .createGenerator(out, JsonEncoding.UTF8)
            .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
  }

  void line(Fields fields) throws IOException {
    generator.writeStartObject();
    fields.write(generator);
    generator.writeEndObject();
    generator.writeRaw('\n');
    generator.flush();
  }

  @Override
  public void close() throws IOException {
    generator.close();
  }
}
