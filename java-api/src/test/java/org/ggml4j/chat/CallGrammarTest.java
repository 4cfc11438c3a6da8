package org.ggml4j.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.grammar.GrammarConstraint;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.grammar.GrammarState;
import org.ggml4j.grammar.VocabTrie;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.TokenHistory;
import org.ggml4j.tokenizer.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the grammar of calls lets through is read as calls whose arguments are valid, in every form:
 * a model that knows nothing picks any token over a toy vocabulary.
 */
class CallGrammarTest {
  private static final int TEXTS = 4;
  private static final int PATIENCE = 40;
  private static final int MAX_TOKENS = 3000;

  private static final Map<String, Schema> SCHEMAS = new LinkedHashMap<>();

  /** One template of each form. */
  private static final Map<CallForm, String> FORMS = new LinkedHashMap<>();

  @BeforeAll
  static void compile() {
    SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    for (Tool tool : CallToolbox.TOOLS) {
      SCHEMAS.put(tool.name(), registry.getSchema(tool.parameters()));
    }
  }

  static List<String> forms() {
    if (FORMS.isEmpty()) {
      for (String name : CallToolbox.names()) {
        Optional<CallForm> form = CallToolbox.template(name).format().calls();
        form.ifPresent(f -> FORMS.putIfAbsent(f, name));
      }
    }
    return List.copyOf(FORMS.values());
  }

