package org.ggml4j.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where results lie in memory. */
class CacheLineTest {
  private static boolean beginsWithALine(Tensor tensor) {
    return ggml_tensor.data(tensor.handle()).address() % 64 == 0;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8, 9, 15, 16, 17, 250})
  void resultsBeginWithACacheLineWhateverTheSizeOfTheInputs(int n) {
    try (CloseStack owned = new CloseStack()) {
      Backend backend = owned.own(Backend.open(Device.cpu(), 1));
      Graph graph = owned.own(new Graph(64, false));
      Scheduler scheduler = owned.own(new Scheduler(List.of(backend), 64));
      Tensor rows = graph.input("rows", GgmlType.I32, n);
      Tensor places = graph.input("places", GgmlType.I64, n);
      Tensor mask = graph.input("mask", GgmlType.F16, n, 3);
      Tensor table = graph.input("table", GgmlType.F32, 32, 300);

      Tensor taken = table.getRows(rows);
      Tensor written = table.setRows(taken.scale(2), places);
      Tensor scaled = mask.cast(GgmlType.F32).scale(3);
      graph.expand(written.output());
      graph.expand(scaled.output());
      scheduler.allocate(graph);

      assertThat(List.of(rows, places, mask, table, taken, scaled))
          .allMatch(CacheLineTest::beginsWithALine);
      assertThat(rows.ne(0)).isEqualTo(n);
      assertThat(mask.nBytes()).isEqualTo(2L * n * 3);
    }
  }
}
