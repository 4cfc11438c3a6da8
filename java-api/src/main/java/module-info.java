/**
 * Large language models in Java over GGML.
 *
 * <p>User tier, stable: {@code org.ggml4j}, {@code sampling}, {@code grammar}, {@code tokenizer},
 * {@code gguf}, {@code hub}, {@code quantize}, {@code train}. Author tier, for those who write
 * architectures, follows GGML: {@code arch}, {@code nn}, {@code ggml}, {@code decode}.
 */
module org.ggml4j {
  requires java.net.http;
  requires org.ggml4j.bindings;
  requires com.fasterxml.jackson.core;
  requires static jdk.management;
  requires static transitive org.jspecify;

  uses org.ggml4j.arch.ArchitectureProvider;

  exports org.ggml4j;
  exports org.ggml4j.chat;
  exports org.ggml4j.sampling;
  exports org.ggml4j.grammar;
  exports org.ggml4j.schema;
  exports org.ggml4j.tokenizer;
  exports org.ggml4j.jinja;
  exports org.ggml4j.gguf;
  exports org.ggml4j.eval;
  exports org.ggml4j.hub;
  exports org.ggml4j.quantize;
  exports org.ggml4j.train;
  exports org.ggml4j.arch;
  exports org.ggml4j.nn;
  exports org.ggml4j.ggml;
  exports org.ggml4j.decode;
}
