package org.ggml4j.samples.own;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Random;
import org.ggml4j.Model;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.gguf.GgmlType;
import org.ggml4j.gguf.GgufWriter;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.WeightException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of the architecture is written, loaded and run as any other. */
class SquirrelTest {
  private static final int N_EMBD = 32;
  private static final int N_FF = 64;
  private static final int N_VOCAB = 20;
  private static final int N_LAYER = 2;
  private static final int[] TEXT = {3, 1, 4, 1, 5, 9, 2, 6};

  @TempDir private Path folder;
  private final Random random = new Random(1);

  private GgufWriter file() {
    GgufWriter file =
        GgufWriter.create()
            .putString("general.architecture", "squirrel")
            .putUint32("squirrel.context_length", 64)
            .putUint32("squirrel.embedding_length", N_EMBD)
            .putUint32("squirrel.block_count", N_LAYER)
            .putUint32("squirrel.feed_forward_length", N_FF)
            .putUint32("squirrel.attention.head_count", 4)
            .putUint32("squirrel.attention.head_count_kv", 2)
            .putFloat32("squirrel.attention.layer_norm_rms_epsilon", 1e-5f)
            .putUint32("squirrel.vocab_size", N_VOCAB);
    tensor(file, "token_embd.weight", N_EMBD, N_VOCAB);
    tensor(file, "output_norm.weight", N_EMBD);
    for (int il = 0; il < N_LAYER; il++) {
      String blk = "blk." + il + ".";
      tensor(file, blk + "attn_norm.weight", N_EMBD);
      tensor(file, blk + "attn_q.weight", N_EMBD, N_EMBD);
      tensor(file, blk + "attn_k.weight", N_EMBD, N_EMBD / 2);
      tensor(file, blk + "attn_v.weight", N_EMBD, N_EMBD / 2);
      tensor(file, blk + "attn_output.weight", N_EMBD, N_EMBD);
      tensor(file, blk + "ffn_up.weight", N_EMBD, N_FF);
      tensor(file, blk + "ffn_down.weight", N_FF, N_EMBD);
      tensor(file, blk + "attn_gate.weight", N_EMBD, N_EMBD);
    }
    return file;
  }

  private void tensor(GgufWriter file, String name, long... ne) {
    float[] values = new float[Math.toIntExact(ne[0] * (ne.length > 1 ? ne[1] : 1))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() / Math.sqrt(ne[0])) + (ne.length == 1 ? 1 : 0);
    }
    file.tensor(name, GgmlType.F32, ne, MemorySegment.ofArray(values));
  }

  private static float[] logits(Session session, int... tokens) {
    Batch batch = new Batch();
    int position = session.nPast();
    for (int token : tokens) {
      batch.add(token, position++, 0, position == session.nPast() + tokens.length);
    }
    session.evaluate(batch);
    float[] row = new float[N_VOCAB];
    session.readLogits(0, row);
    return row;
  }

  @Test
  void tokensInOneBatchEqualSingleSteps() throws IOException {
    Path path = folder.resolve("squirrel.gguf");
    file().write(path);
    SessionOptions options =
        SessionOptions.defaults().withThreads(1).withKvType(GgmlType.F32).withFlashAttn(false);
    try (Model model = Model.load(path);
        Session batch = model.newSession(options);
        Session single = model.newSession(options)) {
      assertThat(model.hparams().architecture()).isEqualTo("squirrel");
      float[] expected = logits(batch, TEXT);
      float[] last = {};
      for (int token : TEXT) {
        last = logits(single, token);
      }
      assertThat(last).containsExactly(expected, within(1e-4f));
      assertThat(expected).isNotEqualTo(logits(batch, 7));
    }
  }

  @Test
  void aTensorThatIsNotReadIsAnError() throws IOException {
    Path path = folder.resolve("more.gguf");
    GgufWriter file = file();
    tensor(file, "blk.0.tail.weight", N_EMBD);
    file.write(path);
    assertThatThrownBy(() -> Model.load(path))
        .isInstanceOf(WeightException.class)
        .hasMessageContaining("blk.0.tail.weight");
  }
}
