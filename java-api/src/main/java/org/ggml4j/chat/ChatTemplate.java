package org.ggml4j.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.jinja.Template;
import org.ggml4j.jinja.TemplateException;
import org.ggml4j.jinja.TemplateOptions;
import org.ggml4j.jinja.Text;
import org.ggml4j.tokenizer.PromptPart;
import org.ggml4j.tokenizer.SpecialTokens;
import org.ggml4j.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * How a model wants a conversation written. Immutable; any thread.
 *
 * <p>What templates differ in is tried out: one that refuses a system message gets it in front of
 * the first user message; one that needs a call's arguments as text, and not as an object, gets
 * them so; one that shows calls only of messages without a content gets none.
 *
 * <p>Source: Hugging Face transformers for what a template is rendered with; llama.cpp v0.5.0
 * ({@code common/chat.cpp}) for the names in GGUF files, the two templates that it patches, and the
 * template of models that carry none.
 */
public final class ChatTemplate {
  /** What models without a template get, as in llama.cpp. */
  private static final String CHATML =
      """
      {%- for message in messages -%}
      {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
      """;

  private static final String TRANSCRIPT =
      """
      {%- for m in messages if m.role == 'system' -%}{{ m.content + '\\n\\n' }}{%- endfor -%}
      {%- if tools -%}
      {{- 'To call a tool, write <tool_call>{"name": ..., "arguments": ...}</tool_call>\\n' -}}
      {%- for tool in tools -%}{{- tool.function | tojson + '\\n' -}}{%- endfor -%}
      {{- '\\n' -}}
      {%- endif -%}
      {%- for m in messages -%}
      {%- if m.role == 'user' -%}{{- 'User: ' + m.content | trim + '\\n' -}}
      {%- elif m.role == 'tool' -%}
      {{- 'Result of ' + m.name + ': ' + m.content | trim + '\\n' -}}
      {%- elif m.role == 'assistant' -%}
      {%- if m.content or not m.tool_calls -%}
      {{- 'Assistant: ' + m.content | trim + '\\n' -}}
      {%- endif -%}
      {%- for call in m.tool_calls -%}
      {{- 'Assistant:<tool_call>{"name": ' + call.function.name | tojson + ', "arguments": ' -}}
      {{- call.function.arguments | tojson + '}</tool_call>\\n' -}}
      {%- endfor -%}
      {%- endif -%}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- 'Assistant:' -}}{%- endif -%}
      """;

  private static final TemplateOptions OPTIONS = TemplateOptions.defaults().withMutable(true);

  /** How a template wants calls. */
  private record CallStyle(boolean asText, boolean withoutContent) {
    static final CallStyle DEFAULT = new CallStyle(false, false);
  }

  /**
   * What a conversation is rendered with.
   *
   * @param tools that the model may ask for
   * @param reply whether the prompt ends where the assistant's next message begins
   * @param variables more for the template, {@code enable_thinking} for example
   */
  public record Options(List<Tool> tools, boolean reply, Map<String, Object> variables) {
    public Options {
      tools = List.copyOf(tools);
      variables = Map.copyOf(variables);
    }

    /** No tools, with the begin of a reply. */
    public static Options defaults() {
      return new Options(List.of(), true, Map.of());
    }

    /** This with {@link #tools} replaced. */
    public Options withTools(List<Tool> others) {
      return new Options(others, reply, variables);
    }

    /** This with {@link #reply} replaced. */
    public Options withReply(boolean on) {
      return new Options(tools, on, variables);
    }

    /** This with a variable more. */
    public Options withVariable(String name, Object value) {
      Map<String, Object> more = new LinkedHashMap<>(variables);
      more.put(name, value);
      return new Options(tools, reply, more);
    }
  }

  private final Template template;
  private final @Nullable Template toolTemplate;
  private final Text bos;
  private final Text eos;
  private final Optional<String> notice;
  private final List<String> stops;
  private final ReplyFormat format;
  private volatile @Nullable CallStyle callStyle;

  private ChatTemplate(
      String source,
      @Nullable String toolSource,
      String bos,
      String eos,
      Optional<String> notice,
      List<String> stops) {
    this.template = Template.parse(patched(source), OPTIONS);
    this.toolTemplate = toolSource == null ? null : Template.parse(patched(toolSource), OPTIONS);
    this.bos = Text.template(bos);
    this.eos = Text.template(eos);
    this.notice = notice;
    this.stops = stops;
    this.format = ReplyFormat.of(toolSource == null ? source : source + toolSource);
  }

