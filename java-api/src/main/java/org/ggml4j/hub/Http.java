package org.ggml4j.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * Requests to the hub and to where it redirects. The token goes to the hub's own address only, on
 * every hop anew.
 */
final class Http implements AutoCloseable {
  /**
   * What a server answered.
   *
   * @param uri who answered in the end
   * @param linkedEtag what the hub said of the content before it redirected, without quotes
   */
  record Reply(
      int status,
      HttpHeaders headers,
      InputStream body,
      URI uri,
      Optional<String> linkedEtag,
      Duration silence)
      implements AutoCloseable {
    Optional<String> header(String name) {
      return headers.firstValue(name);
    }

    /** The body, read under supervision. */
    BodyReader reader(Stop stop) {
      return new BodyReader(body, silence, stop);
    }

    @Override
    public void close() {
      try {
        body.close();
      } catch (IOException e) {
        // Nothing more is wanted of it.
      }
    }
  }

  private static final int MAX_HOPS = 10;
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final Duration CONNECT = Duration.ofSeconds(30);

  private final HubOptions options;
  private final Tuning tuning;
  private final HttpClient client;

  Http(HubOptions options, Tuning tuning) {
    this.options = options;
    this.tuning = tuning;
    this.client =
        HttpClient.newBuilder()
            // HTTP/2 would put all ranges on one TCP connection, whose speed is what limits.
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT)
            .proxy(options.proxies())
            .build();
  }

  /**
   * Asks for a resource, and follows where it is redirected.
   *
   * @param range the bytes wanted, or null for all
   * @throws TransientException if no answer came
   * @throws HubException if the redirects lead nowhere good
   */
  Reply get(URI uri, Ranges.@Nullable Range range, String accept, Stop stop) throws IOException {
    URI at = uri;
    Optional<String> linked = Optional.empty();
    for (int hop = 0; hop <= MAX_HOPS; hop++) {
      HttpResponse<InputStream> response = send(at, range, accept, stop);
      Reply reply =
          new Reply(
              response.statusCode(),
              response.headers(),
              response.body(),
              at,
              linked,
              tuning.silence());
      if (!REDIRECTS.contains(reply.status())) {
        return reply;
      }
      reply.close();
      if (isHub(at)) {
        linked = linked.or(() -> reply.header("X-Linked-ETag").map(Http::unquoted));
      }
      at = target(at, reply);
    }
    throw new HubException(
        Origin.display(uri)
            + " is redirected more than "
            + MAX_HOPS
            + " times, last to "
            + Origin.display(at));
  }

  boolean isHub(URI uri) {
    return Origin.of(uri).equals(Origin.of(options.endpoint()));
  }

  private static URI target(URI from, Reply reply) throws HubException {
    String location = reply.header("Location").orElse("");
    URI to;
    try {
      to = from.resolve(new URI(location));
    } catch (URISyntaxException e) {
      throw new HubException(
          Origin.display(from) + " is redirected to no URL: " + SafeName.printable(location), e);
    }
    boolean http = "http".equalsIgnoreCase(to.getScheme());
    boolean https = "https".equalsIgnoreCase(to.getScheme());
    if (location.isEmpty()
        || !(http || https)
        || to.getHost() == null
        || to.getRawUserInfo() != null) {
      throw new HubException(
          Origin.display(from)
              + " is redirected to something that is not fetched: "
              + SafeName.printable(location.replaceFirst("\\?.*", "")));
    }
    if (http && Origin.of(from).secure()) {
      throw new HubException(
          Origin.display(from) + " is redirected from https to http, which is refused");
    }
    return to;
  }

  @SuppressWarnings("try") // held, not used
  private HttpResponse<InputStream> send(
      URI uri, Ranges.@Nullable Range range, String accept, Stop stop) throws IOException {
    stop.check();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(tuning.silence())
            .header("User-Agent", "ggml4j")
            .header("Accept", accept)
            .header("Accept-Encoding", "identity");
    if (range != null) {
      request.header("Range", "bytes=" + range.from() + "-" + (range.to() - 1));
    }
    if (isHub(uri)) {
      options.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    options
        .proxies()
        .authorization(uri)
        .ifPresent(credentials -> request.header("Proxy-Authorization", credentials));
    CompletableFuture<HttpResponse<InputStream>> future =
        client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    try (Stop.Registration r = stop.register(() -> future.cancel(true))) {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      future.cancel(true);
      throw new CancellationException("the pull was stopped");
    } catch (CancellationException e) {
      stop.check();
      throw e;
    } catch (ExecutionException e) {
      stop.check();
      throw failure(uri, e.getCause());
    }
  }

  private static IOException failure(URI uri, @Nullable Throwable cause) {
    String host = Origin.of(uri).host();
    if (cause instanceof SSLHandshakeException) {
      return new HubException(
          host + " can't be trusted: " + cause.getMessage() + ". Is a proxy in between?", cause);
    }
    if (cause instanceof IOException io) {
      String reason = io.getMessage() == null ? io.getClass().getSimpleName() : io.getMessage();
      Throwable deeper = io.getCause();
      if (deeper instanceof UnresolvedAddressException) {
        reason = "its name is not known";
      }
      return new TransientException(
          "no answer from " + host + " (" + SafeName.printable(reason) + ")", io);
    }
    return new IOException("asking " + host, cause);
  }

  /** An ETag without its quotes. */
  static String unquoted(String etag) {
    return etag.replaceFirst("^W/", "").replace("\"", "");
  }

  /** Ends all that is under way. */
  @Override
  public void close() {
    client.shutdownNow();
  }
}
