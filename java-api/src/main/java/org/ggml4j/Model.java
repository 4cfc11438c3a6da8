package org.ggml4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.ggml4j.arch.Architecture;
import org.ggml4j.arch.Hparams;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.ggml.CpuTopology;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.grammar.GrammarMasks;
import org.ggml4j.sampling.SamplerVocab;
import org.ggml4j.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * A loaded model: weights, hyper-parameters and tokenizer. Immutable; any number of threads may use
 * it, each with {@link Session}s of its own.
 *
 * {@snippet :
 * try (Model model = Model.load(Path.of("model.gguf"));
 *     Session session = model.newSession()) {
 *   for (Piece piece : session.generate("Once upon a time", GenerationConfig.defaults())) {
 *     System.out.print(piece.text());
 *   }
 * }
 * }
 *
 * <p>{@link #close} closes the model's sessions first, then gives back its memory; after that every
 * method throws IllegalStateException.
 */
public final class Model implements AutoCloseable {
  private static final int DEFAULT_CONTEXT = 4096;

  private final GgufFile file;
  private final ModelOptions options;
  private final CloseStack owned = new CloseStack();
  private final Set<Session> sessions = new LinkedHashSet<>();
  private final Set<Embedder> embedders = new LinkedHashSet<>();
  private final ModelLoader.Loaded loaded;
  private final GrammarCache grammars = new GrammarCache();
  private final Object vocabLock = new Object(); // so that a session can be made meanwhile
  private @Nullable Tokenizer tokenizer;
  private @Nullable SamplerVocab samplerVocab;
  private byte @Nullable [] identity;
  private volatile boolean closed;

  private Model(Path path, ModelOptions options) throws IOException {
    this.options = options;
    try {
      file = GgufFile.open(path);
      owned.push(file::close);
      loaded = ModelLoader.load(file, options, owned);
      OpenOwners.opened(this);
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  /**
   * Loads a GGUF file with the default options; of a split file, any part may be named.
   *
   * @throws GgufFormatException if the file is damaged
   * @throws IOException if it can't be read
   * @throws UnsupportedModelException if its architecture is not implemented
   * @throws org.ggml4j.nn.WeightException if its tensors are not those of its architecture
   * @throws org.ggml4j.ggml.GgmlException if there is not enough memory
   */
  public static Model load(Path path) throws IOException {
    return load(path, ModelOptions.defaults());
  }

  /**
   * Loads a GGUF file.
   *
   * @throws java.util.concurrent.CancellationException if the options' progress listener said so;
   *     what else it throws, see {@link #load(Path)}
   */
  public static Model load(Path path, ModelOptions options) throws IOException {
    return new Model(path, options);
  }

  /** A session with the default options. */
  public Session newSession() {
    return newSession(SessionOptions.defaults());
  }

  /**
   * A session: a KV cache and what is needed to compute.
   *
   * @throws IllegalArgumentException if the options don't fit the model
   * @throws org.ggml4j.ggml.GgmlException if there is not enough memory
   */
  public synchronized Session newSession(SessionOptions sessionOptions) {
    checkOpen();
    return register(new Session(this, sessionOptions, false));
  }

  /**
   * Sessions for many requests and threads, with one KV cache in which no text is computed twice.
   *
   * @param nKept texts that are kept at most for requests to come
   * @throws IllegalArgumentException if the options don't fit the model
   * @throws org.ggml4j.ggml.GgmlException if there is not enough memory
   */
  public synchronized SessionPool newSessionPool(SessionOptions sessionOptions, int nKept) {
    checkOpen();
    Session root = register(new Session(this, sessionOptions, true));
    try {
      SourceReader.refuse(root, "all sessions of a pool would share: use Model.newSession()");
      return new SessionPool(root, nKept);
    } catch (Throwable e) {
      root.close();
      throw e;
    }
  }

  boolean isOpen() {
    return !closed;
  }

  /** Remembers a session, to close it before the model. */
  synchronized Session register(Session session) {
    checkOpen();
    sessions.add(session);
    return session;
  }

  synchronized void forget(Session session) {
    sessions.remove(session);
  }

  /** What the file says about itself. */
  public GgufMetadata metadata() {
    checkOpen();
    return file.metadata();
  }

  public Hparams hparams() {
    checkOpen();
    return loaded.hparams();
  }

  /**
   * What writes a text.
   *
   * @throws UnsupportedModelException if it is an encoder, or one by the file's word
   */
  Architecture.Decoder architecture() {
    if (loaded.architecture() instanceof Architecture.Decoder decoder) {
      loaded
          .hparams()
          .require(
              loaded.hparams().causal(),
              "tokens that look at those behind them (attention.causal is false): it writes no"
                  + " text, but Model.embed gives vectors of texts");
      return decoder;
    }
    throw new UnsupportedModelException(
        "architecture '"
            + loaded.hparams().architecture()
            + "' is an encoder: it writes no text, but Model.embed gives vectors of texts");
  }

  /** Whatever it is. */
  Architecture anyArchitecture() {
    return loaded.architecture();
  }

  /**
   * Vectors of texts, evaluated together: with the default options they have the length 1, so that
   * products of two say how similar the texts are. For many calls, keep a {@link #newEmbedder}.
   *
   * @throws org.ggml4j.nn.ContextFullException if a text is too long
   * @throws UnsupportedModelException if the model has no tokenizer that is implemented
   */
  public List<float[]> embed(List<String> texts) {
    return embed(texts, EmbeddingOptions.defaults());
  }

  /** As {@link #embed(List)}, for texts given one by one. */
  public List<float[]> embed(String... texts) {
    return embed(List.of(texts));
  }

  /** As {@link #embed(List)}, with other options. */
  public List<float[]> embed(List<String> texts, EmbeddingOptions embeddingOptions) {
    try (Embedder embedder = newEmbedder(embeddingOptions)) {
      return embedder.embed(texts);
    }
  }

  /**
   * What turns texts into vectors, for more than one call.
   *
   * @throws UnsupportedModelException if the model can't be pooled so
   * @throws org.ggml4j.ggml.GgmlException if there is not enough memory
   */
  public synchronized Embedder newEmbedder(EmbeddingOptions embeddingOptions) {
    checkOpen();
    Embedder embedder = new Embedder(this, embeddingOptions);
    embedders.add(embedder);
    return embedder;
  }

  synchronized void forget(Embedder embedder) {
    embedders.remove(embedder);
  }

  ModelLoader.Summary summary() {
    return loaded.summary();
  }

  /**
   * The tokenizer, made when it is first asked for.
   *
   * @throws UnsupportedModelException if the file has none or one that is not implemented
   */
  public Tokenizer tokenizer() {
    checkOpen();
    synchronized (vocabLock) {
      Tokenizer made = tokenizer;
      if (made == null) {
        try {
          made = Tokenizer.of(file.metadata());
        } catch (GgufFormatException e) {
          throw new UnsupportedModelException(
              "this model's vocabulary can't be used: " + e.getMessage());
        }
        tokenizer = made;
      }
      return made;
    }
  }

  /**
   * The vocabulary for samplers of one's own that look at texts, such as {@link
   * org.ggml4j.sampling.Samplers#infill}.
   *
   * @throws UnsupportedModelException if the model has no tokenizer that is implemented
   */
  public SamplerVocab samplerVocab() {
    synchronized (vocabLock) {
      SamplerVocab made = samplerVocab;
      if (made == null) {
        made = new TokenizerVocab(tokenizer());
        samplerVocab = made;
      }
      return made;
    }
  }

  /**
   * A grammar over this model's vocabulary, for constraints of one's own: lazy ones, or in a
   * search. {@link GenerationConfig#withGrammar} needs none of this. The last grammars are
   * remembered with what was found out about them.
   *
   * @throws org.ggml4j.grammar.GrammarException if it names a token that the vocabulary does not
   *     have
   * @throws UnsupportedModelException if the model has no tokenizer that is implemented
   */
  public GrammarMasks masks(Grammar grammar) {
    return grammars.masks(grammar, tokenizer());
  }

  /** Architecture and file, for messages. */
  String description() {
    return hparams().architecture() + " " + file.paths().get(0).getFileName();
  }

  /**
   * SHA-256 of the metadata, the tensor table, and the first bytes of each tensor: two models that
   * differ in any of them have other texts in their caches.
   */
  synchronized byte[] identity() {
    checkOpen();
    byte[] made = identity;
    if (made == null) {
      made = ModelIdentity.of(file);
      identity = made;
    }
    return made;
  }

  /** Which kinds of memory the weights are in, in one line. */
  public String placement() {
    checkOpen();
    return loaded.summary().line();
  }

  /** Bytes of native memory that the weights take, mapped ones included. */
  public long nativeBytes() {
    checkOpen();
    return loaded.summary().nativeBytes();
  }

  /** Tokens of context that a session gets unless told otherwise. */
  int defaultContext() {
    return Math.min(hparams().nCtxTrain(), DEFAULT_CONTEXT);
  }

  /** Threads that a session gets unless told otherwise. */
  int defaultThreads() {
    return options.threads() > 0 ? options.threads() : CpuTopology.physicalCores();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this model was closed");
    }
  }

  /** Closes the model's sessions, waiting for running steps to stop, and gives back its memory. */
  @Override
  public void close() {
    List<Session> open;
    List<Embedder> openEmbedders;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      open = new ArrayList<>(sessions);
      openEmbedders = new ArrayList<>(embedders);
    }
    open.forEach(Session::close);
    openEmbedders.forEach(Embedder::close);
    OpenOwners.closed(this);
    owned.close();
  }
}
