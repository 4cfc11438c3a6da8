package org.ggml4j.cli;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where a command reads and writes.
 *
 * @param terminals tells which of them are terminals, where people type and read
 */
record Streams(InputStream in, PrintStream out, PrintStream err, Terminals terminals) {

  /** Which of the three streams are terminals. */
  interface Terminals {
    boolean in();

    boolean out();

    boolean err();

    /** None of them: for scripts and tests. */
    static Terminals none() {
      return of(false, false, false);
    }

    static Terminals of(boolean in, boolean out, boolean err) {
      return new Terminals() {
        @Override
        public boolean in() {
          return in;
        }

        @Override
        public boolean out() {
          return out;
        }

        @Override
        public boolean err() {
          return err;
        }
      };
    }
  }

  /**
   * The streams of this process. Text is UTF-8, except on a Windows console with a page of its own.
   */
  static Streams ofProcess() {
    return new Streams(
        new FileInputStream(FileDescriptor.in),
        // Unbuffered: a piece of text is written when it is there, by one call.
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, charset("stdout")),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, charset("stderr")),
        terminals(System.getProperty("ggml4j.terminals")));
  }

  private static Charset charset(String stream) {
    String console = System.getProperty(stream + ".encoding");
    boolean windows = System.getProperty("os.name", "").startsWith("Windows");
    return windows && console != null && Charset.isSupported(console)
        ? Charset.forName(console)
        : StandardCharsets.UTF_8;
  }

  /**
   * @param said by the launcher, which can ask for each stream: letters of those that are
   *     terminals, such as {@code ioe}; Java only knows whether all of them are
   */
  private static Terminals terminals(@Nullable String said) {
    if (said != null) {
      return Terminals.of(said.contains("i"), said.contains("o"), said.contains("e"));
    }
    return new Terminals() {
      // Which of null and "no terminal" Java 22 and later answer depends on -Djdk.console.
      @Override
      @SuppressWarnings("SystemConsoleNull")
      public boolean in() {
        Console console = System.console();
        return console != null && console.isTerminal();
      }

      @Override
      public boolean out() {
        return in();
      }

      @Override
      public boolean err() {
        return in();
      }
    };
  }

  /** All of the input as text. */
  String readAll() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }
}
