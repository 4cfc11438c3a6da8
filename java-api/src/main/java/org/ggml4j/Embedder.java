package org.ggml4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.arch.Architecture;
import org.ggml4j.decode.EmbeddingEvaluator;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.Pooling;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.SpecialTokens;
import org.ggml4j.tokenizer.Tokenizer;

/**
 * Turns texts into vectors, so that texts of similar meaning lie near each other; from {@link
 * Model#newEmbedder}.
 *
 * {@snippet :
 * try (Model model = Model.load(Path.of("bge-small.gguf"));
 *     Embedder embedder = model.newEmbedder(EmbeddingOptions.defaults())) {
 *   List<float[]> vectors = embedder.embed(List.of("a cat", "a kitten", "a car"));
 *   double near = Embedder.cosine(vectors.get(0), vectors.get(1));
 * }
 * }
 *
 * <p>Encoders (BERT and its kin) and decoders will do. Texts are evaluated together, as sequences
 * of one graph. Threads take turns.
 */
public final class Embedder implements AutoCloseable {
  private static final double INT16_RANGE = 32760;

  private final Model model;
  private final EmbeddingOptions options;
  private final Pooling pooling;
  private final int nCtx;
  private final EmbeddingEvaluator evaluator;
  private int dimension;
  private boolean closed;

  Embedder(Model model, EmbeddingOptions options) {
    this.model = model;
    this.options = options;
    boolean decoder = model.anyArchitecture() instanceof Architecture.Decoder;
    pooling =
        options
            .pooling()
            .or(() -> model.hparams().pooling())
            .orElse(decoder ? Pooling.LAST : Pooling.MEAN);
    nCtx =
        options.nCtx() > 0
            ? options.nCtx()
            : decoder ? model.defaultContext() : model.hparams().nCtxTrain();
    ModelLoader.Summary summary = model.summary();
    int threads = options.threads() > 0 ? options.threads() : model.defaultThreads();
    evaluator =
        new EmbeddingEvaluator(
            model.anyArchitecture(),
            model.hparams(),
            summary.devices(),
            SessionFamily.maxNodes(model),
            new EmbeddingEvaluator.Options(pooling, nCtx, threads, options.flashAttn()));
    OpenOwners.opened(this);
  }

  /** How the vectors of a text's tokens become one. */
  public Pooling pooling() {
    return pooling;
  }

  /** Tokens that a text may have. */
  public int nCtx() {
    return nCtx;
  }

  /** Numbers that a vector has. The first call computes one. */
  public synchronized int dimension() {
    checkOpen();
    if (dimension == 0) {
      dimension = evaluator.evaluate(List.of(new int[] {0}))[0].length;
    }
    return dimension;
  }

  /**
   * A vector for each text: with {@link Pooling#RANK} the scores of its classes.
   *
   * @throws ContextFullException if a text is too long and not to be truncated
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model has no tokenizer that is
   *     implemented
   * @throws IllegalStateException if the pooling is {@link Pooling#NONE}
   * @throws org.ggml4j.ggml.GgmlException if there is not enough memory
   */
  public List<float[]> embed(List<String> texts) {
    return embedTokens(texts.stream().map(this::tokens).toList());
  }

  /** As {@link #embed(List)}, for one text. */
  public float[] embed(String text) {
    return embed(List.of(text)).get(0);
  }

  /**
   * As {@link #embed(List)}, for texts that are tokens, with the special ones that the model needs.
   *
   * @throws IllegalArgumentException if a text has no token or one that the vocabulary lacks
   */
  public synchronized List<float[]> embedTokens(List<int[]> texts) {
    checkOpen();
    if (pooling == Pooling.NONE) {
      throw new IllegalStateException(
          "without pooling each token has a vector: ask for tokenVectors, or choose a pooling");
    }
    texts.forEach(this::checkLength);
    List<float[]> vectors = new ArrayList<>();
    for (int from = 0; from < texts.size(); ) {
      int to = batchEnd(texts, from);
      for (float[] row : evaluator.evaluate(texts.subList(from, to))) {
        vectors.add(pooling == Pooling.RANK ? row : normalized(row, options.normalize()));
      }
      from = to;
    }
    return vectors;
  }

  /**
   * A vector for each token of a text.
   *
   * @throws IllegalStateException unless the pooling is {@link Pooling#NONE}
   */
  public float[][] tokenVectors(String text) {
    return tokenVectors(tokens(text));
  }

  /** As {@link #tokenVectors(String)}, for a text that is tokens. */
  public synchronized float[][] tokenVectors(int... tokens) {
    checkOpen();
    if (pooling != Pooling.NONE) {
      throw new IllegalStateException("vectors of tokens need pooling NONE, it is " + pooling);
    }
    checkLength(tokens);
    float[][] rows = evaluator.evaluate(List.of(tokens));
    return Arrays.stream(rows)
        .map(row -> normalized(row, options.normalize()))
        .toArray(float[][]::new);
  }

  /** Texts from {@code from} on that fit into a batch, at least one. */
  private int batchEnd(List<int[]> texts, int from) {
    int to = from;
    long n = 0;
    while (to < texts.size() && (to == from || n + texts.get(to).length <= options.nBatch())) {
      n += texts.get(to++).length;
    }
    return to;
  }

  /**
   * The tokens of a text, with the special ones that the model needs, truncated if that is wanted.
   *
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model has no tokenizer that is
   *     implemented
   */
  public int[] tokens(String text) {
    Tokenizer tokenizer = model.tokenizer();
    int[] all = tokenizer.encode(text, EncodeOptions.defaults().withParseSpecial(true));
    if (all.length <= nCtx || !options.truncate()) {
      return all;
    }
    int[] begin = Arrays.copyOf(all, nCtx);
    SpecialTokens special = tokenizer.special();
    if (special.addSep() || special.addEos()) {
      begin[nCtx - 1] = all[all.length - 1]; // a text still ends as texts do
    }
    return begin;
  }

  private void checkLength(int... tokens) {
    if (tokens.length > nCtx) {
      throw new ContextFullException(nCtx, 0, tokens.length);
    }
  }

  /**
   * A vector of another length; llama.cpp's {@code common_embd_normalize}.
   *
   * @param kind see {@link EmbeddingOptions#normalize}
   */
  static float[] normalized(float[] x, int kind) {
    double size = size(x, kind);
    float factor = size > 0 ? (float) (1 / size) : 0;
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] * factor;
    }
    return y;
  }

  private static double size(float[] x, int kind) {
    if (kind == -1) {
      return 1;
    }
    double largest = 0;
    double sum = 0;
    for (float value : x) {
      largest = Math.max(largest, Math.abs(value));
      sum += kind == 2 ? (double) value * value : Math.pow(Math.abs(value), kind);
    }
    return kind == 0 ? largest / INT16_RANGE : Math.pow(sum, 1.0 / kind);
  }

  /**
   * The cosine of the angle between two vectors: 1 for the same direction, 0 if one of them is 0.
   *
   * @throws IllegalArgumentException if their lengths differ
   */
  public static double cosine(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "vectors of " + a.length + " and " + b.length + " numbers");
    }
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return aa == 0 || bb == 0 ? 0 : ab / Math.sqrt(aa * bb);
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this embedder was closed");
    }
  }

  /** Gives back the memory, when a running call has ended. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      OpenOwners.closed(this);
      evaluator.close();
      model.forget(this);
    }
  }
}
