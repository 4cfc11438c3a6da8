package org.ggml4j.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufValueType;
import org.ggml4j.gguf.TensorInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code inspect}: what is in a GGUF file. */
@Command(
    name = "inspect",
    description =
        "Shows what a GGUF file holds, and whether it is supported. The weights are not read.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class InspectCommand implements Callable<Integer> {
  private static final int SHOWN_ELEMENTS = 8;
  private static final int SHOWN_CHARACTERS = 120;

  private final Streams streams;

  @Parameters(
      paramLabel = "MODEL",
      converter = ModelPath.class,
      description = "GGUF file, of a split model any part, or the name of a model that was pulled.")
  private Path file;

  @Option(
      names = "--json",
      description = "Write one JSON object; long arrays are shortened there, too.")
  private boolean json;

  @Mixin private Common common;

  InspectCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    try (GgufFile gguf = GgufFile.open(file)) {
      Inspection inspection = Inspection.of(gguf);
      if (json) {
        try (Json lines = new Json(streams.out())) {
          lines.line(o -> writeJson(gguf, inspection, o));
        }
      } else {
        write(gguf, inspection);
      }
      if (common.verbose) {
        streams.err().println("tensor data begins at byte " + gguf.dataOffset(0));
      }
      return 0;
    }
  }

  private void write(GgufFile gguf, Inspection inspection) throws IOException {
    PrintStream out = streams.out();
    for (Path path : gguf.paths()) {
      out.println(path);
    }
    out.println(
        "GGUF version "
            + gguf.version()
            + ", "
            + Figures.bytes(gguf.size())
            + ", alignment "
            + gguf.alignment());
    out.println();
    GgufMetadata metadata = gguf.metadata();
    Table keys = new Table(3);
    for (String key : metadata.keys()) {
      keys.row(key, type(metadata, key), value(metadata, key));
    }
    out.println("Metadata (" + metadata.keys().size() + " keys)");
    keys.print(out, "  ");
    out.println();
    Table tensors = new Table(4).right(3);
    for (TensorInfo tensor : gguf.tensors()) {
      tensors.row(
          tensor.name(), tensor.type().name(), shape(tensor), Figures.bytes(tensor.nBytes()));
    }
    out.println("Tensors (" + gguf.tensors().size() + ")");
    tensors.print(out, "  ");
    out.println();
    Table totals = new Table(5).right(1, 2, 3, 4);
    totals.row("type", "tensors", "parameters", "size", "bits per weight");
    inspection.perType().forEach((type, total) -> total(totals, type.name(), total));
    total(totals, "all", inspection.total());
    totals.print(out, "");
    out.println();
    out.println("Architecture: " + inspection.architecture().line());
    out.println("Tokenizer:    " + inspection.tokenizer().line());
  }

  private static void total(Table table, String name, Inspection.Total total) {
    table.row(
        name,
        Integer.toString(total.tensors()),
        Long.toString(total.elements()),
        Figures.bytes(total.bytes()),
        Figures.decimal(total.bitsPerWeight(), 2));
  }

  private static String type(GgufMetadata metadata, String key) throws IOException {
    GgufValueType type = metadata.type(key);
    return type == GgufValueType.ARRAY
        ? metadata.elementType(key).label() + "[" + metadata.arrayLength(key) + "]"
        : type.label();
  }

  private static String value(GgufMetadata metadata, String key) throws IOException {
    Object value = metadata.get(key);
    if (value instanceof List<?> list) {
      StringBuilder out = new StringBuilder("[");
      int n = Math.min(SHOWN_ELEMENTS, list.size());
      for (int i = 0; i < n; i++) {
        out.append(i == 0 ? "" : ", ").append(element(list.get(i)));
      }
      return out.append(list.size() > n ? ", ...]" : "]").toString();
    }
    return element(value);
  }

  private static String element(Object value) {
    return value instanceof String text ? Quoted.text(shortened(text)) : value.toString();
  }

  private static String shortened(String text) {
    return text.codePointCount(0, text.length()) <= SHOWN_CHARACTERS
        ? text
        : text.substring(0, text.offsetByCodePoints(0, SHOWN_CHARACTERS)) + "...";
  }

  private static String shape(TensorInfo tensor) {
    StringBuilder out = new StringBuilder("[");
    for (int i = 0; i < tensor.nDims(); i++) {
      out.append(i == 0 ? "" : ", ").append(tensor.ne()[i]);
    }
    return out.append(']').toString();
  }

  private static void writeJson(GgufFile gguf, Inspection inspection, JsonGenerator o)
      throws IOException {
    o.writeArrayFieldStart("files");
    for (Path path : gguf.paths()) {
      o.writeString(path.toString());
    }
    o.writeEndArray();
    o.writeNumberField("version", gguf.version());
    o.writeNumberField("bytes", gguf.size());
    o.writeNumberField("alignment", gguf.alignment());
    o.writeObjectFieldStart("metadata");
    for (String key : gguf.metadata().keys()) {
      writeValue(gguf.metadata(), key, o);
    }
    o.writeEndObject();
    o.writeArrayFieldStart("tensors");
    for (TensorInfo tensor : gguf.tensors()) {
      o.writeStartObject();
      o.writeStringField("name", tensor.name());
      o.writeStringField("type", tensor.type().name());
      o.writeFieldName("shape");
      o.writeArray(tensor.ne(), 0, tensor.nDims());
      o.writeNumberField("offset", tensor.offset());
      o.writeNumberField("bytes", tensor.nBytes());
      o.writeEndObject();
    }
    o.writeEndArray();
    o.writeNumberField("parameters", inspection.total().elements());
    o.writeNumberField("bits_per_weight", inspection.total().bitsPerWeight());
    o.writeStringField("architecture", inspection.architecture().name());
    o.writeBooleanField("architecture_supported", inspection.architecture().supported());
    o.writeStringField("tokenizer", inspection.tokenizer().name());
    o.writeBooleanField("tokenizer_supported", inspection.tokenizer().supported());
  }

  private static void writeValue(GgufMetadata metadata, String key, JsonGenerator o)
      throws IOException {
    Object value = metadata.get(key);
    if (value instanceof List<?> list) {
      o.writeObjectFieldStart(key);
      o.writeNumberField("length", list.size());
      o.writeArrayFieldStart("first");
      for (Object element : list.subList(0, Math.min(SHOWN_ELEMENTS, list.size()))) {
        writeScalar(element, o);
      }
      o.writeEndArray();
      o.writeEndObject();
    } else {
      o.writeFieldName(key);
      writeScalar(value, o);
    }
  }

  private static void writeScalar(Object value, JsonGenerator o) throws IOException {
    if (value instanceof Boolean b) {
      o.writeBoolean(b);
    } else if (value instanceof Integer i) {
      o.writeNumber(i);
    } else if (value instanceof Long l) {
      o.writeNumber(l);
    } else if (value instanceof Float f) {
      o.writeNumber(f);
    } else if (value instanceof Double d) {
      o.writeNumber(d);
    } else if (value instanceof BigInteger big) {
      o.writeNumber(big);
    } else {
      o.writeString(value.toString());
    }
  }
}
