package org.ggml4j.cli.stories;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ggml4j.arch.Hparams;
import org.ggml4j.arch.RopeScaling;
import org.ggml4j.tokenizer.BpeTrainer;
import org.ggml4j.tokenizer.BpeTrainerOptions;
import org.ggml4j.tokenizer.EncodeOptions;
import org.ggml4j.tokenizer.Tokenizer;
import org.ggml4j.tokenizer.TrainedVocabulary;
import org.ggml4j.train.TokenDataset;
import org.ggml4j.train.TrainingConfig;

/**
 * How the model that comes with the command was made: stories of the {@link StoryGenerator}, a
 * vocabulary learnt from them, and a small Llama. Everything follows from the constants here.
 */
public final class TinyStoriesRecipe {
  private static final int N_VOCAB = 2048;
  private static final int N_CTX = 512;
  private static final int VOCABULARY_STORIES = 6_000;
  private static final int TRAINING_STORIES = 28_000;
  private static final int HELD_OUT_STORIES = 500;
  private static final int CAST = 5;
  private static final long TRAINING_SEED = 1;
  private static final long HELD_OUT_SEED = 2;
  private static final String END_OF_TEXT = "<|endoftext|>";

  /** The name that {@code general.name} gets. */
  public static final String NAME = "ggml4j tiny stories";

  private TinyStoriesRecipe() {}

  /**
   * What a training needs.
   *
   * @param vocabulary learnt from the stories
   * @param data to learn from
   * @param heldOut to watch the loss on; stories that are not in {@code data}
   */
  public record Prepared(TrainedVocabulary vocabulary, TokenDataset data, TokenDataset heldOut) {}

  /** Writes the stories, learns the vocabulary, and encodes them; takes some seconds. */
  public static Prepared prepare() {
    List<String> stories = stories(TRAINING_SEED, TRAINING_STORIES);
    BpeTrainer trainer =
        BpeTrainer.of(
            BpeTrainerOptions.of(N_VOCAB)
                .withSpecialTokens(
                    List.of(END_OF_TEXT),
                    Optional.of(END_OF_TEXT),
                    Optional.of(END_OF_TEXT),
                    true));
    stories.subList(0, VOCABULARY_STORIES).forEach(trainer::add);
    TrainedVocabulary vocabulary = trainer.train();
    Tokenizer tokenizer = vocabulary.tokenizer();
    return new Prepared(
        vocabulary,
        encode(tokenizer, stories),
        encode(tokenizer, stories(HELD_OUT_SEED, HELD_OUT_STORIES)));
  }

  private static List<String> stories(long seed, int n) {
    return new StoryGenerator(seed, CAST).stream().limit(n).toList();
  }

  private static TokenDataset encode(Tokenizer tokenizer, List<String> stories) {
    List<int[]> texts = new ArrayList<>();
    for (String story : stories) {
      texts.add(tokenizer.encode(story, EncodeOptions.defaults())); // begins with the BOS token
    }
    int[] starts = new int[texts.size()];
    int[] tokens = new int[texts.stream().mapToInt(t -> t.length).sum()];
    int at = 0;
    for (int i = 0; i < starts.length; i++) {
      starts[i] = at;
      System.arraycopy(texts.get(i), 0, tokens, at, texts.get(i).length);
      at += texts.get(i).length;
    }
    return new TokenDataset(Arrays.copyOf(tokens, at), starts);
  }

  /** Four blocks of width 256, eight heads that share four keys and values. */
  public static Hparams hparams(TrainedVocabulary vocabulary) {
    float freqBase = 10000;
    return new Hparams(
        "llama",
        N_CTX,
        256,
        4,
        8,
        4,
        32,
        32,
        768,
        vocabulary.tokens().size(),
        0,
        0,
        1e-5f,
        32,
        RopeScaling.none(freqBase, N_CTX));
  }

  /** AdamW over one pass of the stories. */
  public static TrainingConfig config() {
    return new TrainingConfig(
        N_CTX, 2, 1, 5000, 200, 2e-3f, 5e-5f, 0.9f, 0.95f, 0.1f, 1, 1, 0, 100, 4);
  }
}
