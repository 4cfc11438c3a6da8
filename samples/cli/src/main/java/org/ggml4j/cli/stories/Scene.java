package org.ggml4j.cli.stories;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.ggml4j.cli.stories.Grammar.Let;
import org.ggml4j.cli.stories.Grammar.Plot;

/**
 * What holds through one story: who is in it, which thing it is about, where and when it happens.
 * Everything is drawn once and then looked up, so that the thing found is the thing lost.
 */
final class Scene {
  private static final List<String> SIZES = List.of("small", "little", "big", "tiny");

  private final Grammar grammar;
  private final Random random;
  private final Map<String, String> values = new HashMap<>();
  private final Set<String> used = new HashSet<>();
  private final boolean animals;
  private final int cast;

  Scene(Grammar grammar, Random random, Plot plot, int cast) {
    this.cast = cast;
    this.grammar = grammar;
    this.random = random;
    this.animals = random.nextInt(4) == 0;
    String weather = pick(List.of("sunny", "warm", "fine", "bright", "windy", "cool", "beautiful"));
    values.put("wx", weather);
    child("N");
    child("F");
    grownUp();
    String[] neighbor = pick(grammar.words("neighbors")).split("; ", -1);
    values.put("S", neighbor[0]);
    pronouns("S", neighbor[1].equals("he"));
    text("like", "{#like}");
    text("home", "{#home}");
    plot.lets().forEach(this::bind);
  }

  /** Whether the people of this story are animals. */
  boolean animals() {
    return animals;
  }

  /** The values bound so far, by variable. */
  Map<String, String> values() {
    return Map.copyOf(values);
  }

  /**
   * Binds the clock, which only goes forward: {@code When} the story starts, {@code Later}, {@code
   * End}.
   *
   * @param told whether the opening has told the time of day already
   */
  void startClock(boolean told) {
    boolean morning = random.nextBoolean();
    String time = morning ? "morning" : "afternoon";
    values.put("time", time);
    if (told) {
      text("When", "[Soon after that|A little later|Later that " + time + "|Before long]");
    } else {
      text("When", "[One {wx} " + time + "|On a {wx} " + time + "|One {wx} day|One day]");
      if (values.getOrDefault("When", "").endsWith("day")) {
        values.put("time", "day");
      }
    }
    text(
        "Later",
        morning ? "[after lunch|at noon|later that day]" : "[before dinner|late in the day]");
    if (values.getOrDefault("time", "").equals("day")) {
      text("Later", "[later that day|late in the day|after some time]");
    }
    text("end", "[that night|that evening|at bedtime]");
    text("End", "{end}");
    String end = values.getOrDefault("end", "");
    values.put("end-cap", end);
  }

  private void bind(Let let) {
    switch (let.type()) {
      case "thing" -> thing(let.variable(), let.tags());
      case "place" -> place(let.variable(), let.tags());
      case "animal" -> animal(let.variable(), let.tags());
      default -> bindText(let);
    }
  }

  /** A template whose value holds a semicolon also binds the place that goes with it. */
  private void bindText(Let let) {
    String value = expand(let.template());
    int semicolon = value.indexOf("; ");
    if (semicolon >= 0) {
      values.put(let.variable() + "-place", value.substring(semicolon + 2));
      value = value.substring(0, semicolon);
    }
    values.put(let.variable(), value);
  }

  private void text(String variable, String source) {
    values.put(variable, expand(Template.parse(source)));
  }

  private void child(String role) {
    boolean male = random.nextBoolean();
    String list = (animals ? "animal-" : "") + (male ? "boys" : "girls");
    List<String> names = grammar.words(list);
    values.put(role, pickUnused(names.subList(0, Math.min(cast, names.size()))));
    pronouns(role, male);
    values.put(role + ".adj", expand(pick(grammar.pool("kind-adj"))));
    values.put(
        role + ".kind", animals ? pickUnused(grammar.words("hero-kinds")) : male ? "boy" : "girl");
  }

  private void grownUp() {
    List<String> names =
        animals
            ? List.of("Mama; she", "Papa; he", "Granny; she")
            : List.of("Mom; she", "Dad; he", "Grandma; she", "Grandpa; he");
    String[] grownUp = pick(names).split("; ", -1);
    values.put("G", grownUp[0]);
    pronouns("G", grownUp[1].equals("he"));
  }

