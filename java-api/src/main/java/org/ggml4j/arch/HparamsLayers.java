package org.ggml4j.arch;

import org.ggml4j.nn.StateSpace;

/** Which layers are of which kind, and the sizes of recurrent ones, as the file's keys say it. */
public sealed interface HparamsLayers permits Hparams {
  /** The file's keys. */
  Keys keys();

  /** Width of the model. */
  int nEmbd();

  /** Blocks that are computed. */
  int nLayer();

  /** Blocks of the file, those included that predict further tokens. */
  int nBlock();

  /**
   * Which layers look at a window only: {@code ARCH.attention.sliding_window_pattern}, a flag for
   * each layer, or the period after which a layer looks at everything.
   *
   * @param period if the file does not say; 0: all layers have a window, 1: none
   * @param fullFirst whether the first layer of each period looks at everything, not the last one
   */
  default boolean[] windowedLayers(int period, boolean fullFirst) {
    String key = "attention.sliding_window_pattern";
    if (keys().has(key) && keys().isArray(key)) {
      return keys().flags(key, nBlock());
    }
    int n = keys().size(key, period);
    boolean[] windowed = new boolean[nBlock()];
    for (int il = 0; il < nLayer(); il++) {
      windowed[il] = n == 0 || il % n != (fullFirst ? 0 : n - 1);
    }
    return windowed;
  }

  /**
   * Which layers are recurrent: {@code ARCH.attention.recurrent_layers}, or all but every n-th,
   * where n is {@code ARCH.full_attention_interval}.
   *
   * @param interval n if the file does not say
   */
  default boolean[] recurrentLayers(int interval) {
    String key = "attention.recurrent_layers";
    if (keys().has(key)) {
      return keys().flags(key, nBlock());
    }
    int n = keys().size("full_attention_interval", interval);
    boolean[] recurrent = new boolean[nBlock()];
    for (int il = 0; il < nLayer(); il++) {
      recurrent[il] = n == 0 || (il + 1) % n != 0;
    }
    return recurrent;
  }

  /** Sizes of a state space model: {@code ARCH.ssm.…}. */
  default StateSpace stateSpace() {
    return new StateSpace(
        nEmbd(),
        keys().size("ssm.conv_kernel"),
        keys().size("ssm.inner_size"),
        keys().size("ssm.state_size"),
        keys().size("ssm.time_step_rank"),
        keys().size("ssm.group_count", 0));
  }

  /** As {@link #stateSpace}, with heads and groups that divide the channels evenly. */
  default StateSpace stateSpaceWithHeads() {
    StateSpace s = stateSpace();
    int nHead = s.rank();
    int nGroup = HparamsReader.some(keys(), "ssm.group_count", s.nGroup());
    if (s.nInner() % nHead != 0 || nHead % nGroup != 0 || s.nInner() % nGroup != 0) {
      throw keys()
          .bad(
              "ssm.time_step_rank",
              nHead,
              "a divisor of ssm.inner_size " + s.nInner() + ", and a multiple of ssm.group_count");
    }
    return s;
  }
}
