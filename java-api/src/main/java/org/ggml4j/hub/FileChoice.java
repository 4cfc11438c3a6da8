package org.ggml4j.hub;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.ggml4j.gguf.GgufSplits;

/** Which of a repository's files is meant; follows {@code find_best_model} of llama.cpp. */
final class FileChoice {
  /** What is taken when the name says nothing, in this order. */
  private static final List<String> DEFAULTS = List.of("Q4_K_M", "Q8_0");

  /** What stands in the names of files that are no models of their own. */
  private static final List<String> COMPANIONS =
      List.of("mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-");

  private static final Pattern LEVEL =
      Pattern.compile(".*[-.]((?:I?Q|TQ|MXFP|NVFP|BF|F)\\d[A-Z0-9_]*)", Pattern.CASE_INSENSITIVE);

  private FileChoice() {}

  /**
   * The model that is meant: its file, or the first of its files.
   *
   * @param paths the repository's files, in its order
   * @param choice a level or a file's path; empty for the default
   */
  static Optional<String> choose(List<String> paths, Optional<String> choice) {
    if (choice.isPresent() && choice.get().toLowerCase(Locale.ROOT).endsWith(".gguf")) {
      return paths.stream().filter(choice.get()::equals).findFirst().map(FileChoice::first);
    }
    List<String> models = paths.stream().filter(FileChoice::isFirstOfModel).toList();
    for (String level : choice.map(List::of).orElse(DEFAULTS)) {
      Pattern pattern = Pattern.compile(Pattern.quote(level) + "[.-]", Pattern.CASE_INSENSITIVE);
      Optional<String> found = models.stream().filter(p -> pattern.matcher(p).find()).findFirst();
      if (found.isPresent()) {
        return found;
      }
    }
    return choice.isPresent() ? Optional.empty() : models.stream().findFirst();
  }

  /** All files of the model whose first is given. */
  static List<String> files(String first) {
    return GgufSplits.ofName(first)
        .map(s -> IntStream.range(0, s.count()).mapToObj(s::name).toList())
        .orElse(List.of(first));
  }

  /** The first file of the model that has this one. */
  static String first(String path) {
    return GgufSplits.ofName(path).map(s -> s.name(0)).orElse(path);
  }

  /** The quantization level that a file's name ends with, in capitals. */
  static Optional<String> level(String path) {
    String stem =
        GgufSplits.ofName(path)
            .map(GgufSplits::prefix)
            .orElseGet(() -> path.replaceFirst("(?i)\\.gguf$", ""));
    Matcher m = LEVEL.matcher(stem);
    return m.matches() ? Optional.of(m.group(1).toUpperCase(Locale.ROOT)) : Optional.empty();
  }

  /** Whether a path is that of a model, or of the first of its files. */
  static boolean isFirstOfModel(String path) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return name.toLowerCase(Locale.ROOT).endsWith(".gguf")
        && COMPANIONS.stream().noneMatch(name::contains)
        && first(path).equals(path);
  }
}