  private void pronouns(String role, boolean male) {
    values.put(role + ".he", male ? "he" : "she");
    values.put(role + ".him", male ? "him" : "her");
    values.put(role + ".his", male ? "his" : "her");
    values.put(role + ".himself", male ? "himself" : "herself");
  }

  private void thing(String role, List<String> tags) {
    List<String> kinds = tags.stream().filter(tag -> !tag.equals("bright")).toList();
    String[] entry = pickTagged(grammar.words("things"), 1, kinds);
    String color = pick(grammar.words(tags.contains("bright") ? "bright-colors" : "colors"));
    List<String> materials = entry.length > 2 ? List.of(entry[2].split(", *", -1)) : List.of();
    StringBuilder full = new StringBuilder();
    if (random.nextInt(3) == 0) {
      full.append(pick(SIZES)).append(' ');
    }
    boolean soft = materials.equals(List.of("soft"));
    if (soft && random.nextBoolean()) {
      full.append("soft ");
    }
    full.append(color).append(' ');
    if (!soft && !materials.isEmpty() && random.nextBoolean()) {
      full.append(pick(materials)).append(' ');
    }
    values.put(role, entry[0]);
    values.put(role + ".color", color);
    values.put(role + ".full", full + entry[0]);
    values.put(role + ".the", random.nextInt(3) == 0 ? entry[0] : color + " " + entry[0]);
  }

  private void place(String role, List<String> tags) {
    if (tags.get(0).startsWith("=")) {
      String name = values.getOrDefault(tags.get(0).substring(1), "");
      for (String line : grammar.words("places")) {
        String[] entry = line.split("; *", -1);
        if (entry[0].equals(name)) {
          placeValues(role, entry);
          return;
        }
      }
      throw new IllegalArgumentException("grammar: no place '" + name + "'");
    }
    placeValues(role, pickTagged(grammar.words("places"), 2, tags));
  }

  private void placeValues(String role, String[] entry) {
    values.put(role, "the " + entry[0]);
    values.put(role + ".in", entry[1] + " the " + entry[0]);
    values.put(role + ".to", "to the " + entry[0]);
  }

  private void animal(String role, List<String> tags) {
    String[] entry = pickTagged(grammar.words("animals"), 4, tags);
    String adjective = pick(List.of("small", "little", "young", "tiny", "lovely"));
    values.put(role, entry[0]);
    values.put(role + ".full", adjective + " " + entry[0]);
    values.put(role + ".the", "the " + entry[0]);
    values.put(role + ".food", entry[1]);
    values.put(role + ".did", entry[2]);
    values.put(role + ".home", entry[3]);
  }

  private String[] pickTagged(List<String> lines, int field, List<String> tags) {
    List<String[]> fitting = new ArrayList<>();
    for (String line : lines) {
      String[] entry = line.split("; *", -1);
      if (!used.contains(entry[0]) && List.of(entry[field].split(" ", -1)).containsAll(tags)) {
        fitting.add(entry);
      }
    }
    if (fitting.isEmpty()) {
      throw new IllegalArgumentException("grammar: nothing has the tags " + tags);
    }
    String[] entry = pick(fitting);
    used.add(entry[0]);
    return entry;
  }

  private String pickUnused(List<String> list) {
    String picked = pick(list);
    while (!used.add(picked)) {
      picked = pick(list);
    }
    return picked;
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  /** Expands a template with the values of this scene. */
  String expand(Template template) {
    StringBuilder out = new StringBuilder();
    expand(template, "", out);
    return out.toString();
  }

  private void expand(Template template, String role, StringBuilder out) {
    if (template instanceof Template.Text text) {
      out.append(text.value());
    } else if (template instanceof Template.Sequence sequence) {
      for (Template part : sequence.parts()) {
        expand(part, role, out);
      }
    } else if (template instanceof Template.Choice choice) {
      expand(pick(choice.options()), role, out);
    } else if (template instanceof Template.Call call) {
      expand(pick(grammar.pool(call.pool())), call.role().isEmpty() ? role : call.role(), out);
    } else if (template instanceof Template.Variable variable) {
      String key = variable.key();
      if (key.equals("X") || key.startsWith("X.")) {
        key = role + key.substring(1);
      }
      String value = values.get(key);
      if (value == null) {
        throw new IllegalArgumentException("grammar: '" + key + "' is not bound");
      }
      out.append(variable.capital() ? Character.toUpperCase(value.charAt(0)) : value.charAt(0));
      out.append(value, 1, value.length());
    }
  }
}
