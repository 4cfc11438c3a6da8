package org.ggml4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.ggml4j.arch.Hparams;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.Branches;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Evaluator;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.RewindableSequence;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.TokenLoop;
import org.ggml4j.ggml.BufferType;
import org.ggml4j.ggml.CloseStack;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.CellCache;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.LayerMemory;
import org.ggml4j.nn.SequenceMemory;
import org.ggml4j.sampling.Logits;
import org.ggml4j.tokenizer.EncodeOptions;
import org.jspecify.annotations.Nullable;

/**
 * A text in progress: the KV cache and the buffers to compute with; what llama.cpp calls a context.
 * It holds up to 64 sequences, which may share what they have in common.
 *
 * <p>One thread at a time; a second one gets an IllegalStateException. {@link #close} and {@link
 * #cancel} may come from any thread and stop a running step.
 */
public final class Session implements AutoCloseable {
  private static final int[] NO_TOKENS = {};

  private final Model model;
  private final SessionOptions options;
  private final CloseStack owned = new CloseStack();
  private final SequenceMemory cache;
  private final Evaluator evaluator;
  private final Continuations continuations = new Continuations(this);
  private final Batch batch = new Batch();
  private final Object lock = new Object();
  private int[] pending = {};
  private long revision;
  private final Lookahead lookahead = new Lookahead(this);
  private @Nullable Logits logits;
  private @Nullable Generation running;
  private @Nullable Thread user;
  private int depth;
  private boolean closed;

