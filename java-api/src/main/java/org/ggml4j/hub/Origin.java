package org.ggml4j.hub;

import java.net.URI;
import java.util.Locale;

/**
 * Scheme, host and port of a URL: what a secret may be sent to.
 *
 * @param port the one that is used, also where the URL does not name it
 */
record Origin(String scheme, String host, int port) {
  static Origin of(URI uri) {
    String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
    int usual = scheme.equals("https") ? 443 : 80;
    return new Origin(
        scheme, uri.getHost().toLowerCase(Locale.ROOT), uri.getPort() < 0 ? usual : uri.getPort());
  }

  boolean secure() {
    return scheme.equals("https");
  }

  /** A URL as it may be shown: without user, query and fragment, which may be secret. */
  static String display(URI uri) {
    String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    return uri.getScheme() + "://" + uri.getHost() + port + SafeName.printable(path);
  }
}