  /**
   * The template that a model's file carries; ChatML if it carries none, with a {@link #notice}.
   *
   * @throws GgufFormatException if the file's entry is no text
   * @throws TemplateException if the template can't be parsed
   */
  public static ChatTemplate of(GgufMetadata metadata, Tokenizer tokenizer)
      throws GgufFormatException {
    Optional<ChatTemplate> own = find(metadata, tokenizer);
    return own.isPresent()
        ? own.get()
        : new ChatTemplate(
            CHATML,
            null,
            bos(tokenizer),
            eos(tokenizer),
            Optional.of(
                "the model's file has no chat template: ChatML is used, which the model may not"
                    + " know"),
            List.of("<|im_end|>"));
  }

  /**
   * The template that a model's file carries, or none.
   *
   * @throws GgufFormatException if the file's entry is no text
   * @throws TemplateException if the template can't be parsed
   */
  public static Optional<ChatTemplate> find(GgufMetadata metadata, Tokenizer tokenizer)
      throws GgufFormatException {
    String source = metadata.getString("tokenizer.chat_template", "");
    String toolUse = metadata.getString("tokenizer.chat_template.tool_use", "");
    String first = source.isEmpty() || source.equals("chatml") ? toolUse : source;
    if (first.isEmpty() && source.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new ChatTemplate(
            first.isEmpty() ? CHATML : first,
            toolUse.isEmpty() ? null : toolUse,
            bos(tokenizer),
            eos(tokenizer),
            Optional.empty(),
            List.of()));
  }

  private static String bos(Tokenizer tokenizer) {
    OptionalInt id = tokenizer.special().bos();
    return id.isPresent() ? tokenizer.vocab().text(id.getAsInt()) : "";
  }

  private static String eos(Tokenizer tokenizer) {
    OptionalInt id = tokenizer.special().eos();
    return id.isPresent() ? tokenizer.vocab().text(id.getAsInt()) : "";
  }

  /**
   * A transcript in plain text, {@code User:} and {@code Assistant:} before what each says, for
   * models that were not trained to converse: they go on with it as with any text. Nothing keeps a
   * message from looking like another one's.
   */
  public static ChatTemplate transcript() {
    return new ChatTemplate(
        TRANSCRIPT,
        null,
        "",
        "",
        Optional.empty(),
        List.of("\nUser:", "\nAssistant:", "\nResult of "));
  }

  /**
   * A template from its source.
   *
   * @param bos text of the begin-of-text token, may be empty
   * @param eos text of the end-of-text token, may be empty
   * @throws TemplateException if it can't be parsed
   */
  public static ChatTemplate parse(String source, String bos, String eos) {
    return new ChatTemplate(source, null, bos, eos, Optional.empty(), List.of());
  }

  /**
   * A template from its source, for a model whose file carries none or a wrong one.
   *
   * @param tokenizer tells the texts of the tokens that begin and end a text
   * @throws TemplateException if it can't be parsed
   */
  public static ChatTemplate parse(String source, Tokenizer tokenizer) {
    return parse(source, bos(tokenizer), eos(tokenizer));
  }

  /** llama.cpp's changes to templates that refuse what models with tools and reasoning write. */
  private static String patched(String source) {
    return source
        .replace(
            "{%- if \"<|channel|>analysis<|message|>\" in message.content or "
                + "\"<|channel|>final<|message|>\" in message.content %}",
            "{%- if false %}")
        .replace(
            "{%- if (message['content'] is none or message['content'] == '' or "
                + "message['content']|length == 0) and (message['tool_calls'] is not defined or "
                + "message['tool_calls'] is none or message['tool_calls']|length == 0) %}",
            "{%- if false %}");
  }

  /** What a user should know about this template. */
  public Optional<String> notice() {
    return notice;
  }

  /**
   * Texts with which the next message would begin, for models that don't end their reply with a
   * token.
   */
  public List<String> stops() {
    return stops;
  }

  /** How the model writes its reply. */
  public ReplyFormat format() {
    return format;
  }

  /**
   * The prompt of a conversation. Texts of messages and tools are marked as such.
   *
   * @throws TemplateException if the template refuses the conversation or fails
   */
  public Text render(List<Message> messages, Options options) {
    CallStyle style = hasCalls(messages) ? callStyle() : CallStyle.DEFAULT;
    try {
      return render(messages, options, style);
    } catch (TemplateException e) {
      List<Message> merged = withoutSystem(messages);
      if (merged.size() == messages.size()) {
        throw e;
      }
      try {
        return render(merged, options, style);
      } catch (TemplateException again) {
        throw e;
      }
    }
  }