  Session(Model model, SessionOptions options) {
    this.model = model;
    this.options = options;
    Hparams hp = model.hparams();
    ModelLoader.Summary summary = model.summary();
    int nCtx = options.nCtx() > 0 ? options.nCtx() : model.defaultContext();
    int threads = options.threads() > 0 ? options.threads() : model.defaultThreads();
    try {
      List<LayerMemory> layers = new ArrayList<>();
      List<BufferType> memory = new ArrayList<>();
      for (int il = 0; il < hp.nLayer(); il++) {
        layers.add(model.architecture().memory(il));
        memory.add(summary.layerDevices().get(il).bufferType());
      }
      int nBatch = Math.min(options.nBatch(), nCtx);
      CellCache.Options cells =
          new CellCache.Options(nCtx, options.typeK(), options.typeV(), options.flashAttn());
      cache = owned.own(new SequenceMemory(layers, memory, cells, nBatch));
      int maxNodes = Math.max(1024, 16 * summary.nWeights() + 64 * hp.nLayer());
      evaluator =
          owned.own(
              new Evaluator(
                  model.architecture(),
                  hp,
                  cache,
                  summary.devices(),
                  maxNodes,
                  new Evaluator.Options(nBatch, threads, options.reuseGraph())));
      OpenOwners.opened(this);
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }

  public Model model() {
    return model;
  }

  public SessionOptions options() {
    return options;
  }

  /** Tokens that the cache holds at most, of all sequences together. */
  public int nCtx() {
    return cache.nCells();
  }

  /** Position that the next token of sequence 0 will have. */
  public int nPast() {
    return nPast(0);
  }

  /** Position that the next token of a sequence will have. */
  public int nPast(int sequence) {
    enterToRead();
    try {
      return cache.maxPosition(sequence) + 1 - (sequence == 0 ? lookahead.ahead() : 0);
    } finally {
      exit();
    }
  }

  /**
   * Evaluates a batch of tokens of any sequences; {@link #readLogits} then gives the rows it asked
   * for.
   *
   * @throws IllegalArgumentException if a token is not in the vocabulary, or the batch is empty or
   *     larger than the session's batch
   * @throws ContextFullException if the cache has no room for it; the session is as before
   * @throws org.ggml4j.ggml.GgmlException if it was cancelled; the session is as before
   */
  public void evaluate(Batch tokens) {
    enter();
    try {
      revision++;
      evaluator.evaluate(tokens);
    } finally {
      exit();
    }
  }

  /**
   * Appends tokens to sequence 0, in chunks of the session's batch size. The logits of the last one
   * can then be read as row 0.
   *
   * @throws ContextFullException if they don't fit; checked before the first is evaluated
   */
  public void append(int... tokens) {
    enter();
    try {
      revision++;
      appendNow(tokens);
    } finally {
      exit();
    }
  }

  private void appendNow(int... tokens) {
    if (tokens.length > nCtx() - cache.used()) {
      throw new ContextFullException(nCtx(), cache.used(), tokens.length);
    }
    int position = cache.maxPosition(0) + 1;
    int nBatch = maxBatch();
    for (int at = 0; at < tokens.length; at += nBatch) {
      int end = Math.min(tokens.length, at + nBatch);
      batch.clear();
      for (int i = at; i < end; i++) {
        batch.add(tokens[i], position++, 0, i == tokens.length - 1);
      }
      evaluator.evaluate(batch);
    }
  }

  private int maxBatch() {
    return Math.min(options.nBatch(), nCtx());
  }

  /**
   * Continues sequence 0 with a text and what the model writes after it. Nothing is computed before
   * the first piece is asked for. If the session is empty and the model wants one, a BOS token
   * comes first.
   *
   * @param prompt in which the text of control tokens is plain text; may be empty to go on
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalArgumentException if there is nothing to continue
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model has no tokenizer that is
   *     implemented
   */
  public Generation generate(String prompt, GenerationConfig config) {
    return generate(encode(prompt), config);
  }

  private int[] encode(String prompt) {
    return encode(prompt, nPast() == 0 && pending.length == 0);
  }

  /** The tokens of a prompt; in front of a first one, those that the model wants there. */
  int[] encode(String prompt, boolean first) {
    return model.tokenizer().encode(prompt, EncodeOptions.plain().withAddSpecial(first));
  }

  /**
   * Continues sequence 0 with tokens and what the model writes after them.
   *
   * @param prompt tokens of the model's vocabulary; may be empty to go on
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalArgumentException if a token is not in the vocabulary or there is nothing to
   *     continue
   * @throws org.ggml4j.grammar.GrammarException if the configuration's grammar names a token that
   *     the vocabulary does not have
   */
  public Generation generate(int[] prompt, GenerationConfig config) {
    enter();
    try {
      int[] tokens = pendingAnd(prompt);
      if (tokens.length == 0) {
        throw new IllegalArgumentException("nothing to continue: the prompt has no tokens");
      }
      if (tokens.length > nCtx() - cache.used()) {
        throw new ContextFullException(nCtx(), cache.used(), tokens.length);
      }
      Optional<Supplier<SpeculationStats>> speculation =
          config.speculation().map(s -> lookahead.begin(s, revision, config.maxTokens()));
      TokenLoop loop =
          new TokenLoop(
              speculation.isPresent() ? lookahead.sequence().orElseThrow() : sequence,
              model.tokenizer(),
              tokens,
              config.newSampler(),
              new TokenLoop.Options(config.maxTokens(), config.stop(), config.newProcessors(model)),
              logits());
      return new Generation(this, loop, tokens.length, ++revision, speculation);
    } finally {
      exit();
    }
  }

  private int[] pendingAnd(int[] prompt) {
    checkTokens(prompt);
    int[] tokens = Arrays.copyOf(pending, pending.length + prompt.length);
    System.arraycopy(prompt, 0, tokens, pending.length, prompt.length);
    return tokens;
  }

  void checkTokens(int[] tokens) {
    int nVocab = model.hparams().nVocab();
    for (int token : tokens) {
      if (token < 0 || token >= nVocab) {
        throw new IllegalArgumentException(
            "token: expected 0 to " + (nVocab - 1) + ", found " + token);
      }
    }
  }

  /** Room for one row of logits at a time, which whoever has entered the session may use. */
  Logits logits() {
    Logits made = logits;
    if (made == null) {
      made = new Logits(model.hparams().nVocab());
      logits = made;
    }
    return made;
  }

  /**
   * Continues sequence 0 with the most likely texts, found by beam search; afterwards the session's
   * text ends with the prompt. To go on with a hypothesis, give its tokens to {@link
   * #generate(int[], GenerationConfig) generate}.
   *
   * @param prompt in which the text of control tokens is plain text
   * @return the best hypotheses, best first. If it was cancelled those it had, unfinished ones with
   *     {@link org.ggml4j.decode.StopReason#CANCELLED}; if that was before the prompt was
   *     evaluated, one without tokens, and the session is as before
   * @throws ContextFullException if the prompt does not fit. Beams that don't end with {@link
   *     org.ggml4j.decode.StopReason#CONTEXT_FULL}, which can't happen if there are {@code width *
   *     maxTokens} cells more
   * @throws IllegalArgumentException if there is nothing to continue, or a batch of the session is
   *     smaller than the search's width
   */
  public List<Hypothesis> search(String prompt, BeamSearchConfig config) {
    return search(encode(prompt), config);
  }

  /** {@link #search(String, BeamSearchConfig)} with tokens. */
  public List<Hypothesis> search(int[] prompt, BeamSearchConfig config) {
    return continuations.search(prompt, config);
  }

  /**
   * Continues sequence 0 by contrastive search; afterwards the session's text ends with the prompt.
   *
   * @param prompt in which the text of control tokens is plain text
   * @return what was generated; if it was cancelled, until then
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalArgumentException if there is nothing to continue, or a batch of the session is
   *     smaller than the number of candidates
   * @throws UnsupportedOperationException if the model's architecture gives no hidden states
   */
  public Hypothesis search(String prompt, ContrastiveSearchConfig config) {
    return search(encode(prompt), config);
  }

  /** {@link #search(String, ContrastiveSearchConfig)} with tokens. */
  public Hypothesis search(int[] prompt, ContrastiveSearchConfig config) {
    return continuations.search(prompt, config);
  }

  /**
   * Continues sequence 0 in {@code n} ways at the same time. The prompt is evaluated once;
   * afterwards the session's text ends with it. Continuation i is what {@link #generate} alone
   * would write with the seed {@code seed + i}; with a sampler of one's own, which is forked, they
   * differ only if it does not depend on a seed.
   *
   * @return them, in the order of their seeds
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalArgumentException if there is nothing to continue
   */
  public List<Hypothesis> generateAll(String prompt, int n, GenerationConfig config) {
    return generateAll(encode(prompt), n, config);
  }

  /** {@link #generateAll(String, int, GenerationConfig)} with tokens. */
  public List<Hypothesis> generateAll(int[] prompt, int n, GenerationConfig config) {
    return continuations.generateAll(prompt, n, config);
  }

  /**
   * Continues sequence 0 with each of some prompts, at the same time. The session's text stays as
   * it is. The i-th has the seed {@code seed + i}.
   *
   * @return what came after each prompt
   * @throws ContextFullException if one of the prompts does not fit even alone
   */
  public List<Hypothesis> generateAll(List<String> prompts, GenerationConfig config) {
    return continuations.generateAll(prompts, config);
  }

  /**
   * {@link #generateAll(String, int, GenerationConfig)} with those first whose tokens have the
   * largest mean log-probability.
   */
  public List<Hypothesis> bestOf(String prompt, int n, GenerationConfig config) {
    return continuations.bestOf(encode(prompt), n, config);
  }

  /**
   * Begins a generation of several texts at the same time, to which texts can be added while others
   * are written.
   *
   * @param prompt that comes before all of them, and becomes part of the session's text; may be
   *     empty
   * @param most how many are generated at the same time; fewer if the session has not so many
   *     sequences left or smaller batches
   * @throws ContextFullException if the prompt does not fit
   */
  public ParallelGeneration parallel(String prompt, int most) {
    boolean nothing = prompt.isEmpty() && nPast() == 0 && pending.length == 0;
    return parallel(nothing ? NO_TOKENS : encode(prompt), most);
  }

  /** {@link #parallel(String, int)} with tokens. */
  public ParallelGeneration parallel(int[] prompt, int most) {
    return continuations.parallel(prompt, most);
  }

  /** Lets {@code work} continue the text, which will evaluate the tokens that it is given. */
  <T> T continuing(int[] prompt, Function<int[], T> work) {
    enter();
    int begin = cache.maxPosition(0) + 1;
    try {
      revision++;
      return work.apply(pendingAnd(prompt));
    } finally {
      if (cache.maxPosition(0) >= begin) {
        pending = NO_TOKENS;
      }
      exit();
    }
  }

  Branches branches() {
    return new Branches(cache, evaluator, 0);
  }

  /** Sequence 0, for who is using this session. */
  final RewindableSequence sequence =
      new RewindableSequence() {
        @Override
        public void append(int... tokens) {
          appendNow(tokens);
          pending = NO_TOKENS;
        }

        @Override
        public void readLogits(Logits to) {
          evaluator.readLogits(0, to);
        }

        @Override
        public int room() {
          return nCtx() - cache.used();
        }

        @Override
        public void appendEach(int[] tokens, int n) {
          int position = cache.maxPosition(0) + 1;
          batch.clear();
          for (int i = 0; i < n; i++) {
            batch.add(tokens[i], position + i, 0, true);
          }
          evaluator.evaluate(batch);
          evaluator.selectRow(0);
          pending = NO_TOKENS;
        }

        @Override
        public void selectRow(int row) {
          evaluator.selectRow(row);
        }

        @Override
        public void dropLast(int n) {
          cache.remove(0, cache.maxPosition(0) + 1 - n, Integer.MAX_VALUE);
        }

        @Override
        public int maxBatch() {
          return Session.this.maxBatch();
        }
      };

  /**
   * A generation begins a step: nothing else may have happened to the session since its last one.
   */
  void beginStep(Generation generation, long expectedRevision) {
    enterToRead();
    if (revision != expectedRevision) {
      exit();
      throw new IllegalStateException(
          "this session was used for something else since the generation began");
    }
    synchronized (lock) {
      running = generation;
    }
  }

  void endStep(TokenLoop loop) {
    pending = loop.pending().clone();
    if (loop.reason().isPresent()) {
      lookahead.drop();
    }
    synchronized (lock) {
      running = null;
    }
    exit();
  }

  /** Stops a generation's running step, if that is what runs. */
  void stopStep(Generation generation) {
    synchronized (lock) {
      if (!closed && generation.equals(running)) {
        evaluator.abort();
        lookahead.cancel();
      }
    }
  }

  /** Rows of logits that the last evaluation gave. */
  public int nOutputs() {
    enterToRead();
    try {
      return evaluator.nOutputs();
    } finally {
      exit();
    }
  }

  /**
   * Copies a row of logits of the last evaluation.
   *
   * @param row 0 to nOutputs - 1, in the order of the batch
   * @param to receives nVocab values
   */
  public void readLogits(int row, float[] to) {
    enterToRead();
    try {
      evaluator.readLogits(row, to);
    } finally {
      exit();
    }
  }

  /**
   * Removes positions from {@code from} to before {@code to} from a sequence.
   *
   * @throws IllegalStateException if the tokens that are left can't be continued, because layers
   *     with a window no longer have what the next one would see; nothing was changed
   */
  public void removeTokens(int sequence, int from, int to) {
    enter();
    try {
      revision++;
      cache.remove(sequence, from, to);
    } finally {
      exit();
    }
  }

  /** Makes {@code target} contain all tokens of {@code source}; they are stored once. */
  public void copySequence(int source, int target) {
    enter();
    try {
      cache.copy(source, source, 0, 0); // refuses a number that is none, before anything changes
      if (source != target) {
        revision++;
        cache.remove(target, 0, Integer.MAX_VALUE);
        cache.copy(source, target, 0, Integer.MAX_VALUE);
      }
    } finally {
      exit();
    }
  }

  /**
   * Moves the tokens at positions from {@code from} to before {@code to} by {@code delta}
   * positions.
   *
   * @throws IllegalStateException if one of them is shared with another sequence, or layers with a
   *     window no longer have what would be seen then
   * @throws UnsupportedModelException if the model's tokens can't be moved
   */
  public void shiftTokens(int sequence, int from, int to, int delta) {
    enter();
    try {
      if (!model.architecture().canShift()) {
        throw new UnsupportedModelException(
            "architecture '"
                + model.hparams().architecture()
                + "' can't move tokens: what it keeps of them depends on their positions");
      }
      revision++;
      cache.shift(sequence, from, to, delta);
    } finally {
      exit();
    }
  }

  /** Forgets all tokens of all sequences. */
  public void reset() {
    enter();
    try {
      pending = NO_TOKENS;
      revision++;
      for (int s = 0; s < Long.SIZE; s++) {
        cache.remove(s, 0, Integer.MAX_VALUE);
      }
    } finally {
      exit();
    }
  }

  /**
   * Stops a running step as soon as its present operation ends; the session stays usable. May come
   * from any thread; without a running step it does nothing.
   */
  public void cancel() {
    synchronized (lock) {
      if (running != null) {
        running.markCancelled();
      }
      if (!closed && user != null) {
        evaluator.abort();
        lookahead.cancel();
      }
    }
  }

  /** Bytes of native memory: KV cache and compute buffers. */
  public long nativeBytes() {
    return cache.bytes() + evaluator.computeBytes();
  }

  /** How many graphs were built; far fewer than steps, if graphs are reused. */
  public long graphBuilds() {
    return evaluator.builds();
  }

  Lookahead lookahead() {
    return lookahead;
  }

  Evaluator evaluator() {
    return evaluator;
  }

  SequenceMemory cache() {
    return cache;
  }

  /** Sequence 0 for the drafts of another session: each call is a use of this one. */
  RewindableSequence forDrafts() {
    return new RewindableSequence() {
      private <T> T use(Supplier<T> call) {
        enter();
        try {
          return call.get();
        } finally {
          exit();
        }
      }

      private void run(Runnable call) {
        use(
            () -> {
              call.run();
              return true;
            });
      }

      @Override
      public void append(int... tokens) {
        run(() -> sequence.append(tokens));
      }

      @Override
      public void appendEach(int[] tokens, int n) {
        run(() -> sequence.appendEach(tokens, n));
      }

      @Override
      public void readLogits(Logits to) {
        run(() -> sequence.readLogits(to));
      }

      @Override
      public void selectRow(int row) {
        run(() -> sequence.selectRow(row));
      }

      @Override
      public void dropLast(int n) {
        run(() -> sequence.dropLast(n));
      }

      @Override
      public int room() {
        return use(sequence::room);
      }

      @Override
      public int maxBatch() {
        return sequence.maxBatch();
      }
    };
  }

  /** Begins a use by this thread; may be nested. What was guessed about the text is forgotten. */
  void enter() {
    enterToRead();
    if (depth == 1) {
      lookahead.drop();
    }
  }

  /** As {@link #enter}, for a use that changes nothing. */
  private void enterToRead() {
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("this session was closed");
      }
      Thread current = Thread.currentThread();
      if (user != null && !user.equals(current)) {
        throw new IllegalStateException(
            "this session is in use by thread "
                + user.getName()
                + "; a session serves one at a time");
      }
      if (user == null) {
        evaluator.resume();
      }
      user = current;
      depth++;
    }
  }

  /** Runs something that needs the session, unless it was closed. */
  void ifOpen(Runnable work) {
    synchronized (lock) {
      if (closed) {
        return;
      }
      enter();
    }
    try {
      work.run();
    } finally {
      exit();
    }
  }

  void exit() {
    synchronized (lock) {
      depth--;
      if (depth == 0) {
        user = null;
        lock.notifyAll();
      }
    }
  }

  /** Stops a running step, waits for it, and gives back the memory. */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      evaluator.abort();
      lookahead.cancel();
      boolean interrupted = false;
      while (user != null && !user.equals(Thread.currentThread())) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    model.forget(this);
    OpenOwners.closed(this);
    lookahead.close();
    owned.close();
  }
}
