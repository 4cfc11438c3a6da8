package org.ggml4j.cli;

import java.time.Duration;
import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on standard error with the time left; nothing where that is no terminal. */
final class Bar implements AutoCloseable {
  private static final int WIDTH = 79;
  private static final long PARTS = 1000;

  private final Optional<ProgressBar> bar;

  Bar(Streams streams, String task) {
    this(streams, task, 0);
  }

  /**
   * @param begin the share of the work that was done before
   */
  Bar(Streams streams, String task, double begin) {
    long first = Math.round(begin * PARTS);
    bar =
        streams.terminals().err()
            ? Optional.of(
                new ProgressBarBuilder()
                    .setTaskName(task)
                    .setInitialMax(PARTS)
                    .startsFrom(first, Duration.ZERO)
                    .setStyle(ProgressBarStyle.ASCII)
                    .hideEta()
                    .setEtaFunction(
                        p ->
                            Optional.of(
                                p.getElapsedAfterStart()
                                    .multipliedBy(Math.max(0, p.getMax() - p.getCurrent()))
                                    .dividedBy(Math.max(1, p.getCurrent() - first))))
                    .setConsumer(new ConsoleProgressBarConsumer(streams.err(), WIDTH))
                    .clearDisplayOnFinish()
                    .build())
            : Optional.empty();
  }

  /** Shows that a share of the work, from 0 to 1, is done. */
  void at(double share, String message) {
    bar.ifPresent(
        b -> {
          b.stepTo(Math.round(share * PARTS));
          b.setExtraMessage(message);
        });
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }
}
