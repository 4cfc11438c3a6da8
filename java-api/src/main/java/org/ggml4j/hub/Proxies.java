package org.ggml4j.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Which proxy leads to a server: what Java's own properties say ({@code https.proxyHost} and the
 * others), else the variables that curl knows.
 */
final class Proxies extends ProxySelector {
  /** A proxy, and the header that opens it. */
  private record Door(InetSocketAddress address, Optional<String> authorization) {}

  private static final int DEFAULT_PORT = 80;

  private final Map<String, Door> byScheme;
  private final List<String> direct;

  private Proxies(Map<String, Door> byScheme, List<String> direct) {
    super();
    this.byScheme = Map.copyOf(byScheme);
    this.direct = List.copyOf(direct);
  }

  static Proxies of(Map<String, String> environment) {
    Map<String, Door> doors = new HashMap<>();
    for (String scheme : List.of("http", "https")) {
      String name = scheme + "_proxy";
      String value = variable(environment, name);
      if (value.isEmpty()) {
        name = "all_proxy";
        value = variable(environment, name);
      }
      if (!value.isEmpty()) {
        doors.put(scheme, door(name, value));
      }
    }
    List<String> direct = new ArrayList<>();
    for (String host : variable(environment, "no_proxy").split("[,\\s]+", -1)) {
      if (!host.isEmpty()) {
        direct.add(host.toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", ""));
      }
    }
    return new Proxies(doors, direct);
  }

  private static String variable(Map<String, String> environment, String name) {
    String small = environment.getOrDefault(name, "").strip();
    return small.isEmpty()
        ? environment.getOrDefault(name.toUpperCase(Locale.ROOT), "").strip()
        : small;
  }

  private static Door door(String name, String value) {
    URI uri;
    try {
      uri = new URI(value.contains("://") ? value : "http://" + value);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(name + ": no URL: " + e.getReason(), e);
    }
    if (!"http".equalsIgnoreCase(uri.getScheme()) || uri.getHost() == null) {
      throw new IllegalArgumentException(
          name + ": expected http://host:port, found a proxy of kind " + uri.getScheme());
    }
    int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
    Optional<String> authorization =
        Optional.ofNullable(uri.getRawUserInfo())
            .map(
                user ->
                    "Basic "
                        + Base64.getEncoder()
                            .encodeToString(
                                URLDecoder.decode(user.replace("+", "%2B"), StandardCharsets.UTF_8)
                                    .getBytes(StandardCharsets.UTF_8)));
    // Not resolved here: whether the proxy's name is known is found out when it is needed.
    return new Door(InetSocketAddress.createUnresolved(uri.getHost(), port), authorization);
  }

  /** What the proxy on the way to a server wants to see. */
  Optional<String> authorization(URI uri) {
    return door(uri).flatMap(Door::authorization);
  }

  @Override
  public List<Proxy> select(URI uri) {
    if (javaKnows(uri.getScheme())) {
      ProxySelector own = ProxySelector.getDefault();
      return own == null ? List.of(Proxy.NO_PROXY) : own.select(uri);
    }
    return List.of(
        door(uri).map(d -> new Proxy(Proxy.Type.HTTP, d.address)).orElse(Proxy.NO_PROXY));
  }

  private Optional<Door> door(URI uri) {
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    String host = String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT);
    return javaKnows(scheme) || isDirect(host, uri.getPort())
        ? Optional.empty()
        : Optional.ofNullable(byScheme.get(scheme));
  }

  private boolean isDirect(String host, int port) {
    return direct.stream()
        .anyMatch(
            d ->
                d.equals("*")
                    || host.equals(d)
                    || host.endsWith("." + d)
                    || (host + ":" + port).equals(d));
  }

  private static boolean javaKnows(String scheme) {
    return System.getProperty(scheme + ".proxyHost") != null
        || Boolean.getBoolean("java.net.useSystemProxies");
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException e) {
    // There is no other proxy to try; the failure itself is reported by the request.
  }
}
