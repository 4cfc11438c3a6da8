package org.ggml4j.hub;

import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** How models are fetched; immutable. */
public final class HubOptions {
  private static final URI HUGGING_FACE = URI.create("https://huggingface.co");
  private static final int CONNECTIONS = 4;
  private static final int MAX_CONNECTIONS = 64;

  private final URI endpoint;
  private final Optional<String> token;
  private final boolean offline;
  private final int connections;
  private final Proxies proxies;

  private HubOptions(
      URI endpoint, Optional<String> token, boolean offline, int connections, Proxies proxies) {
    this.endpoint = endpoint;
    this.token = token;
    this.offline = offline;
    this.connections = connections;
    this.proxies = proxies;
  }

  /** Hugging Face without a token, four connections at a time, Java's own proxy settings. */
  public static HubOptions defaults() {
    return new HubOptions(HUGGING_FACE, Optional.empty(), false, CONNECTIONS, Proxies.of(Map.of()));
  }

  /**
   * What the environment says: {@code HF_ENDPOINT}, {@code HF_TOKEN}, {@code HF_HUB_OFFLINE}, and
   * {@code https_proxy}, {@code http_proxy}, {@code all_proxy} and {@code no_proxy} in small or
   * capital letters. Java's own proxy properties come before the last.
   *
   * @throws IllegalArgumentException if a variable's value makes no sense; the token is never shown
   */
  public static HubOptions ofEnvironment(Map<String, String> environment) {
    HubOptions options = defaults().withProxies(Proxies.of(environment));
    String endpoint = environment.getOrDefault("HF_ENDPOINT", "").strip();
    if (!endpoint.isEmpty()) {
      options = options.withEndpoint(URI.create(endpoint));
    }
    String token = environment.getOrDefault("HF_TOKEN", "").strip();
    if (!token.isEmpty()) {
      options = options.withToken(token);
    }
    String offline = environment.getOrDefault("HF_HUB_OFFLINE", "").strip();
    return options.withOffline(
        Set.of("1", "on", "yes", "true").contains(offline.toLowerCase(Locale.ROOT)));
  }

  /** With another server that speaks as the hub does. */
  public HubOptions withEndpoint(URI server) {
    String scheme = server.getScheme() == null ? "" : server.getScheme().toLowerCase(Locale.ROOT);
    boolean good =
        (scheme.equals("http") || scheme.equals("https"))
            && server.getHost() != null
            && server.getRawUserInfo() == null
            && server.getRawQuery() == null;
    if (!good) {
      throw new IllegalArgumentException(
          "the hub's address: expected a URL such as " + HUGGING_FACE + ", found " + server);
    }
    return new HubOptions(server, token, offline, connections, proxies);
  }

  /** With a token, which is sent to the hub's own address and to no other. */
  public HubOptions withToken(String secret) {
    if (!secret.chars().allMatch(c -> c > ' ' && c < 127) || secret.isEmpty()) {
      throw new IllegalArgumentException(
          "the token has a character that tokens don't have: set HF_TOKEN to what the hub shows");
    }
    return new HubOptions(endpoint, Optional.of(secret), offline, connections, proxies);
  }

  /** With or without the network. */
  public HubOptions withOffline(boolean without) {
    return new HubOptions(endpoint, token, without, connections, proxies);
  }

  /** With so many connections at a time, 1 to 64. */
  public HubOptions withConnections(int n) {
    if (n < 1 || n > MAX_CONNECTIONS) {
      throw new IllegalArgumentException(
          "connections: expected 1 to " + MAX_CONNECTIONS + ", found " + n);
    }
    return new HubOptions(endpoint, token, offline, n, proxies);
  }

  private HubOptions withProxies(Proxies other) {
    return new HubOptions(endpoint, token, offline, connections, other);
  }

  /** The hub's address. */
  public URI endpoint() {
    return endpoint;
  }

  /** Whether the network is left alone. */
  public boolean offline() {
    return offline;
  }

  /** How many connections at a time. */
  public int connections() {
    return connections;
  }

  Optional<String> token() {
    return token;
  }

  Proxies proxies() {
    return proxies;
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "HubOptions["
        + endpoint
        + (token.isPresent() ? ", with a token" : "")
        + (offline ? ", offline" : "")
        + ", "
        + connections
        + " connections]";
  }
}
