package org.ggml4j.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarConstraint;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.grammar.VocabTrie;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.TokenHistory;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a grammar adds to a decoding step: the time of a constraint for each token of a JSON text,
 * with llama-bpe's vocabulary of 128,256 tokens. {@link #knownStates} and {@link #newStates} bound
 * what a generation sees; the latter begins with nothing remembered each time. A score is the time
 * of one token.
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgs = {"-Xmx2g"})
public class GrammarBenchmark {
  private static final String JSON =
      """
      root ::= value
      value ::= object | array | string | number | "true" | "false" | "null"
      object ::= "{" ws (member ("," ws member)*)? "}"
      member ::= string ":" ws value
      array ::= "[" ws (value ("," ws value)*)? "]"
      string ::= "\\"" char{0,LENGTH} "\\""
      char ::= [^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\/bfnrt] | "u" [0-9a-fA-F]{4})
      number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
      ws ::= [ \\n\\t]{0,20}
      """;

  private static final String TEXT =
      """
      {"name": "A small fox in the old wood", "tags": ["forest", "Märchen", "日本語のテキスト"],
       "size": {"height": 40.5, "weight": -1.25e2, "unit": null},
       "chapters": [{"title": "The rain", "pages": [1, 2, 3], "done": true},
        {"title": "He said: \\"We're off!\\"", "pages": [], "done": false}],
       "source": {"url": "https://example.org/stories/fox?id=12345&lang=en", "ok": true}}\
      """;

  /** A GGUF file with a vocabulary; empty for the one that the native build fetches. */
  @Param({""})
  public String vocab;

  /** How long strings may be: {@code 0,} is any length; numbers are counted. */
  @Param({"", "200"})
  public String maxLength;

  String sources = FetchedSources.INDEX;

  private String gbnf;
  private Tokenizer tokenizer;
  private VocabTrie trie;
  private Logits logits;
  private float[] equal;
  private Prefix history;
  private GrammarConstraint known;
  private GrammarConstraint fresh;

  @Setup
  public void open() throws IOException {
    Path file =
        vocab.isEmpty()
            ? FetchedSources.model(sources, "ggml-vocab-llama-bpe.gguf")
            : Path.of(vocab);
    try (GgufFile gguf = GgufFile.open(file)) {
      tokenizer = Tokenizer.of(gguf.metadata());
    }
    trie = VocabTrie.of(tokenizer);
    gbnf = JSON.replace("LENGTH", maxLength);
    history = new Prefix(tokenizer.encode(TEXT, EncodeOptions.plain()));
    equal = new float[tokenizer.vocab().size()];
    logits = new Logits(equal.length);
    known = GrammarMasks.of(Grammar.parse(gbnf), trie).newConstraint();
    fresh = known;
  }

  /** How many tokens the text has; the scores of whole texts are divided by it. */
  int tokens() {
    return history.tokens.length;
  }

  /** A step with nothing but the logits: what the others take besides the grammar. */
  @Benchmark
  public int logitsAlone() {
    history.next();
    logits.load(equal, 0);
    return logits.size();
  }

  /** A step in a state whose mask is remembered. */
  @Benchmark
  public int knownStates() {
    return step(known);
  }

  /** A step on a way through the text on which nothing is remembered at its beginning. */
  @Benchmark
  public int newStates() {
    if (history.size == tokens()) {
      fresh = GrammarMasks.of(Grammar.parse(gbnf), trie).newConstraint();
    }
    return step(fresh);
  }

  private int step(GrammarConstraint constraint) {
    history.next();
    logits.load(equal, 0);
    logits.setHistory(history);
    constraint.process(logits);
    return logits.best();
  }

  /** The vocabulary's trie, which is made once for a model. */
  @Benchmark
  public VocabTrie trie() {
    return VocabTrie.of(tokenizer);
  }

  /** Reading the grammar and resolving it for the vocabulary. */
  @Benchmark
  public GrammarMasks parse() {
    return GrammarMasks.of(Grammar.parse(gbnf), trie);
  }

  /** The first tokens of a text, one more each step, then from the beginning. */
  private static final class Prefix implements TokenHistory {
    private final int[] tokens;
    private int size;

    Prefix(int[] tokens) {
      this.tokens = tokens;
      this.size = tokens.length;
    }

    void next() {
      size = size == tokens.length ? 0 : size + 1;
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public int get(int index) {
      return tokens[Objects.checkIndex(index, size)];
    }

    @Override
    public int promptSize() {
      return 0;
    }
  }
}
