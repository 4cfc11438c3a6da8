package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.ggml4j.Recorded.NO_TOKENS;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.ggml4j.SessionFileException.Reason;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.nn.ContextFullException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions that are saved, damaged, and restored. */
@NothingStaysOpen.Shared
class SessionFileTest {
  private static final SessionOptions FLASH =
      SessionOptions.defaults().withContext(1024).withThreads(1);
  private static final int[] PROMPT = WordModel.text(100, 3);

  @TempDir static Path models;
  private static Model model;
  private static Model small;

  @TempDir Path folder;
  private Path file;

  @BeforeAll
  static void load() throws IOException {
    model = Model.load(WordModel.write(TinyGguf.llama(), models));
    small = Model.load(WordModel.write(TinyGguf.small(), models));
  }

  @AfterAll
  static void close() {
    model.close();
    small.close();
  }

  @BeforeEach
  void name() {
    file = folder.resolve("text.session");
  }

  @AfterEach
  void noTemporaryFilesStay() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).allSatisfy(f -> assertThat(f.toString()).doesNotEndWith(".tmp"));
    }
  }

  static List<SessionOptions> options() {
    return List.of(
        FLASH,
        FLASH.withKvType(GgmlType.F32).withFlashAttn(false),
        FLASH.withKvTypes(GgmlType.Q8_0, GgmlType.F16));
  }

  /** Saved in the middle of a text, in a cache that others share; restored into another one. */
  @ParameterizedTest
  @MethodSource("options")
  void aRestoredTextGoesOnAsIfItHadNotBeenSaved(SessionOptions options) throws IOException {
    try (Session session = model.newSession(options);
        Session other = session.fork();
        Session restored = model.newSession(options.withContext(4096).withBatch(70))) {
      session.prefill(PROMPT);
      try (Session fork = session.fork()) {
        fork.append(WordModel.text(30, 1)); // takes the place behind the common begin
        new Recorded(session, NO_TOKENS, 1, 40).all();
        other.append(WordModel.text(70, 2));
        new Recorded(session, NO_TOKENS, 2, 50).all();
      }
      session.save(file);
      Recorded expected = new Recorded(session, NO_TOKENS, 3, 60).all();
      restored.append(1, 2, 3);
      restored.restore(file);
      assertThat(restored.tokens()).hasSize(190).startsWith(PROMPT);
      assertThat(restored.nPast()).as("the last one waits").isEqualTo(189);
      new Recorded(restored, NO_TOKENS, 3, 60).all().assertEquals(expected);
      assertThat(restored.tokens()).isEqualTo(session.tokens());
    }
  }

  @ParameterizedTest
  @MethodSource("options")
  void theLogitsAfterThePromptAreSaved(SessionOptions options) throws IOException {
    try (Session session = model.newSession(options);
        Session restored = model.newSession(options)) {
      session.prefill(PROMPT);
      session.save(file);
      restored.restore(file);
      assertThat(restored.nOutputs()).isEqualTo(1);
      Recorded expected = new Recorded(session, NO_TOKENS, 3, 10).all();
      new Recorded(restored, NO_TOKENS, 3, 10).all().assertEquals(expected);
    }
  }

  @Test
  void textsOfAnyKind() throws IOException {
    try (Session session = model.newSession(FLASH);
        Session restored = model.newSession(FLASH.withContext(300))) {
      session.save(file);
      restored.append(1, 2);
      restored.restore(file);
      assertThat(restored.tokens()).isEmpty();

      session.append(WordModel.text(90, 1));
      session.removeTokens(0, 10, 20); // a hole
      session.shiftTokens(0, 20, 50, 1000); // and tokens that are yet to be moved
      session.save(file);
      restored.restore(file);
      assertThat(restored.tokens()).isEqualTo(session.tokens()).hasSize(80);
      assertThat(restored.nPast()).isEqualTo(session.nPast()).isEqualTo(1050);
      float[][] expected = Logit.batch(session, 0, 7);
      assertThat(Logit.nmse(Logit.batch(restored, 0, 7), expected)).isLessThan(1e-5);

      session.rewind(64);
      session.save(file); // over the other one
      restored.restore(file);
      assertThat(restored.tokens()).isEqualTo(session.tokens()).hasSize(64);
    }
  }

  /** Of layers with a window, what it shows is saved. */
  @Test
  void aTextOfAModelWithWindows() throws IOException {
    SessionOptions options = FLASH.withBatch(64);
    try (Model windows = Model.load(Toys.byName("gemma2").write(models));
        Session session = windows.newSession(options);
        Session restored = windows.newSession(options.withContext(2048).withBatch(100))) {
      int nVocab = windows.hparams().nVocab();
      session.append(Logit.tokens(500, nVocab));
      restored.append(Logit.tokens(300, nVocab));
      session.save(file);
      restored.restore(file);
      assertThat(restored.tokens()).isEqualTo(session.tokens());
      int[] next = Arrays.copyOfRange(Logit.tokens(600, nVocab), 510, 560);
      assertThat(Logit.batch(restored, 0, next)).isDeepEqualTo(Logit.batch(session, 0, next));
      for (int token : next) {
        assertThat(Logit.batch(restored, 0, token)).isDeepEqualTo(Logit.batch(session, 0, token));
      }
      restored.rewind(100); // which the file knows only in part
      assertThat(restored.tokens()).isEqualTo(Logit.tokens(100, nVocab));
    }
  }

  /** So are the states of recurrent layers, also one that was taken back by a step. */
  @Test
  void aTextOfAModelWithStates() throws IOException {
    try (Model recurrent = TinyWords.load(models, Toys.byName("mamba"));
        Session session = recurrent.newSession(FLASH);
        Session restored = recurrent.newSession(FLASH.withContext(2048))) {
      int[] text = Logit.tokens(80, 32);
      session.append(Arrays.copyOf(text, 40));
      session.append(text[40]);
      for (int n : new int[] {41, 40, 20, 0}) { // after it, before its last step, further, nothing
        session.rewind(n);
        session.save(file);
        restored.append(1, 2, 3);
        restored.restore(file);
        assertThat(restored.tokens()).isEqualTo(session.tokens()).hasSize(n);
        float[][] expected = Logit.batch(session, 0, Arrays.copyOfRange(text, 41, 60));
        float[][] actual = Logit.batch(restored, 0, Arrays.copyOfRange(text, 41, 60));
        assertThat(actual).isDeepEqualTo(expected);
        session.rewind(n);
      }
      session.append(5, 6);
      session.save(file);
      byte[] whole = Files.readAllBytes(file);
      for (int n = whole.length - 400; n < whole.length; n++) {
        byte[] changed = whole.clone();
        changed[n] ^= 1;
        Files.write(file, changed);
        assertThat(refused(restored).reason()).isEqualTo(Reason.DAMAGED);
        Files.write(file, Arrays.copyOf(whole, n));
        assertThat(refused(restored).reason()).isEqualTo(Reason.DAMAGED);
      }
      Parts parts = new Parts(whole);
      String states =
          parts.sections.keySet().stream().filter(t -> t.startsWith("STAT")).findFirst().get();
      for (int last : new int[] {2, -2, 1000}) {
        parts.ints(states).putInt(0, last);
        Files.write(file, parts.whole());
        assertThat(refused(restored)).hasMessageContaining("states that have seen another text");
      }
    }
  }

  @Test
  void aForkIsReplacedAndItsRelativesAreNot() throws IOException {
    try (Session session = model.newSession(FLASH.withContext(128))) {
      session.append(WordModel.text(60, 1));
      session.save(file);
      try (Session fork = session.fork()) {
        fork.append(WordModel.text(20, 2));
        session.append(4);
        fork.restore(file);
        assertThat(fork.tokens()).isEqualTo(WordModel.text(60, 1));
        assertThat(session.tokens()).hasSize(61);
        assertThat(session.cache().used()).isEqualTo(121);
        session.append(WordModel.text(7, 2));
        Iterator<Piece> pieces = fork.generate(NO_TOKENS, GenerationConfig.greedy()).iterator();
        assertThatThrownBy(() -> session.restore(folder.resolve("absent")))
            .isInstanceOf(NoSuchFileException.class);
        session.rewind(0);
        fork.restore(file);
        assertThatIllegalStateException().isThrownBy(pieces::next).withMessageContaining("else");
      }
    }
  }

  @Test
  void aTextThatDoesNotFit() throws IOException {
    try (Session session = model.newSession(FLASH);
        Session tight = model.newSession(FLASH.withContext(99));
        Session exact = model.newSession(FLASH.withContext(100))) {
      session.append(PROMPT);
      session.save(file);
      tight.append(1, 2, 3);
      assertThatThrownBy(() -> tight.restore(file))
          .isInstanceOf(ContextFullException.class)
          .hasMessageContaining("99")
          .hasMessageContaining("100");
      assertThat(tight.tokens()).containsExactly(1, 2, 3);
      exact.append(1, 2, 3);
      exact.restore(file);
      assertThat(exact.tokens()).isEqualTo(PROMPT);
      try (Session fork = exact.fork()) {
        fork.restore(file.resolveSibling("text.session"));
        fail();
      } catch (ContextFullException e) {
        assertThat(e.nPast()).as("taken by the other one").isEqualTo(100);
      }
    }
  }

  private static void fail() {
    throw new AssertionError("expected an exception");
  }

  private SessionFileException refused(Session session) {
    int[] before = session.tokens();
    SessionFileException e =
        catchThrowableOfType(SessionFileException.class, () -> session.restore(file));
    assertThat(e).isNotNull();
    assertThat(e.path()).isEqualTo(file);
    assertThat(e).hasMessageContaining(file.toString());
    assertThat(session.tokens()).isEqualTo(before);
    return e;
  }

  /** A small file: three tokens in the cache, one that waits. */
  private byte[] saved() throws IOException {
    try (Session session = small.newSession(FLASH)) {
      session.generate(new int[] {1, 2, 3}, GenerationConfig.greedy().withMaxTokens(1)).text();
      session.save(file);
      return Files.readAllBytes(file);
    }
  }

  @Test
  void aFileThatIsCutAnywhereIsRefused() throws IOException {
    byte[] whole = saved();
    try (Session session = small.newSession(FLASH)) {
      session.append(7, 8);
      for (int n = 0; n < whole.length; n++) {
        Files.write(file, Arrays.copyOf(whole, n));
        SessionFileException e = refused(session);
        assertThat(e.reason()).isIn(Reason.DAMAGED, Reason.NOT_A_SESSION);
        assertThat(e.offset()).isLessThanOrEqualTo(n);
      }
      Files.write(file, Arrays.copyOf(whole, whole.length + 1));
      assertThat(refused(session).reason()).isEqualTo(Reason.DAMAGED);
      Files.write(file, whole);
      session.restore(file);
      assertThat(session.tokens()).hasSize(4).startsWith(1, 2, 3);
    }
  }

  @Test
  void aFileWithAnyByteChangedIsRefused() throws IOException {
    byte[] whole = saved();
    try (Session session = small.newSession(FLASH)) {
      session.append(7, 8);
      for (int i = 0; i < whole.length; i++) {
        for (int change : new int[] {1, 0xff}) {
          byte[] changed = whole.clone();
          changed[i] ^= (byte) change;
          Files.write(file, changed);
          assertThat(refused(session).reason())
              .isEqualTo(i < 8 ? Reason.NOT_A_SESSION : Reason.DAMAGED);
        }
      }
    }
  }

  /** The parts of a file, and a whole one of them again, with right checksums. */
  private static final class Parts {
    int version = 1;
    final Map<String, byte[]> sections = new LinkedHashMap<>();

    Parts(byte[] whole) {
      ByteBuffer in = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).position(16);
      while (in.hasRemaining()) {
        byte[] tag = new byte[4];
        in.get(tag);
        byte[] content = new byte[(int) in.getLong()];
        in.getInt();
        in.get(content);
        in.getInt();
        sections.put(new String(tag, StandardCharsets.US_ASCII) + sections.size(), content);
      }
    }

    byte[] whole() {
      ByteBuffer out = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
      out.put("GG4JSESS".getBytes(StandardCharsets.US_ASCII)).putInt(version);
      out.putInt(crc(out, 0));
      sections.forEach(
          (tag, content) -> {
            int begin = out.position();
            out.put(tag.substring(0, 4).getBytes(StandardCharsets.US_ASCII));
            out.putLong(content.length);
            out.putInt(crc(out, begin));
            begin = out.position();
            out.put(content);
            out.putInt(crc(out, begin));
          });
      return Arrays.copyOf(out.array(), out.position());
    }

    private static int crc(ByteBuffer out, int from) {
      CRC32C crc = new CRC32C();
      crc.update(out.array(), from, out.position() - from);
      return (int) crc.getValue();
    }

    ByteBuffer ints(String name) {
      return ByteBuffer.wrap(sections.get(name)).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  /** Files whose checksums are right, and what is in them is not. */
  @Test
  void whatCannotBeIsRefused() throws IOException {
    byte[] whole = saved();
    assertThat(new Parts(whole).whole()).isEqualTo(whole);
    assertThat(new Parts(whole).sections.keySet())
        .containsExactly(
            "MODL0", "CACH1", "TEXT2", "CELL3", "ROWS4", "ROWS5", "ROWS6", "ROWS7", "END.8");
    Map<String, Consumer<Parts>> changes = new LinkedHashMap<>();
    changes.put("token -1", p -> p.ints("TEXT2").putInt(12, -1));
    changes.put("token 100000", p -> p.ints("TEXT2").putInt(36, 100_000));
    changes.put("positions", p -> p.ints("TEXT2").putInt(24, 9));
    changes.put("positions that", p -> p.ints("TEXT2").putInt(24, -5));
    changes.put("numbers don't fit", p -> p.ints("TEXT2").putInt(0, -1));
    changes.put("fit: 3, 2", p -> p.ints("TEXT2").putInt(4, 2));
    changes.put("fit: 3, 1, 1", p -> p.ints("TEXT2").putInt(8, 1));
    changes.put("a text of 2", p -> p.sections.put("TEXT2", new byte[2]));
    changes.put("settings of 0", p -> p.sections.put("CACH1", new byte[0]));
    changes.put("without identity", p -> p.sections.put("MODL0", new byte[31]));
    changes.put("3 tokens of 64 bytes", p -> p.sections.put("ROWS5", new byte[64]));
    changes.put("than ROWS: END.", p -> p.sections.remove("ROWS7"));
    changes.put(
        "than END.: ROWS",
        p -> {
          p.sections.remove("END.8");
          p.sections.put("ROWS8", new byte[0]);
        });
    changes.put("cells whose positions", p -> p.ints("CELL3").putInt(0, 1));
    changes.put("positions are not", p -> p.sections.put("CELL3", new byte[13]));
    changes.put(
        "a part of the text only",
        p -> {
          p.sections.replace("CELL3", Arrays.copyOf(p.sections.get("CELL3"), 8));
          for (int i = 4; i < 8; i++) {
            p.sections.replace("ROWS" + i, new byte[2 * 64]);
          }
        });
    changes.put("the end has content", p -> p.sections.put("END.8", new byte[1]));
    changes.put("cut short", p -> p.sections.remove("END.8"));
    changes.put("than CACH: TEXT", p -> p.sections.remove("CACH1"));
    changes.put(
        "than END.: AB",
        p -> {
          p.sections.remove("END.8");
          p.sections.put("AB\u0000\u0001", new byte[0]);
        });
    try (Session session = small.newSession(FLASH)) {
      for (var change : changes.entrySet()) {
        Parts parts = new Parts(whole);
        change.getValue().accept(parts);
        Files.write(file, parts.whole());
        SessionFileException e = refused(session);
        assertThat(e.reason()).as(change.getKey()).isEqualTo(Reason.DAMAGED);
        assertThat(e).hasMessageContaining(change.getKey());
      }
      Parts later = new Parts(whole);
      later.version = 2;
      Files.write(file, later.whole());
      SessionFileException e = refused(session);
      assertThat(e.reason()).isEqualTo(Reason.OTHER_VERSION);
      assertThat(e).hasMessageContaining("version 2").hasMessageContaining("reads version 1");
    }
  }

  @Test
  void anotherModelIsRefused() throws IOException {
    saved();
    TinyGguf.Content otherWeights = WordModel.content(TinyGguf.small());
    TinyGguf.Stored k = otherWeights.tensors.get("blk.1.attn_k.weight");
    k.data()[3] ^= 1;
    TinyGguf.Content otherName = WordModel.content(TinyGguf.small());
    otherName.metadata.put("general.name", "another");
    for (TinyGguf.Content content : List.of(otherWeights, otherName)) {
      Path path = folder.resolve("other.gguf");
      content.write(path);
      try (Model other = Model.load(path);
          Session session = other.newSession(FLASH)) {
        SessionFileException e = refused(session);
        assertThat(e.reason()).isEqualTo(Reason.OTHER_MODEL);
        assertThat(e).hasMessageContaining("llama words-").hasMessageContaining("llama other.gguf");
      }
    }
    Path copy = folder.resolve("copy.gguf");
    WordModel.content(TinyGguf.small()).write(copy);
    try (Model same = Model.load(copy, ModelOptions.defaults().withMmap(false));
        Session session = same.newSession(FLASH)) {
      session.restore(file);
      assertThat(session.tokens()).hasSize(4);
    }
  }

  @Test
  void otherSettingsAreRefused() throws IOException {
    saved();
    Map<String, SessionOptions> options = new LinkedHashMap<>();
    options.put("typeK is F16, and F32 here", FLASH.withKvTypes(GgmlType.F32, GgmlType.F16));
    options.put("typeV is F16, and BF16 here", FLASH.withKvTypes(GgmlType.F16, GgmlType.BF16));
    options.put("flashAttn is true, and false here", FLASH.withFlashAttn(false));
    options.forEach(
        (message, other) -> {
          try (Session session = small.newSession(other)) {
            SessionFileException e = refused(session);
            assertThat(e.reason()).isEqualTo(Reason.OTHER_SETTINGS);
            assertThat(e).hasMessageContaining(message);
          }
        });
  }

  @Test
  void whatIsNoSessionAtAll() throws IOException {
    try (Session session = small.newSession(FLASH)) {
      Files.writeString(file, "a text that somebody wrote");
      assertThat(refused(session).reason()).isEqualTo(Reason.NOT_A_SESSION);
      assertThatThrownBy(() -> session.restore(folder)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> session.restore(folder.resolve("absent")))
          .isInstanceOf(NoSuchFileException.class);
    }
  }

  @Test
  void whatCannotBeSavedChangesNothing() throws IOException {
    byte[] whole = saved();
    try (Session session = small.newSession(FLASH)) {
      session.append(1, 2, 3);
      assertThatThrownBy(() -> session.save(folder.resolve("absent").resolve("x")))
          .isInstanceOf(IOException.class);
      Path taken = Files.createDirectory(folder.resolve("taken"));
      Files.createFile(taken.resolve("something"));
      assertThatThrownBy(() -> session.save(taken)).isInstanceOf(IOException.class);
      assertThat(Files.readAllBytes(file)).isEqualTo(whole);
      assertThat(session.tokens()).containsExactly(1, 2, 3);
      session.append(4);
    }
  }
}
