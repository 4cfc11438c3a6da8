package org.ggml4j.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ggml4j} without a command: says which there are. */
@Command(
    name = "ggml4j",
    description =
        "Runs large language models on this machine: the transformer in Java, the matmuls in GGML.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Try:  ggml4j generate \"Once upon a time\"",
      "Each command explains itself: ggml4j COMMAND --help"
    })
final class RootCommand implements Callable<Integer> {
  private final Streams streams;
  @Spec private CommandSpec spec;

  RootCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(streams.out());
    return 0;
  }
}
