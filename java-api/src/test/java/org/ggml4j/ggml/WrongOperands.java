package org.ggml4j.ggml;

import static org.ggml4j.gguf.GgmlType.BF16;
import static org.ggml4j.gguf.GgmlType.F16;
import static org.ggml4j.gguf.GgmlType.F32;
import static org.ggml4j.gguf.GgmlType.I32;
import static org.ggml4j.gguf.GgmlType.Q8_0;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.ggml4j.ggml.RopeParameters.Style;
import org.ggml4j.gguf.GgmlType;

/** Operands that GGML would answer with the end of the process, for {@link TensorErrorsTest}. */
final class WrongOperands {
  private final Graph graph;
  private final Map<String, List<Supplier<Tensor>>> calls = new LinkedHashMap<>();

  private WrongOperands(Graph graph) {
    this.graph = graph;
  }

  /** For each operation calls with operands that don't fit it. */
  static Map<String, List<Supplier<Tensor>>> of(Graph graph) {
    WrongOperands w = new WrongOperands(graph);
    w.functions();
    w.gated();
    w.rows();
    w.matrices();
    w.attention();
    w.shapes();
    w.convolutions();
    w.recurrences();
    return w.calls;
  }

  private Tensor f32(long... ne) {
    return graph.input("x", F32, ne);
  }

  private Tensor of(GgmlType type, long... ne) {
    return graph.input("x", type, ne);
  }

  /** A shape whose rows have gaps. */
  private Tensor gaps(long n0, long n1) {
    return f32(n1, n0).transpose();
  }

  private void wrong(String operation, List<Supplier<Tensor>> list) {
    calls.put(operation, list);
  }

  private void functions() {
    Map<String, UnaryOperator<Tensor>> unary = new LinkedHashMap<>();
    unary.put("relu", Tensor::relu);
    unary.put("sigmoid", Tensor::sigmoid);
    unary.put("softplus", Tensor::softplus);
    unary.put("exp", Tensor::exp);
    unary.put("log", Tensor::log);
    unary.put("neg", Tensor::neg);
    unary.put("sqr", Tensor::sqr);
    unary.put("sqrt", Tensor::sqrt);
    unary.put("sin", Tensor::sin);
    unary.put("cos", Tensor::cos);
    unary.put("xielu", x -> x.xielu(1, 1, 1, 1e-7f));
    unary.forEach(
        (name, op) ->
            wrong(
                name,
                List.of(
                    () -> op.apply(of(I32, 4)),
                    () -> op.apply(of(Q8_0, 32)),
                    () -> op.apply(gaps(4, 3)))));
    Map<String, UnaryOperator<Tensor>> half =
        Map.of("gelu", Tensor::gelu, "geluErf", Tensor::geluErf, "geluQuick", Tensor::geluQuick);
    half.forEach(
        (name, op) ->
            wrong(
                name,
                List.of(
                    () -> op.apply(of(BF16, 4)),
                    () -> op.apply(of(I32, 4)),
                    () -> op.apply(gaps(4, 3)))));
    wrong(
        "softcap",
        List.of(
            () -> f32(4).softcap(0),
            () -> f32(4).softcap(Float.NaN),
            () -> f32(4).softcap(Float.POSITIVE_INFINITY),
            () -> of(F16, 4).softcap(2)));
    wrong("fill", List.of(() -> of(I32, 4).fill(1), () -> gaps(4, 3).fill(1)));
    wrong(
        "addId",
        List.of(
            () -> f32(4, 2, 3).addId(f32(5, 7), of(I32, 2, 3)),
            () -> f32(4, 2, 3).addId(f32(4, 7), of(I32, 3, 3)),
            () -> f32(4, 2, 3).addId(f32(4, 7), of(I32, 2, 2)),
            () -> f32(4, 2, 3).addId(f32(4, 7), f32(2, 3)),
            () -> of(F16, 4, 2, 3).addId(f32(4, 7), of(I32, 2, 3)),
            () -> f32(4, 2, 3).addId(of(F16, 4, 7), of(I32, 2, 3))));
  }

  private interface Gated {
    Tensor apply(Tensor gate, Tensor up);
  }

