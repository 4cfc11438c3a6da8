package org.ggml4j.hub;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a model that can be fetched is called: a repository of the hub, or a URL. */
public sealed interface ModelName {
  /** How names of the hub begin. */
  String HUB_PREFIX = "hf:";

  /**
   * A model of the Hugging Face hub, written {@code hf:owner/repository[:choice]}.
   *
   * @param owner user or organization
   * @param repository the repository's name
   * @param choice which of its files: a quantization level such as {@code Q4_K_M}, or a file's path
   *     that ends with {@code .gguf}; without it Q4_K_M, else Q8_0, else the first model
   */
  record Hub(String owner, String repository, Optional<String> choice) implements ModelName {
    // As llama.cpp's is_valid_repo_id: dots and dashes stand between other characters.
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*");
    private static final Pattern LEVEL = Pattern.compile("[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*");
    private static final int MAX = 96;

    /** Checks the parts. */
    public Hub {
      for (String part : new String[] {owner, repository}) {
        if (part.length() > MAX || !PART.matcher(part).matches() || !SafeName.isSafe(part)) {
          throw new IllegalArgumentException(
              "no repository of the hub: "
                  + SafeName.printable(owner + "/" + repository)
                  + " (expected letters, digits, _ and single dots or dashes)");
        }
      }
      if (choice.isPresent()) {
        String c = choice.get();
        boolean good =
            isFile(c) ? SafeName.isSafe(c) : c.length() <= MAX && LEVEL.matcher(c).matches();
        if (!good) {
          throw new IllegalArgumentException(
              "expected a level such as Q4_K_M or the path of a .gguf file after the colon, found "
                  + SafeName.printable(c));
        }
      }
    }

    /** The file's path in the repository, if the name says it. */
    public Optional<String> file() {
      return choice.filter(Hub::isFile);
    }

    /** The same repository with another choice. */
    public Hub withChoice(String other) {
      return new Hub(owner, repository, Optional.of(other));
    }

    private static boolean isFile(String choice) {
      return choice.toLowerCase(Locale.ROOT).endsWith(".gguf");
    }

    @Override
    public String toString() {
      return HUB_PREFIX + owner + "/" + repository + choice.map(c -> ":" + c).orElse("");
    }
  }

  /**
   * A file on any server.
   *
   * @param uri http or https, its path ends with {@code .gguf}; a query is used to fetch, and is
   *     never shown or kept, because it may hold a signature
   */
  record Url(URI uri) implements ModelName {
    /** Checks the parts. */
    public Url {
      String scheme = uri.getScheme();
      if (scheme == null
          || !(scheme.equalsIgnoreCase("http") || scheme.equalsIgnoreCase("https"))
          || uri.getHost() == null) {
        throw new IllegalArgumentException("expected a URL such as https://host/model.gguf");
      }
      if (uri.getRawUserInfo() != null) {
        throw new IllegalArgumentException(
            "a URL with a user's name or password is refused: it would end up in files and logs");
      }
      if (!uri.getRawPath().toLowerCase(Locale.ROOT).endsWith(".gguf")) {
        throw new IllegalArgumentException(
            "expected a URL whose path ends with .gguf, found "
                + SafeName.printable(uri.getRawPath()));
      }
      for (String segment : segments(uri)) {
        if (segment.indexOf('/') >= 0 || !SafeName.isSafe(segment)) { // %2F is no slash
          throw new IllegalArgumentException(
              "the path of the URL can't become a file's name: "
                  + SafeName.printable(uri.getRawPath()));
        }
      }
    }

    /** Host, port if it is not the usual one, and the path: where the file lies in the folder. */
    String place() {
      String host = uri.getHost().toLowerCase(Locale.ROOT).replace("[", "").replace("]", "");
      String port = uri.getPort() < 0 ? "" : "_" + uri.getPort();
      return host.replace(':', '_') + port + "/" + String.join("/", segments(uri));
    }

    private static String[] segments(URI uri) {
      String[] segments = uri.getRawPath().substring(1).split("/", -1);
      for (int i = 0; i < segments.length; i++) {
        segments[i] = URLDecoder.decode(segments[i].replace("+", "%2B"), StandardCharsets.UTF_8);
      }
      return segments;
    }

    /** The URL without its query. */
    @Override
    public String toString() {
      return Origin.display(uri);
    }
  }

  /** Whether a text is meant as a name to fetch, and not as a file of this machine. */
  static boolean isName(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return lower.startsWith(HUB_PREFIX)
        || lower.startsWith("https://")
        || lower.startsWith("http://");
  }

  /**
   * Reads a name. The address of a model's page or file on huggingface.co is read as a name of the
   * hub.
   *
   * @throws IllegalArgumentException if it is none; the message says what is expected
   */
  static ModelName of(String text) {
    if (text.regionMatches(true, 0, HUB_PREFIX, 0, HUB_PREFIX.length())) {
      return hub(text.substring(HUB_PREFIX.length()));
    }
    if (!isName(text)) {
      throw new IllegalArgumentException(
          "expected hf:owner/repository[:level] or a URL, found '"
              + SafeName.printable(text)
              + "'");
    }
    URI uri;
    try {
      URI given = new URI(text);
      uri = given.getRawFragment() == null ? given : new URI(text.substring(0, text.indexOf('#')));
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("no URL: " + e.getReason(), e);
    }
    Optional<ModelName> page = page(uri);
    return page.isPresent() ? page.get() : new Url(uri);
  }

  private static Hub hub(String rest) {
    int colon = rest.indexOf(':');
    String id = colon < 0 ? rest : rest.substring(0, colon);
    int slash = id.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(
          "expected hf:owner/repository[:level], found '"
              + SafeName.printable(HUB_PREFIX + rest)
              + "'");
    }
    return new Hub(
        id.substring(0, slash),
        id.substring(slash + 1),
        colon < 0 ? Optional.empty() : Optional.of(rest.substring(colon + 1)));
  }

  private static Optional<ModelName> page(URI uri) {
    Pattern pages = Pattern.compile("/([^/]+)/([^/]+?)(?:/(?:blob|resolve)/main/(.+\\.gguf))?/?");
    if (!"huggingface.co".equalsIgnoreCase(uri.getHost()) || uri.getPath() == null) {
      return Optional.empty();
    }
    Matcher m = pages.matcher(uri.getPath());
    return m.matches()
        ? Optional.of(new Hub(m.group(1), m.group(2), Optional.ofNullable(m.group(3))))
        : Optional.empty();
  }
}
