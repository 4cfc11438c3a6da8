package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractBaseChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.Model;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * LangChain4j's own tests of chat models, with the {@link Prompter}. Those that don't apply are
 * overridden here and are no tests any more: each is about a parameter or content that is not
 * supported and has a counterpart that says so, or the other way round.
 */
abstract class ChatKit<M extends AutoCloseable> extends AbstractBaseChatModelIT<M> {
  private Model model;
  private final List<M> others = new ArrayList<>();

  /** A model with these options. */
  abstract M open(Model loaded, Ggml4jOptions options);

  @BeforeAll
  void load() {
    model = StoryTeller.load();
  }

  @AfterAll
  void close() throws Exception {
    for (M other : others) {
      other.close();
    }
    model.close();
  }

  /** A new one for each test: JUnit closes arguments. */
  @Override
  protected List<M> models() {
    return List.of(open(model, StoryTeller.options(new Prompter(model))));
  }

  @Override
  protected M createModelWith(ChatRequestParameters parameters) {
    M other = open(model, StoryTeller.options(new Prompter(model)).withDefaults(parameters));
    others.add(other);
    return other;
  }

  @Override
  protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
    return createParameters(maxOutputTokens); // there are none of its own
  }

  /** One model has one name; another one is refused. */
  @Override
  protected boolean supportsModelNameParameter() {
    return false;
  }

  @Override
  protected boolean supportsSingleImageInputAsBase64EncodedString() {
    return false;
  }

  @Override
  protected boolean supportsSingleImageInputAsPublicURL() {
    return false;
  }

  /** A call is told when it is complete. */
  @Override
  protected boolean supportsPartialToolStreaming(StreamingChatModel streaming) {
    return false;
  }

  // ---- about what is not supported

  @Override
  protected void should_respect_modelName_in_chat_request(M any) {}

  @Override
  protected void should_respect_modelName_in_default_model_parameters() {}

  @Override
  protected void should_accept_single_image_as_base64_encoded_string(M any) {}

  @Override
  protected void should_accept_multiple_images_as_base64_encoded_strings(M any) {}

  @Override
  protected void should_accept_single_image_as_public_URL(M any) {}

  @Override
  protected void should_accept_multiple_images_as_public_URLs(M any) {}

  // ---- about what is not supported elsewhere, and is here

  @Override
  protected void should_fail_if_maxOutputTokens_parameter_is_not_supported(M any) {}

  @Override
  protected void should_fail_if_stopSequences_parameter_is_not_supported(M any) {}

  @Override
  protected void should_fail_if_tools_are_not_supported(M any) {}

  @Override
  protected void should_fail_if_tool_choice_REQUIRED_is_not_supported(M any) {}

  @Override
  protected void should_fail_if_JSON_response_format_is_not_supported(M any) {}

  @Override
  protected void should_fail_if_JSON_response_format_with_schema_is_not_supported(M any) {}
}