  private void gated() {
    Map<String, Gated> split = new LinkedHashMap<>();
    split.put("geglu", Tensor::geglu);
    split.put("gegluErf", Tensor::gegluErf);
    split.put("gegluQuick", Tensor::gegluQuick);
    split.put("reglu", Tensor::reglu);
    split.put("swiglu", Tensor::swiglu);
    split.put("swigluOai", (gate, up) -> gate.swigluOai(up, 1.7f, 7));
    split.put("swigluClamp", (gate, up) -> gate.swigluClamp(up, 7));
    Map<String, UnaryOperator<Tensor>> fused =
        Map.of(
            "geglu", Tensor::geglu,
            "gegluErf", Tensor::gegluErf,
            "reglu", Tensor::reglu,
            "swiglu", Tensor::swiglu);
    split.forEach(
        (name, op) -> {
          UnaryOperator<Tensor> one = fused.getOrDefault(name, x -> op.apply(x, f32(9)));
          wrong(
              name,
              List.of(
                  () -> op.apply(f32(4, 3), f32(4, 2)),
                  () -> op.apply(f32(4), of(F16, 4)),
                  () -> op.apply(of(I32, 4), of(I32, 4)),
                  () -> op.apply(of(BF16, 4), of(BF16, 4)),
                  () -> op.apply(gaps(4, 4), f32(4, 4)),
                  () -> op.apply(f32(4, 4, 2), f32(4, 2, 4).permute(0, 2, 1, 3)),
                  () -> one.apply(f32(5)),
                  () -> one.apply(of(I32, 4)),
                  () -> one.apply(gaps(4, 4))));
        });
    calls.computeIfPresent(
        "swigluOai", (n, l) -> List.of(l.get(0), () -> of(F16, 4).swigluOai(of(F16, 4), 1, 7)));
  }

  private void rows() {
    Map<String, UnaryOperator<Tensor>> norms = new LinkedHashMap<>();
    norms.put("norm", x -> x.norm(1e-5f));
    norms.put("l2Norm", x -> x.l2Norm(1e-5f));
    norms.put("mean", Tensor::mean);
    norms.put("cumsum", Tensor::cumsum);
    norms.put("argsort", Tensor::argsort);
    norms.forEach(
        (name, op) -> wrong(name, List.of(() -> op.apply(of(F16, 4)), () -> op.apply(gaps(4, 4)))));
    wrong(
        "groupNorm",
        List.of(
            () -> f32(4, 1, 6).groupNorm(4, 1e-5f),
            () -> f32(4, 1, 6).groupNorm(0, 1e-5f),
            () -> f32(4, 1, 6).groupNorm(3, -1),
            () -> of(F16, 4, 1, 6).groupNorm(3, 1e-5f)));
    wrong("topK", List.of(() -> f32(4).topK(5), () -> f32(4).topK(0), () -> of(I32, 4).topK(1)));
  }

  private void matrices() {
    MatrixOps.Triangle lower = MatrixOps.Triangle.LOWER;
    wrong(
        "tri",
        List.of(
            () -> f32(4, 3).tri(lower),
            () -> of(F16, 4, 4).tri(lower),
            () -> gaps(4, 4).tri(lower)));
    wrong("diag", List.of(() -> f32(4, 2).diag(), () -> of(F16, 4).diag()));
    wrong(
        "solveTri",
        List.of(
            () -> f32(4, 3).solveTri(f32(2, 3)),
            () -> f32(4, 4).solveTri(f32(2, 3)),
            () -> f32(4, 4, 2).solveTri(f32(2, 4)),
            () -> of(F16, 4, 4).solveTri(f32(2, 4)),
            () -> f32(4, 4).solveTri(of(F16, 2, 4)),
            () -> gaps(4, 4).solveTri(f32(2, 4))));
  }

  private RopeParameters sections(Style style, int nRot, Integer... sections) {
    return TensorErrorsTest.rope(nRot).withStyle(style).withSections(List.of(sections));
  }

