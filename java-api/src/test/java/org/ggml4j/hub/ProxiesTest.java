package org.ggml4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxiesTest {
  private static String way(Map<String, String> environment, String uri) {
    Proxy proxy = Proxies.of(environment).select(URI.create(uri)).get(0);
    return proxy.address() == null ? "direct" : proxy.address().toString();
  }

  @ParameterizedTest
  @CsvSource({
    "https://a.example/x, secure/<unresolved>:3128",
    "http://a.example/x, plain/<unresolved>:80",
    "https://in.house/x, direct",
    "https://deep.in.house/x, direct",
    "https://notin.house.example/x, secure/<unresolved>:3128",
    "https://b.example:8443/x, direct",
    "https://b.example/x, secure/<unresolved>:3128",
  })
  void aServerIsReachedAsTheVariablesSay(String uri, String expected) {
    Map<String, String> environment =
        Map.of(
            "https_proxy", "http://me:word@secure:3128",
            "HTTPS_PROXY", "http://ignored:1",
            "HTTP_PROXY", "plain",
            "NO_PROXY", ".in.house, b.example:8443");
    assertThat(way(environment, uri)).isEqualTo(expected);
  }

  @Test
  void oneProxyMayBeForAll() {
    assertThat(way(Map.of("all_proxy", "p:1"), "https://h/")).isEqualTo("p/<unresolved>:1");
    assertThat(way(Map.of("all_proxy", "p:1", "no_proxy", "*"), "https://h/")).isEqualTo("direct");
    assertThat(way(Map.of(), "https://h/")).isEqualTo("direct");
  }

  @Test
  void credentialsAreForTheProxyOnly() {
    Proxies proxies = Proxies.of(Map.of("https_proxy", "http://u:p@h:1", "no_proxy", "own"));
    assertThat(proxies.authorization(URI.create("https://x/"))).hasValue("Basic dTpw");
    assertThat(proxies.authorization(URI.create("https://own/"))).isEmpty();
    assertThat(proxies.authorization(URI.create("http://x/"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"socks5://h:1", "https://h:1", "http://", "h h"})
  void aProxyOfAnotherKindIsRefused(String value) {
    assertThatThrownBy(() -> Proxies.of(Map.of("https_proxy", value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("https_proxy: ");
  }
}
