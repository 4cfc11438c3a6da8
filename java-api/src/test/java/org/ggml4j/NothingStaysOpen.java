package org.ggml4j;

import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails every test that leaves a model or a session open, and shows where it was opened. One that a
 * class opens for all of its tests it names with {@link Shared}, and closes at its end.
 */
public final class NothingStaysOpen implements AfterEachCallback, AfterAllCallback {
  /** Marks a test class that keeps a model from one test to the next. */
  @java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME)
  @java.lang.annotation.Target(java.lang.annotation.ElementType.TYPE)
  public @interface Shared {}

  @Override
  public void afterEach(ExtensionContext context) {
    if (!context.getRequiredTestClass().isAnnotationPresent(Shared.class)) {
      check(context);
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    check(context);
  }

  private static void check(ExtensionContext context) {
    List<Throwable> open = OpenOwners.open();
    if (!open.isEmpty()) {
      AssertionError error =
          new AssertionError(open.size() + " owners are open after " + context.getDisplayName());
      open.forEach(error::addSuppressed);
      throw error;
    }
  }
}
