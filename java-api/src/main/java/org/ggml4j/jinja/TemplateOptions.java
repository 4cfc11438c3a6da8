package org.ggml4j.jinja;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.TimeZone;

/**
 * How templates are read and rendered.
 *
 * @param trimBlocks whether the line break after a block's tag is dropped
 * @param lstripBlocks whether blanks before a block's tag at the begin of a line are dropped
 * @param mutable whether templates may change lists and dicts ({@code append}, {@code pop}, {@code
 *     update}); transformers forbids it, llama.cpp does not
 * @param clock what {@code strftime_now} reads, and its time zone
 * @param limits what a template may use
 */
public record TemplateOptions(
    boolean trimBlocks, boolean lstripBlocks, boolean mutable, Clock clock, Limits limits) {
  private static final TemplateOptions DEFAULTS =
      new TemplateOptions(true, true, false, new LazySystemClock(), Limits.defaults());

  /**
   * What one rendering may use.
   *
   * @param steps expressions and statements evaluated, and sixteen characters made, count as one
   * @param output characters of the result, and of any string on the way
   * @param depth calls within calls, and values within values
   */
  public record Limits(long steps, int output, int depth) {
    private static final Limits DEFAULTS = new Limits(5_000_000, 4 << 20, 200);

    /** 5 million steps, 4 Mi characters, 200 levels. */
    public static Limits defaults() {
      return DEFAULTS;
    }
  }

  /** As Hugging Face transformers sets Jinja2 up. */
  public static TemplateOptions defaults() {
    return DEFAULTS;
  }

  /** This with {@link #mutable} replaced. */
  public TemplateOptions withMutable(boolean on) {
    return new TemplateOptions(trimBlocks, lstripBlocks, on, clock, limits);
  }

  /** This with {@link #clock} replaced. */
  public TemplateOptions withClock(Clock other) {
    return new TemplateOptions(trimBlocks, lstripBlocks, mutable, other, limits);
  }

  /** This with {@link #limits} replaced. */
  public TemplateOptions withLimits(Limits other) {
    return new TemplateOptions(trimBlocks, lstripBlocks, mutable, clock, other);
  }

  /** This with {@link #trimBlocks} and {@link #lstripBlocks} replaced. */
  public TemplateOptions withWhitespace(boolean trim, boolean lstrip) {
    return new TemplateOptions(trim, lstrip, mutable, clock, limits);
  }

  /**
   * Java's clock; its time zone is read when a template asks, since few do and it takes time. Only
   * the present offset: the rules of all years would take as long again.
   */
  private static final class LazySystemClock extends Clock {
    @Override
    public ZoneId getZone() {
      int offset = TimeZone.getDefault().getOffset(System.currentTimeMillis());
      return ZoneOffset.ofTotalSeconds(offset / 1000);
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return Clock.system(zone);
    }

    @Override
    public Instant instant() {
      return Instant.now();
    }
  }
}
