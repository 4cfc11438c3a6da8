package org.ggml4j.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Weights;
import org.junit.jupiter.api.Test;

class ArchitectureProviderTest {
  private static final Map<String, Architecture.Factory> OWN = Map.of("llama", Llama::new);

  private static final class Mine implements ArchitectureProvider {
    private final Set<String> names;

    Mine(String... names) {
      this.names = Set.of(names);
    }

    @Override
    public Set<String> names() {
      return names;
    }

    @Override
    public Architecture create(Hparams hparams, Weights weights) {
      return new Llama(hparams, weights);
    }
  }

  @Test
  void providersAddTheirs() {
    assertThat(Architectures.with(OWN, List.of(new Mine("a", "b"), new Mine("c"))))
        .containsOnlyKeys("a", "b", "c", "llama");
  }

  @Test
  void aNameThatTheLibraryHasIsRefused() {
    assertThatThrownBy(() -> Architectures.with(OWN, List.of(new Mine("a", "llama"))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'llama'")
        .hasMessageContaining("Mine")
        .hasMessageContaining("ggml4j");
  }

  @Test
  void aNameThatTwoProvidersHaveIsRefused() {
    List<ArchitectureProvider> both = List.of(new Mine("a"), new Mine("a"));
    assertThatThrownBy(() -> Architectures.with(OWN, both))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'a'");
  }

  @Test
  void anUnknownNameIsNamed() {
    assertThatThrownBy(() -> Architectures.byName("nobody's"))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("nobody's")
        .hasMessageContaining("llama");
  }
}
