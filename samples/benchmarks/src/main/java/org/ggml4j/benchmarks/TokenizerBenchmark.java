package org.ggml4j.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.tokenizer.DecodeOptions;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * 64 KiB of text to tokens and back, in one thread; the score is bytes per microsecond, that is
 * MB/s. The text is sentences of words drawn at random: mostly English, with names, numbers, code
 * and other scripts.
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgs = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class TokenizerBenchmark {
  private static final int BYTES = 1 << 16;

  private static final String[] WORDS = {
    "the",
    "and",
    "of",
    "a",
    "to",
    "in",
    "was",
    "that",
    "river",
    "garden",
    "they",
    "found",
    "small",
    "because",
    "lighthouse",
    "Margaret",
    "1987",
    "3.14",
    "don't",
    "it's",
    "re-reading",
    "quickly",
    "unbelievable",
    "(see",
    "below)",
    "for(i=0;i<n;i++)",
    "return",
    "String",
    "https://example.org",
    "\u00fcber",
    "na\u00efve",
    "\u65e5\u672c\u8a9e",
    "\u043f\u0440\u0438\u0432\u0435\u0442",
    "\u0645\u0631\u062d\u0628\u0627",
    "\ud83e\udd8a"
  };

  /** A vocabulary that the native build fetched. */
  @Param({"llama-bpe", "llama-spm", "qwen2", "gpt-2", "gemma-4"})
  public String vocab;

  String sources = FetchedSources.INDEX;

  private Tokenizer tokenizer;
  private String text;
  private int[] tokens;

  @Setup
  public void open() throws IOException {
    try (GgufFile file =
        GgufFile.open(FetchedSources.model(sources, "ggml-vocab-" + vocab + ".gguf"))) {
      tokenizer = Tokenizer.of(file.metadata());
    }
    text = randomText();
    tokens = tokenizer.encode(text, EncodeOptions.plain());
  }

  /** What is measured with. */
  String text() {
    return text;
  }

  private static String randomText() {
    SplittableRandom random = new SplittableRandom(5);
    StringBuilder text = new StringBuilder();
    int nBytes = 0;
    while (true) {
      String word = WORDS[Math.min(random.nextInt(WORDS.length), random.nextInt(WORDS.length))];
      String end = random.nextInt(12) == 0 ? random.nextInt(5) == 0 ? ".\n\n" : ", " : " ";
      int n = (word + end).getBytes(StandardCharsets.UTF_8).length;
      if (nBytes + n > BYTES) {
        return text.append("x".repeat(BYTES - nBytes)).toString();
      }
      nBytes += n;
      text.append(word).append(end);
    }
  }

  /** Text to tokens. */
  @Benchmark
  @OperationsPerInvocation(BYTES)
  public int[] encode() {
    return tokenizer.encode(text, EncodeOptions.plain());
  }

  /** Tokens to text. */
  @Benchmark
  @OperationsPerInvocation(BYTES)
  public String decode() {
    return tokenizer.decode(tokens, DecodeOptions.defaults());
  }
}
