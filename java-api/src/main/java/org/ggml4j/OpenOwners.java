package org.ggml4j;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * Remembers which models and sessions are open and where they were opened, if {@code
 * -Dggml4j.trackResources=true}: so one that nobody closed can be found. Otherwise it does nothing.
 */
final class OpenOwners {
  private static final boolean TRACKING = Boolean.getBoolean("ggml4j.trackResources");
  private static final IdentityHashMap<Object, Throwable> OPEN = new IdentityHashMap<>();

  private OpenOwners() {}

  static void opened(Object owner) {
    if (TRACKING) {
      synchronized (OPEN) {
        OPEN.put(owner, new Throwable(owner.getClass().getSimpleName() + " was opened here"));
      }
    }
  }

  static void closed(Object owner) {
    if (TRACKING) {
      synchronized (OPEN) {
        OPEN.remove(owner);
      }
    }
  }

  /** A stack trace for each open owner. */
  static List<Throwable> open() {
    synchronized (OPEN) {
      return new ArrayList<>(OPEN.values());
    }
  }
}
