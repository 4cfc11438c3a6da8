package org.ggml4j;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.ggml4j.decode.BatchLoop;
import org.ggml4j.decode.BeamSearch;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.Branches;
import org.ggml4j.decode.ContrastiveSearch;
import org.ggml4j.decode.ContrastiveSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.SpeculationStats;
import org.ggml4j.decode.TokenLoop;
import org.ggml4j.sampling.Logits;
import org.ggml4j.sampling.Samplers;
import org.ggml4j.tokenizer.EncodeOptions;
import org.jspecify.annotations.Nullable;

/** What continues a session's text: generations, searches and parallel generations. */
final class Continuations {
  private final Session session;

  /** Counts what happens to the text, so that a generation knows whether it is still its own. */
  private long revision;

  private @Nullable Logits logits;

  Continuations(Session session) {
    this.session = session;
  }

  /** A generation that is in progress can't go on. */
  void invalidate() {
    revision++;
  }

  // ---- token by token

  Generation generate(int[] prompt, GenerationConfig config) {
    session.enter();
    try {
      checkTokens(prompt);
      SessionText text = session.text();
      Lookahead lookahead = session.lookahead();
      int[] tokens = text.pendingAnd(SourceReader.read(session, prompt));
      if (tokens.length == 0 && !text.knowsLogits()) {
        tokens = text.lastAgain();
      }
      text.checkRoom(tokens.length);
      int[] history = text.evaluatedAnd(tokens);
      Optional<Supplier<SpeculationStats>> speculation =
          config.speculation().map(s -> lookahead.begin(s, revision, config.maxTokens()));
      TokenLoop loop =
          new TokenLoop(
              speculation.isPresent() ? lookahead.sequence().orElseThrow() : text,
              session.model().tokenizer(),
              history,
              tokens,
              config.newSampler(session.model()),
              config.loopOptions(config.newProcessors(session.model())),
              logits());
      return new Generation(session, loop, tokens.length, ++revision, speculation);
    } finally {
      session.exit();
    }
  }

  /**
   * A generation begins a step: nothing else may have happened to the session since its last one.
   */
  void beginStep(Generation generation, long expectedRevision) {
    session.enterToRead();
    if (revision != expectedRevision) {
      session.exit();
      throw new IllegalStateException(
          "this session was used for something else since the generation began");
    }
    session.family().setRunning(session, generation);
  }

  void endStep(TokenLoop loop) {
    if (loop.generated() > 0) {
      session.text().setPending(loop.pending());
    }
    if (loop.reason().isPresent()) {
      session.lookahead().drop();
    }
    session.family().setRunning(session, null);
    session.exit();
  }

  // ---- prompts

  int[] encode(String prompt) {
    return encode(prompt, SourceReader.reads(session) || session.tokens().length == 0);
  }

  /** The tokens of a prompt; in front of a first one, those that the model wants there. */
  int[] encode(String prompt, boolean first) {
    return session.model().tokenizer().encode(prompt, EncodeOptions.plain().withAddSpecial(first));
  }

  void checkTokens(int[] tokens) {
    int nVocab = session.model().hparams().nVocab();
    for (int token : tokens) {
      if (token < 0 || token >= nVocab) {
        throw new IllegalArgumentException(
            "token: expected 0 to " + (nVocab - 1) + ", found " + token);
      }
    }
  }

  /** Room for one row of logits at a time, which whoever has entered the session may use. */
  private Logits logits() {
    Logits made = logits;
    if (made == null) {
      made = new Logits(session.model().hparams().nVocab());
      logits = made;
    }
    return made;
  }

  // ---- in other ways

  /**
   * Lets {@code work} continue the text, which will evaluate the tokens that it is given.
   *
   * @param again whether the text's last token is evaluated again, if there is nothing else
   */
  private <T> T continuing(int[] prompt, boolean again, Function<int[], T> work) {
    session.enter();
    try {
      checkTokens(prompt);
      revision++;
      SessionText text = session.text();
      int[] tokens = text.pendingAnd(SourceReader.read(session, prompt));
      if (tokens.length == 0 && again) {
        tokens = text.lastAgain();
      }
      int begin = text.end();
      text.forgetLogits();
      try {
        return work.apply(tokens);
      } finally {
        if (text.end() > begin) {
          text.setPending(SessionText.NO_TOKENS);
        }
      }
    } finally {
      session.exit();
    }
  }

  private Branches branches() {
    return new Branches(session.cache(), session.evaluator(), session.sequence());
  }

  List<Hypothesis> search(int[] prompt, BeamSearchConfig config) {
    return continuing(
        prompt,
        true,
        tokens ->
            new BeamSearch(branches(), session.model().tokenizer(), tokens, config, logits())
                .run());
  }

  Hypothesis search(int[] prompt, ContrastiveSearchConfig config) {
    return continuing(
        prompt,
        true,
        tokens ->
            new ContrastiveSearch(branches(), session.model().tokenizer(), tokens, config, logits())
                .run());
  }

  ParallelGeneration parallel(int[] prompt, int most) {
    return parallel(prompt, most, false);
  }

  /**
   * @param again whether something is to be continued without more tokens
   */
  private ParallelGeneration parallel(int[] prompt, int most, boolean again) {
    if (most < 1) {
      throw new IllegalArgumentException("parallel: expected 1 or more, found " + most);
    }
    Function<int[], ParallelGeneration> open =
        tokens ->
            new ParallelGeneration(
                session,
                session.text().evaluatedAnd(tokens),
                session.nPast() == 0 && tokens.length == 0,
                new BatchLoop(branches(), session.model().tokenizer(), tokens, most, logits()));
    return continuing(prompt, again, open);
  }

  List<Hypothesis> generateAll(int[] prompt, int n, GenerationConfig config) {
    long seed = config.seed().orElseGet(Samplers::freshSeed);
    try (ParallelGeneration parallel = parallel(prompt, n, true)) {
      for (int i = 0; i < n; i++) {
        parallel.add(new int[0], config.withSeed(seed + i));
      }
      return parallel.finish();
    }
  }

  List<Hypothesis> generateAll(List<String> prompts, GenerationConfig config) {
    if (prompts.isEmpty()) {
      return List.of();
    }
    SourceReader.refuse(session, "is one for all that a session writes at the same time");
    long seed = config.seed().orElseGet(Samplers::freshSeed);
    try (ParallelGeneration parallel = parallel(new int[0], prompts.size())) {
      for (int i = 0; i < prompts.size(); i++) {
        parallel.add(prompts.get(i), config.withSeed(seed + i));
      }
      return parallel.finish();
    }
  }

  List<Hypothesis> bestOf(int[] prompt, int n, GenerationConfig config) {
    return generateAll(prompt, n, config).stream()
        .sorted(Comparator.comparingDouble(Hypothesis::normalizedScore).reversed())
        .toList();
  }
}
