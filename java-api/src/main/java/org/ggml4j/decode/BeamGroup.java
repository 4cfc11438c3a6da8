package org.ggml4j.decode;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.ggml4j.decode.Beam.Extension;

/**
 * Beams that compete with each other, and those of them that are complete. A plain search has one
 * group.
 */
final class BeamGroup {
  /** A beam that has ended. */
  record Finished(Beam beam, double normalized, StopReason reason) {}

  private static final Comparator<Finished> BEST_FIRST =
      Comparator.comparingDouble(Finished::normalized).reversed();

  private record Choice(Extension extension, double value) {}

  private final BeamSearchConfig config;
  private final IntPredicate endOfGeneration;
  private final int width;
  private List<Beam> live;
  private final List<Finished> finished = new ArrayList<>();

  /**
   * @param root what the first step goes on from
   * @param endOfGeneration the tokens that end a hypothesis
   */
  BeamGroup(BeamSearchConfig config, Beam root, IntPredicate endOfGeneration) {
    this.config = config;
    this.endOfGeneration = endOfGeneration;
    width = config.groupWidth();
    live = List.of(root);
  }

  /** The beams that go on, best first. */
  List<Beam> live() {
    return live;
  }

  /** The complete ones, best first; as many as the group is wide at most. */
  List<Finished> finished() {
    return finished;
  }

  /**
   * Goes on with the best of all extensions of the beams. Among as many as the group is wide, those
   * that end a hypothesis complete it; further ones of that kind are passed over.
   *
   * @param extensions of each beam its best ones, at least twice as many as the group is wide and
   *     one for each token that ends a hypothesis
   * @param chosen how often groups before this one chose each token in this step
   */
  void select(List<Extension> extensions, Map<Integer, Integer> chosen) {
    List<Choice> choices = new ArrayList<>(extensions.size());
    for (Extension e : extensions) {
      int times = chosen.getOrDefault(e.token(), 0);
      choices.add(new Choice(e, e.rank() - config.diversityPenalty() * times));
    }
    // A stable sort: among equals the earlier beam, and of one beam the lower token.
    choices.sort(Comparator.comparingDouble(Choice::value).reversed());
    List<Beam> next = new ArrayList<>(width);
    for (int i = 0; i < choices.size() && next.size() < width; i++) {
      Extension e = choices.get(i).extension;
      Beam beam = new Beam(e);
      if (endOfGeneration.test(e.token())) {
        finishIf(i < width, beam, StopReason.END_OF_TEXT);
      } else if (beam.isStopped()) {
        finishIf(i < width, beam, StopReason.STOP_STRING);
      } else {
        beam.takeProcessors(e.parent());
        beam.setBranch(e.parent().branch());
        next.add(beam);
      }
    }
    live = next;
  }

  private void finishIf(boolean condition, Beam beam, StopReason reason) {
    if (condition) {
      finish(beam, reason);
    }
  }

  private void finish(Beam beam, StopReason reason) {
    finished.add(new Finished(beam, config.normalized(beam.rank(), beam.length()), reason));
    finished.sort(BEST_FIRST);
    if (finished.size() > width) {
      finished.remove(width);
    }
  }

  /** Ends all beams that are left. */
  void finishAll(StopReason reason) {
    live.forEach(beam -> finish(beam, reason));
    live = List.of();
  }

  /**
   * Drops the beams that are left if the search is over for this group.
   *
   * @param maxLength tokens that a hypothesis can have
   */
  void stopIfDone(int maxLength) {
    if (!live.isEmpty() && finished.size() == width && isDone(maxLength)) {
      live = List.of();
    }
  }

  private boolean isDone(int maxLength) {
    double best = live.stream().mapToDouble(Beam::rank).max().orElseThrow();
    double now = config.normalized(best, live.get(0).length());
    double last = finished.get(width - 1).normalized;
    return switch (config.earlyStopping()) {
      case ON -> true;
      case HEURISTIC -> last >= now;
      // Ranks only fall, but with a penalty of more than 0 a longer text may divide them by more.
      case NEVER -> last >= Math.max(now, config.normalized(best, maxLength));
    };
  }

  /** Counts the tokens that the beams chose last. */
  void count(Map<Integer, Integer> chosen) {
    live.forEach(beam -> chosen.merge(beam.lastToken(), 1, Integer::sum));
  }

  /** Complete hypotheses of several groups, best first. */
  static List<Finished> merged(List<BeamGroup> groups) {
    List<Finished> all = new ArrayList<>();
    groups.forEach(group -> all.addAll(group.finished));
    all.sort(BEST_FIRST);
    return all;
  }
}
