package org.ggml4j.springai;

import java.util.Objects;
import org.ggml4j.chat.ToolChoice;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.DefaultToolCallingChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;

/**
 * Spring AI's options of a request, and three more: a seed, whether a tool has to be called, and
 * the JSON Schema of the answer. What is null is as the model's own options say.
 */
public final class Ggml4jChatOptions extends DefaultToolCallingChatOptions
    implements StructuredOutputChatOptions {
  private final @Nullable Long seed;
  private final @Nullable ToolChoice toolChoice;
  private final @Nullable String outputSchema;

  private Ggml4jChatOptions(
      ToolCallingChatOptions common,
      @Nullable Long seed,
      @Nullable ToolChoice toolChoice,
      @Nullable String outputSchema) {
    super(
        common.getToolCallbacks(),
        common.getToolContext(),
        common.getModel(),
        common.getFrequencyPenalty(),
        common.getMaxTokens(),
        common.getPresencePenalty(),
        common.getStopSequences(),
        common.getTemperature(),
        common.getTopK(),
        common.getTopP());
    this.seed = seed;
    this.toolChoice = toolChoice;
    this.outputSchema = outputSchema;
  }

  /** Options of which none is set. */
  public static Builder builder() {
    return new Builder();
  }

  /** Seed of the random numbers. */
  public @Nullable Long getSeed() {
    return seed;
  }

  /**
   * Whether a tool is called. {@link ToolChoice#REQUIRED} is about the first thing that is said to
   * a message of the user; what comes after a tool's result, is free.
   */
  public @Nullable ToolChoice getToolChoice() {
    return toolChoice;
  }

  @Override
  public @Nullable String getOutputSchema() {
    return outputSchema;
  }

  @Override
  public Builder mutate() {
    return new Builder()
        .model(getModel())
        .frequencyPenalty(getFrequencyPenalty())
        .maxTokens(getMaxTokens())
        .presencePenalty(getPresencePenalty())
        .stopSequences(getStopSequences())
        .temperature(getTemperature())
        .topK(getTopK())
        .topP(getTopP())
        .toolCallbacks(getToolCallbacks())
        .toolContext(getToolContext())
        .seed(seed)
        .toolChoice(toolChoice)
        .outputSchema(outputSchema);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return super.equals(other)
        && other instanceof Ggml4jChatOptions that
        && Objects.equals(seed, that.seed)
        && toolChoice == that.toolChoice
        && Objects.equals(outputSchema, that.outputSchema);
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), seed, toolChoice, outputSchema);
  }

  /** Makes options. */
  public static final class Builder extends DefaultToolCallingChatOptions.Builder<Builder>
      implements StructuredOutputChatOptions.Builder<Builder> {
    private @Nullable Long seed;
    private @Nullable ToolChoice toolChoice;
    private @Nullable String outputSchema;

    private Builder() {}

    /** See {@link Ggml4jChatOptions#getSeed}. */
    public Builder seed(@Nullable Long value) {
      seed = value;
      return this;
    }

    /** See {@link Ggml4jChatOptions#getToolChoice}. */
    public Builder toolChoice(@Nullable ToolChoice value) {
      toolChoice = value;
      return this;
    }

    @Override
    public Builder outputSchema(@Nullable String schema) {
      outputSchema = schema;
      return this;
    }

    @Override
    public Builder combineWith(ChatOptions.Builder<?> other) {
      super.combineWith(other);
      if (other instanceof Builder that) {
        seed = that.seed == null ? seed : that.seed;
        toolChoice = that.toolChoice == null ? toolChoice : that.toolChoice;
      }
      if (other.build() instanceof StructuredOutputChatOptions structured
          && structured.getOutputSchema() != null) {
        outputSchema = structured.getOutputSchema();
      }
      return this;
    }

    @Override
    public Ggml4jChatOptions build() {
      return new Ggml4jChatOptions(super.build(), seed, toolChoice, outputSchema);
    }
  }
}
