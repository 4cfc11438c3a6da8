package org.ggml4j.ggml;

import java.util.Optional;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.gguf.GgmlType;

/** Operations that work element by element. */
public sealed interface ElementOps permits Tensor {
  /** The tensor that these are operations of. */
  Tensor self();

  // ---- two operands

  /** {@code this + b}, where b is repeated to this shape. */
  default Tensor add(Tensor b) {
    Tensor x = binary("add", b);
    return x.made(Ggml.ggml_add(x.context(), x.handle(), b.handle()));
  }

  /** {@code this - b}, where b is repeated to this shape. */
  default Tensor sub(Tensor b) {
    Tensor x = binary("sub", b);
    return x.made(Ggml.ggml_sub(x.context(), x.handle(), b.handle()));
  }

  /** {@code this * b} element by element, where b is repeated to this shape. */
  default Tensor mul(Tensor b) {
    Tensor x = binary("mul", b);
    return x.made(Ggml.ggml_mul(x.context(), x.handle(), b.handle()));
  }

  /** {@code this / b} element by element, where b is repeated to this shape. */
  default Tensor div(Tensor b) {
    Tensor x = binary("div", b);
    return x.made(Ggml.ggml_div(x.context(), x.handle(), b.handle()));
  }

  private Tensor binary(String operation, Tensor b) {
    Tensor x = self();
    x.begin(operation, b);
    x.require(b.repeatsInto(x), operation, "the second does not repeat into the first", b);
    boolean types = x.isFloat() && (b.is(x.type) || !x.is(GgmlType.F32) && b.is(GgmlType.F32));
    x.require(types, operation, "no kernel for these types", b);
    x.require(x.hasContiguousRows() && b.hasContiguousRows(), operation, "rows with gaps", b);
    return x;
  }

  /**
   * Adds to each vector of this F32 [n, nUsed, nTokens] the row of {@code table} F32 [n, nRows]
   * that {@code ids} I32 [nUsed, nTokens] names: the biases of a mixture's chosen experts. Every id
   * must be a row, which is checked as in {@link MatrixOps#mulMatId}.
   */
  default Tensor addId(Tensor table, Tensor ids) {
    Tensor x = self();
    x.begin("addId", table, ids);
    boolean fits =
        x.is(GgmlType.F32)
            && table.is(GgmlType.F32)
            && ids.is(GgmlType.I32)
            && x.ne0 == table.ne0
            && x.ne1 == ids.ne0
            && x.ne2 == ids.ne1
            && x.ne3 == 1
            && x.hasContiguousRows()
            && table.hasContiguousRows()
            && ids.hasContiguousRows();
    x.require(fits, "addId", "shapes or types with ids " + ids, table);
    ids.requireIdsBelow(table.ne1, "addId");
    return x.made(Ggml.ggml_add_id(x.context(), x.handle(), table.handle(), ids.handle()));
  }

  // ---- numbers

  /** {@code this * factor}. */
  default Tensor scale(float factor) {
    return scale(factor, 0);
  }

  /** {@code this * factor + summand}. */
  default Tensor scale(float factor, float summand) {
    Tensor x = self();
    x.begin();
    x.require(x.is(GgmlType.F32) && x.isContiguous(), "scale", "expected contiguous F32");
    return x.made(
        summand == 0
            ? Ggml.ggml_scale(x.context(), x.handle(), factor)
            : Ggml.ggml_scale_bias(x.context(), x.handle(), factor, summand));
  }

  /** Values below {@code min} become {@code min}, those above {@code max} become {@code max}. */
  default Tensor clamp(float min, float max) {
    Tensor x = self();
    x.begin();
    x.require(
        (x.is(GgmlType.F32) || x.is(GgmlType.F16)) && x.hasContiguousRows(),
        "clamp",
        "expected rows of F32 or F16");
    x.require(min <= max, "clamp", "from " + min + " to " + max);
    return x.made(Ggml.ggml_clamp(x.context(), x.handle(), min, max));
  }

  /** A tensor of this shape filled with one value. */
  default Tensor fill(float value) {
    Tensor x = self();
    x.begin();
    x.require(
        (x.is(GgmlType.F32) || x.is(GgmlType.F16)) && x.isContiguous(),
        "fill",
        "expected contiguous F32 or F16");
    return x.made(Ggml.ggml_fill(x.context(), x.handle(), value));
  }

