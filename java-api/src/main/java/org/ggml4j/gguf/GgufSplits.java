package org.ggml4j.gguf;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names of a split model's files, {@code model-00001-of-00003.gguf}, as llama.cpp's {@code
 * llama_split_path} forms them.
 *
 * @param prefix what stands before the number
 * @param index which file, from 0
 * @param count how many files
 */
public record GgufSplits(String prefix, int index, int count) {
  static final String KEY_NO = "split.no";
  static final String KEY_COUNT = "split.count";
  static final String KEY_TENSORS = "split.tensors.count";

  private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

  /** Reads the name of a file; empty if it is not of that form. */
  static Optional<GgufSplits> ofName(Path path) {
    Path name = path.getFileName();
    return name == null ? Optional.empty() : ofName(name.toString());
  }

  /** Reads the name of a file, or a path that ends with it; empty if it is not of that form. */
  public static Optional<GgufSplits> ofName(String name) {
    Matcher m = NAME.matcher(name);
    if (!m.matches()) {
      return Optional.empty();
    }
    int index = Integer.parseInt(m.group(2)) - 1;
    int count = Integer.parseInt(m.group(3));
    return index < 0 || index >= count
        ? Optional.empty()
        : Optional.of(new GgufSplits(m.group(1), index, count));
  }

  /** The name of file {@code i}, from 0. */
  public String name(int i) {
    return String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", prefix, i + 1, count);
  }

  /** The path of file {@code i}, beside {@code sibling}. */
  Path path(Path sibling, int i) {
    return sibling.resolveSibling(name(i));
  }
}
