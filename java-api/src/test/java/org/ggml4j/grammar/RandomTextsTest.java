package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.sampling.Samplers;
import org.ggml4j.sampling.TokenHistory;
import org.ggml4j.tokenizer.DecodeOptions;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * A model that knows nothing, all tokens being equally likely to it, writes under each published
 * grammar with real vocabularies: what it has written fits at each step, and follows the grammar
 * when it ends.
 */
class RandomTextsTest {
  private static final Path MODELS = Path.of(System.getProperty("ggml4j.models.dir"));
  private static final Path GRAMMARS = Path.of(System.getProperty("ggml4j.grammars.dir"));
  private static final int TEXTS = 12;
  private static final int WANDER = 12;

  private static final int MAX_SEARCHED = 30_000;

  @TestFactory
  Stream<DynamicTest> whatComesOutParses() throws IOException {
    List<String> grammars;
    try (Stream<Path> files = Files.list(GRAMMARS)) {
      grammars = files.map(Path::toString).filter(f -> f.endsWith(".gbnf")).sorted().toList();
    }
    assertThat(grammars).hasSize(8);
    return Stream.of("llama-spm", "llama-bpe")
        .flatMap(
            name -> {
              VocabTrie trie = trie(name);
              return grammars.stream()
                  .map(
                      file ->
                          DynamicTest.dynamicTest(
                              name + " " + Path.of(file).getFileName(),
                              () -> writeTexts(trie, Files.readString(Path.of(file)))));
            });
  }

  private static VocabTrie trie(String name) {
    try (GgufFile file = GgufFile.open(MODELS.resolve("ggml-vocab-" + name + ".gguf"))) {
      return VocabTrie.of(Tokenizer.of(file.metadata()));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void writeTexts(VocabTrie trie, String gbnf) {
    Grammar grammar = Grammar.parse(gbnf);
    GrammarMasks masks = GrammarMasks.of(grammar, trie);
    Logits logits = new Logits(trie.nVocab());
    int ended = 0;
    for (int seed = 0; seed < TEXTS; seed++) {
      int[] text = write(masks, logits, seed);
      byte[] bytes = trie.tokenizer().decodeBytes(text, DecodeOptions.defaults());
      // A fresh grammar, so that nothing that was remembered hides a mistake.
      GrammarState state = Grammar.parse(gbnf).start().accept(space(trie, text, bytes));
      assertThat(state.isDead()).isFalse();
      if (text.length > 0 && trie.isEnd(text[text.length - 1])) {
        assertThat(state.isAccepting())
            .as(new String(bytes, java.nio.charset.StandardCharsets.UTF_8))
            .isTrue();
        ended++;
      }
    }
    assertThat(ended).as("texts that ended").isGreaterThan(TEXTS / 2);
  }

  /** SentencePiece drops the space that the first token begins with; it was written. */
  private static byte[] space(VocabTrie trie, int[] text, byte[] decoded) {
    byte[] first = trie.tokenizer().tokenBytes(text[0], false);
    if (first.length > 0 && first[0] == ' ' && (decoded.length == 0 || decoded[0] != ' ')) {
      byte[] all = new byte[decoded.length + 1];
      all[0] = ' ';
      System.arraycopy(decoded, 0, all, 1, decoded.length);
      return all;
    }
    return decoded;
  }

  /** Writes at random for some tokens, then the shortest end that there is. */
  private static int[] write(GrammarMasks masks, Logits logits, long seed) {
    float[] equal = new float[logits.nVocab()];
    GrammarConstraint constraint = masks.newConstraint();
    Sampler sampler = constraint.thenPick(Samplers.distribution(seed));
    List<Integer> text = new ArrayList<>();
    Deque<Integer> rest = new ArrayDeque<>();
    while (text.isEmpty() || !masks.trie().isEnd(text.get(text.size() - 1))) {
      int[] before = text.stream().mapToInt(t -> t).toArray();
      logits.load(equal, 0);
      logits.setHistory(TokenHistory.of(0, before));
      int token = sampler.sample(logits);
      if (before.length == WANDER) {
        rest.addAll(shortestEnd(masks, before));
        if (rest.isEmpty()) {
          return before;
        }
      }
      if (before.length >= WANDER) {
        token = rest.remove();
        assertThat(logits.get(token)).isZero();
      }
      text.add(token);
    }
    return text.stream().mapToInt(t -> t).toArray();
  }

  private record Way(GrammarState state, Way before, int lastByte) {}

  /** The tokens of single bytes that end the text soonest, with the end of generation. */
  private static List<Integer> shortestEnd(GrammarMasks masks, int[] text) {
    GrammarState state = masks.start();
    for (int token : text) {
      state = masks.accept(state, token);
    }
    Set<GrammarState> seen = new HashSet<>(Set.of(state));
    Deque<Way> todo = new ArrayDeque<>(List.of(new Way(state, null, -1)));
    while (!todo.isEmpty() && seen.size() < MAX_SEARCHED) {
      Way way = todo.remove();
      if (way.state.isAccepting()) {
        Deque<Integer> tokens = new ArrayDeque<>(List.of(masks.trie().ends()[0]));
        for (Way at = way; at.lastByte >= 0; at = at.before) {
          tokens.addFirst(byteToken(masks.trie(), at.lastByte));
        }
        return List.copyOf(tokens);
      }
      for (int b = 0; b < 256; b++) {
        GrammarState next = way.state.accept(new byte[] {(byte) b});
        if (!next.isDead() && seen.add(next)) {
          todo.add(new Way(next, way, b));
        }
      }
    }
    return List.of();
  }

  private static int byteToken(VocabTrie trie, int b) {
    return IntStream.range(0, trie.nVocab())
        .filter(id -> Arrays.equals(trie.text(id), new byte[] {(byte) b}))
        .findFirst()
        .orElseThrow();
  }
}