  private void attention() {
    Supplier<Tensor> positions = () -> of(I32, 12);
    wrong(
        "ropeExt",
        List.of(
            () -> f32(8, 2, 3).ropeExt(of(I32, 3), sections(Style.SECTIONS, 8, 2, 1, 1, 0)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), sections(Style.SECTIONS, 8, 2, 1, 1)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), sections(Style.SECTIONS, 8)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), sections(Style.SECTIONS, 8, 0, 0, 0, 4)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), sections(Style.SECTIONS, 8, 4, 4, 4, 4)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), sections(Style.SECTIONS, 8, 4, -1, 1, 0)),
            () -> f32(8, 2, 3).ropeExt(positions.get(), sections(Style.VISION, 8, 2, 2, 0, 0)),
            () -> f32(8, 2, 3).ropeExt(of(I32, 3), sections(Style.HALVES, 8, 2, 2, 0, 0))));
    Supplier<Tensor> softMax = () -> f32(4, 3, 2).softMax();
    wrong(
        "addSinks",
        List.of(
            () -> f32(4, 3, 2).addSinks(f32(2)),
            () -> softMax.get().addSinks(f32(3)),
            () -> softMax.get().addSinks(of(F16, 2)),
            () -> softMax.get().addSinks(f32(1, 2)),
            () -> {
              Tensor twice = softMax.get().addSinks(f32(2));
              return twice.addSinks(f32(2));
            },
            () ->
                f32(32, 3, 4)
                    .flashAttnExt(of(F16, 32, 16, 2), of(F16, 32, 16, 2), of(F16, 16, 3), 1, 0, 0)
                    .addSinks(f32(3))));
    wrong(
        "flashAttnExt",
        List.of(
            () ->
                f32(32, 3, 4)
                    .flashAttnExt(
                        of(F16, 32, 16, 2), of(F16, 32, 16, 2), of(F16, 16, 3), 1, -1, 0)));
    wrong("softMaxExt", List.of(() -> f32(4, 3).softMaxExt(f32(4, 3), 1, -1)));
  }

  private void shapes() {
    wrong(
        "concat",
        List.of(
            () -> f32(4, 3).concat(f32(4, 2), 0),
            () -> f32(4, 3).concat(f32(4, 3), 4),
            () -> f32(4, 3).concat(f32(4, 3), -1),
            () -> f32(4, 3).concat(of(F16, 4, 3), 0),
            () -> of(Q8_0, 32, 3).concat(of(Q8_0, 32, 3), 1)));
    wrong(
        "pad",
        List.of(
            () -> f32(4).pad(-1, 0, 0, 0),
            () -> f32(4).pad(0, 0, 0, -5),
            () -> of(F16, 4).pad(1, 0, 0, 0),
            () -> gaps(4, 3).pad(1, 0, 0, 0),
            () -> f32(4).pad(Integer.MAX_VALUE, 0, 0, 0)));
    wrong("padBoth", List.of(() -> f32(4).padBoth(-1, 0, 0, 0, 0, 0, 0, 0)));
    wrong(
        "view1d",
        List.of(
            () -> f32(6).view1d(7, 0),
            () -> f32(6).view1d(6, 4),
            () -> f32(6).view1d(1, -4),
            () -> f32(6).view1d(0, 0)));
    wrong(
        "view4d",
        List.of(
            () -> f32(24).view4d(2, 3, 2, 2, 8, 24, 48, 4),
            () -> f32(24).view4d(2, 3, 2, 3, 8, 24, 48, 0),
            () -> f32(24).view4d(2, 3, 2, 2, 8, 24, Long.MAX_VALUE, 0)));
    wrong(
        "columns",
        List.of(
            () -> f32(6, 2).columns(1, 6),
            () -> f32(6, 2).columns(-1, 2),
            () -> f32(6, 2).columns(0, 0),
            () -> f32(6, 2).columns(Long.MAX_VALUE, 2),
            () -> of(Q8_0, 64).columns(0, 32),
            () -> gaps(6, 2).columns(0, 2)));
    wrong(
        "heads",
        List.of(
            () -> f32(12, 2).heads(4, 4, 3),
            () -> f32(12, 2).heads(-1, 4, 2),
            () -> f32(12, 2).heads(0, 0, 2),
            () -> f32(12, 2).heads(0, 4, 0),
            () -> f32(12, 2, 2, 2).heads(0, 4, 2),
            () -> of(Q8_0, 64, 2).heads(0, 32, 2),
            () -> gaps(12, 2).heads(0, 4, 2)));
  }

  private void convolutions() {
    wrong(
        "ssmConv",
        List.of(
            () -> f32(6, 5, 2).ssmConv(f32(4, 4)),
            () -> f32(3, 5, 2).ssmConv(f32(4, 5)),
            () -> f32(6, 5, 2).ssmConv(f32(4, 5, 2)),
            () -> of(F16, 6, 5, 2).ssmConv(f32(4, 5)),
            () -> f32(6, 5, 2).ssmConv(of(F16, 4, 5)),
            () -> f32(8, 5, 2).columns(0, 6).ssmConv(f32(4, 5))));
    wrong(
        "conv1d",
        List.of(
            () -> of(F16, 3, 4, 5).conv1d(f32(8, 3), 1, 1, 1),
            () -> f32(3, 4, 5).conv1d(f32(8, 4), 1, 1, 1),
            () -> of(F16, 3, 4, 5).conv1d(of(F16, 8, 4), 1, 1, 1),
            () -> of(F16, 3, 4, 5).conv1d(f32(2, 4), 1, 0, 1),
            () -> of(F16, 3, 4, 5).conv1d(f32(8, 4), 0, 1, 1),
            () -> of(F16, 3, 4, 5).conv1d(f32(8, 4), 1, -1, 1),
            () -> of(F16, 3, 4, 5).conv1d(f32(8, 4), 1, 1, 0)));
    StateOps.Pool max = StateOps.Pool.MAX;
    wrong(
        "pool1d",
        List.of(
            () -> f32(8).pool1d(max, 0, 1, 0),
            () -> f32(8).pool1d(max, 2, 0, 0),
            () -> f32(8).pool1d(max, 2, 1, -1),
            () -> f32(8).pool1d(max, 2, 1, 2),
            () -> f32(1).pool1d(max, 4, 1, 1),
            () -> of(F16, 8).pool1d(max, 2, 1, 0),
            () -> gaps(8, 2).pool1d(max, 2, 1, 0)));
  }

  private void recurrences() {
    wrong(
        "ssmScan",
        List.of(
            () -> scan(f32(8, 3, 2, 4), f32(3, 2, 5, 1), f32(2, 5, 1), f32(2, 2), f32(8, 1, 5, 1)),
            () -> scan(f32(8, 3, 2, 4), f32(3, 2, 5, 1), f32(2, 5, 1), f32(8, 3), f32(8, 1, 5, 1)),
            () -> scan(f32(8, 3, 2, 4), f32(3, 2, 5, 1), f32(2, 4, 1), f32(8, 2), f32(8, 1, 5, 1)),
            () -> scan(f32(8, 3, 2, 4), f32(3, 2, 5, 1), f32(2, 5, 1), f32(8, 2), f32(7, 1, 5, 1)),
            () -> scan(f32(8, 3, 2, 4), f32(3, 2, 5, 1), f32(2, 5, 1), f32(8, 2), f32(8, 3, 5, 1)),
            () -> scan(f32(8, 4, 2, 4), f32(3, 2, 5, 1), f32(2, 5, 1), f32(8, 2), f32(8, 1, 5, 1)),
            () ->
                scan(
                    of(F16, 8, 3, 2, 4),
                    f32(3, 2, 5, 1),
                    f32(2, 5, 1),
                    f32(8, 2),
                    f32(8, 1, 5, 1))));
    Supplier<Tensor> v = () -> f32(4, 2, 3, 1);
    Supplier<Tensor> beta = () -> f32(1, 2, 3, 1);
    wrong(
        "gatedDeltaNet",
        List.of(
            () -> delta(f32(4, 4, 2, 2), v.get(), v.get(), f32(1, 2, 3, 1), beta.get()),
            () -> delta(f32(3, 4, 2, 1), v.get(), v.get(), f32(1, 2, 3, 1), beta.get()),
            () -> delta(f32(4, 4, 2, 1), f32(4, 3, 3, 1), v.get(), f32(1, 2, 3, 1), beta.get()),
            () -> delta(f32(4, 4, 2, 1), v.get(), v.get(), f32(2, 2, 3, 1), beta.get()),
            () -> delta(f32(4, 4, 2, 1), v.get(), v.get(), f32(1, 2, 2, 1), beta.get()),
            () -> delta(f32(4, 4, 2, 1), v.get(), v.get(), f32(1, 2, 3, 1), f32(2, 2, 3, 1)),
            () -> delta(of(F16, 4, 4, 2, 1), v.get(), v.get(), f32(1, 2, 3, 1), beta.get())));
    Supplier<Tensor> k = () -> f32(4, 2, 3);
    wrong(
        "gatedLinearAttn",
        List.of(
            () -> f32(31, 1).gatedLinearAttn(k.get(), k.get(), k.get(), k.get(), 1),
            () -> f32(32, 1).gatedLinearAttn(k.get(), f32(4, 2, 2), k.get(), k.get(), 1),
            () -> f32(32, 2).gatedLinearAttn(k.get(), k.get(), k.get(), k.get(), 1),
            () -> of(F16, 32, 1).gatedLinearAttn(k.get(), k.get(), k.get(), k.get(), 1)));
    wrong(
        "rwkvWkv6",
        List.of(
            () -> f32(32, 1).rwkvWkv6(k.get(), k.get(), k.get(), f32(4, 3), k.get()),
            () -> f32(32, 1).rwkvWkv6(k.get(), k.get(), k.get(), of(F16, 4, 2), k.get()),
            () -> f32(32, 1).rwkvWkv6(k.get(), k.get(), f32(4, 3, 2), f32(4, 2), k.get())));
    wrong(
        "rwkvWkv7",
        List.of(
            () -> f32(32, 1).rwkvWkv7(k.get(), k.get(), k.get(), k.get(), k.get(), k.get()),
            () ->
                f32(32, 1).rwkvWkv7(k.get(), k.get(), k.get(), k.get(), k.get(), of(F16, 4, 2, 3)),
            () -> f32(30, 1).rwkvWkv7(k.get(), k.get(), k.get(), k.get(), k.get(), f32(4, 2, 3))));
  }

  private Tensor scan(Tensor state, Tensor x, Tensor dt, Tensor a, Tensor b) {
    return state.ssmScan(x, dt, a, b, b, of(I32, 1));
  }

  private static Tensor delta(Tensor state, Tensor k, Tensor v, Tensor g, Tensor beta) {
    return state.gatedDeltaNet(k, k, v, g, beta);
  }
}
