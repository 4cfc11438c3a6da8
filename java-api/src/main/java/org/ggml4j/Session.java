package org.ggml4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Evaluator;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.RewindableSequence;
import org.ggml4j.ggml.NodeObserver;
import org.ggml4j.ggml.NodeTimer;
import org.ggml4j.gguf.UnsupportedModelException;
import org.ggml4j.nn.Batch;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.SequenceMemory;
import org.jspecify.annotations.Nullable;

/**
 * A text in progress: its tokens in a KV cache, and the buffers to compute with; what llama.cpp
 * calls a context and one of its sequences.
 *
 * <p>{@link #fork} makes another session that begins with the same text and shares the cache: what
 * they have in common is stored once. What a session generates is the same to the last bit,
 * whatever its relatives do meanwhile. Each is closed on its own, in any order; the memory goes
 * with the last.
 *
 * <p>One thread at a time for a session and all of its forks; a second one gets an
 * IllegalStateException. {@link #close} and {@link #cancel} may come from any thread and stop a
 * running step.
 */
public final class Session implements AutoCloseable {
  private static final int[] NO_TOKENS = SessionText.NO_TOKENS;

  private final Model model;
  private final SessionOptions options;
  private final SessionFamily family;
  private final @Nullable SessionPool pool;
  private final SequenceMemory cache;
  private final Evaluator evaluator;
  private final int sequence;
  private final SessionText text;
  private final Continuations continuations = new Continuations(this);
  private final Lookahead lookahead = new Lookahead(this);
  private final SessionSequences sequences;
  private final SessionState state = new SessionState();

  /**
   * @param byTurns whether a thread waits while another one uses a relative
   */
  Session(Model model, SessionOptions options, boolean byTurns) {
    this(model, options, new SessionFamily(model, options, byTurns), null);
  }

  /**
   * @param pool that gets it back, if it is of one
   */
  private Session(
      Model model, SessionOptions options, SessionFamily family, @Nullable SessionPool pool) {
    this.pool = pool;
    this.model = model;
    this.options = options;
    this.family = family;
    cache = family.cache();
    evaluator = family.evaluator();
    sequence = family.join(this);
    text = new SessionText(this, family, sequence);
    sequences = new SessionSequences(this, family, text);
    OpenOwners.opened(this);
  }

  public Model model() {
    return model;
  }

  public SessionOptions options() {
    return options;
  }

  /** Tokens that the cache holds at most, of this session and its relatives together. */
  public int nCtx() {
    return cache.nCells();
  }

  /** Number of this session's sequence in the cache: 0 unless it is a fork. */
  public int sequence() {
    return sequence;
  }

  /** Position that the next token that is evaluated will have. */
  public int nPast() {
    return nPast(sequence);
  }

  /** Position that the next token of a sequence will have. */
  public int nPast(int ofSequence) {
    enterToRead();
    try {
      int ahead = ofSequence == sequence ? lookahead.ahead() : 0;
      return cache.maxPosition(ofSequence) + 1 - ahead;
    } finally {
      exit();
    }
  }

  /** The text so far: what was evaluated, and a token that was generated last. */
  public int[] tokens() {
    enterToRead();
    try {
      return text.tokens();
    } finally {
      exit();
    }
  }

  // ---- text

  /**
   * Another session that has the same text and goes on from there on its own. It shares the cache,
   * so nothing is computed or copied now; where the two texts part within a block of 64 tokens, the
   * common ones of that block are copied later. One thread at a time uses a session and its forks.
   *
   * <p>A generation in progress stays with this session; the fork begins behind its last token.
   *
   * @throws IllegalStateException if there are 64 sessions already that share a cache
   */
  public Session fork() {
    return fork(null);
  }

  /** A fork that a pool gets back. */
  Session fork(@Nullable SessionPool forPool) {
    enter();
    try {
      Session fork = new Session(model, options, family, forPool);
      text.copyTo(fork.text);
      try {
        return model.register(fork);
      } catch (IllegalStateException e) {
        fork.close();
        throw e;
      }
    } finally {
      exit();
    }
  }

  /**
   * Goes back to where the text had {@code nTokens} tokens, and forgets what came after. Where
   * layers look at a window and no longer have what comes before, the tokens that are left are
   * evaluated again with the next step.
   *
   * @throws IllegalArgumentException if it has fewer
   */
  public void rewind(int nTokens) {
    enter();
    try {
      text.rewind(nTokens);
      invalidate();
    } finally {
      exit();
    }
  }

