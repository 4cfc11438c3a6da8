package org.ggml4j.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;

/** Defaults that listeners should see. */
final class ListenerParameters {
  private ListenerParameters() {}

  static ChatRequestParameters of(Double temperature, Double topP, Integer maxTokens) {
    return ChatRequestParameters.builder()
        .temperature(temperature)
        .topP(topP)
        .maxOutputTokens(maxTokens)
        .build();
  }
}
