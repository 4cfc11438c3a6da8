package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.ggml4j.GenerationConfig;
import org.ggml4j.Model;
import org.ggml4j.Piece;
import org.ggml4j.Session;
import org.ggml4j.SessionOptions;
import org.ggml4j.cli.stories.StoryGenerator;
import org.ggml4j.decode.BeamSearchConfig;
import org.ggml4j.decode.Hypothesis;
import org.ggml4j.decode.ScoredToken;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Beam search with a model that was trained: it finds what is likelier, and says how likely. */
class BeamsOnStoriesTest {
  private static final int TOKENS = 40;

  private Model model;
  private Session session;

  @BeforeEach
  void open() throws IOException {
    model = Model.load(EmbeddedModel.file());
    session = model.newSession(SessionOptions.defaults().withContext(512).withThreads(1));
  }

  @AfterEach
  void close() {
    model.close();
  }

  private static List<String> prompts(int n) {
    return new StoryGenerator(7)
        .stream()
            .limit(n)
            .map(s -> String.join(" ", Arrays.asList(s.split(" ")).subList(0, 8)))
            .toList();
  }

  @Test
  void theBestBeamIsRarelyWorseThanGreedy() {
    int atLeast = 0;
    double gain = 0;
    for (String prompt : prompts(50)) {
      session.reset();
      List<Piece> greedy =
          session.generate(prompt, GenerationConfig.greedy().withMaxTokens(TOKENS)).stream()
              .toList();
      double mean = greedy.stream().mapToDouble(Piece::logProbability).average().orElseThrow();
      session.reset();
      BeamSearchConfig config = BeamSearchConfig.of(4).withMaxTokens(TOKENS);
      double best = session.search(prompt, config).get(0).normalizedScore();
      atLeast += best >= mean - 1e-9 ? 1 : 0;
      gain += best - mean;
    }
    assertThat(atLeast).isGreaterThanOrEqualTo(40);
    assertThat(gain).isPositive();
  }

  @Test
  void fourStoriesWithTheirScores() {
    BeamSearchConfig config = BeamSearchConfig.of(4).withNBest(4).withMaxTokens(TOKENS);
    String prompt = "Once upon a time, there was a girl";
    List<Hypothesis> stories = session.search(prompt, config);

    assertThat(stories.stream().map(Hypothesis::text).distinct()).hasSize(4);
    int[] before = model.tokenizer().encode(prompt);
    for (Hypothesis story : stories) {
      double sum = 0;
      session.reset();
      session.append(before);
      for (ScoredToken t : story.tokens()) {
        sum += logProbability(t.token());
        session.append(t.token());
      }
      assertThat(story.score()).isCloseTo(sum, within(1e-4));
    }
  }

  private double logProbability(int token) {
    float[] logits = new float[model.hparams().nVocab()];
    session.readLogits(0, logits);
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    return logits[token] - Math.log(sum);
  }
}
