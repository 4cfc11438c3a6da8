package org.ggml4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.ggml4j.chat.ChatTemplate;
import org.ggml4j.chat.Message;
import org.ggml4j.chat.Tool;
import org.ggml4j.chat.ToolCall;
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
 * A chat of ten messages, two of them calls of tools and two their results, with three tools, is
 * rendered by known models' templates; and the templates are parsed, which happens once.
 */
@NullUnmarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgs = {"--enable-native-access=ALL-UNNAMED", "-Xmx1g"})
public class TemplateBenchmark {
  /** Arguments of the tools. */
  record Place(String city, String country) {}

  record Search(String query, int most) {}

  record Mail(String to, String subject, String text, boolean urgent) {}

  private static final List<Tool> TOOLS =
      List.of(
          Tool.of("weather", "The weather of a place now", Place.class, place -> "sunny"),
          Tool.of("search", "Searches the web", Search.class, search -> "nothing"),
          Tool.of("mail", "Sends a mail", Mail.class, mail -> "sent"));

  private static final List<Message> CHAT = chat();

  /** A template that the native build fetched. */
  @Param({
    "Qwen-Qwen3-0.6B",
    "meta-llama-Llama-3.1-8B-Instruct",
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use",
    "mistralai-Mistral-Nemo-Instruct-2407",
    "openai-gpt-oss-120b"
  })
  public String template;

  String sources = FetchedSources.INDEX;

  private final ChatTemplate.Options options = ChatTemplate.Options.defaults().withTools(TOOLS);
  private String source;
  private ChatTemplate parsed;

  @Setup
  public void open() throws IOException {
    source = Files.readString(FetchedSources.model(sources, "templates/" + template + ".jinja"));
    parsed = parse();
  }

  private static List<Message> chat() {
    ToolCall weather =
        new ToolCall("aBcD12345", "weather", "{\"city\": \"Oslo\", \"country\": \"Norway\"}");
    ToolCall search =
        new ToolCall("aBcD12346", "search", "{\"query\": \"ferries to Bergen\", \"most\": 5}");
    return List.of(
        Message.system("You are a helpful travel agent. Answer briefly, and say what you know."),
        Message.user("I'd like to go to Norway in June. Is it warm there?"),
        Message.assistant("It is mild: 15 to 20 degrees in Oslo, and light until late."),
        Message.user("And how is the weather there right now?"),
        Message.assistant("", "", List.of(weather)),
        Message.tool(weather, "{\"temperature\": 17.5, \"sky\": \"clear\", \"wind\": \"2 m/s\"}"),
        Message.assistant("Clear and 17.5 degrees, with next to no wind."),
        Message.user("Find me a ferry to Bergen, please."),
        Message.assistant("", "", List.of(search)),
        Message.tool(search, "{\"results\": [\"Stavanger to Bergen, 5 hours, twice a day\"]}"));
  }

  /** The chat as a prompt. */
  @Benchmark
  public String render() {
    return parsed.render(CHAT, options).toString();
  }

  /** The template from its source. */
  @Benchmark
  public ChatTemplate parse() {
    return ChatTemplate.parse(source, "<s>", "</s>");
  }
}
