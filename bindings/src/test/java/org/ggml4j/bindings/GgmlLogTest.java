package org.ggml4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.ggml4j.bindings.ggml.Ggml;
import org.junit.jupiter.api.Test;

class GgmlLogTest {
  private final List<String> lines = new ArrayList<>();
  private boolean debug = true;
  private final GgmlLog log =
      new GgmlLog((level, text) -> lines.add(level + " " + text), () -> debug);

  @Test
  void levelsAreOurs() {
    log.piece(Ggml.GGML_LOG_LEVEL_DEBUG(), "a\n");
    log.piece(Ggml.GGML_LOG_LEVEL_INFO(), "b\n");
    log.piece(Ggml.GGML_LOG_LEVEL_WARN(), "c\n");
    log.piece(Ggml.GGML_LOG_LEVEL_ERROR(), "d\n");
    log.piece(Ggml.GGML_LOG_LEVEL_NONE(), "e\n");
    assertThat(lines).containsExactly("DEBUG a", "DEBUG b", "WARNING c", "ERROR d", "DEBUG e");
  }

  @Test
  void piecesBecomeLines() {
    log.piece(Ggml.GGML_LOG_LEVEL_WARN(), "one ");
    log.piece(Ggml.GGML_LOG_LEVEL_CONT(), "two ");
    log.piece(Ggml.GGML_LOG_LEVEL_CONT(), "three\nfour\n\nfi");
    assertThat(lines).containsExactly("WARNING one two three", "WARNING four");
    log.piece(Ggml.GGML_LOG_LEVEL_ERROR(), "six\n");
    assertThat(lines).endsWith("WARNING fi", "ERROR six");
  }

  @Test
  void isNotReadIfNobodyWantsIt() {
    assertThat(log.wants(Ggml.GGML_LOG_LEVEL_DEBUG())).isTrue();
    debug = false;
    log.piece(Ggml.GGML_LOG_LEVEL_WARN(), "one");
    assertThat(log.wants(Ggml.GGML_LOG_LEVEL_INFO())).isFalse();
    assertThat(lines).containsExactly("WARNING one");
    assertThat(log.wants(Ggml.GGML_LOG_LEVEL_CONT())).isFalse();
    assertThat(log.wants(Ggml.GGML_LOG_LEVEL_WARN())).isTrue();
    assertThat(log.wants(Ggml.GGML_LOG_LEVEL_CONT())).isTrue();
    log.during(() -> assertThat(log.wants(Ggml.GGML_LOG_LEVEL_DEBUG())).isTrue());
  }

  @Test
  void saysWhatWasLoggedMeanwhile() {
    log.piece(Ggml.GGML_LOG_LEVEL_INFO(), "before\n");
    String said =
        log.during(
            () -> {
              log.piece(Ggml.GGML_LOG_LEVEL_ERROR(), "no such\n");
              log.piece(Ggml.GGML_LOG_LEVEL_ERROR(), "file");
            });
    log.piece(Ggml.GGML_LOG_LEVEL_INFO(), "after\n");
    assertThat(said).isEqualTo("no such\nfile");
    assertThat(lines).containsExactly("DEBUG before", "ERROR no such", "ERROR file", "DEBUG after");
  }

  @Test
  void goesToTheSystemLogger() {
    NativeLibrary.load();
    List<LogRecord> records = Collections.synchronizedList(new ArrayList<>());
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            records.add(record);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("org.ggml4j.ggml");
    boolean parents = logger.getUseParentHandlers();
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    try {
      loadWhatIsNotThere();
    } finally {
      logger.removeHandler(handler);
      logger.setUseParentHandlers(parents);
    }
    assertThat(records).isNotEmpty();
    assertThat(records.get(0).getLevel()).isEqualTo(java.util.logging.Level.SEVERE);
    assertThat(records.get(0).getMessage()).contains("no-such-library");
  }

  @Test
  void aLoggerThatThrowsDoesNotEndTheJvm() {
    NativeLibrary.load();
    List<Level> seen = Collections.synchronizedList(new ArrayList<>());
    GgmlLog.install(
        (level, text) -> {
          seen.add(level);
          throw new AssertionError("thrown on purpose");
        },
        () -> true);
    try {
      loadWhatIsNotThere();
    } finally {
      GgmlLog.install();
    }
    assertThat(seen).contains(Level.ERROR);
  }

  private static void loadWhatIsNotThere() {
    try (Arena arena = Arena.ofConfined()) {
      assertThat(Ggml.ggml_backend_load(arena.allocateFrom("no-such-library")).address()).isZero();
    }
  }
}
