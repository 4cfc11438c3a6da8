package org.ggml4j.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.RopeParameters;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.gguf.GgmlType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Bytes and floating-point operations, counted by hand. */
class OperationCostTest {
  private final Graph graph = new Graph(64, false);

  @AfterEach
  void close() {
    graph.close();
  }

  private Tensor floats(long... ne) {
    return graph.input("x", GgmlType.F32, ne);
  }

  private Tensor halves(long... ne) {
    return graph.input("h", GgmlType.F16, ne);
  }

  private Tensor ints(long... ne) {
    return graph.input("i", GgmlType.I32, ne);
  }

  private static void assertCost(Tensor node, long bytes, long flops) {
    assertThat(OperationCost.of(node))
        .as(node.operation())
        .isEqualTo(new OperationCost(bytes, flops));
  }

  @Test
  void aProductReadsBothAndTakesTwoForEachPair() {
    // 64 x 8 in blocks of 32 with 18 bytes, 64 x 3 and 8 x 3 of 4 bytes.
    Tensor weight = graph.input("w", GgmlType.Q4_0, 64, 8);
    assertCost(weight.mulMat(floats(64, 3)), 8 * 2 * 18 + 64 * 3 * 4 + 8 * 3 * 4, 2 * 64 * 8 * 3);
  }

  @Test
  void aRepeatedMatrixIsReadOnce() {
    Tensor keys = halves(16, 10, 2);
    Tensor kq = keys.mulMat(floats(16, 3, 6));
    assertCost(kq, 16 * 10 * 2 * 2 + 16 * 3 * 6 * 4 + 10 * 3 * 6 * 4, 2 * 16 * 10 * 3 * 6);
  }

  @Test
  void ofExpertsThoseAreReadThatCanBeChosen() {
    Tensor experts = graph.input("w", GgmlType.Q8_0, 32, 5, 8); // 5 blocks of 34 bytes each
    Tensor one = experts.mulMatId(floats(32, 1, 1), ints(2, 1));
    assertCost(one, 2 * 5 * 34 + 32 * 4 + 2 * 4 + 5 * 2 * 4, 2 * 32 * 5 * 2);
    Tensor many = experts.mulMatId(floats(32, 1, 7), ints(2, 7)); // 14 choices of 8
    assertCost(many, 8 * 5 * 34 + 32 * 7 * 4 + 14 * 4 + 5 * 14 * 4, 2 * 32 * 5 * 14);
  }

  @Test
  void attentionIsTwoProductsAsIfNothingWereMasked() {
    Tensor q = floats(16, 3, 4); // 3 tokens, 4 heads
    Tensor k = halves(16, 10, 2);
    Tensor v = halves(8, 10, 2);
    Tensor out = q.flashAttnExt(k, v, halves(10, 3), 0.25f, 0, 0);
    long read = 16 * 3 * 4 * 4 + 16 * 10 * 2 * 2 + 8 * 10 * 2 * 2 + 10 * 3 * 2;
    assertCost(out, read + 8 * 4 * 3 * 4, 2 * 3 * 4 * 10 * (16 + 8));
  }

  @Test
  void anAdditionReadsTwoAndWritesOne() {
    assertCost(floats(5, 7).add(floats(5, 7)), 3 * 5 * 7 * 4, 5 * 7);
    assertCost(floats(5, 7).add(floats(5)), 2 * 5 * 7 * 4 + 5 * 4, 5 * 7); // a bias
    assertCost(floats(5, 7).scale(2), 2 * 5 * 7 * 4, 5 * 7);
  }

  @Test
  void norms() {
    assertCost(floats(8, 3).rmsNorm(1e-5f), 2 * 8 * 3 * 4, 3 * 8 * 3);
    assertCost(floats(8, 3).norm(1e-5f), 2 * 8 * 3 * 4, 5 * 8 * 3);
  }

  @Test
  void whatIsMadeForTheNextNodeOfAPartIsNotMoved() {
    Tensor norm = floats(8, 3).rmsNorm(1e-5f);
    Tensor product = norm.mul(floats(8));
    assertThat(OperationCost.of(List.of(norm, product)))
        .isEqualTo(new OperationCost(2 * 8 * 3 * 4 + 8 * 4, 4 * 8 * 3));
  }

  @Test
  void ofAHeadWhatIsTurnedIsCounted() {
    Tensor x = floats(16, 4, 3);
    long bytes = 2 * 16 * 4 * 3 * 4 + 3 * 4;
    assertCost(x.ropeExt(ints(3), rope(16)), bytes, 3 * 16 * 4 * 3);
    assertCost(x.ropeExt(ints(3), rope(8)), bytes, 3 * 8 * 4 * 3);
  }

  private static RopeParameters rope(int nRot) {
    return new RopeParameters(
        RopeParameters.Style.HALVES, nRot, 512, 10_000, 1, 0, 1, 32, 1, Optional.empty());
  }

  @Test
  void softmax() {
    assertCost(floats(10, 3).softMax(), 2 * 10 * 3 * 4, 6 * 10 * 3);
    assertCost(
        floats(10, 3, 2).softMaxExt(halves(10, 3), 1, 0),
        2 * 10 * 3 * 2 * 4 + 10 * 3 * 2,
        7 * 10 * 3 * 2);
  }

  @Test
  void ofATableTheRowsThatAreReadOrWritten() {
    Tensor table = graph.input("t", GgmlType.Q8_0, 32, 1000);
    assertCost(table.getRows(ints(3)), 3 * 34 + 3 * 4 + 32 * 3 * 4, 0);
    Tensor ids = graph.input("ids", GgmlType.I64, 3);
    assertCost(halves(32, 1000).setRows(floats(32, 3), ids), 32 * 3 * 4 + 3 * 8 + 32 * 3 * 2, 0);
  }

  @Test
  void aCopyReadsOneAndWritesTheOther() {
    assertCost(floats(8, 3).cpy(halves(8, 3)), 8 * 3 * 4 + 8 * 3 * 2, 0);
    assertCost(floats(8, 3).transpose().cont(), 2 * 8 * 3 * 4, 0);
  }

  @Test
  void viewsCostNothing() {
    Tensor x = floats(8, 6);
    assertCost(x.transpose(), 0, 0);
    assertCost(x.reshape(4, 12), 0, 0);
    assertCost(x.permute(1, 0, 2, 3), 0, 0);
    assertCost(x.columns(2, 4), 0, 0);
    assertCost(x, 0, 0);
  }

  @Test
  void costsAddUp() {
    assertThat(new OperationCost(1, 20).plus(new OperationCost(300, 4000)))
        .isEqualTo(new OperationCost(301, 4020));
  }
}
