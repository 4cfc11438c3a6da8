package org.ggml4j.bindings;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_log_callback;
import org.jspecify.annotations.Nullable;

/**
 * Takes GGML's log to the logger {@code org.ggml4j.ggml}: debug and info as DEBUG, since they are
 * the library's and not the user's news, warnings as WARNING and errors as ERROR.
 *
 * <p>GGML calls from any of its threads, and an exception that left the upcall would end the JVM;
 * so none does.
 */
final class GgmlLog {
  static final String NAME = "org.ggml4j.ggml";

  private final BiConsumer<Level, String> lines;
  private final BooleanSupplier debug;

  private final StringBuilder line = new StringBuilder();
  private Level level = Level.DEBUG;
  private boolean wanted;
  private @Nullable StringBuilder captured;

  /**
   * @param debug whether anybody reads lines of the level DEBUG
   */
  GgmlLog(BiConsumer<Level, String> lines, BooleanSupplier debug) {
    this.lines = lines;
    this.debug = debug;
  }

  /** Makes this the log of GGML, for as long as the process lives. */
  static GgmlLog install() {
    return install(
        (level, text) -> Holder.LOGGER.log(level, text),
        () -> Holder.LOGGER.isLoggable(Level.DEBUG));
  }

  static GgmlLog install(BiConsumer<Level, String> lines, BooleanSupplier debug) {
    GgmlLog log = new GgmlLog(lines, debug);
    MemorySegment stub =
        ggml_log_callback.allocate(
            (level, text, user) -> {
              try {
                if (log.wants(level)) {
                  log.piece(level, text.getString(0));
                }
              } catch (Throwable e) {
                // Nothing may leave an upcall, and there is nobody to tell: the log itself is what
                // failed.
              }
            },
            Arena.global());
    Ggml.ggml_log_set(stub, MemorySegment.NULL);
    return log;
  }

  /**
   * What GGML logs while {@code action} runs, besides logging it; for the message of an exception.
   */
  String during(Runnable action) {
    synchronized (this) {
      captured = new StringBuilder();
    }
    try {
      action.run();
    } finally {
      synchronized (this) {
        flush();
      }
    }
    synchronized (this) {
      String text = captured == null ? "" : captured.toString().strip();
      captured = null;
      return text;
    }
  }

  /**
   * Whether a piece of this level is worth reading: GGML tells of each weight that it rearranges,
   * hundreds while a model is loaded.
   */
  synchronized boolean wants(int ggmlLevel) {
    if (ggmlLevel != Ggml.GGML_LOG_LEVEL_CONT()) {
      wanted = captured != null || levelOf(ggmlLevel) != Level.DEBUG || debug.getAsBoolean();
      if (!wanted) {
        flush(); // what came before it ends here
      }
    }
    return wanted;
  }

  /**
   * A line, or a piece of one: GGML logs a line in several calls, of which all but the first say
   * "continued".
   */
  synchronized void piece(int ggmlLevel, String text) {
    if (ggmlLevel != Ggml.GGML_LOG_LEVEL_CONT()) {
      flush();
      level = levelOf(ggmlLevel);
    }
    int start = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      line.append(text, start, end);
      flush();
      start = end + 1;
    }
    line.append(text, start, text.length());
  }

  private void flush() {
    String text = line.toString().stripTrailing();
    line.setLength(0);
    if (text.isEmpty()) {
      return;
    }
    if (captured != null) {
      captured.append(text).append('\n');
    }
    lines.accept(level, text);
  }

  private static Level levelOf(int ggmlLevel) {
    if (ggmlLevel == Ggml.GGML_LOG_LEVEL_ERROR()) {
      return Level.ERROR;
    }
    return ggmlLevel == Ggml.GGML_LOG_LEVEL_WARN() ? Level.WARNING : Level.DEBUG;
  }

  /** Not before the first message: a logger costs time that a program feels when it starts. */
  private static final class Holder {
    static final Logger LOGGER = System.getLogger(NAME);
  }
}
