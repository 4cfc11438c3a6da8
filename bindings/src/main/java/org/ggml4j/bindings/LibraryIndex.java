package org.ggml4j.bindings;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The index that the native build writes beside the libraries it packs
 * (native/cmake/WritePackage.cmake).
 *
 * @param version GGML's version
 * @param content SHA-256 over the lines of all libraries, in hexadecimal: names the folder they are
 *     extracted to
 * @param libraries what is packed; empty if {@link #system} is there
 * @param system where an installed ggml lies that the build was told to use
 * @param backends where the backends of that ggml lie
 */
record LibraryIndex(
    String version,
    String content,
    List<Library> libraries,
    Optional<Path> system,
    Optional<Path> backends) {

  /**
   * One packed library.
   *
   * @param hash SHA-256 of the file, in hexadecimal
   * @param size bytes
   * @param name of the file, without a folder
   */
  record Library(String hash, long size, String name) {}

  /**
   * @param source what is read, for messages
   * @throws IOException if it cannot be read or is no such index
   */
  static LibraryIndex read(Reader reader, String source) throws IOException {
    BufferedReader lines = new BufferedReader(reader);
    String first = lines.readLine();
    if (!"ggml4j-native 1".equals(first)) {
      throw new IOException(
          source
              + " begins with \""
              + first
              + "\", and \"ggml4j-native 1\" was expected; build the jar again");
    }
    String version = "";
    String content = "";
    List<Library> libraries = new ArrayList<>();
    Optional<Path> system = Optional.empty();
    Optional<Path> backends = Optional.empty();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      int space = line.indexOf(' ');
      String value = line.substring(space + 1);
      switch (space < 0 ? line : line.substring(0, space)) {
        case "ggml" -> version = value.split(" ", 2)[0];
        case "content" -> content = value;
        case "library" -> libraries.add(library(value, source));
        case "system" -> system = Optional.of(Path.of(value));
        case "backends" -> backends = Optional.of(Path.of(value));
        default -> throw new IOException(source + " has a line that is not understood: " + line);
      }
    }
    if (!content.matches("[0-9a-f]{64}") || libraries.isEmpty() == system.isEmpty()) {
      throw new IOException(source + " is incomplete; build the jar again");
    }
    return new LibraryIndex(version, content, List.copyOf(libraries), system, backends);
  }

  private static Library library(String value, String source) throws IOException {
    String[] parts = value.split(" ", 3);
    // A name with a folder in it could write anywhere.
    if (parts.length != 3
        || !parts[1].matches("\\d{1,18}")
        || !parts[2].matches("[A-Za-z0-9._+-]+")) {
      throw new IOException(source + " has a library line that is not understood: " + value);
    }
    return new Library(parts[0], Long.parseLong(parts[1]), parts[2]);
  }
}