  /**
   * {@code cap * tanh(this / cap)}: keeps values between minus and plus {@code cap}, as Gemma 2
   * does (arXiv 2408.00118).
   */
  default Tensor softcap(float cap) {
    self().require(cap > 0 && cap < Float.POSITIVE_INFINITY, "softcap", "cap " + cap);
    return scale(1 / cap).tanh().scale(cap);
  }

  // ---- functions

  /** {@code x * sigmoid(x)}. */
  default Tensor silu() {
    Tensor x = half("silu");
    return x.made(Ggml.ggml_silu(x.context(), x.handle()));
  }

  /** {@code x * Phi(x)}, arXiv 1606.08415, by its approximation with the hyperbolic tangent. */
  default Tensor gelu() {
    Tensor x = half("gelu");
    return x.made(Ggml.ggml_gelu(x.context(), x.handle()));
  }

  /** {@code x * Phi(x)}, by the error function. */
  default Tensor geluErf() {
    Tensor x = half("geluErf");
    return x.made(Ggml.ggml_gelu_erf(x.context(), x.handle()));
  }

  /** {@code x * sigmoid(1.702 x)}. */
  default Tensor geluQuick() {
    Tensor x = half("geluQuick");
    return x.made(Ggml.ggml_gelu_quick(x.context(), x.handle()));
  }

  /** The larger of the value and 0. */
  default Tensor relu() {
    Tensor x = unary("relu");
    return x.made(Ggml.ggml_relu(x.context(), x.handle()));
  }

  /** The hyperbolic tangent. */
  default Tensor tanh() {
    Tensor x = unary("tanh");
    return x.made(Ggml.ggml_tanh(x.context(), x.handle()));
  }

  /** {@code 1 / (1 + exp(-x))}. */
  default Tensor sigmoid() {
    Tensor x = unary("sigmoid");
    return x.made(Ggml.ggml_sigmoid(x.context(), x.handle()));
  }

  /** {@code log(1 + exp(x))}. */
  default Tensor softplus() {
    Tensor x = unary("softplus");
    return x.made(Ggml.ggml_softplus(x.context(), x.handle()));
  }

  /** The exponential function. */
  default Tensor exp() {
    Tensor x = unary("exp");
    return x.made(Ggml.ggml_exp(x.context(), x.handle()));
  }

  /** The natural logarithm. */
  default Tensor log() {
    Tensor x = unary("log");
    return x.made(Ggml.ggml_log(x.context(), x.handle()));
  }

  /** {@code -x}. */
  default Tensor neg() {
    Tensor x = unary("neg");
    return x.made(Ggml.ggml_neg(x.context(), x.handle()));
  }

  /** {@code x * x}. */
  default Tensor sqr() {
    Tensor x = unary("sqr");
    return x.made(Ggml.ggml_sqr(x.context(), x.handle()));
  }

  /** The square root. */
  default Tensor sqrt() {
    Tensor x = unary("sqrt");
    return x.made(Ggml.ggml_sqrt(x.context(), x.handle()));
  }

  /** The sine. */
  default Tensor sin() {
    Tensor x = unary("sin");
    return x.made(Ggml.ggml_sin(x.context(), x.handle()));
  }

  /** The cosine. */
  default Tensor cos() {
    Tensor x = unary("cos");
    return x.made(Ggml.ggml_cos(x.context(), x.handle()));
  }

  /** xIELU, arXiv 2411.13010: quadratic above 0, exponential below, with learned parameters. */
  default Tensor xielu(float alphaN, float alphaP, float beta, float eps) {
    Tensor x = unary("xielu");
    return x.made(Ggml.ggml_xielu(x.context(), x.handle(), alphaN, alphaP, beta, eps));
  }

  private Tensor unary(String operation) {
    Tensor x = self();
    x.begin();
    x.require(
        x.isFloat() && x.isContiguousFromRows(), operation, "expected rows of floating point");
    return x;
  }

  /** As {@link #unary}, for kernels that know no BF16. */
  private Tensor half(String operation) {
    Tensor x = unary(operation);
    x.require(!x.is(GgmlType.BF16), operation, "expected F32 or F16");
    return x;
  }

  // ---- gated units, arXiv 2002.05202

