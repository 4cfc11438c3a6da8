package org.ggml4j.sampling;

/** A sampler behind a processor. */
record Chain(LogitsProcessor processor, Sampler sampler) implements Sampler {
  @Override
  public int sample(Logits logits) {
    processor.process(logits);
    return sampler.sample(logits);
  }

  @Override
  public void reset() {
    processor.reset();
    sampler.reset();
  }

  @Override
  public Sampler fork() {
    return new Chain(processor.fork(), sampler.fork());
  }

  /** One processor after the other. */
  record Processors(LogitsProcessor first, LogitsProcessor second) implements LogitsProcessor {
    @Override
    public void process(Logits logits) {
      first.process(logits);
      second.process(logits);
    }

    @Override
    public void reset() {
      first.reset();
      second.reset();
    }

    @Override
    public LogitsProcessor fork() {
      return new Processors(first.fork(), second.fork());
    }
  }
}
