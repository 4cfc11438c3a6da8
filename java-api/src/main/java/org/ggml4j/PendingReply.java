package org.ggml4j;

import java.util.concurrent.atomic.AtomicBoolean;
import org.ggml4j.chat.ReplyListener;
import org.ggml4j.nn.ContextFullException;

/** A reply that is to be written, once, and can be stopped; from {@link ChatPool#prepare}. */
public final class PendingReply {
  private final ChatPool pool;
  private final ReplyWriter.Prompt prompt;
  private final ReplyRequest request;
  private final GenerationConfig config;
  private final AtomicBoolean written = new AtomicBoolean();
  private final Cancellation cancellation = new Cancellation();

  PendingReply(
      ChatPool pool, ReplyWriter.Prompt prompt, ReplyRequest request, GenerationConfig config) {
    this.pool = pool;
    this.prompt = prompt;
    this.request = request;
    this.config = config;
  }

  ReplyWriter.Prompt prompt() {
    return prompt;
  }

  ReplyRequest request() {
    return request;
  }

  GenerationConfig config() {
    return config;
  }

  Cancellation cancellation() {
    return cancellation;
  }

  /**
   * Writes it, in this thread. What the listener throws, ends it and comes through.
   *
   * @param listener gets the reply as it is written
   * @return the reply; if it was cancelled, what there was of it
   * @throws ContextFullException if the prompt does not fit
   * @throws IllegalStateException if the pool or its model was closed, it was written before, or 63
   *     others are being written
   */
  public ChatReply write(ReplyListener listener) {
    if (!written.compareAndSet(false, true)) {
      throw new IllegalStateException("a reply can be written once only: prepare another one");
    }
    return pool.write(this, listener);
  }

  /** Stops it, also inside a running step, or before it begins; from any thread. */
  public void cancel() {
    cancellation.cancel();
  }
}