  private static boolean hasCalls(List<Message> messages) {
    return messages.stream().anyMatch(m -> !m.toolCalls().isEmpty());
  }

  /** The system message put in front of the first user message. */
  private static List<Message> withoutSystem(List<Message> messages) {
    if (messages.size() < 2
        || messages.get(0).role() != Role.SYSTEM
        || messages.get(1).role() != Role.USER) {
      return messages;
    }
    List<Message> merged = new ArrayList<>(messages.subList(1, messages.size()));
    merged.set(0, Message.user(messages.get(0).content() + "\n\n" + messages.get(1).content()));
    return merged;
  }

  /**
   * The first style in which a call is shown: arguments as an object, unless that fails or is shown
   * as Python shows it; a content that is empty, unless the call is left out then.
   */
  private CallStyle callStyle() {
    CallStyle known = callStyle;
    if (known == null) {
      known = CallStyle.DEFAULT;
      for (CallStyle style :
          List.of(
              CallStyle.DEFAULT,
              new CallStyle(true, false),
              new CallStyle(false, true),
              new CallStyle(true, true))) {
        if (showsCalls(style)) {
          known = style;
          break;
        }
      }
      callStyle = known;
    }
    return known;
  }

  private boolean showsCalls(CallStyle style) {
    ToolCall call = new ToolCall("call00001", "probe", "{\"ggml4j_probe\": \"x\"}");
    List<Message> messages = List.of(Message.user("x"), Message.assistant("", "", List.of(call)));
    try {
      String text = render(messages, Options.defaults().withReply(false), style).toString();
      return text.contains("ggml4j_probe") && !text.contains("'ggml4j_probe'");
    } catch (TemplateException e) {
      return false;
    }
  }

  private Text render(List<Message> messages, Options options, CallStyle style) {
    Map<String, @Nullable Object> variables = new LinkedHashMap<>(options.variables());
    List<Object> list = new ArrayList<>();
    for (Message message : messages) {
      list.add(values(message, style));
    }
    variables.put("messages", list);
    if (!options.tools().isEmpty()) {
      List<Object> tools = new ArrayList<>();
      for (Tool tool : options.tools()) {
        tools.add(tool.toJson());
      }
      variables.put("tools", tools);
    }
    variables.put("add_generation_prompt", options.reply());
    variables.put("bos_token", bos);
    variables.put("eos_token", eos);
    Template chosen = toolTemplate != null && !options.tools().isEmpty() ? toolTemplate : template;
    return chosen.render(variables);
  }

  private static Map<String, @Nullable Object> values(Message message, CallStyle style) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("role", Text.template(message.role().text()));
    boolean silent = !message.toolCalls().isEmpty() && message.content().isEmpty();
    values.put("content", silent && style.withoutContent() ? null : message.content());
    if (!message.reasoning().isEmpty()) {
      values.put("reasoning_content", message.reasoning());
    }
    if (!message.toolCalls().isEmpty()) {
      List<Object> calls = new ArrayList<>();
      for (ToolCall call : message.toolCalls()) {
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", call.name());
        function.put("arguments", style.asText() ? call.arguments() : Json.parse(call.arguments()));
        Map<String, @Nullable Object> one = new LinkedHashMap<>();
        one.put("type", Text.template("function"));
        one.put("id", call.id());
        one.put("function", function);
        calls.add(one);
      }
      values.put("tool_calls", calls);
    }
    if (message.role() == Role.TOOL) {
      values.put("name", message.toolName());
      values.put("tool_call_id", message.toolCallId());
    }
    return values;
  }

  /**
   * The tokens of a rendered prompt. Only what the template wrote becomes control tokens. A
   * begin-of-text token that the model wants is added if the template did not write it.
   */
  public static int[] encode(Text prompt, Tokenizer tokenizer) {
    List<PromptPart> parts = new ArrayList<>();
    for (Text.Segment segment : prompt.segments()) {
      parts.add(new PromptPart(segment.text(), segment.fromTemplate()));
    }
    int[] ids = tokenizer.encode(parts, false);
    SpecialTokens special = tokenizer.special();
    if (!special.addBos() || special.bos().isEmpty()) {
      return ids;
    }
    int bos = special.bos().getAsInt();
    if (ids.length > 0 && ids[0] == bos) {
      return ids;
    }
    int[] with = new int[ids.length + 1];
    with[0] = bos;
    System.arraycopy(ids, 0, with, 1, ids.length);
    return with;
  }
}