  /**
   * Makes {@code tokens} the session's text, and evaluates what of it is new: the longest common
   * begin with the present text is kept. The logits after the last token can then be read as row 0.
   *
   * @return how many tokens were kept and not evaluated again
   * @throws IllegalArgumentException if a token is not in the vocabulary, or there is none
   * @throws ContextFullException if it does not fit; the common begin is kept
   * @throws org.ggml4j.ggml.GgmlException if it was cancelled; the common begin is kept
   */
  public int prefill(int... tokens) {
    enter();
    try {
      continuations.checkTokens(tokens);
      if (tokens.length == 0) {
        throw new IllegalArgumentException("prefill: expected at least one token");
      }
      int common = commonBegin(tokens);
      rewind(common);
      if (common == tokens.length && text.pending().length == 0 && !text.knowsLogits()) {
        common--; // the last one is evaluated again, for its logits
        rewind(common);
      }
      int kept = common - text.pending().length;
      append(Arrays.copyOfRange(tokens, common, tokens.length));
      return kept;
    } finally {
      exit();
    }
  }

  /** How many tokens at the begin of {@code tokens} are those of this session's text. */
  public int commonBegin(int... tokens) {
    int differs = Arrays.mismatch(tokens(), tokens);
    return differs < 0 ? tokens.length : differs;
  }

  /**
   * Appends tokens to the text, in chunks of the session's batch size. The logits of the last one
   * can then be read as row 0.
   *
   * @throws ContextFullException if they don't fit; checked before the first is evaluated
   * @throws IllegalArgumentException if one is not in the vocabulary; likewise
   * @throws org.ggml4j.ggml.GgmlException if it was cancelled; the session is as before
   */
  public void append(int... tokens) {
    enter();
    try {
      continuations.checkTokens(tokens);
      invalidate();
      text.appendAll(tokens);
    } finally {
      exit();
    }
  }

  // ---- generation

  /**
   * Continues the text with another one and what the model writes after it. Nothing is computed
   * before the first piece is asked for. If the session is empty and the model wants one, a BOS
   * token comes first.
   *
   * @param prompt in which the text of control tokens is plain text; may be empty to go on
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalArgumentException if there is nothing to continue
   * @throws org.ggml4j.gguf.UnsupportedModelException if the model has no tokenizer that is
   *     implemented
   */
  public Generation generate(String prompt, GenerationConfig config) {
    return generate(continuations.encode(prompt), config);
  }

  /** As {@link #generate(String, Class, GenerationConfig)} with the default configuration. */
  public <R> R generate(String prompt, Class<R> type) {
    return generate(prompt, type, GenerationConfig.defaults());
  }

  /**
   * Continues the text with the JSON of a record, and reads it. The model is held to the grammar of
   * the record; see {@link org.ggml4j.schema.RecordSchema} for what its components may be. It knows
   * nothing of the names of the components unless the prompt says them.
   *
   * {@snippet :
   * record Recipe(String title, int minutes, List<String> steps) {}
   *
   * Recipe recipe = session.generate("A recipe for tea, as JSON: ", Recipe.class);
   * }
   *
   * @param type a record, or a sealed interface of records
   * @throws IncompleteTextException if the text was cut off: token limit, full context, a stop
   *     string, {@link #cancel}; it has the text so far
   * @throws org.ggml4j.schema.JsonBindingException if the record's constructor refuses a value
   * @throws IllegalArgumentException if the type can't be read from JSON, or the configuration has
   *     a grammar
   * @throws ContextFullException if the prompt does not fit
   */
  public <R> R generate(String prompt, Class<R> type, GenerationConfig config) {
    RecordGrammar<R> grammar = RecordGrammar.of(type);
    return grammar.read(generate(prompt, grammar.constrain(config)));
  }

  /** Continues the text with what the model writes after it. */
  public Generation generate(GenerationConfig config) {
    return generate(NO_TOKENS, config);
  }

  /**
   * Continues the text with tokens and what the model writes after them.
   *
   * @param prompt tokens of the model's vocabulary; may be empty to go on
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalArgumentException if a token is not in the vocabulary or there is nothing to
   *     continue
   * @throws org.ggml4j.grammar.GrammarException if the configuration's grammar names a token that
   *     the vocabulary does not have
   */
  public Generation generate(int[] prompt, GenerationConfig config) {
    return continuations.generate(prompt, config);
  }

  /**
   * Writes what belongs into a gap; see {@link #infill(Infill, GenerationConfig)}.
   *
   * @param prefix the text before the gap
   * @param suffix the text after it
   */
  public Generation infill(String prefix, String suffix, GenerationConfig config) {
    return infill(Infill.between(prefix, suffix), config);
  }

  /**
   * Writes what belongs into a gap, on behind the present text, which is usually empty. It ends
   * where the model thinks that the suffix goes on. Afterwards the text is the model's prompt and
   * its answer; {@link #rewind} before the next gap.
   *
   * @throws UnsupportedModelException if the model was not made for it: its vocabulary lacks one of
   *     the tokens that mark prefix, suffix and middle
   * @throws ContextFullException if the prompt does not fit
   */
  public Generation infill(Infill gap, GenerationConfig config) {
    return generate(gap.tokens(model.tokenizer(), tokens().length == 0), config);
  }

