package org.ggml4j.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Measures a large pull over connections that break; run by hand: {@code LargePull FOLDER MIB
 * BREAKS}. The server of the tests sends from memory; this one sends a file, whose digest it names
 * as the hub does.
 */
final class LargePull {
  private static final Pattern RANGE = Pattern.compile("(?i)range: bytes=(\\d+)-(\\d+)");

  private final FileChannel file;
  private final long size;
  private final String digest;
  private final int breaks;
  private final AtomicInteger broken = new AtomicInteger();
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicLong sent = new AtomicLong();

  private LargePull(FileChannel file, String digest, int breaks) throws IOException {
    this.file = file;
    this.size = file.size();
    this.digest = digest;
    this.breaks = breaks;
  }

  public static void main(String... args) throws IOException {
    Path folder = Path.of(args[0]);
    long size = Long.parseLong(args[1]) << 20;
    Path original = folder.resolve("original.gguf");
    write(original, size);
    try (FileChannel file = FileChannel.open(original, StandardOpenOption.READ);
        ServerSocketChannel listener = ServerSocketChannel.open()) {
      String digest = Checksum.compute(Checksum.Kind.SHA256, file, n -> {}).hex();
      LargePull server = new LargePull(file, digest, Integer.parseInt(args[2]));
      listener.bind(new InetSocketAddress("localhost", 0));
      Thread.ofPlatform().daemon().start(() -> server.accept(listener));
      int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
      URI endpoint = URI.create("http://localhost:" + port);
      Hub hub =
          Hub.of(
              HubOptions.ofEnvironment(Map.of("HF_ENDPOINT", endpoint.toString())),
              ModelFolder.of(folder.resolve("models")));
      long begin = System.nanoTime();
      AtomicLong arrived = new AtomicLong();
      StoredModel model =
          hub.pull(
              new ModelName.Url(endpoint.resolve("/o/r/resolve/v1/m.gguf")),
              p -> {
                if (p.phase() == PullProgress.Phase.RECEIVING && p.done() == size) {
                  arrived.compareAndSet(0, System.nanoTime());
                }
                return true;
              });
      System.out.printf(
          "%d bytes, checked: %s, same: %s%n%d answers, %d broken connections, %d bytes sent"
              + " (%.4f times the file)%n%.1f s to arrive, %.1f s in all%n",
          model.size(),
          model.checked(),
          Files.mismatch(original, model.file()) < 0,
          server.answers.get(),
          server.broken.get(),
          server.sent.get(),
          (double) server.sent.get() / size,
          (arrived.get() - begin) / 1e9,
          (System.nanoTime() - begin) / 1e9);
    }
  }

  private static void write(Path path, long size) throws IOException {
    Random random = new Random(1);
    byte[] block = new byte[1 << 20];
    try (FileChannel out =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0; at < size; at += block.length) {
        random.nextBytes(block);
        if (at == 0) {
          System.arraycopy("GGUF".getBytes(StandardCharsets.US_ASCII), 0, block, 0, 4);
        }
        out.write(ByteBuffer.wrap(block, 0, (int) Math.min(block.length, size - at)));
      }
    }
  }

  private void accept(ServerSocketChannel listener) {
    try {
      while (true) {
        SocketChannel connection = listener.accept();
        Thread.ofPlatform().daemon().start(() -> serve(connection));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void serve(SocketChannel connection) {
    try (connection) {
      ByteBuffer request = ByteBuffer.allocate(1 << 14);
      while (connection.read(request) >= 0) {
        String text = new String(request.array(), 0, request.position(), StandardCharsets.US_ASCII);
        if (text.endsWith("\r\n\r\n")) {
          request.clear();
          answer(text, connection);
        }
      }
    } catch (IOException e) {
      // The connection ends.
    }
  }

  private void answer(String request, SocketChannel connection) throws IOException {
    if (request.contains("/resolve/")) {
      send(
          connection,
          "HTTP/1.1 302 Found\r\nLocation: /blob\r\nX-Linked-ETag: \""
              + digest
              + "\"\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    Matcher m = RANGE.matcher(request);
    if (!m.find()) {
      throw new IOException("no range: " + request);
    }
    int number = answers.incrementAndGet();
    long from = Long.parseLong(m.group(1));
    long to = Math.min(size, Long.parseLong(m.group(2)) + 1);
    send(
        connection,
        "HTTP/1.1 206 Partial\r\nContent-Range: bytes "
            + from
            + "-"
            + (to - 1)
            + "/"
            + size
            + "\r\nContent-Length: "
            + (to - from)
            + "\r\n\r\n");
    boolean breaking = number % 3 == 0 && broken.get() < breaks;
    long end = breaking ? from + (to - from) * (number % 7 + 1) / 9 : to;
    for (long at = from; at < end; ) {
      long n = file.transferTo(at, end - at, connection);
      at += n;
      sent.addAndGet(n);
    }
    if (breaking) {
      broken.incrementAndGet();
      throw new IOException("broken as wanted");
    }
  }

  private static void send(SocketChannel connection, String head) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII));
    while (bytes.hasRemaining()) {
      connection.write(bytes);
    }
  }
}
