package org.ggml4j.sampling;

/**
 * Adaptive-p's logits: they fall off with the distance of the probability from the target, near it
 * with the distance's square, then in proportion to it.
 *
 * <p>Over a wide vocabulary nearly all probabilities are next to 0, where the new probabilities are
 * a polynomial of the old ones to all digits that matter. So their sums follow from the sums of the
 * old ones and of their squares, and those few that are not next to 0; nothing need be written
 * before somebody asks for the logits. One step's; {@link #begin} comes first.
 */
final class AdaptedLogits {
  private static final float WIDTH = 0.3f;
  private static final float PEAK = 5;
  private static final float SHARPNESS = 10;

  // With so many candidates, and for probabilities up to this, what the polynomial lacks is less
  // than 2e-7 of the sum.
  private static final int MANY = 65_536;
  private static final float NEXT_TO_0 = 1e-3f;
  // The logits have a bend where the probability is the target.
  private static final float LEAST_TARGET = 2 * NEXT_TO_0;

  private static final int[] NO_NAMES = {};

  private final double[] squares = new double[Exponential.LANES];
  private final double[] lanes = new double[Exponential.LANES];
  private float[] powers = {};
  private float total;
  private float target;
  private boolean isSummedUp;

  /** Says what the target is, and finds the probabilities of a state's candidates. */
  void begin(LogitState state, float newTarget) {
    target = newTarget;
    LogitArray array = state.array();
    isSummedUp = false;
    if (array.size() >= MANY && !state.isListed() && array.isWhole() && target >= LEAST_TARGET) {
      isSummedUp = array.sumSquares(state.names(), squares);
      total = (float) array.sum(state.names());
    }
    if (isSummedUp) {
      sumUp(array, state.candidates);
    } else {
      findPowers(array, state.names());
    }
  }

  private void findPowers(LogitArray array, int[] names) {
    if (powers.length < array.size()) {
      powers = new float[array.logits().length];
    }
    total = (float) array.powers(names, powers);
  }

  /** Whether a draw needs no more than {@link #indexAt}. */
  boolean isSummedUp() {
    return isSummedUp;
  }

  /** Writes the logits, those that are -infinity again as such. */
  void write(LogitArray array, int[] names, float[] to) {
    if (isSummedUp) {
      findPowers(array, names);
      isSummedUp = false;
    }
    write(array.logits(), powers, total, target, to, array.size());
  }

  private static void write(
      float[] logits, float[] powers, float total, float target, float[] to, int n) {
    float scale = 1 / (total * WIDTH);
    float shift = target / WIDTH;
    for (int i = 0; i < n; i++) {
      to[i] = PEAK - fall(powers[i] * scale - shift) + Math.min(logits[i] + 0x1p127f, 0f);
    }
  }

  private static float fall(float difference) {
    float distance = Math.abs(difference);
    return SHARPNESS * distance * distance / (1 + distance);
  }

  /** How probable candidate i was. */
  float probability(LogitArray array, int i) {
    return (isSummedUp ? array.power(array.logits()[i]) : powers[i]) / total;
  }

  /** The new power of a candidate with that old one, as if the peak were the highest. */
  private float adapted(float power) {
    return Exponential.exp(-fall(power * (1 / (total * WIDTH)) - target / WIDTH));
  }

  private void sumUp(LogitArray array, Candidates likely) {
    // The fall s²/(1+s) * 10 at a distance s - x, from x = 0 on: its slope and its curvature.
    double s = target / WIDTH;
    double slope = SHARPNESS * s * (2 + s) / ((1 + s) * (1 + s));
    double curvature = 2 * SHARPNESS / ((1 + s) * (1 + s) * (1 + s));
    double c0 = StrictMath.exp(-SHARPNESS * s * s / (1 + s));
    double scale = 1 / ((double) total * WIDTH);
    double c1 = c0 * slope * scale;
    double c2 = c0 * (slope * slope - curvature) / 2 * scale * scale;
    double[] sums = array.lanes();
    int n = array.size();
    for (int lane = 0; lane < lanes.length; lane++) {
      int count = (n - lane + lanes.length - 1) / lanes.length;
      lanes[lane] = c0 * count + c1 * sums[lane] + c2 * squares[lane];
    }
    float limit = (float) (array.max(NO_NAMES) + StrictMath.log(NEXT_TO_0 * (double) total));
    likely.collectFrom(array, NO_NAMES, limit);
    for (int i = 0; i < likely.size(); i++) {
      double power = array.power(likely.logit(i));
      lanes[likely.token(i) % lanes.length] +=
          adapted((float) power) - (c0 + c1 * power + c2 * power * power);
    }
  }

  /** The sums of the new probabilities by lanes, in proportion, if {@link #isSummedUp}. */
  double[] lanes() {
    return lanes;
  }

  /** The index that the point u of [0, 1) falls on; see {@link LogitArray#indexAt}. */
  int indexAt(LogitArray array, double u) {
    double target = u * Loops.sum(lanes);
    double below = 0;
    int lane = 0;
    while (lane < lanes.length - 1 && below + lanes[lane] <= target) {
      below += lanes[lane++];
    }
    int i = lane;
    below += adapted(array.power(array.logits()[i]));
    while (below <= target && i + lanes.length < array.size()) {
      i += lanes.length;
      below += adapted(array.power(array.logits()[i]));
    }
    return i;
  }
}
