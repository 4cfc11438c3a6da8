package org.ggml4j.sampling;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * What llama.cpp's samplers did; the format is described in {@code src/test/c/record-samplers.c}.
 */
final class RecordedCases {
  /** The distribution after a step, and the token that was picked or, if -1, given. */
  record Step(Map<Integer, Double> distribution, int accepted, boolean isPicked) {}

  /** One case. */
  static final class Case {
    String name = "";
    String vocab = "";
    final List<String> breakers = new ArrayList<>();
    private String kind = "";
    int n;
    private long seed;
    private float scale;
    private final Map<Integer, Float> changed = new TreeMap<>();
    List<String> chain = List.of();
    int[] history = {};
    final List<Step> steps = new ArrayList<>();

    @Override
    public String toString() {
      return name + " " + chain + " on " + kind + " " + n;
    }

    /** The logits of a step, as the recorder makes them. */
    float[] logits(int step) {
      long s = seed + step;
      float[] logits = new float[n];
      for (int i = 0; i < n; i++) {
        long z = mix(s * 1000003 + i + 1);
        int sum =
            (int) (z & 0xffff)
                + (int) (z >>> 16 & 0xffff)
                + (int) (z >>> 32 & 0xffff)
                + (int) (z >>> 48)
                - 131070;
        logits[i] =
            switch (kind) {
              case "ties" -> Long.remainderUnsigned(z, 7) * scale;
              case "equal" -> scale;
              default -> sum * (1f / 32768) * scale;
            };
        if (kind.equals("banned") && Long.remainderUnsigned(z, 3) == 0) {
          logits[i] = Float.NEGATIVE_INFINITY;
        }
      }
      if (kind.equals("peaked")) {
        for (int i = 0; i < 12; i++) {
          logits[(int) Long.remainderUnsigned(mix(s * 77 + i), n)] = 14 * scale - i * scale;
        }
      }
      changed.forEach((token, logit) -> logits[token] = logit);
      return logits;
    }
  }

  private RecordedCases() {}

  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  static List<Case> read() throws IOException {
    List<Case> cases = new ArrayList<>();
    String[] accepted = {};
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(
                    Objects.requireNonNull(
                        RecordedCases.class.getResourceAsStream("/sampling/llama-cpp.txt.gz"))),
                StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        int space = line.indexOf(' ');
        String rest = line.substring(space + 1);
        Case last = cases.isEmpty() ? new Case() : cases.get(cases.size() - 1);
        switch (line.substring(0, space)) {
          case "case" -> {
            cases.add(new Case());
            cases.get(cases.size() - 1).name = rest;
          }
          case "vocab" -> last.vocab = rest;
          case "breaker" -> last.breakers.add(rest.equals("\\n") ? "\n" : rest);
          case "logits" -> {
            String[] words = rest.split(" ");
            last.kind = words[0];
            last.n = Integer.parseInt(words[1]);
            last.seed = Long.parseLong(words[2]);
            last.scale = Float.parseFloat(words[3]);
          }
          case "set" -> pairs(rest).forEach((t, logit) -> last.changed.put(t, logit.floatValue()));
          case "chain" -> last.chain = List.of(rest.trim().split(" +"));
          case "history" ->
              last.history = Stream.of(rest.split(" ")).mapToInt(Integer::parseInt).toArray();
          case "steps" -> accepted = rest.split(" ");
          case "=" -> {
            String token = accepted[last.steps.size()];
            boolean isPicked = token.equals("?");
            last.steps.add(
                new Step(pairs(rest), isPicked ? -1 : Integer.parseInt(token), isPicked));
          }
          case "!" -> {
            Step step = last.steps.remove(last.steps.size() - 1);
            last.steps.add(new Step(step.distribution, Integer.parseInt(rest), true));
          }
          default -> throw new IOException("unknown line: " + line);
        }
      }
    }
    return cases;
  }

  private static Map<Integer, Double> pairs(String text) {
    Map<Integer, Double> pairs = new TreeMap<>();
    for (String pair : text.split(" ")) {
      if (!pair.isEmpty()) {
        String[] parts = pair.split(":");
        pairs.put(Integer.parseInt(parts[0]), Double.parseDouble(parts[1]));
      }
    }
    return pairs;
  }

  /** A history that tests append to and cut. */
  static final class History implements TokenHistory {
    private int[] tokens = new int[16];
    private int size;

    History(int... tokens) {
      for (int token : tokens) {
        add(token);
      }
    }

    void add(int token) {
      if (size == tokens.length) {
        tokens = Arrays.copyOf(tokens, 2 * size);
      }
      tokens[size++] = token;
    }

    void cut(int toSize) {
      size = toSize;
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public int get(int index) {
      return tokens[Objects.checkIndex(index, size)];
    }

    @Override
    public int promptSize() {
      return 0;
    }
  }
}
