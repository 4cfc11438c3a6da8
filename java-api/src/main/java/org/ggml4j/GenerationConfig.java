package org.ggml4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.ggml4j.grammar.Grammar;
import org.ggml4j.sampling.LogitsProcessor;
import org.ggml4j.sampling.Sampler;
import org.ggml4j.sampling.Samplers;
import org.ggml4j.schema.Choices;
import org.ggml4j.schema.JsonSchema;
import org.ggml4j.schema.RegexGrammar;

/**
 * How a text is continued. The defaults are llama.cpp's.
 *
 * @param maxTokens how many tokens are generated at most; {@link Integer#MAX_VALUE} for as many as
 *     fit
 * @param temperature by which logits are divided; 0 takes the likeliest token always
 * @param topK how many of the likeliest tokens are considered; 0 for all
 * @param topP the likeliest tokens whose probabilities add up to it are considered; 1 for all
 * @param minP tokens less likely than this share of the likeliest are not considered; 0 for all
 * @param seed of the random numbers; empty for another one each time
 * @param stop texts that end the generation
 * @param processors edit the logits of each step before the filters above
 * @param sampler picks the tokens instead of temperature, topK, topP, minP and seed
 * @param speculation guesses tokens ahead, so that the same text takes less time; empty for none
 * @param grammar that the text must follow; it comes before the processors
 */
public record GenerationConfig(
    int maxTokens,
    float temperature,
    int topK,
    float topP,
    float minP,
    OptionalLong seed,
    List<String> stop,
    List<LogitsProcessor> processors,
    Optional<Sampler> sampler,
    Optional<Speculation> speculation,
    Optional<Grammar> grammar) {

  public GenerationConfig {
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens: expected 1 or more, found " + maxTokens);
    }
    if (!(temperature >= 0 && temperature < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperature: expected 0 or more, found " + temperature);
    }
    if (topK < 0) {
      throw new IllegalArgumentException("topK: expected 0 or more, found " + topK);
    }
    if (!(topP >= 0 && topP <= 1)) {
      throw new IllegalArgumentException("topP: expected 0 to 1, found " + topP);
    }
    if (!(minP >= 0 && minP <= 1)) {
      throw new IllegalArgumentException("minP: expected 0 to 1, found " + minP);
    }
    stop = List.copyOf(stop);
    if (stop.contains("")) {
      throw new IllegalArgumentException("stop: an empty text would end every generation at once");
    }
    processors = List.copyOf(processors);
  }

  /**
   * Temperature 0.8, top-k 40, top-p 0.95, min-p 0.05, until the model ends or the context is full.
   */
  public static GenerationConfig defaults() {
    return new GenerationConfig(
        Integer.MAX_VALUE,
        0.8f,
        40,
        0.95f,
        0.05f,
        OptionalLong.empty(),
        List.of(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** The likeliest token always. */
  public static GenerationConfig greedy() {
    return defaults().withTemperature(0);
  }

  public GenerationConfig withMaxTokens(int n) {
    return new GenerationConfig(
        n, temperature, topK, topP, minP, seed, stop, processors, sampler, speculation, grammar);
  }

  public GenerationConfig withTemperature(float t) {
    return new GenerationConfig(
        maxTokens, t, topK, topP, minP, seed, stop, processors, sampler, speculation, grammar);
  }

  public GenerationConfig withTopK(int k) {
    return new GenerationConfig(
        maxTokens,
        temperature,
        k,
        topP,
        minP,
        seed,
        stop,
        processors,
        sampler,
        speculation,
        grammar);
  }

  public GenerationConfig withTopP(float p) {
    return new GenerationConfig(
        maxTokens,
        temperature,
        topK,
        p,
        minP,
        seed,
        stop,
        processors,
        sampler,
        speculation,
        grammar);
  }

  public GenerationConfig withMinP(float p) {
    return new GenerationConfig(
        maxTokens,
        temperature,
        topK,
        topP,
        p,
        seed,
        stop,
        processors,
        sampler,
        speculation,
        grammar);
  }

  public GenerationConfig withSeed(long s) {
    return new GenerationConfig(
        maxTokens,
        temperature,
        topK,
        topP,
        minP,
        OptionalLong.of(s),
        stop,
        processors,
        sampler,
        speculation,
        grammar);
  }

  /** Ends the generation when one of these texts appears. */
  public GenerationConfig withStop(String... texts) {
    return new GenerationConfig(
        maxTokens,
        temperature,
        topK,
        topP,
        minP,
        seed,
        List.of(texts),
        processors,
        sampler,
        speculation,
        grammar);
  }

  /** Adds an edit of the logits behind those there are. */
  public GenerationConfig withProcessor(LogitsProcessor processor) {
    List<LogitsProcessor> more = new ArrayList<>(processors);
    more.add(processor);
    return new GenerationConfig(
        maxTokens, temperature, topK, topP, minP, seed, stop, more, sampler, speculation, grammar);
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
    return new GenerationConfig(
        maxTokens,
        temperature,
        topK,
        topP,
        minP,
        seed,
        stop,
        processors,
        sampler,
        speculation,
        Optional.of(rules));
  }

  /** Picks tokens in one's own way. */
  public GenerationConfig withSampler(Sampler own) {
    return new GenerationConfig(
        maxTokens,
        temperature,
        topK,
        topP,
        minP,
        seed,
        stop,
        processors,
        Optional.of(own),
        speculation,
        grammar);
  }

  /** Guesses tokens ahead: the same text in less time. */
  public GenerationConfig withSpeculation(Speculation how) {
    return new GenerationConfig(
        maxTokens,
        temperature,
        topK,
        topP,
        minP,
        seed,
        stop,
        processors,
        sampler,
        Optional.of(how),
        grammar);
  }

  /** What picks the tokens of one generation: filters in llama.cpp's order, then a draw. */
  Sampler newSampler() {
    if (sampler.isPresent()) {
      return sampler.get();
    }
    if (temperature == 0) {
      return Samplers.greedy();
    }
    return Samplers.chain(
        List.of(
            Samplers.topK(topK),
            Samplers.topP(topP),
            Samplers.minP(minP),
            Samplers.temperature(temperature)),
        Samplers.distribution(seed.orElseGet(System::nanoTime)));
  }

  /** What edits the logits of one generation: the grammar, then the processors there are. */
  List<LogitsProcessor> newProcessors(Model model) {
    List<LogitsProcessor> all = new ArrayList<>();
    grammar.ifPresent(rules -> all.add(model.masks(rules).newConstraint()));
    all.addAll(processors);
    return List.copyOf(all);
  }
}
