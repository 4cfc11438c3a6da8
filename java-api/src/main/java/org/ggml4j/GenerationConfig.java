package org.ggml4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.ggml4j.decode.TokenLoop;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.sampling.SamplerSettings;
import org.ggml4j.sampling.SamplerSettings.Penalties;
import org.ggml4j.sampling.Samplers;
import org.ggml4j.schema.Choices;
import org.ggml4j.schema.JsonSchema;
import org.ggml4j.schema.RegexGrammar;

/**
 * How a text is continued. The defaults are llama.cpp's.
 *
 * @param maxTokens how many tokens are generated at most; {@link Integer#MAX_VALUE} for as many as
 *     fit
 * @param samplers what picks the tokens: temperature, top-k and all others
 * @param seed of the random numbers; empty for another one each time
 * @param stop texts that end the generation
 * @param processors edit the logits of each step before the samplers
 * @param sampler picks the tokens instead of {@code samplers} and {@code seed}
 * @param logProbs how many alternatives each piece tells with their log-probabilities, before and
 *     after the samplers; empty for none of it
 * @param speculation guesses tokens ahead, so that the same text takes less time; empty for none
 * @param grammar that the text must follow; it comes before the processors
 */
public record GenerationConfig(
    int maxTokens,
    SamplerSettings samplers,
    OptionalLong seed,
    List<String> stop,
    List<LogitsProcessor> processors,
    Optional<Sampler> sampler,
    OptionalInt logProbs,
    Optional<Speculation> speculation,
    Optional<Grammar> grammar) {

  public GenerationConfig {
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens: expected 1 or more, found " + maxTokens);
    }
    stop = List.copyOf(stop);
    if (stop.contains("")) {
      throw new IllegalArgumentException("stop: an empty text would end every generation at once");
    }
    if (logProbs.isPresent() && logProbs.getAsInt() < 0) {
      throw new IllegalArgumentException(
          "logProbs: expected 0 or more, found " + logProbs.getAsInt());
    }
    processors = List.copyOf(processors);
  }

  /**
   * Temperature 0.8, top-k 40, top-p 0.95, min-p 0.05, until the model ends or the context is full.
   */
  public static GenerationConfig defaults() {
    return new GenerationConfig(
        Integer.MAX_VALUE,
        SamplerSettings.defaults(),
        OptionalLong.empty(),
        List.of(),
        List.of(),
        Optional.empty(),
        OptionalInt.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** The likeliest token always. */
  public static GenerationConfig greedy() {
    return defaults().withTemperature(0);
  }

  public GenerationConfig withMaxTokens(int n) {
    return with(edit -> edit.maxTokens = n);
  }

  /** All samplers' parameters and their order. */
  public GenerationConfig withSamplers(SamplerSettings settings) {
    return with(edit -> edit.samplers = settings);
  }

  /** Divides the logits by t; 0 takes the likeliest token always. */
  public GenerationConfig withTemperature(float t) {
    return withSamplers(samplers.withTemperature(t));
  }

  /** Considers the k likeliest tokens; 0 for all. */
  public GenerationConfig withTopK(int k) {
    return withSamplers(samplers.withTopK(k));
  }

  /** Considers the likeliest tokens whose probabilities add up to p; 1 for all. */
  public GenerationConfig withTopP(float p) {
    return withSamplers(samplers.withTopP(p));
  }

  /** Does not consider tokens less likely than this share of the likeliest; 0 for all. */
  public GenerationConfig withMinP(float p) {
    return withSamplers(samplers.withMinP(p));
  }

  /** Subtracts this for each time that a token is among the last ones; 0: off. */
  public GenerationConfig withFrequencyPenalty(float p) {
    Penalties old = samplers.penalties();
    return withSamplers(
        samplers.withPenalties(new Penalties(old.lastN(), old.repeat(), p, old.presence())));
  }

  /** Subtracts this once if a token is among the last ones; 0: off. */
  public GenerationConfig withPresencePenalty(float p) {
    Penalties old = samplers.penalties();
    return withSamplers(
        samplers.withPenalties(new Penalties(old.lastN(), old.repeat(), old.frequency(), p)));
  }

  public GenerationConfig withSeed(long s) {
    return with(edit -> edit.seed = OptionalLong.of(s));
  }

  /** Ends the generation when one of these texts appears. */
  public GenerationConfig withStop(String... texts) {
    return with(edit -> edit.stop = List.of(texts));
  }

  /** Ends the generation also when one of these texts appears. */
  public GenerationConfig withMoreStop(List<String> texts) {
    List<String> more = new ArrayList<>(stop);
    more.addAll(texts);
    return with(edit -> edit.stop = more);
  }

  /** Adds an edit of the logits behind those there are. */
  public GenerationConfig withProcessor(LogitsProcessor processor) {
    List<LogitsProcessor> more = new ArrayList<>(processors);
    more.add(processor);
    return with(edit -> edit.processors = more);
  }

  /**
   * Lets only texts be written that follow a grammar in GBNF; see {@code docs/grammars.md}.
   *
   * @throws org.ggml4j.grammar.GrammarException if it is wrong or too large; it says where
   */
  public GenerationConfig withGrammar(String gbnf) {
    return withGrammar(Grammar.parse(gbnf));
  }

  /**
   * Lets only JSON be written that is valid under a schema; see {@code docs/structured-output.md}.
   *
   * @param schema its text
   * @throws org.ggml4j.schema.UnsupportedSchemaException naming a keyword that can't be made into a
   *     grammar, and where it stands
   * @throws org.ggml4j.schema.SchemaException if it is malformed, or nothing is valid under it
   */
  public GenerationConfig withJsonSchema(String schema) {
    return withGrammar(JsonSchema.toGbnf(schema));
  }

  /**
   * Lets only texts be written that match a regular expression as a whole.
   *
   * @throws org.ggml4j.schema.RegexException with the position, if it is wrong or can't be made
   *     into a grammar
   */
  public GenerationConfig withRegex(String regex) {
    return withGrammar(RegexGrammar.toGbnf(regex));
  }

  /** Lets one of these texts be written, which must not be empty. */
  public GenerationConfig withChoices(String... texts) {
    return withGrammar(Choices.toGbnf(List.of(texts)));
  }

  /** Lets only texts be written that follow a grammar. */
  public GenerationConfig withGrammar(Grammar rules) {
    return with(edit -> edit.grammar = Optional.of(rules));
  }

  /** Picks tokens in one's own way. */
  public GenerationConfig withSampler(Sampler own) {
    return with(edit -> edit.sampler = Optional.of(own));
  }

  /**
   * Tells with each piece how probable the token was and up to n alternatives were, before and
   * after the samplers.
   */
  public GenerationConfig withLogProbs(int n) {
    return with(edit -> edit.logProbs = OptionalInt.of(n));
  }

  /** Guesses tokens ahead: the same text in less time. */
  public GenerationConfig withSpeculation(Speculation how) {
    return with(edit -> edit.speculation = Optional.of(how));
  }

  private GenerationConfig with(Consumer<Edit> change) {
    Edit edit = new Edit(this);
    change.accept(edit);
    return edit.config();
  }

  /** The components while one is changed. */
  private static final class Edit {
    private int maxTokens;
    private SamplerSettings samplers;
    private OptionalLong seed;
    private List<String> stop;
    private List<LogitsProcessor> processors;
    private Optional<Sampler> sampler;
    private OptionalInt logProbs;
    private Optional<Speculation> speculation;
    private Optional<Grammar> grammar;

    Edit(GenerationConfig from) {
      maxTokens = from.maxTokens;
      samplers = from.samplers;
      seed = from.seed;
      stop = from.stop;
      processors = from.processors;
      sampler = from.sampler;
      logProbs = from.logProbs;
      speculation = from.speculation;
      grammar = from.grammar;
    }

    GenerationConfig config() {
      return new GenerationConfig(
          maxTokens, samplers, seed, stop, processors, sampler, logProbs, speculation, grammar);
    }
  }

  /** What picks the tokens of one generation. */
  Sampler newSampler(Model model) {
    return sampler.orElseGet(
        () -> samplers.newSampler(seed.orElseGet(Samplers::freshSeed), model.samplerVocab()));
  }

  /** What edits the logits of one generation: the grammar, then the processors there are. */
  List<LogitsProcessor> newProcessors(Model model) {
    List<LogitsProcessor> all = new ArrayList<>();
    grammar.ifPresent(rules -> all.add(model.masks(rules).newConstraint()));
    all.addAll(processors);
    return List.copyOf(all);
  }

  /** Options of a decoding loop. */
  TokenLoop.Options loopOptions(List<LogitsProcessor> forThisLoop) {
    return new TokenLoop.Options(maxTokens, stop, forThisLoop, logProbs);
  }
}
