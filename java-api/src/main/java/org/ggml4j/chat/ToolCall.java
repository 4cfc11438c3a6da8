package org.ggml4j.chat;

/**
 * A model asks for a tool.
 *
 * @param id by which the result refers to it
 * @param name the tool's
 * @param arguments a JSON object
 */
public record ToolCall(String id, String name, String arguments) {}
