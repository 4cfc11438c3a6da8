package org.ggml4j;

import java.util.Optional;
import org.ggml4j.decode.Drafter;
import org.ggml4j.decode.NgramDrafter;

/**
 * How tokens are guessed ahead, so that the model checks several in one step. The text is the one
 * that plain decoding writes, with any sampler, any processors and any seed; only the time differs.
 * It switches itself off where it does not pay.
 *
 * {@snippet :
 * GenerationConfig config = GenerationConfig.defaults().withSpeculation(Speculation.ngram());
 * }
 */
public sealed interface Speculation {

  /**
   * From the text itself: what followed its last tokens where they stood before. Costs nothing and
   * helps where a text repeats parts of its prompt or of itself. See {@link NgramDrafter}.
   *
   * @param shortest how many tokens must have stood somewhere before, at least 1
   * @param preferred places where so many agree are looked for first, {@code shortest} to 256
   */
  record Ngram(int shortest, int preferred) implements Speculation {
    public Ngram {
      NgramDrafter.check(shortest, preferred);
    }

    /** Asks for at least so many tokens. */
    public Ngram withShortest(int n) {
      return new Ngram(n, Math.max(n, preferred));
    }
  }

  /**
   * From a smaller model of the same vocabulary. A session opens a session of that model beside it,
   * which reads the prompt too, and keeps it until it is closed or another speculation is asked
   * for.
   *
   * @param model a much faster one; it must stay open
   * @param options of its session; by default those of the session it drafts for
   * @param pMin tokens that it finds less probable are not guessed; 0 leaves it to what pays
   */
  record DraftModel(Model model, Optional<SessionOptions> options, double pMin)
      implements Speculation {
    public DraftModel {
      if (!(pMin >= 0 && pMin <= 1)) {
        throw new IllegalArgumentException("pMin: expected 0 to 1, found " + pMin);
      }
    }

    /** Opens the session in another way. */
    public DraftModel withOptions(SessionOptions own) {
      return new DraftModel(model, Optional.of(own), pMin);
    }

    /** Guesses only tokens that are at least so probable. */
    public DraftModel withPMin(double p) {
      return new DraftModel(model, options, p);
    }
  }

  /**
   * In one's own way.
   *
   * @param drafter serves one session; who made it closes it
   */
  record Custom(Drafter drafter) implements Speculation {}

  /** From the text itself, where two tokens or more stood before; five or more first. */
  static Ngram ngram() {
    return new Ngram(2, 5);
  }

  /** From a smaller model. */
  static DraftModel draft(Model model) {
    return new DraftModel(model, Optional.empty(), 0);
  }

  /** In one's own way. */
  static Custom with(Drafter drafter) {
    return new Custom(drafter);
  }
}
