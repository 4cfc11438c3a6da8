package org.ggml4j.chat;

/** Who says something in a conversation. */
public enum Role {
  SYSTEM,
  USER,
  ASSISTANT,
  /** What a tool gave back. */
  TOOL;

  /** As templates and files name it. */
  public String text() {
    return switch (this) {
      case SYSTEM -> "system";
      case USER -> "user";
      case ASSISTANT -> "assistant";
      case TOOL -> "tool";
    };
  }

  /**
   * The role of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Role of(String text) {
    for (Role role : values()) {
      if (role.text().equals(text)) {
        return role;
      }
    }
    throw new IllegalArgumentException(
        "role: expected system, user, assistant or tool, found " + text);
  }
}
