package org.ggml4j.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** What the native build fetched of llama.cpp: vocabularies and chat templates of known models. */
final class FetchedSources {
  /** From the folder that the benchmarks are started in. */
  static final String INDEX = "native/target/cmake/sources.properties";

  private FetchedSources() {}

  /**
   * A file of the folder {@code models}.
   *
   * @param index where the build says what lies where
   */
  static Path model(String index, String name) throws IOException {
    Properties properties = new Properties();
    try (BufferedReader reader = Files.newBufferedReader(Path.of(index))) {
      properties.load(reader);
    }
    return Path.of(properties.getProperty("models"), name);
  }
}
