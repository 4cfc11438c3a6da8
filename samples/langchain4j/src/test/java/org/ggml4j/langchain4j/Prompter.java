package org.ggml4j.langchain4j;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.Model;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.sampling.TokenHistory;
import org.ggml4j.tokenizer.EncodeOptions;

/**
 * Picks what a model that knows the world would say, as LangChain4j's tests expect it: of the lines
 * that go with the prompt, the first one that a grammar lets through. The story teller knows
 * nothing of capitals; all but the choice of words is as it is with any model.
 */
final class Prompter implements Sampler {
  private static final String CALL = "<tool_call>{\"name\": \"%s\", \"arguments\": %s}</tool_call>";
  private static final String WEATHER = CALL.formatted("getWeather", "{\"city\": \"Munich\"}");
  private static final String TIME = CALL.formatted("getTime", "{\"country\": \"France\"}");

  private final Model model;
  private final Map<String, List<String>> lines = new LinkedHashMap<>();

  Prompter(Model model) {
    this.model = model;
    lines.put("Result of getTime: 14:35", List.of(" It is sunny in Munich, 14:35 in France."));
    lines.put("Result of get_current_time: 10:14", List.of(" It is 10:14."));
    lines.put("Result of getWeather: sunny", List.of(" It is sunny.", "{\"weather\": \"sunny\"}"));
    lines.put("Call tools simultaneously", List.of(WEATHER + "\n" + TIME));
    lines.put("What is the weather in Munich?", List.of(WEATHER));
    lines.put("Use the get_current_time tool", List.of(CALL.formatted("get_current_time", "{}")));
    lines.put("I live in Munich", List.of(" Do you?", WEATHER));
    lines.put(
        "What is the capital of Germany?",
        List.of(" Berlin is the capital of Germany.", "{\"city\": \"Berlin\"}"));
    lines.put("Translate: 'I love you'", List.of(" Ich liebe dich."));
    lines.put("What is my favorite color?", List.of(" It is green."));
    lines.put("Say 'Hello World'", List.of(" Hello World"));
    lines.put("hello", List.of(" Hello! What can I do for you today?"));
  }

  @Override
  public int sample(Logits logits) {
    TokenHistory history = logits.history();
    int[] all = new int[history.size()];
    history.copy(0, all, 0, all.length);
    String prompt = model.tokenizer().decode(Arrays.copyOf(all, history.promptSize()));
    int[] written = Arrays.copyOfRange(all, history.promptSize(), all.length);
    for (Map.Entry<String, List<String>> entry : lines.entrySet()) {
      if (prompt.contains(entry.getKey())) {
        for (String line : entry.getValue()) {
          int[] tokens = model.tokenizer().encode(line, EncodeOptions.plain());
          int at = written.length;
          if (at <= tokens.length && Arrays.equals(written, 0, at, tokens, 0, at)) {
            int next =
                at < tokens.length ? tokens[at] : model.tokenizer().special().eos().orElseThrow();
            if (logits.get(next) > Float.NEGATIVE_INFINITY) {
              return next;
            }
          }
        }
      }
    }
    throw new IllegalStateException("nothing to say to: " + prompt);
  }

  @Override
  public Sampler fork() {
    return this;
  }
}
