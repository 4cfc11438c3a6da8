package org.ggml4j.arch;

import java.util.Set;
import org.ggml4j.nn.Weights;

/**
 * Architectures from outside this library, found by {@link java.util.ServiceLoader}: of a module
 * {@code provides org.ggml4j.arch.ArchitectureProvider with …}, on the class path {@code
 * META-INF/services/org.ggml4j.arch.ArchitectureProvider}.
 */
public interface ArchitectureProvider {
  /** Values of {@code general.architecture} that this one makes; none that somebody else makes. */
  Set<String> names();

  /**
   * Makes an architecture from a file's hyper-parameters and weights; {@link
   * Hparams#architecture()} is one of the names.
   *
   * @throws org.ggml4j.gguf.UnsupportedModelException for a variant that is not implemented
   */
  Architecture create(Hparams hparams, Weights weights);
}