  /** {@code silu(this) * up}. */
  default Tensor swiglu(Tensor up) {
    Tensor x = gated("swiglu", up);
    return x.made(Ggml.ggml_swiglu_split(x.context(), x.handle(), up.handle()));
  }

  /** {@code gelu(this) * up}. */
  default Tensor geglu(Tensor up) {
    Tensor x = gated("geglu", up);
    return x.made(Ggml.ggml_geglu_split(x.context(), x.handle(), up.handle()));
  }

  /** {@code geluErf(this) * up}. */
  default Tensor gegluErf(Tensor up) {
    Tensor x = gated("gegluErf", up);
    return x.made(Ggml.ggml_geglu_erf_split(x.context(), x.handle(), up.handle()));
  }

  /** {@code geluQuick(this) * up}. */
  default Tensor gegluQuick(Tensor up) {
    Tensor x = gated("gegluQuick", up);
    return x.made(Ggml.ggml_geglu_quick_split(x.context(), x.handle(), up.handle()));
  }

  /** {@code relu(this) * up}. */
  default Tensor reglu(Tensor up) {
    Tensor x = gated("reglu", up);
    return x.made(Ggml.ggml_reglu_split(x.context(), x.handle(), up.handle()));
  }

  /** silu of the first half of each row times the second half: [ne0 / 2, ne1, …]. */
  default Tensor swiglu() {
    Tensor x = fused("swiglu");
    return x.made(Ggml.ggml_swiglu(x.context(), x.handle()));
  }

  /** gelu of the first half of each row times the second half: [ne0 / 2, ne1, …]. */
  default Tensor geglu() {
    Tensor x = fused("geglu");
    return x.made(Ggml.ggml_geglu(x.context(), x.handle()));
  }

  /** geluErf of the first half of each row times the second half: [ne0 / 2, ne1, …]. */
  default Tensor gegluErf() {
    Tensor x = fused("gegluErf");
    return x.made(Ggml.ggml_geglu_erf(x.context(), x.handle()));
  }

  /** relu of the first half of each row times the second half: [ne0 / 2, ne1, …]. */
  default Tensor reglu() {
    Tensor x = fused("reglu");
    return x.made(Ggml.ggml_reglu(x.context(), x.handle()));
  }

  /**
   * The gated unit of gpt-oss: {@code g * sigmoid(alpha * g) * (u + 1)}, where g is this up to
   * {@code limit} and u is {@code up} between minus and plus {@code limit}.
   */
  default Tensor swigluOai(Tensor up, float alpha, float limit) {
    Tensor x = gated("swigluOai", up);
    x.require(x.is(GgmlType.F32), "swigluOai", "expected F32");
    return x.made(Ggml.ggml_swiglu_oai(x.context(), x.handle(), up.handle(), alpha, limit));
  }

  /** {@code silu(min(this, limit)) * up}, where up is clamped to minus and plus {@code limit}. */
  default Tensor swigluClamp(Tensor up, float limit) {
    Tensor x = gated("swigluClamp", up);
    return x.made(Ggml.ggml_swiglu_clamp(x.context(), x.handle(), up.handle(), limit));
  }

  private Tensor gated(String operation, Tensor up) {
    Tensor x = self();
    x.begin(operation, up);
    boolean fits =
        x.sameShape(up) && up.is(x.type) && x.isContiguousFromRows() && up.isContiguousFromRows();
    x.require(fits, operation, "expected equal shapes and types, rows without gaps", up);
    x.require(x.is(GgmlType.F32) || x.is(GgmlType.F16), operation, "expected F32 or F16");
    return x;
  }

  private Tensor fused(String operation) {
    Tensor x = self();
    x.begin();
    x.require(
        x.ne0 % 2 == 0 && x.isContiguousFromRows() && (x.is(GgmlType.F32) || x.is(GgmlType.F16)),
        operation,
        "expected rows of F32 or F16 with two halves");
    return x;
  }

  /** Multiplies by a vector of factors and adds one of summands, where they are given. */
  default Tensor affine(Optional<Weight> factors, Optional<Weight> summands) {
    Tensor y = self();
    if (factors.isPresent()) {
      y = y.mul(y.graph().use(factors.get()));
    }
    return summands.isPresent() ? y.add(y.graph().use(summands.get())) : y;
  }
}
