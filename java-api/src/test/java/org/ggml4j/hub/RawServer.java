package org.ggml4j.hub;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** An HTTP server on this machine that does what a test tells it, also what no server should. */
final class RawServer implements AutoCloseable {
  /** What is done with a request. */
  interface Behaviour {
    void answer(Request request, Answer answer) throws IOException;
  }

  record Request(int number, String line, String path, Map<String, String> headers) {
    String header(String name) {
      return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
    }

    boolean hasRange() {
      return headers.containsKey("range");
    }

    int from() {
      return Integer.parseInt(header("range").replaceFirst("bytes=(\\d+)-(\\d+)", "$1"));
    }

    /** The end asked for, exclusive, of a file of that size. */
    int to(int size) {
      int last = Integer.parseInt(header("range").replaceFirst("bytes=(\\d+)-(\\d+)", "$2"));
      return Math.min(last + 1, size);
    }
  }

  /** Thrown by a behaviour: the connection is closed without another word. */
  static final class Hangup extends IOException {
    private static final long serialVersionUID = 1;
  }

  /** One connection's way back. */
  final class Answer {
    private final OutputStream out;

    private Answer(OutputStream out) {
      this.out = out;
    }

    /** Status line and headers, as given. */
    void head(int status, String... headers) throws IOException {
      StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Word\r\n");
      for (String header : headers) {
        head.append(header).append("\r\n");
      }
      out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
    }

    void body(byte[] bytes, int from, int to) throws IOException {
      sent.addAndGet(to - from); // before: whoever has the last byte may ask at once
      out.write(bytes, from, to - from);
      out.flush();
    }

    void send(int status, String body, String... headers) throws IOException {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      List<String> all = new ArrayList<>(List.of(headers));
      all.add("Content-Length: " + bytes.length);
      head(status, all.toArray(String[]::new));
      body(bytes, 0, bytes.length);
    }

    void redirect(int status, String location, String... headers) throws IOException {
      List<String> all = new ArrayList<>(List.of(headers));
      all.add("Location: " + location);
      send(status, "", all.toArray(String[]::new));
    }

    /** Answers as a good server does: the range, or the whole without one. */
    void file(byte[] content, Request r, String... headers) throws IOException {
      fileUpTo(content, r, Integer.MAX_VALUE, headers);
    }

    /** Promises all of it, sends at most so many bytes of the body, and hangs up if it is less. */
    void fileUpTo(byte[] content, Request r, int most, String... headers) throws IOException {
      List<String> all = new ArrayList<>(List.of(headers));
      if (r.hasRange() && r.from() >= content.length) {
        all.add("Content-Range: bytes */" + content.length);
        send(416, "", all.toArray(String[]::new));
        return;
      }
      int from = r.hasRange() ? r.from() : 0;
      int to = r.hasRange() ? r.to(content.length) : content.length;
      if (r.hasRange()) {
        all.add("Content-Range: bytes " + from + "-" + (to - 1) + "/" + content.length);
      }
      all.add("Content-Length: " + (to - from));
      head(r.hasRange() ? 206 : 200, all.toArray(String[]::new));
      int end = (int) Math.min(to, (long) from + most);
      body(content, from, end);
      if (end < to) {
        throw new Hangup();
      }
    }

    /** The whole file, whatever was asked. */
    void whole(byte[] content, String... headers) throws IOException {
      List<String> all = new ArrayList<>(List.of(headers));
      all.add("Content-Length: " + content.length);
      head(200, all.toArray(String[]::new));
      body(content, 0, content.length);
    }
  }

  private final ServerSocket listener;
  private final Behaviour behaviour;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<Request> requests = new ArrayList<>();
  private final AtomicLong sent = new AtomicLong();

  RawServer(Behaviour behaviour) {
    this.behaviour = behaviour;
    try {
      listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().start(this::accept);
  }

  /** Its address with that name of this machine. */
  URI uri(String path) {
    return URI.create("http://localhost:" + listener.getLocalPort() + path);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** What was asked until now. */
  List<Request> requests() {
    synchronized (requests) {
      return List.copyOf(requests);
    }
  }

  /** Bytes of bodies that were sent. */
  long sent() {
    return sent.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        open.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      Answer answer = new Answer(socket.getOutputStream());
      while (true) {
        String line = line(in);
        if (line.isEmpty()) {
          return;
        }
        Map<String, String> headers = new HashMap<>();
        for (String h = line(in); !h.isEmpty(); h = line(in)) {
          int colon = h.indexOf(':');
          headers.put(
              h.substring(0, colon).toLowerCase(Locale.ROOT), h.substring(colon + 1).strip());
        }
        Request request;
        synchronized (requests) {
          request = new Request(requests.size(), line, line.split(" ")[1], headers);
          requests.add(request);
        }
        behaviour.answer(request, answer);
      }
    } catch (IOException e) {
      // The connection ends.
    } finally {
      open.remove(socket);
    }
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.write(c);
      }
    }
    return line.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