  @Test
  void thereAreManyForms() {
    assertThat(forms()).hasSizeGreaterThanOrEqualTo(20);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void whatIsLetThroughIsReadAndValid(String name) throws GgufFormatException {
    check(CallToolbox.template(name).format(), ToyVocabulary.bytes(), true);
    check(CallToolbox.template(name).format(), ToyVocabulary.bytes(), false);
  }

  /** The same where marks are tokens whose text is hidden. */
  @ParameterizedTest
  @MethodSource("forms")
  void marksMayBeTokens(String name) throws GgufFormatException {
    ReplyFormat format = CallToolbox.template(name).format();
    CallForm form = format.calls().orElseThrow();
    Set<String> marks = new LinkedHashSet<>();
    List.of(form.begin(), form.call(), form.end()).forEach(parts -> addMarks(parts, marks));
    marks.add("<|\"|>");
    marks.addAll(List.of("<|channel|>", "<|message|>", "<|constrain|>", "<|call|>"));
    marks.removeIf(mark -> !mark.matches("[<\\[].*[>\\]]") || mark.contains("｜DSML｜"));
    check(format, ToyVocabulary.withMarks(List.copyOf(marks)), true);
  }

  /** A bare call and one in a header are known by how they begin; nothing else is held. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '~',
      value = {
        "meta-llama-Llama-3.1-8B-Instruct; {\"name\":;true",
        "meta-llama-Llama-3.1-8B-Instruct;{ \"type\": \"function\", \"name\":;true",
        "meta-llama-Llama-3.1-8B-Instruct;{\"city\":;false",
        "meta-llama-Llama-3.1-8B-Instruct;It is {\"name\":;false",
        "openai-gpt-oss-120b;commentary to=functions.;true",
        "openai-gpt-oss-120b;commentary to=;false",
        "Qwen3-Coder;I look.<tool_call>;true",
        "Qwen3-Coder;I look.<tool>;false"
      })
  void aCallThatIsOptionalIsHeldFromItsBeginOn(String name, String text, boolean held)
      throws GgufFormatException {
    Tokenizer tokenizer = ToyVocabulary.bytes();
    ReplyGrammar tools =
        CallToolbox.grammar(CallToolbox.template(name).format(), tokenizer, ToolChoice.AUTO);
    GrammarConstraint constraint =
        GrammarMasks.of(tools.grammar(), VocabTrie.of(tokenizer))
            .newLazyConstraint(tools.triggers());
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      tokens[i] = ToyVocabulary.byteToken(bytes[i]);
    }
    Logits logits = new Logits(tokenizer.vocab().size());
    logits.load(new float[tokenizer.vocab().size()], 0);
    logits.setHistory(TokenHistory.of(0, tokens));
    constraint.process(logits);
    int left = 0;
    for (int i = 0; i < tokenizer.vocab().size(); i++) {
      left += Float.isInfinite(logits.get(i)) ? 0 : 1;
    }
    assertThat(left < 10).isEqualTo(held);
  }

  private static void addMarks(List<CallPart> parts, Set<String> marks) {
    for (CallPart part : parts) {
      if (part instanceof CallPart.Mark mark) {
        marks.add(mark.text());
      } else if (part instanceof CallPart.Maybe maybe) {
        addMarks(maybe.parts(), marks);
      }
    }
  }

  private static void check(ReplyFormat format, Tokenizer tokenizer, boolean required) {
    ToolChoice choice = required ? ToolChoice.REQUIRED : ToolChoice.AUTO;
    ReplyGrammar tools = CallToolbox.grammar(format, tokenizer, choice);
    assertThat(tools.triggers().isEmpty()).isEqualTo(required);
    GrammarMasks masks = GrammarMasks.of(tools.grammar(), VocabTrie.of(tokenizer));
    Random random = new Random(17);
    int calls = 0;
    for (int i = 0; i < TEXTS; i++) {
      String text = write(masks, closing(format), random);
      List<ToolCall> read = CallToolbox.calls(format, text, text.length());
      assertThat(read).as(text).isNotEmpty();
      for (int size : List.of(1, 2, 5, 33)) {
        assertThat(CallToolbox.calls(format, text, size))
            .as(text)
            .usingElementComparator(
                Comparator.comparing(ToolCall::name).thenComparing(ToolCall::arguments))
            .isEqualTo(read);
      }
      for (ToolCall call : read) {
        Schema schema = SCHEMAS.get(call.name());
        assertThat(schema).as(text).isNotNull();
        assertThat(schema.validate(new JsonMapper().readTree(call.arguments())))
            .as(text + "\n" + call.arguments())
            .isEmpty();
        calls++;
      }
    }
    assertThat(calls).isGreaterThanOrEqualTo(TEXTS);
  }

  /** What closes something, in the order in which it is tried when a text has gone on for long. */
  private static List<String> closing(ReplyFormat format) {
    List<String> closing = new ArrayList<>();
    for (CallPart part : format.calls().orElseThrow().call()) {
      if (part instanceof CallPart.Tagged tagged) {
        closing.add((tagged.lines() ? "\n" : "") + tagged.valueEnd());
      } else if (part instanceof CallPart.GemmaArguments) {
        closing.add("<|\"|>");
      }
    }
    closing.addAll(List.of("</function>", "</tool_call>", "\"", "}", "]", "AB-1", "1"));
    return closing;
  }

  /** Any tokens that fit, with the text of marks; after a while what closes. */
  private static String write(GrammarMasks masks, List<String> closing, Random random) {
    Tokenizer tokenizer = masks.trie().tokenizer();
    int end = tokenizer.special().eos().orElseThrow();
    GrammarState state = masks.start();
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (int n = 0; n < MAX_TOKENS; n++) {
      List<Integer> allowed = new ArrayList<>();
      BitSet bits = masks.allowed(state);
      bits.stream().forEach(allowed::add);
      boolean tired = n > PATIENCE;
      boolean last = allowed.size() == 1;
      if (bits.get(end) && (tired || last || random.nextInt(3) == 0)) {
        return text.toString(StandardCharsets.UTF_8);
      }
      allowed.remove((Integer) end);
      List<Integer> next = tired ? closing(masks, closing, n, state) : List.of();
      if (next.isEmpty()) {
        // A mark, if there is one, as often as any byte: strings would not end otherwise.
        next = List.of(allowed.get(random.nextInt(allowed.size())));
      }
      for (int token : next) {
        text.writeBytes(tokenizer.tokenBytes(token, true));
        state = masks.accept(state, token);
      }
    }
    throw new AssertionError("no end: " + text.toString(StandardCharsets.UTF_8));
  }

  private static List<Integer> closing(
      GrammarMasks masks, List<String> closing, int first, GrammarState from) {
    Tokenizer tokenizer = masks.trie().tokenizer();
    for (int i = 0; i < closing.size(); i++) {
      String text = closing.get((first + i) % closing.size()); // each has its turn
      List<Integer> tokens = new ArrayList<>();
      var mark = tokenizer.vocab().find(text.strip());
      if (mark.isPresent()) {
        if (text.startsWith("\n")) {
          tokens.add(ToyVocabulary.byteToken('\n'));
        }
        tokens.add(mark.getAsInt());
      } else {
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
          tokens.add(ToyVocabulary.byteToken(b));
        }
      }
      GrammarState state = from;
      for (int token : tokens) {
        state = state.isDead() ? state : masks.accept(state, token);
      }
      if (!state.isDead()) {
        return tokens;
      }
    }
    return List.of();
  }
}
