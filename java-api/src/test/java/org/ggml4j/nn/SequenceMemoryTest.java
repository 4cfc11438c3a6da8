package org.ggml4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Collections;
import java.util.List;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.Graph;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What layers of different kinds keep. */
class SequenceMemoryTest {
  private static final LayerMemory.Attention ALL = LayerMemory.Attention.of(2, 8, 8);
  private static final LayerMemory NARROW = ALL.within(Window.sliding(4));

  private static SequenceMemory memory(int nCells, LayerMemory... layers) {
    return new SequenceMemory(
        List.of(layers),
        Collections.nCopies(layers.length, Device.cpu().bufferType()),
        new CellCache.Options(nCells, GgmlType.F32, GgmlType.F32, false),
        16);
  }

  private static Batch batch(int from, int n) {
    Batch batch = new Batch();
    for (int i = 0; i < n; i++) {
      batch.add(0, from + i, 0, true);
    }
    return batch;
  }

  @Test
  void onlyLayersWithAttentionTakeMemory() {
    long one = 2L * 2 * 8 * 4 * 1024;
    try (SequenceMemory all = memory(1024, ALL, ALL);
        SequenceMemory mixed = memory(1024, ALL, NARROW);
        SequenceMemory shared =
            memory(1024, ALL, new LayerMemory.Shared(0), new LayerMemory.None());
        SequenceMemory narrow = memory(1024, NARROW, NARROW);
        SequenceMemory none = memory(1024, new LayerMemory.None())) {
      assertThat(all.bytes()).isEqualTo(2 * one);
      assertThat(mixed.bytes()).isEqualTo(one + one / 4);
      assertThat(shared.bytes()).isEqualTo(one);
      assertThat(narrow.bytes()).isEqualTo(one / 2);
      assertThat(none.bytes()).isZero();
      assertThat(mixed.nWindowCells()).isEqualTo(256);
      assertThat(all.nWindowCells()).isZero();
    }
  }

  @Test
  void aLayerWithoutAttentionHasNoCache() {
    try (SequenceMemory memory = memory(256, ALL, new LayerMemory.None());
        Graph graph = new Graph(16, false)) {
      Inputs in = new Inputs(graph, memory.largest(1, 1), false, 256);
      assertThat(memory.in(in, 1, false).layer(0)).isNotNull();
      assertThatIllegalStateException()
          .isThrownBy(() -> memory.in(in, 1, false).layer(1))
          .withMessageContaining("layer 1");
    }
  }

  @Test
  void twoWindowsAreTooMany() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> memory(256, NARROW, ALL.within(Window.sliding(5))).close())
        .withMessageContaining("different windows");
    assertThatIllegalArgumentException().isThrownBy(() -> Window.sliding(0));
  }

  @Test
  void cellsOfAFailedBatchComeBack() {
    try (SequenceMemory memory = memory(1024, ALL, NARROW)) {
      for (int at = 0; at < 320; at += 16) {
        Batch batch = batch(at, 16);
        Inputs.Sizes sizes = memory.prepare(batch);
        assertThat(sizes.nKvWindow()).isEqualTo(256);
        memory.commit(batch);
        if (at % 32 == 0) {
          memory.rollback(batch);
          memory.prepare(batch);
          memory.commit(batch);
        }
      }
      assertThat(memory.maxPosition(0)).isEqualTo(319);
      assertThat(memory.minPosition(0)).isZero();
      assertThat(memory.used()).isEqualTo(320);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SLIDING,   4, 3, 0, false",
    "SLIDING,   4, 4, 0, true",
    "CHUNKED,   4, 7, 4, false",
    "CHUNKED,   4, 7, 3, true",
    "CHUNKED,   4, 8, 7, true",
    "SYMMETRIC, 4, 5, 3, false",
    "SYMMETRIC, 4, 5, 2, true",
    "SYMMETRIC, 4, 5, 7, false",
    "SYMMETRIC, 4, 5, 8, true"
  })
  void windows(Window.Kind kind, int size, int query, int key, boolean hidden) {
    assertThat(new Window(kind, size).hides(key, query)).isEqualTo(hidden);
  }
}
