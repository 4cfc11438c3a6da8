package org.ggml4j.cli.stories;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The word lists, phrase pools and plots, read once from the resources beside this class. */
final class Grammar {

  /**
   * A plot: what it binds, in order, its paragraphs, whether the hero's friend is in it and known
   * from the start, and whether it can begin at any time of day.
   */
  record Plot(
      String name,
      List<Let> lets,
      List<Template> paragraphs,
      boolean friendIsKnown,
      boolean anyTime) {}

  /** One {@code let}: a thing, place or animal with these tags, or a template expanded once. */
  record Let(String variable, String type, List<String> tags, Template template) {}

  private static final Grammar INSTANCE = new Grammar();

  private final Map<String, List<String>> words = new LinkedHashMap<>();
  private final Map<String, List<Template>> pools = new LinkedHashMap<>();
  private final List<Plot> plots = new ArrayList<>();

  private Grammar() {
    sections("words.txt").forEach((name, lines) -> words.put(name, wordList(lines)));
    sections("phrases.txt")
        .forEach((name, lines) -> pools.put(name, lines.stream().map(Template::parse).toList()));
    for (String file : List.of("plots-1.txt", "plots-2.txt", "plots-3.txt")) {
      sections(file).forEach((name, lines) -> plots.add(plot(name, lines)));
    }
  }

  static Grammar instance() {
    return INSTANCE;
  }

  /** The entries of a word list. */
  List<String> words(String list) {
    return required(words, list);
  }

  /** The lines of a phrase pool. */
  List<Template> pool(String name) {
    return required(pools, name);
  }

  /** All the plots, in the order of their files. */
  List<Plot> plots() {
    return plots;
  }

  private static <T> List<T> required(Map<String, List<T>> map, String key) {
    List<T> found = map.get(key);
    if (found == null) {
      throw new IllegalArgumentException("grammar: no list '" + key + "'; known: " + map.keySet());
    }
    return found;
  }

  /** A one-line list holds its entries on that line, separated by semicolons. */
  private static List<String> wordList(List<String> lines) {
    return lines.size() == 1 ? List.of(lines.get(0).split("; *", -1)) : List.copyOf(lines);
  }

  private static Plot plot(String header, List<String> lines) {
    List<Let> lets = new ArrayList<>();
    List<Template> paragraphs = new ArrayList<>();
    boolean friend = false;
    boolean stranger = false;
    boolean anyTime = false;
    for (String line : lines) {
      anyTime |= paragraphs.isEmpty() && line.contains("{When}");
      friend |= line.contains("{F");
      stranger |= line.equals("let F = stranger");
      if (line.equals("let F = stranger")) {
        continue;
      }
      if (line.startsWith("let ")) {
        int equals = line.indexOf(" = ");
        String value = line.substring(equals + 3);
        String[] parts = value.split(" ", -1);
        boolean typed = List.of("thing", "place", "animal").contains(parts[0]);
        lets.add(
            new Let(
                line.substring(4, equals),
                typed ? parts[0] : "text",
                typed ? List.of(parts).subList(1, parts.length) : List.of(),
                Template.parse(value)));
      } else {
        paragraphs.add(Template.parse(line));
      }
    }
    return new Plot(
        header.substring("plot ".length()),
        List.copyOf(lets),
        List.copyOf(paragraphs),
        friend && !stranger,
        anyTime);
  }

  private static Map<String, List<String>> sections(String file) {
    Map<String, List<String>> result = new LinkedHashMap<>();
    try (InputStream in = Grammar.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + file + " is missing from this build");
      }
      BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      List<String> lines = new ArrayList<>();
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        line = line.strip();
        if (line.startsWith("@")) {
          lines = new ArrayList<>();
          result.put(line.substring(1), lines);
        } else if (!line.isEmpty() && !line.startsWith("#")) {
          lines.add(line);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the resource " + file + " cannot be read", e);
    }
    return result;
  }
}
