package org.ggml4j.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Branches of the vocabulary that are taken as a whole are those whose tokens fit one by one. */
class RunTest {
  private static VocabTrie trie(byte[]... more) {
    TestVocabulary vocabulary = new TestVocabulary().withBytes();
    // Branches of many tokens: below z, below a, and below é. All but the last have letters only.
    for (String begin : new String[] {"z", "a", "é", "ze", "k"}) {
      for (char c = 'a'; c < 'u'; c++) {
        vocabulary.add(begin + c);
        vocabulary.add(begin + c + "zz");
      }
    }
    Stream.of(
            "zé",
            "zö",
            "z日",
            "z😀",
            "k\"",
            "z\"",
            "zeé",
            "z".repeat(31),
            "z".repeat(33),
            "a".repeat(40))
        .forEach(vocabulary::add);
    vocabulary.add(new byte[] {'z', (byte) 0xC3});
    vocabulary.add(new byte[] {'k', (byte) 0xE6, (byte) 0x97});
    for (byte[] bytes : more) {
      vocabulary.add(bytes);
    }
    vocabulary.addEnd("<end>");
    return vocabulary.trie();
  }

  private static void check(VocabTrie trie, String gbnf) {
    GrammarMasks masks = GrammarMasks.of(Grammar.parse(gbnf), trie);
    GrammarMasks oneByOne = GrammarMasks.of(Grammar.parse(gbnf), trie);
    for (String before : new String[] {"", "z", "a", "zz", "é", "zzzzzzzz"}) {
      byte[] text = before.getBytes(StandardCharsets.UTF_8);
      GrammarState state = masks.start().accept(text);
      BitSet allowed = masks.allowed(state);
      for (int token = 0; token < trie.nVocab(); token++) {
        boolean fits = !oneByOne.accept(oneByOne.start().accept(text), token).isDead();
        assertThat(allowed.get(token))
            .as("token %s '%s' after '%s'", token, trie.tokenizer().decode(token), before)
            .isEqualTo(fits);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[a-z]*",
        "[a-zé]*",
        "[a-z日]*",
        "[^\"]*",
        "[^é\"]*",
        "[^😀]*",
        "[^日]*",
        ".*",
        "[a-z]{2}",
        "[a-z]{0,32}",
        "[^\"]{3,40}",
        "[a-y]*",
        "[b-z]* \"a\"",
        "([a-yé] | \"zz\")*",
        "(\"z\" [a-e]* | [f-z]+)*"
      })
  void wholeBranchesFitAsTheirTokensDo(String expression) {
    check(trie(), "root ::= " + expression);
  }

  @ParameterizedTest
  @ValueSource(strings = {".*", "[a-z]*", "[^x]{0,50}"})
  void branchesWithBytesThatAreNoTextAreLookedAtOneByOne(String expression) {
    check(
        trie(
            new byte[] {'k', (byte) 0x80},
            new byte[] {'a', (byte) 0xE0, (byte) 0x80, (byte) 0x80},
            new byte[] {'a', (byte) 0xED, (byte) 0xA0},
            new byte[] {'z', (byte) 0xF5},
            new byte[] {'z', (byte) 0xC3, 'z'}),
        "root ::= " + expression);
  }
}
