package org.ggml4j.samples.own;

import java.util.Set;
import org.ggml4j.arch.Architecture;
import org.ggml4j.arch.ArchitectureProvider;
import org.ggml4j.arch.Hparams;
import org.ggml4j.nn.Weights;

/** Named in META-INF/services, so that files of the architecture {@code squirrel} load. */
public final class OwnArchitectures implements ArchitectureProvider {
  @Override
  public Set<String> names() {
    return Set.of("squirrel");
  }

  @Override
  public Architecture create(Hparams hparams, Weights weights) {
    return new Squirrel(hparams, weights);
  }
}
