package org.ggml4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ggml4j.decode.BeamSearchConfig;

/**
 * Beam search over {@link TeacherForcing}, written down from the description of Hugging Face's
 * {@code BeamSearchScorer} without any cache, selection or sharing.
 */
final class ReferenceBeamSearch {
  record Text(int[] tokens, double score, double normalized) {}

  private final TeacherForcing model;
  private final int[] prompt;
  private final BeamSearchConfig config;

  ReferenceBeamSearch(TeacherForcing model, int[] prompt, BeamSearchConfig config) {
    this.model = model;
    this.prompt = prompt;
    this.config = config;
  }

  List<Text> run() {
    int perGroup = config.width() / config.groups();
    List<List<Text>> live = new ArrayList<>();
    List<List<Text>> complete = new ArrayList<>();
    for (int g = 0; g < config.groups(); g++) {
      live.add(List.of(new Text(new int[0], 0, 0)));
      complete.add(new ArrayList<>());
    }
    for (int length = 1; length <= config.maxTokens(); length++) {
      Map<Integer, Integer> chosen = new HashMap<>();
      for (int g = 0; g < config.groups(); g++) {
        if (live.get(g).isEmpty()) {
          continue;
        }
        List<Text> next = step(live.get(g), complete.get(g), chosen, perGroup);
        next.forEach(t -> chosen.merge(t.tokens[t.tokens.length - 1], 1, Integer::sum));
        live.set(g, isDone(next, complete.get(g), perGroup, length) ? List.of() : next);
      }
    }
    List<Text> all = new ArrayList<>();
    for (int g = 0; g < config.groups(); g++) {
      List<Text> group = complete.get(g);
      live.get(g).forEach(t -> add(group, t, perGroup));
      all.addAll(group);
    }
    all.sort(Comparator.comparingDouble(Text::normalized).reversed());
    return all.subList(0, Math.min(config.nBest(), all.size()));
  }

  private record Candidate(Text text, double value) {}

  private List<Text> step(
      List<Text> live, List<Text> complete, Map<Integer, Integer> chosen, int width) {
    List<Candidate> candidates = new ArrayList<>();
    for (Text t : live) {
      double[] next = model.next(TeacherForcing.concat(prompt, t.tokens));
      for (int v = 0; v < next.length; v++) {
        double score = t.score + next[v];
        int[] tokens = TeacherForcing.concat(t.tokens, v);
        double normalized = score / Math.pow(tokens.length, config.lengthPenalty());
        double value = score - config.diversityPenalty() * chosen.getOrDefault(v, 0);
        candidates.add(new Candidate(new Text(tokens, score, normalized), value));
      }
    }
    candidates.sort(Comparator.comparingDouble(Candidate::value).reversed());
    List<Text> result = new ArrayList<>();
    for (int i = 0; i < candidates.size() && result.size() < width; i++) {
      Text text = candidates.get(i).text;
      if (text.tokens[text.tokens.length - 1] != TinyWords.EOS) {
        result.add(text);
      } else if (i < width) {
        add(complete, text, width);
      }
    }
    return result;
  }

  private static void add(List<Text> complete, Text text, int width) {
    complete.add(text);
    complete.sort(Comparator.comparingDouble(Text::normalized).reversed());
    if (complete.size() > width) {
      complete.remove(width);
    }
  }

  private boolean isDone(List<Text> live, List<Text> complete, int width, int length) {
    if (complete.size() < width || live.isEmpty()) {
      return false;
    }
    double worst = complete.get(width - 1).normalized;
    double best = live.stream().mapToDouble(Text::score).max().orElseThrow();
    double longest = config.lengthPenalty() > 0 ? config.maxTokens() : length;
    return switch (config.earlyStopping()) {
      case ON -> true;
      case HEURISTIC -> worst >= best / Math.pow(length, config.lengthPenalty());
      case NEVER -> worst >= best / Math.pow(longest, config.lengthPenalty());
    };
  }

  @Override
  public String toString() {
    return "reference for " + config + " after " + Arrays.toString(prompt);
  }
}
