package org.ggml4j.hub;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Names that come from a server or a user and become files: only those that stay inside their
 * folder and mean the same on every system.
 */
final class SafeName {
  private static final int MAX_BYTES = 200; // 255 on most systems, and ours add to it
  private static final int MAX_SEGMENTS = 16;
  private static final String FORBIDDEN = "<>:\"/\\|?*";

  /** Devices on Windows, whatever their extension. */
  private static final Set<String> DEVICES =
      Set.of("con", "prn", "aux", "nul", "conin$", "conout$");

  private SafeName() {}

  /**
   * Checks a path of segments separated by {@code /}.
   *
   * @throws HubException if it could leave its folder, or is no file's name on some system
   */
  static String checkPath(String path) throws HubException {
    List<String> segments = List.of(path.split("/", -1));
    if (segments.size() > MAX_SEGMENTS) {
      throw refused(path, "it has more than " + MAX_SEGMENTS + " folders");
    }
    for (String segment : segments) {
      String problem = problem(segment);
      if (!problem.isEmpty()) {
        throw refused(path, problem);
      }
    }
    return path;
  }

  /** Whether {@link #checkPath} accepts it. */
  static boolean isSafe(String path) {
    List<String> segments = List.of(path.split("/", -1));
    return segments.size() <= MAX_SEGMENTS && segments.stream().allMatch(s -> problem(s).isEmpty());
  }

  /** The file of that path in a folder. */
  static Path resolve(Path folder, String path) throws HubException {
    Path file = folder;
    for (String segment : checkPath(path).split("/", -1)) {
      file = file.resolve(segment);
    }
    return file;
  }

  private static String problem(String segment) {
    if (segment.isEmpty()) {
      return "a part of it is empty";
    }
    if (segment.startsWith(".")) {
      return "a part of it begins with a dot";
    }
    if (segment.endsWith(".") || segment.endsWith(" ") || segment.startsWith(" ")) {
      return "a part of it ends with a dot or a space, or begins with one";
    }
    for (int i = 0; i < segment.length(); i++) {
      char c = segment.charAt(i);
      int type = Character.getType(c);
      if (FORBIDDEN.indexOf(c) >= 0
          || Character.isISOControl(c)
          || type == Character.FORMAT
          || type == Character.LINE_SEPARATOR
          || type == Character.PARAGRAPH_SEPARATOR) {
        return "it has a character that files' names can't have";
      }
    }
    if (segment.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      return "a part of it is longer than " + MAX_BYTES + " bytes";
    }
    int dot = segment.indexOf('.');
    String stem = (dot < 0 ? segment : segment.substring(0, dot)).strip().toLowerCase(Locale.ROOT);
    return DEVICES.contains(stem) || stem.matches("(com|lpt)[0-9\u00b9\u00b2\u00b3]")
        ? "it is the name of a device"
        : "";
  }

  private static HubException refused(String path, String problem) {
    return new HubException("the name " + printable(path) + " is refused: " + problem);
  }

  /** Text from a server as it can be shown: short, and without what moves a terminal's cursor. */
  static String printable(String text) {
    StringBuilder out = new StringBuilder();
    int end = Math.min(text.length(), 160);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      boolean plain = !Character.isISOControl(c) && Character.getType(c) != Character.FORMAT;
      out.append(plain ? c : '?');
    }
    return text.length() > end ? out.append("...").toString() : out.toString();
  }
}
