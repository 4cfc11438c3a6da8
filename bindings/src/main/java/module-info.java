/**
 * GGML's public headers as Java sees them, and the loader of GGML's libraries.
 *
 * <p>Both are for {@code org.ggml4j} alone: what it exports is the library's interface, and what is
 * here follows GGML's headers from version to version.
 */
module org.ggml4j.bindings {
  requires static org.jspecify;

  exports org.ggml4j.bindings to
      org.ggml4j;
  exports org.ggml4j.bindings.ggml to
      org.ggml4j;
}