  /**
   * Continues the text with the most likely texts, found by beam search; afterwards the session's
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
    return search(continuations.encode(prompt), config);
  }

  /** {@link #search(String, BeamSearchConfig)} with tokens. */
  public List<Hypothesis> search(int[] prompt, BeamSearchConfig config) {
    return continuations.search(prompt, config);
  }

  /**
   * Continues the text by contrastive search; afterwards the session's text ends with the prompt.
   *
   * @param prompt in which the text of control tokens is plain text
   * @return what was generated; if it was cancelled, until then
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalArgumentException if there is nothing to continue, or a batch of the session is
   *     smaller than the number of candidates
   * @throws UnsupportedOperationException if the model's architecture gives no hidden states
   */
  public Hypothesis search(String prompt, ContrastiveSearchConfig config) {
    return search(continuations.encode(prompt), config);
  }

  /** {@link #search(String, ContrastiveSearchConfig)} with tokens. */
  public Hypothesis search(int[] prompt, ContrastiveSearchConfig config) {
    return continuations.search(prompt, config);
  }

  /**
   * Continues the text in {@code n} ways at the same time. The prompt is evaluated once; afterwards
   * the session's text ends with it. Continuation i is what {@link #generate} alone would write
   * with the seed {@code seed + i}; with a sampler of one's own, which is forked, they differ only
   * if it does not depend on a seed.
   *
   * @return them, in the order of their seeds
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalArgumentException if there is nothing to continue
   */
  public List<Hypothesis> generateAll(String prompt, int n, GenerationConfig config) {
    return generateAll(continuations.encode(prompt), n, config);
  }

  /** {@link #generateAll(String, int, GenerationConfig)} with tokens. */
  public List<Hypothesis> generateAll(int[] prompt, int n, GenerationConfig config) {
    return continuations.generateAll(prompt, n, config);
  }

  /**
   * Continues the text with each of some prompts, at the same time. The session's text stays as it
   * is. The i-th has the seed {@code seed + i}.
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
    return continuations.bestOf(continuations.encode(prompt), n, config);
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
    boolean nothing = prompt.isEmpty() && tokens().length == 0;
    return parallel(nothing ? NO_TOKENS : continuations.encode(prompt), most);
  }

  /** {@link #parallel(String, int)} with tokens. */
  public ParallelGeneration parallel(int[] prompt, int most) {
    return continuations.parallel(prompt, most);
  }

  /** A generation that is in progress can't go on: the text is not what it counts on. */
  void invalidate() {
    continuations.invalidate();
  }

  Continuations continuations() {
    return continuations;
  }

  /** The text, for who is using this session. */
  SessionText text() {
    return text;
  }

  /** The text for the drafts of another session: each call is a use of this one. */
  RewindableSequence forDrafts() {
    return new SessionUse(this, text);
  }

  // ---- files

  /**
   * Saves the text with its keys and values, so that it goes on later as if nothing had happened:
   * to a temporary name first, which is then renamed. Only this session's text is saved, not those
   * of its forks, and no random numbers: they belong to a generation.
   *
   * @throws IOException if it can't be written; what was under that name is as before
   * @throws UnsupportedModelException if the model reads its prompts with an encoder
   */
  public void save(Path file) throws IOException {
    enter();
    try {
      SourceReader.refuse(this, "session files do not hold");
      text.save(file);
    } finally {
      exit();
    }
  }

  /**
   * Replaces the text by one that was saved. The context may be of another length, if the text
   * fits.
   *
   * @throws SessionFileException if the file is damaged, or was saved with another model or other
   *     types of cache; the session is as before
   * @throws ContextFullException if the text does not fit; the session is as before
   * @throws IOException if the file can't be read
   * @throws UnsupportedModelException if the model reads its prompts with an encoder
   */
  public void restore(Path file) throws IOException {
    enter();
    try {
      SourceReader.refuse(this, "session files do not hold");
      text.restore(file);
    } finally {
      invalidate();
      exit();
    }
  }

  // ---- any sequences of the cache

  /**
   * Evaluates a batch of tokens of any sequences that are no other session's; {@link #readLogits}
   * then gives the rows it asked for.
   *
   * @throws IllegalArgumentException if a token is not in the vocabulary, or the batch is empty or
   *     larger than the session's batch
   * @throws ContextFullException if the cache has no room for it; the session is as before
   * @throws org.ggml4j.ggml.GgmlException if it was cancelled; the session is as before
   */
  public void evaluate(Batch tokens) {
    sequences.evaluate(tokens);
  }

