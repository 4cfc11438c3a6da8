package org.ggml4j;

import java.util.List;
import org.ggml4j.arch.Architecture;
import org.ggml4j.decode.EmbeddingEvaluator;
import org.ggml4j.nn.ContextFullException;
import org.ggml4j.nn.Pooling;

/** Lets models with an encoder read the text that they write from. */
final class SourceReader {
  private SourceReader() {}

  /** Whether a session's model reads its prompts with an encoder. */
  static boolean reads(Session session) {
    return session.model().architecture() instanceof Architecture.EncoderDecoder;
  }

  /**
   * Reads a prompt, which is then what the session writes from; its text begins anew.
   *
   * @return what the text goes on with: the prompt itself for a model without an encoder
   * @throws ContextFullException if the prompt is too long
   */
  static int[] read(Session session, int... prompt) {
    Model model = session.model();
    if (prompt.length == 0
        || !(model.architecture() instanceof Architecture.EncoderDecoder encoderDecoder)) {
      return prompt;
    }
    int nCtx = session.nCtx();
    if (prompt.length > nCtx) {
      throw new ContextFullException(nCtx, 0, prompt.length);
    }
    int given = session.options().threads();
    int threads = given > 0 ? given : model.defaultThreads();
    try (EmbeddingEvaluator reader =
        new EmbeddingEvaluator(
            encoderDecoder,
            model.hparams(),
            model.summary().devices(),
            SessionFamily.maxNodes(model),
            new EmbeddingEvaluator.Options(Pooling.NONE, nCtx, threads, false))) {
      float[][] states = reader.evaluate(List.of(prompt));
      session.reset();
      session.evaluator().setSource(states);
    }
    return new int[] {encoderDecoder.decoderStart()};
  }
}
