package org.ggml4j.decode;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.ggml4j.arch.Architecture;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.Backend;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.Device;
import org.ggml4j.ggml.Graph;
import org.ggml4j.ggml.Scheduler;
import org.ggml4j.ggml.Tensor;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.BatchAttention;
import org.ggml4j.nn.Classifier;
import org.ggml4j.nn.Inputs;
import org.ggml4j.nn.Inputs.Sizes;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.Pooling;

/**
 * Runs texts through a model, all of their tokens at once, and gives a vector of each text. Nothing
 * is kept from one batch to the next. One thread at a time.
 */
public final class EmbeddingEvaluator implements CloseStack.Closing {
  /**
   * @param pooling what becomes of the tokens' vectors
   * @param nCtx tokens that a text has at most
   * @param threads CPU threads
   * @param flashAttn whether attention is computed as one operation
   */
  public record Options(Pooling pooling, int nCtx, int threads, boolean flashAttn) {}

  private final Architecture model;
  private final Hparams hparams;
  private final Options options;
  private final BatchAttention.Options attention;
  private final CloseStack owned = new CloseStack();
  private final Inputs.Scratch scratch = new Inputs.Scratch();
  private final Batch batch = new Batch();
  private final Scheduler scheduler;
  private final Graph graph;

  /**
   * @param devices where weights lie, the CPU last
   * @param maxNodes upper bound of the nodes of the model's graph
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model can't be pooled so
   */
  public EmbeddingEvaluator(
      Architecture model, Hparams hparams, List<Device> devices, int maxNodes, Options options) {
    this.model = model instanceof Architecture.EncoderDecoder both ? both.encoder() : model;
    this.hparams = hparams;
    this.options = options;
    hparams.require(
        options.pooling != Pooling.RANK || this.model.classifier().isPresent(),
        "pooling RANK: the file has neither cls nor cls.output");
    boolean causal =
        this.model instanceof Architecture.Encoder encoder ? encoder.isCausal() : hparams.causal();
    attention = new BatchAttention.Options(causal, options.flashAttn);
    for (int il = 0; il < hparams.nLayer(); il++) {
      LayerMemory memory = memory(il);
      hparams.require(
          !(memory instanceof LayerMemory.Recurrent || memory instanceof LayerMemory.Both),
          "vectors of texts: it has recurrent layers");
    }
    owned.push(scratch::close);
    try {
      List<Backend> backends = new ArrayList<>();
      for (Device device : devices) {
        backends.add(owned.own(Backend.open(device, options.threads)));
      }
      graph = owned.own(new Graph(maxNodes, false));
      scheduler = owned.own(new Scheduler(backends, maxNodes));
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  private LayerMemory memory(int il) {
    return model instanceof Architecture.Encoder encoder
        ? encoder.memory(il)
        : ((Architecture.Decoder) model).memory(il);
  }

  /**
   * Evaluates texts as one batch.
   *
   * @param texts token ids, at least one of each text
   * @return a row for each text; with {@link Pooling#NONE} one for each token
   * @throws IllegalArgumentException for an empty text, or a token that the vocabulary does not
   *     have
   * @throws org.ggml4j.ggml.GgmlException if memory ran out
   */
  public float[][] evaluate(List<int[]> texts) {
    fill(texts);
    graph.clear();
    Sizes sizes = new Sizes(batch.size(), batch.nOutputs(), 0);
    Inputs in = new Inputs(graph, sizes, batch.nOutputs() == batch.size(), options.nCtx);
    Tensor out = graph.expand(rows(in, texts.size()).output()); // [n, nRows]
    scheduler.allocate(graph);
    in.fill(batch, scratch);
    scheduler.compute(graph);
    return read(out);
  }

  private void fill(List<int[]> texts) {
    batch.clear();
    for (int s = 0; s < texts.size(); s++) {
      int[] tokens = texts.get(s);
      if (tokens.length < 1) {
        throw new IllegalArgumentException("text " + s + ": expected at least one token");
      }
      for (int i = 0; i < tokens.length; i++) {
        if (tokens[i] < 0 || tokens[i] >= hparams.nVocab()) {
          throw new IllegalArgumentException(
              "token: expected 0 to " + (hparams.nVocab() - 1) + ", found " + tokens[i]);
        }
        batch.add(tokens[i], i, s, isWanted(i, tokens.length));
      }
    }
  }

  private boolean isWanted(int i, int length) {
    return switch (options.pooling) {
      case NONE, MEAN -> true;
      case CLS -> i == 0;
      case LAST -> i == length - 1;
      case RANK -> classifier().ofMean() || i == (isDecoder() ? length - 1 : 0);
    };
  }

  private boolean isDecoder() {
    return model instanceof Architecture.Decoder;
  }

  private Classifier classifier() {
    return model.classifier().orElseThrow();
  }

  private Tensor rows(Inputs in, int nTexts) {
    Tensor x = states(in);
    boolean rank = options.pooling == Pooling.RANK;
    if (options.pooling == Pooling.MEAN || rank && classifier().ofMean()) {
      x = Pooling.mean(x, in, nTexts);
    }
    if (rank) {
      return classifier().apply(x);
    }
    for (var projection : model.projections()) {
      x = projection.apply(x);
    }
    return x;
  }

  private Tensor states(Inputs in) {
    BatchAttention kv = new BatchAttention(in, this::memory, attention);
    if (model instanceof Architecture.Encoder encoder) {
      return encoder.forward(in, kv);
    }
    Tensor logits = ((Architecture.Decoder) model).forward(in, kv);
    return logits
        .factor() // what the output layer is applied to
        .filter(x -> x.ne(0) == hparams.nEmbd() && x.ne(1) == logits.ne(1))
        .orElseThrow(
            () ->
                new UnsupportedOperationException(
                    "architecture '"
                        + hparams.architecture()
                        + "' gives no hidden states: its logits are not the product of a weight"
                        + " and one"));
  }

  private static float[][] read(Tensor out) {
    int n = (int) out.ne(0);
    float[][] rows = new float[(int) out.ne(1)][n];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(out.nBytes(), 64);
      out.get(memory, 0, out.nBytes());
      for (int i = 0; i < rows.length; i++) {
        MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, 4L * n * i, rows[i], 0, n);
      }
    }
    return rows;
  }

  @Override
  public void close() {
    owned.close();
  }
}
