package org.ggml4j;

import java.util.List;
import org.ggml4j.arch.Architecture;
import org.ggml4j.decode.EmbeddingEvaluator;
import org.ggml4j.gguf.UnsupportedModelException;
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
   * States what a session whose model reads its prompts can't do.
   *
   * @throws UnsupportedModelException if the session's model is such a one
   */
  static void refuse(Session session, String what) {
    if (reads(session)) {
      throw new UnsupportedModelException(
          "architecture '"
              + session.model().hparams().architecture()
              + "' writes from a text that it has read, which "
              + what);
    }
  }

  /**
   * Reads a prompt, which is then what the session writes from; its text begins anew.
   *
   * @return what the text goes on with: the prompt itself for a model without an encoder
   * @throws ContextFullException if the prompt is too long
   * @throws UnsupportedModelException if the session has forks, which write from the same source
   */
  static int[] read(Session session, int... prompt) {
    Model model = session.model();
    if (prompt.length == 0
        || !(model.architecture() instanceof Architecture.EncoderDecoder encoderDecoder)) {
      return prompt;
    }
    if (session.family().isShared()) {
      refuse(session, "forks share: read the next one in a session of its own, Model.newSession()");
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
