package org.ggml4j.hub;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.ggml4j.gguf.AtomicFile;

/**
 * What is known of a file that was fetched, kept beside it as JSON. While it is being fetched this
 * is the journal: which parts are on disk.
 *
 * @param url where it comes from, without query
 * @param size bytes of the whole file
 * @param validator the server's ETag or time of change, empty if it gave none
 * @param checksum what its content must add up to, if somebody said it
 * @param finished the parts that are on disk
 */
record PullRecord(
    String url,
    long size,
    String validator,
    Optional<Checksum> checksum,
    List<Ranges.Range> finished) {
  PullRecord {
    finished = List.copyOf(finished);
  }

  /** The record of a complete file. */
  static Path besideFile(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".json");
  }

  /** The journal of a file that is being fetched. */
  static Path journal(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".part.json");
  }

  /** The data of a file that is being fetched. */
  static Path part(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".part");
  }

  /** Reads a record; empty if there is none, or it is damaged and so worth nothing. */
  static Optional<PullRecord> read(Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      return Optional.empty();
    }
    Map<String, String> fields = new HashMap<>();
    List<Ranges.Range> finished = new ArrayList<>();
    try (JsonParser json = new JsonFactory().createParser(Files.readAllBytes(path))) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        if (json.nextToken() == JsonToken.START_ARRAY) {
          while (json.nextToken() == JsonToken.START_ARRAY) {
            finished.add(new Ranges.Range(json.nextLongValue(-1), json.nextLongValue(-1)));
            json.nextToken();
          }
        } else {
          fields.put(field, json.getText());
        }
      }
      Optional<Checksum> checksum = Optional.empty();
      for (Checksum.Kind kind : Checksum.Kind.values()) {
        checksum =
            checksum.or(
                () ->
                    Checksum.of(
                        kind, fields.getOrDefault(kind.name().toLowerCase(Locale.ROOT), "")));
      }
      long size = Long.parseLong(fields.getOrDefault("size", ""));
      return Optional.of(
          new PullRecord(
              fields.getOrDefault("url", ""),
              size,
              fields.getOrDefault("validator", ""),
              checksum,
              finished));
    } catch (JsonProcessingException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Writes the record; it is replaced in one step. */
  void write(Path path) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("url", url);
      json.writeNumberField("size", size);
      json.writeStringField("validator", validator);
      if (checksum.isPresent()) {
        json.writeStringField(
            checksum.get().kind().name().toLowerCase(Locale.ROOT), checksum.get().hex());
      }
      json.writeArrayFieldStart("finished");
      for (Ranges.Range range : finished) {
        json.writeArray(new long[] {range.from(), range.to()}, 0, 2);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    AtomicFile.write(
        path, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes.toByteArray())));
  }
}
