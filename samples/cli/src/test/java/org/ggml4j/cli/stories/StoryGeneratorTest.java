package org.ggml4j.cli.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ggml4j.cli.stories.StoryGenerator.Story;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StoryGeneratorTest {
  private static final int COUNT = 2_000;
  private static List<Story> stories;

  @BeforeAll
  static void write() {
    StoryGenerator generator = new StoryGenerator(20_251);
    stories = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      stories.add(generator.nextStory());
    }
  }

  @Test
  void theSameSeedTellsTheSameStoriesAndAnotherSeedTellsOthers() {
    List<String> first = new StoryGenerator(7).stream().limit(50).toList();
    assertThat(new StoryGenerator(7).stream().limit(50).toList()).isEqualTo(first);
    assertThat(new StoryGenerator(8).stream().limit(50).toList())
        .doesNotContainAnyElementsOf(first);
  }

  @Test
  void aSeedMeansTheSameTextOnEveryMachine() {
    long hash = 1125899906842597L;
    for (String story : new StoryGenerator(1).stream().limit(200).toList()) {
      for (int i = 0; i < story.length(); i++) {
        hash = 31 * hash + story.charAt(i);
      }
    }
    // Changes with the grammar, and with it the text that the project's model is trained on.
    assertThat(hash).isEqualTo(4195570793987818527L);
  }

  @Test
  void storiesAreAllDifferent() {
    Set<String> seen = new HashSet<>();
    StoryGenerator generator = new StoryGenerator(3);
    for (int i = 0; i < 20_000; i++) {
      seen.add(generator.next());
    }
    assertThat(seen).hasSizeGreaterThan(19_980);
  }

  @Test
  void lengthsStayWithinTheirBounds() {
    assertThat(stories)
        .allSatisfy(
            story ->
                assertThat(story.text().split("\\s+").length)
                    .isBetween(StoryGenerator.MIN_WORDS, StoryGenerator.MAX_WORDS));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[^ -~\n]", // plain ASCII
        "[\\[\\]{}|^#~@;]", // what the grammar is written with
        "(?m)^[^\"A-Z]", // a paragraph begins with a capital
        "(?m)[^.!?\"]$", // and ends with a full stop
        "[?!][.,?!]|\\.\\.| [.,!?]|  |\"\"",
        "(?<!Mr|Mrs)[.!?] [a-z]",
        "[.!?]\" [a-z]+ (?!said|asked|cried|called|thought|shouted|Mr|[A-Z])\\w+",
        "\\b[Aa] [aeiouAEIOU](?!ne )",
        "\\b[Aa]n (?!honest)[^aeiouAEIOU]",
        "\\b(\\w+) \\1\\b"
      })
  void slipsOfThePenDoNotHappen(String pattern) {
    Pattern slip = Pattern.compile(pattern);
    for (Story story : stories) {
      Matcher matcher = slip.matcher(story.text());
      assertThat(matcher.find()).as("%s in: %s", pattern, story.text()).isFalse();
    }
  }

  @Test
  void quotationsAreClosedInTheirParagraph() {
    assertThat(stories)
        .allSatisfy(
            story ->
                assertThat(story.text().lines())
                    .allSatisfy(
                        line -> assertThat(line.chars().filter(c -> c == '"').count()).isEven()));
  }

  /** A "she" in a story about boys and men only would be a pronoun that went astray. */
  @Test
  void pronounsBelongToSomebodyInTheStory() {
    Pattern female = Pattern.compile("\\b([Ss]he|[Hh]er|herself)\\b");
    Pattern male = Pattern.compile("\\b([Hh]e|[Hh]im|[Hh]is|himself)\\b");
    int oneSided = 0;
    for (Story story : stories) {
      boolean anyFemale = false;
      boolean anyMale = story.text().contains("snowman");
      for (String role : List.of("N", "F", "G", "S")) {
        if (mentions(story.text(), story.values().get(role))) {
          boolean he = story.values().get(role + ".he").equals("he");
          anyMale |= he;
          anyFemale |= !he;
        }
      }
      anyFemale |= story.text().contains("mother");
      if (!anyFemale) {
        oneSided++;
        assertThat(female.matcher(story.text()).find()).as(story.text()).isFalse();
      }
      if (!anyMale) {
        oneSided++;
        assertThat(male.matcher(story.text()).find()).as(story.text()).isFalse();
      }
    }
    assertThat(oneSided).isGreaterThan(COUNT / 10);
  }

  @Test
  void theHeroIsInEveryParagraph() {
    assertThat(stories)
        .allSatisfy(
            story ->
                assertThat(story.text().lines())
                    .allSatisfy(line -> assertThat(line).contains(story.values().get("N"))));
  }

  /** Whenever a colour stands before the story's thing, it is the colour it had at first. */
  @Test
  void aThingKeepsItsColor() {
    String colors = String.join("|", Grammar.instance().words("colors"));
    int checked = 0;
    for (Story story : stories) {
      for (String role : List.of("T", "U")) {
        String thing = story.values().get(role);
        if (thing == null) {
          continue;
        }
        Matcher matcher =
            Pattern.compile("\\b(" + colors + ") (?:\\w+ )?" + thing + "\\b").matcher(story.text());
        while (matcher.find()) {
          checked++;
          assertThat(matcher.group(1))
              .as(story.text())
              .isEqualTo(story.values().get(role + ".color"));
        }
      }
    }
    assertThat(checked).isGreaterThan(COUNT);
  }

  @ParameterizedTest
  @CsvSource({"lost", "lost-at-home", "returned", "storm"})
  void whatIsLostIsFoundWhereTheStorySaysItIs(String plot) {
    List<Story> told = stories.stream().filter(story -> story.plot().equals(plot)).toList();
    assertThat(told).hasSizeGreaterThan(20);
    for (Story story : told) {
      String spot = story.values().get("spot");
      assertThat(story.text()).contains(spot);
      String after = story.text().substring(story.text().indexOf(spot));
      assertThat(after).as(story.text()).contains(story.values().get("T"));
    }
  }

  @Test
  void theDayOnlyGoesForward() {
    for (Story story : stories) {
      String text = story.text().toLowerCase(Locale.ROOT);
      String later = story.values().get("Later");
      assertThat(later).isNotNull();
      int at = text.indexOf(later + ", ");
      if (at >= 0 && story.values().get("time").equals("afternoon")) {
        assertThat(text.substring(at)).as(text).doesNotContain("at noon,", "after lunch,");
      }
      if (text.startsWith("it was a ") && text.contains("afternoon. ")) {
        assertThat(text).as(text).doesNotContain("at noon,", "after breakfast");
      }
    }
  }

  @Test
  void everyPlotIsToldAndAboutHalfTheStoriesBeginOnceUponATime() {
    Map<String, Integer> plots = new HashMap<>();
    stories.forEach(story -> plots.merge(story.plot(), 1, Integer::sum));
    assertThat(plots).hasSize(Grammar.instance().plots().size()).hasSizeGreaterThanOrEqualTo(15);
    assertThat(plots.values()).allSatisfy(count -> assertThat(count).isGreaterThan(25));
    long once = stories.stream().filter(s -> s.text().startsWith("Once upon a time")).count();
    assertThat(once).isBetween(COUNT * 45L / 100, COUNT * 62L / 100);
  }

  @Test
  void theWorldIsRichAndItsVocabularySmall() {
    Grammar grammar = Grammar.instance();
    assertThat(grammar.words("girls").size() + grammar.words("boys").size())
        .isGreaterThanOrEqualTo(60);
    assertThat(grammar.words("places")).hasSizeGreaterThanOrEqualTo(40);
    assertThat(grammar.words("things")).hasSizeGreaterThanOrEqualTo(100);
    Set<String> words = new HashSet<>();
    for (Story story : stories) {
      for (String word : story.text().toLowerCase(Locale.ROOT).split("[^a-z]+")) {
        words.add(word);
      }
    }
    assertThat(words.size()).isBetween(900, 1_600);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[a|b", "a]", "{N", "[a|{#b]"})
  void aGrammarThatDoesNotCloseItsBracketsIsRefused(String source) {
    assertThatThrownBy(() -> Template.parse(source))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("grammar:")
        .hasMessageContaining(source);
  }

  private static boolean mentions(String text, String name) {
    return Pattern.compile("\\b" + Pattern.quote(name) + "(?!\\w)").matcher(text).find();
  }
}
