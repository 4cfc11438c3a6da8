package org.ggml4j.ggml;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Gives back what an owner acquired, last acquired first.
 *
 * <p>Arenas promise no order among their clean-up actions, and a scheduler must go before the
 * buffers it uses: so each owner of native things keeps such a stack. Not thread-safe; {@link
 * #close} is idempotent.
 */
public final class CloseStack implements AutoCloseable {
  private final Deque<Runnable> actions = new ArrayDeque<>();

  /** Registers {@code release}, to be run before everything that was registered earlier. */
  public void push(Runnable release) {
    actions.push(release);
  }

  /** Registers an owner and returns it. */
  public <T extends Closing> T own(T owner) {
    actions.push(owner::close);
    return owner;
  }

  /** Runs every action, also when one of them throws; the first exception is thrown at the end. */
  @Override
  public void close() {
    RuntimeException failure = null;
    while (!actions.isEmpty()) {
      try {
        actions.pop().run();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** An owner whose {@code close} throws no checked exception. */
  public interface Closing extends AutoCloseable {
    @Override
    void close();
  }
}