  /**
   * Rows of logits that this session's last evaluation gave; none if a relative's came after it.
   */
  public int nOutputs() {
    return sequences.nOutputs();
  }

  /**
   * Copies a row of logits of the last evaluation. Those after the last token of a text stay,
   * whatever relatives evaluate.
   *
   * @param row 0 to nOutputs - 1, in the order of the batch
   * @param to receives nVocab values
   */
  public void readLogits(int row, float[] to) {
    sequences.readLogits(row, to);
  }

  /**
   * Removes positions from {@code from} to before {@code to} from a sequence.
   *
   * @throws IllegalStateException if the tokens that are left can't be continued, because layers
   *     with a window no longer have what the next one would see; nothing was changed
   */
  public void removeTokens(int ofSequence, int from, int to) {
    sequences.removeTokens(ofSequence, from, to);
  }

  /** Makes {@code target} contain all tokens of {@code source}; they are stored once. */
  public void copySequence(int source, int target) {
    sequences.copySequence(source, target);
  }

  /**
   * Moves the tokens at positions from {@code from} to before {@code to} by {@code delta}
   * positions. Those that another sequence has too are copied first.
   *
   * @throws ContextFullException if there is no room for these copies
   * @throws IllegalStateException if layers with a window no longer have what would be seen then
   * @throws UnsupportedModelException if the model's tokens can't be moved
   */
  public void shiftTokens(int ofSequence, int from, int to, int delta) {
    sequences.shiftTokens(ofSequence, from, to, delta);
  }

  /** Forgets all tokens of this session, and of all sequences that are no other session's. */
  public void reset() {
    sequences.reset();
  }

  /**
   * Who is told of each node that this session or a fork of it computes from now on: to see what is
   * computed, or to collect what goes into it.
   *
   * @param observer empty for nobody
   */
  public void observe(Optional<NodeObserver> observer) {
    sequences.observe(observer);
  }

  /**
   * Who is told how long each node takes that this session or a fork of it computes from now on.
   * {@link org.ggml4j.eval.Profiler} makes a profile of that.
   *
   * @param timer empty for nobody
   */
  public void time(Optional<NodeTimer> timer) {
    sequences.time(timer);
  }

  // ---- threads and the end

  /**
   * Stops a running step of this session as soon as its present operation ends; the session stays
   * usable, and another thread that uses it waits for that. May come from any thread; without a
   * running step it does nothing.
   */
  public void cancel() {
    family.stop(this, null);
  }

  /** Stops a generation's running step, if that is what runs. */
  void stopStep(Generation generation) {
    family.stop(this, generation);
  }

  /** Bytes of native memory: KV cache and compute buffers, which relatives share. */
  public long nativeBytes() {
    return cache.bytes() + evaluator.computeBytes();
  }

  /** How many graphs were built; far fewer than steps, if graphs are reused. */
  public long graphBuilds() {
    return evaluator.builds();
  }

  SessionFamily family() {
    return family;
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

  /** Begins a use by this thread; may be nested. What was guessed about the text is forgotten. */
  void enter() {
    family.enter(this);
    try {
      family.takeEvaluator(this);
      lookahead.drop();
    } catch (Throwable e) {
      exit();
      throw e;
    }
  }

  /** As {@link #enter}, unless it was closed. */
  boolean enterIfOpen() {
    if (!family.enterIfOpen(this)) {
      return false;
    }
    try {
      family.takeEvaluator(this);
      lookahead.drop();
      return true;
    } catch (Throwable e) {
      exit();
      throw e;
    }
  }

  /** As {@link #enter}, for a use that changes nothing. */
  void enterToRead() {
    family.enter(this);
  }

  /** As {@link #enter}, for a use that evaluates tokens of others than this text. */
  void enterBeside() {
    enter();
    text.leaveEvaluator();
  }

  void exit() {
    family.exit();
  }

  /** Runs something that needs the session, unless it was closed. */
  void ifOpen(Runnable work) {
    if (family.enterIfOpen(this)) {
      try {
        lookahead.drop();
        work.run();
      } finally {
        exit();
      }
    }
  }

  // What follows is the family's.

  SessionState state() {
    return state;
  }

  /** Somebody else is going to use the evaluator. */
  void leaveEvaluator() {
    lookahead.drop();
    text.leaveEvaluator();
  }

  /**
   * Stops a running step and waits for it; then the tokens that no fork shares are gone, and with
   * the last session of a family its memory. A session of a {@link SessionPool} gives its text back
   * to that.
   */
  @Override
  public void close() {
    SessionPool owner = pool;
    if (owner != null && !state.isClosed()) {
      owner.giveBack(this);
    }
    if (family.leave(this)) {
      model.forget(this);
      OpenOwners.closed(this);
      lookahead.close();
    }
  }
}
