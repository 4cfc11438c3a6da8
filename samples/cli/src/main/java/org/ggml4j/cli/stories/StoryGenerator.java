package org.ggml4j.cli.stories;

import java.util.Iterator;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.ggml4j.cli.stories.Grammar.Plot;

/**
 * Writes simple English stories for children from a grammar of our own, as text to train a small
 * model on.
 *
 * <p>The same seed gives the same stories on every machine ({@link Random}'s algorithm is part of
 * its specification). Within a story everything holds together: a thing keeps its colour, a person
 * the right pronoun, time goes forward, and who was sad is glad again for a reason that was told.
 * The text is plain ASCII of {@value #MIN_WORDS} to {@value #MAX_WORDS} words in one to four
 * paragraphs. The stories never end; {@link #stream()} must be limited. Not thread-safe.
 */
public final class StoryGenerator implements Iterator<String> {
  /** The fewest words of a story. */
  public static final int MIN_WORDS = 110;

  /** The most words of a story. */
  public static final int MAX_WORDS = 260;

  private final Grammar grammar = Grammar.instance();
  private final Random random;
  private final int cast;

  /** A story and what was bound while it was written, so that tests can compare the two. */
  record Story(String plot, String text, Map<String, String> values) {}

  /** Creates a generator whose stories depend on nothing but {@code seed}. */
  public StoryGenerator(long seed) {
    this(seed, Integer.MAX_VALUE);
  }

  /**
   * Creates a generator for fewer heroes: a small model learns sooner who is who.
   *
   * @param cast how many names of girls, boys, and animals of either kind are used, at least 2
   */
  public StoryGenerator(long seed, int cast) {
    if (cast < 2) {
      throw new IllegalArgumentException("cast is " + cast + ", at least 2 was expected");
    }
    this.random = new Random(seed);
    this.cast = cast;
  }

  /** Always true: there is always another story. */
  @Override
  public boolean hasNext() {
    return true;
  }

  /** The next story; paragraphs are separated by a line feed. */
  @Override
  public String next() {
    return nextStory().text();
  }

  /** The stories from here on, without end. */
  public Stream<String> stream() {
    return Stream.generate(this::next);
  }

  Story nextStory() {
    Plot plot = grammar.plots().get(random.nextInt(grammar.plots().size()));
    while (true) {
      Story story = write(plot);
      int words = story.text().split("\\s+", -1).length;
      if (words >= MIN_WORDS && words <= MAX_WORDS) {
        return story;
      }
    }
  }

  private Story write(Plot plot) {
    Scene scene = new Scene(grammar, random, plot, cast);
    int style = random.nextInt(20);
    boolean timeTold = style >= 16 && plot.anyTime();
    scene.startClock(timeTold);
    String opening = style < 11 ? "open-once" : timeTold ? "open-time" : "open-other";
    boolean oneParagraph = random.nextInt(4) == 0;
    StringBuilder out = new StringBuilder();
    out.append(scene.expand(new Template.Call(opening, "")));
    if (plot.friendIsKnown() && (scene.animals() || random.nextInt(5) < 2)) {
      out.append(' ').append(scene.expand(new Template.Call("friend", "")));
    }
    String separator = " ";
    for (Template paragraph : plot.paragraphs()) {
      out.append(separator).append('^').append(scene.expand(paragraph));
      separator = oneParagraph ? " " : "\n";
    }
    return new Story(plot.name(), Polish.polish(out), scene.values());
  }
}
